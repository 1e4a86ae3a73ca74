"""One database with its target, its people and the servers that work on it."""

import os
import shutil
import signal
import time

import gate
import local_servers as local

LEASE_MS = 1500
CALL_MS = 1000
SHUTDOWN_MS = 500
STOPPED_SECONDS_MAX = 10
TYPES = local.ROOT / "scripts" / "crash.d" / "types"

CONFIG = """
[[targets]]
scheme = "http"
host = "{gate_address}"
ports = [{gate_port}]
label = "Gate"
allow_cidrs = ["{gate_address}/32"]

[types]
dir = "{types}"

[executor]
lease_ms = {lease_ms}
total_timeout_ms = {call_ms}
connect_timeout_ms = 500
decision_wait_ms = 3000
"""


class Node:
    """One server process, and what was armed in it."""

    def __init__(self, site, name, environment):
        self.site = site
        self.name = name
        self.log = site.directory / f"{name}.log"
        self.process = None
        arguments = ["serve", "--config", str(site.config)]
        environment = {"COUNTERSIGN__SERVER__SHUTDOWN_MS": str(SHUTDOWN_MS), **environment}
        self.server = local.Server(site.binary, arguments, self.log, environment)
        self.url = self.server.url

    @property
    def pid(self):
        return self.server.process.pid

    def has_exited(self):
        return self.server.has_exited()

    def has_killed_itself(self):
        """Whether it died by SIGKILL, which is what a fault point sends."""
        return self.server.process.poll() == -signal.SIGKILL

    def is_stopped(self):
        """Whether every thread is halted, as SIGSTOP does."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "T"
        except OSError:
            return False

    def stop_threads(self):
        os.kill(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + STOPPED_SECONDS_MAX
        while not self.is_stopped():
            if time.monotonic() > deadline:
                raise local.Failure(f"{self.name} did not stop on SIGSTOP")
            time.sleep(0.01)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self):
        self.server.kill()

    def terminate(self):
        """SIGTERM, as an operator would; the exit code, or None if it had to be killed."""
        return self.server.stop()


class Site:
    """A fresh database, a fresh sandbox with its ledger, a gate, three people."""

    def __init__(self, binary, store, directory):
        self.binary = binary
        self.directory = directory
        self.directory.mkdir()
        self.database = store(directory)
        self.config = directory / "countersign.toml"
        self.nodes = []
        self.sandbox = local.Server(binary, ["sandbox", "--listen", "127.0.0.1:0"], directory / "sandbox.log")
        self.gate = gate.Gate(self.sandbox.port)
        more = CONFIG.format(
            gate_address=gate.ADDRESS, gate_port=self.gate.port, types=TYPES, lease_ms=LEASE_MS, call_ms=CALL_MS
        )
        local.write_config(self.config, self.database.url, self.sandbox.port, more)
        self.maker = self.token("400001", "maker@example.com", "CanMakeRequest")
        self.checkers = [
            self.token("400002", "first.checker@example.com", "CanCheckRequest"),
            self.token("400003", "second.checker@example.com", "CanCheckRequest"),
        ]

    def token(self, user_id, user_name, permission):
        return local.token(self.binary, self.config, user_id, user_name, [permission])

    def serve(self, name="serve", **environment):
        """Starts a node; the variables are those of the fault points."""
        node = Node(self, name, environment)
        self.nodes.append(node)
        return node

    def set_faults(self, faults):
        self.ask_sandbox("DELETE", "/sandbox/faults", 204)
        for fault in faults:
            self.ask_sandbox("POST", "/sandbox/faults", 201, fault)

    def ledger(self):
        return self.ask_sandbox("GET", "/sandbox", 200)

    def ask_sandbox(self, method, path, expected, body=None, headers=None):
        status, answer = local.call(self.sandbox.url, method, path, headers=headers, body=body)
        if status != expected:
            raise local.Failure(f"the sandbox answered {status} to {method} {path}: {answer}")
        return answer

    def close(self):
        for node in self.nodes:
            if not node.has_exited():
                node.kill()
        self.gate.shut()
        self.sandbox.stop()
        self.database.drop()
        shutil.rmtree(self.directory)
