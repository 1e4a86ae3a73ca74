"""Starts `countersign` on loopback for the scripts beside this file, and talks to it.

Python's standard library only, so that it runs wherever the crate builds.
"""

import http.client
import json
import os
import queue
import subprocess
import threading
import urllib.parse
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "it" / "fixtures" / "contract"
BASE = "/api_gateway/v2/request-workflow"
ORG = "90001"
READY_SECONDS_MAX = 30
CALL_SECONDS_MAX = 30
HS256_SECRET = "only-for-a-throw-away-server-on-loopback"


class Failure(Exception):
    """What stops a script, said in one sentence."""


def target_directory():
    """Where cargo puts what it builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def debug_binary():
    """The binary that a plain `cargo build` makes."""
    return target_directory() / "debug" / "countersign"


class Server:
    """A child process that prints `listening on http://ADDR:PORT` once it is ready."""

    def __init__(self, binary, arguments, log, environment=None):
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**clean_environment(), **(environment or {})},
            )
        try:
            self.url = self._ready()
        except Failure:
            self.kill()
            raise
        self.port = urllib.parse.urlsplit(self.url).port

    def _ready(self):
        lines = queue.Queue()

        def read():
            # Reads on after the ready line, so that the pipe never fills up.
            for line in self.process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        try:
            line = lines.get(timeout=READY_SECONDS_MAX)
        except queue.Empty:
            raise Failure(f"no ready line within {READY_SECONDS_MAX} s\n{self.log_end()}") from None
        start = "listening on "
        if not line.startswith(start):
            raise Failure(f"not the ready line: {line!r}\n{self.log_end()}")
        return line[len(start) :].strip()

    def log_end(self):
        """The last lines of the log, for a message."""
        lines = Path(self.log).read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def has_exited(self):
        return self.process.poll() is not None

    def kill(self):
        """kill -9: no handler runs, nothing is flushed."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM, as an operator would; -9 for one that does not go."""
        if self.has_exited():
            return self.process.returncode
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


def clean_environment():
    """The environment without a developer's own settings of the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}


def write_config(path, database_url, sandbox_port, more=""):
    """Writes a configuration that may call the sandbox, and what the TOML text `more` adds."""
    values = f"""\
[server]
listen = "127.0.0.1:0"

[store]
url = {json.dumps(database_url)}

[auth]
hs256_secret = "{HS256_SECRET}"
issuer = "https://idp.test"
audience = "countersign"

[[targets]]
scheme = "http"
host = "127.0.0.1"
ports = [{sandbox_port}]
label = "Sandbox"
allow_cidrs = ["127.0.0.1/32"]
"""
    Path(path).write_text(values + more)


def token(binary, config, user_id, user_name, permissions):
    """A token for one person of the test org, made as a developer makes one."""
    command = [str(binary), "token", "--config", str(config), "--org-id", ORG]
    command += ["--user-id", user_id, "--user-name", user_name, "--ttl-seconds", "3600"]
    for permission in permissions:
        command += ["--permission", permission]
    made = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=clean_environment(), check=False
    )
    if made.returncode != 0:
        raise Failure(f"`countersign token` exited {made.returncode}: {made.stderr.strip()}")
    return made.stdout.strip()


def headers_of(bearer):
    """The two headers that say who asks, and for which org."""
    return {"X-CAP-UI-AUTH-TOKEN": bearer, "X-CAP-API-AUTH-ORG-ID": ORG}


def call(server_url, method, path, headers=None, body=None, timeout=CALL_SECONDS_MAX):
    """One HTTP call on its own connection: (status, body as JSON or text).

    Raises OSError or http.client.HTTPException when no full answer came.
    """
    address = urllib.parse.urlsplit(server_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        sent = None if body is None else json.dumps(body)
        content = {} if body is None else {"content-type": "application/json"}
        connection.request(method, path, body=sent, headers={**content, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


def example(request_type, sandbox_url):
    """The contract's example body of a type (such as `ISSUE-BADGE`), aimed at the sandbox.

    Each carries an id of its own where the target recognises a repeat by it: two open requests can't have the same.
    """
    text = (FIXTURES / f"{request_type.lower()}.request.json").read_text()
    for shared in ["req-issue-0001", "req-earn-0001", "EXT-0001"]:
        text = text.replace(shared, uuid.uuid4().hex)
    body = json.loads(text)
    body["payload"]["IntouchAPITask-Payload"]["hostname"] = sandbox_url
    return body


def decision(request_id, action, message):
    """The body of a decision call."""
    task = {"actionDecision": action, "actionMessage": message}
    return {"requestId": request_id, "actionName": "AdminTask", "payload": {"AdminTask-Payload": task}}
