"""The identity provider of examples/identity-provider, as a child process, and a server that trusts it."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import local_servers as local  # noqa: E402

EXAMPLE = ROOT / "examples" / "identity-provider"
CLIENT = "countersign-pages"
CLIENT_SECRET = "only-for-a-test-of-the-pages"

# What the maker's program sends; who approves it must have signed in a moment ago.
TYPE = """\
name = "PAY-OUT"
title = "Pay out"
summary = "Pay {points} to {customer}"
[call]
method = "POST"
path = "/pay"
[body]
type = "object"
required = ["customer", "points"]
[body.properties]
customer = { type = "string" }
points = { type = "number" }
[[policy]]
name = "somebody who is really there"
fresh_sign_in = "10m"
[[policy.stages]]
name = "Checkers"
any = 1
[[policy.stages.seats]]
permission = "CanCheckRequest"
"""


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Provider:
    """A running identity provider. Its people are those of the example, or others."""

    def __init__(self, folder: Path, callback: str, people: dict[str, Any] | None = None) -> None:
        assert (EXAMPLE / "node_modules").is_dir(), "scripts/test installs the example's packages; or run `npm ci` there"
        node = shutil.which("node")
        assert node is not None, "node is missing: scripts/test installs it"
        self._command = [node, str(EXAMPLE / "provider.mjs"), str(folder / "provider.json")]
        self._log = folder / "provider.log"
        settings: dict[str, Any] = json.loads((EXAMPLE / "provider.json").read_text())
        settings |= {"port": free_port(), "clientId": CLIENT, "clientSecret": CLIENT_SECRET, "callback": callback}
        if people is not None:
            settings["people"] = people
        (folder / "provider.json").write_text(json.dumps(settings))
        self.url = f"http://127.0.0.1:{settings['port']}"
        self._start()

    def _start(self) -> None:
        with open(self._log, "ab") as errors:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        output = self._process.stdout
        assert output is not None
        line = output.readline()
        assert line.strip() == f"listening on {self.url}", f"{line}\n{self._log.read_text()}"

    def restart(self) -> None:
        """With another key, and no one signed in."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """It has nothing to lose."""
        self._process.kill()
        self._process.wait()


class Approvals:
    """`countersign serve` with this provider, on its own database."""

    def __init__(
        self, binary: Path, folder: Path, database_url: str | None = None, people: dict[str, Any] | None = None
    ) -> None:
        self._binary = binary
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.provider = Provider(folder, f"{self.url}/ui/sign-in/callback", people)
        self.log = folder / "serve.log"
        self._config = folder / "countersign.toml"
        (folder / "types").mkdir()
        (folder / "types" / "PAY-OUT.toml").write_text(TYPE)
        # Connections there are refused: approved calls fail, and that is all these tests need.
        self._target = free_port()
        local.write_config(self._config, database_url or f"sqlite://{folder / 'approvals.db'}", self._target)
        text = self._config.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"')
        text += f'[types]\ndir = "{folder / "types"}"\n[log]\nlevel = "debug,hyper=info"\n'
        text += f'[web]\npublic_url = "{self.url}"\noidc_issuer = "{self.provider.url}"\n'
        text += f'oidc_client_id = "{CLIENT}"\noidc_client_secret = "{CLIENT_SECRET}"\noidc_scopes = "openid"\n'
        self._config.write_text(text)
        self._server = local.Server(binary, ["serve", "--config", str(self._config)], self.log)

    def stop(self) -> None:
        """Both of them."""
        self._server.stop()
        self.provider.stop()

    def command(self, *arguments: str) -> str:
        """Runs the binary with the same configuration beside the server."""
        command = [str(self._binary), *arguments, "--config", str(self._config)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=local.clean_environment(), check=True
        )
        return done.stdout

    def call(self, user_id: str, permission: str, method: str, path: str, body: Any = None) -> Any:
        """A call of the API; its `data`."""
        token = local.token(self._binary, self._config, user_id, f"{user_id}@example.com", [permission])
        status, answer = local.call(self.url, method, local.BASE + path, local.headers_of(token), body)
        assert status == 200, answer
        return answer["data"]

    def submit(self) -> str:
        """A maker's program asks for something; the request's id."""
        call = {"hostname": f"http://127.0.0.1:{self._target}", "path": "/pay", "method": "POST"}
        call |= {"headers": {"content-type": "application/json"}, "body": {"customer": "c-1", "points": 10}}
        entity = {"tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4"}
        body = {"entityInfo": entity, "payload": {"IntouchAPITask-Payload": call}}
        return str(self.call("400001", "CanMakeRequest", "POST", "/PAY-OUT", body)["requestId"])

    def read(self, request_id: str) -> Any:
        """The request as an auditor's program reads it."""
        return self.call("400003", "CanAuditRequest", "GET", f"/requests/{request_id}")
