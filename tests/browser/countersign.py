"""`countersign demo` as a child process, and what a test asks of it beside the pages."""

import base64
import json
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from people import EVERYBODY, MAKER, Person
from tasks import ENTITY, Json

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
import local_servers as local  # noqa: E402

READY = re.compile(r"Countersign listens on (http://\S+), the sandbox on (http://[^\s]*[0-9])")
TILL = re.compile(r"^TILL='(Basic [^']+)'$", re.MULTILINE)
SECONDS_MAX = 60
SUBSCRIBER_SECRET = "whsec_" + base64.b64encode(b"the secret of these tests").decode()


@dataclass(frozen=True)
class Submitted:
    """A request that waits."""

    id: str
    digest: str


class Countersign:
    """A running demo with the types and people of this folder."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._log = folder / "demo.log"
        command = [str(binary), "demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]
        command += ["--types", str(HERE / "types"), "--people", str(HERE / "people.toml")]
        # Nobody listens there: what subscribers should be told waits.
        command += ["--subscriptions", str(HERE / "subscriptions.toml")]
        with open(self._log, "ab") as errors:
            # The demo keeps its files below TMPDIR; there the tests find its configuration and its database.
            environment = local.clean_environment() | {"TMPDIR": str(folder), "SUBSCRIBER_SECRET": SUBSCRIBER_SECRET}
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )
        try:
            self.url, self.sandbox, self._till = self._ready()
        except BaseException:
            self.stop()
            raise
        self._home = next(folder.glob("countersign-demo-*"))
        self._tokens = {person: self._token(person) for person in EVERYBODY}

    def _ready(self) -> tuple[str, str, str]:
        lines: queue.Queue[str] = queue.Queue()
        output = self._process.stdout
        assert output is not None

        def read() -> None:
            # Reads on to the end, so that the pipe never fills up.
            for line in output:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        printed = ""
        while True:
            line = lines.get(timeout=SECONDS_MAX)
            if line == "":
                raise local.Failure(f"the demo ended\n{printed}\n{self._log.read_text()}")
            printed += line
            till = TILL.search(line)
            if till is not None:
                break
        found = READY.search(printed)
        assert found is not None, printed
        return found.group(1), found.group(2), till.group(1)

    def stop(self) -> None:
        """SIGTERM, and -9 for one that does not go."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def kill(self) -> None:
        """-9, as a machine that loses its power would."""
        self._process.kill()
        self._process.wait(timeout=20)

    def _token(self, person: Person) -> str:
        config = self._home / "demo.toml"
        return local.token(self._binary, config, person.user_id, person.user_name, list(person.permissions))

    def call(self, person: Person, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """A call of the API."""
        headers = local.headers_of(self._tokens[person]) | {"Authorization": self._till}
        return local.call(self.url, method, f"{local.BASE}{path}", headers, body)

    def submit(self, request_type: str, task: Json, maker: Person = MAKER) -> Submitted:
        """Submits over the API, as a maker's program does."""
        payload = {"hostname": self.sandbox} | task
        body = {"entityInfo": ENTITY, "payload": {"IntouchAPITask-Payload": payload}}
        status, answer = self.call(maker, "POST", f"/{request_type}", body)
        assert status == 200, f"{request_type} was not taken: {status} {json.dumps(answer)}"
        return Submitted(answer["data"]["requestId"], answer["data"]["digest"])

    def decide(self, person: Person, request_type: str, request: Submitted, action: str = "approved") -> None:
        """Decides over the API, as somebody else's program does."""
        body = local.decision(request.id, action, "looked at elsewhere")
        status, answer = self.call(person, "PUT", f"/{request_type}", body)
        assert status == 200, f"not decided: {status} {json.dumps(answer)}"

    def read(self, request: Submitted, person: Person = MAKER) -> Any:
        """The request as the API shows it."""
        status, answer = self.call(person, "GET", f"/requests/{request.id}")
        assert status == 200, answer
        return answer["data"]

    def wait_until_found(self, person: Person, words: str, request: Submitted) -> None:
        """Waits until `person` finds the request by these words: the index follows what happens."""
        deadline = time.monotonic() + SECONDS_MAX
        found: list[str] = []
        while request.id not in found:
            assert time.monotonic() < deadline, f"{words} finds {found}, not {request.id}"
            status, answer = self.call(person, "GET", f"/requests/search?q={quote_plus(words)}")
            assert status == 200, answer
            found = [one["requestId"] for one in answer["data"]]

    def state(self, request: Submitted) -> str:
        """The wire name of its state."""
        return str(self.read(request)["state"])

    def wait_until(self, request: Submitted, state: str) -> None:
        """Asks until the request is in this state."""
        deadline = time.monotonic() + SECONDS_MAX
        while (now := self.state(request)) != state:
            assert time.monotonic() < deadline, f"still {now}, not {state}"

    def sent(self, request: Submitted) -> list[Any]:
        """The calls that the target got for this request."""
        status, held = local.call(self.sandbox, "GET", "/sandbox")
        assert status == 200
        return [call for call in held["calls"]["received"] if call["countersignRequestId"] == request.id]

    def fault(self, **how: Any) -> None:
        """The target goes wrong at the next call."""
        fault = {"path": "/internal/goodwill/", "times": 1} | how
        status, answer = local.call(self.sandbox, "POST", "/sandbox/faults", body=fault)
        assert status == 201, answer

    def withdraw(self, request: Submitted, maker: Person = MAKER) -> None:
        """Takes a request back over the API."""
        status, answer = self.call(maker, "POST", f"/requests/{request.id}/withdraw", {"reason": "typed it wrong"})
        assert status == 200, answer

    def trail(self) -> list[tuple[Any, ...]]:
        """Every event of a request and every request's version, straight from the database."""
        database = sqlite3.connect(f"file:{self._home / 'demo.db'}?mode=ro", uri=True)
        try:
            events = database.execute("SELECT count(*), max(at) FROM events WHERE request_id IS NOT NULL").fetchall()
            versions = database.execute("SELECT request_id, version, state FROM requests ORDER BY request_id").fetchall()
        finally:
            database.close()
        return events + versions
