"""Kills under a server that tells a subscriber what happens: every change must arrive, in its order."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import threading
import time
from functools import partial

import invariants
import local_servers as local
from scenarios import Scenario
from workload import Traffic

SECRET = base64.b64encode(b"the key of the crash test").decode()
# The lease of a delivery that a killed node had, and some time to drain.
ARRIVAL_SECONDS_MAX = 90
# One of so many is not taken at first.
REFUSED_ONE_IN = 20
WORKFLOW_SECONDS_MAX = 120

SUBSCRIPTION = """
[[subscriptions]]
name = "crash"
org = "{org}"
url = "{url}/events"
format = "countersign"
secrets = [{{ file = "subscriber.secret" }}]
"""

CONFIG = """
[subscriptions]
file = "{file}"

[[targets]]
scheme = "http"
host = "127.0.0.1"
ports = [{port}]
label = "Subscriber"
allow_cidrs = ["127.0.0.1/32"]
"""

# What is told of the trail: the first event of a submission, and whatever changes something.
NOT_TOLD = {"maker_access_validated", "payload_validated", "auto_approved", "attempt_started", "refused"}


class Subscriber:
    """Takes events, checks each signature, and keeps them in the order in which they came."""

    def __init__(self, chance):
        self.chance = chance
        self.lock = threading.Lock()
        # By request: the number of each change and its type, each once.
        self.told = collections.defaultdict(list)
        self.known = set()
        self.repeats = 0
        self.faults = []
        subscriber = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200 if subscriber.take(self.headers, body) else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self, headers, body):
        """Whether the event is taken."""
        delivery = headers["webhook-id"]
        signed = f"{delivery}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()).decode()
        with self.lock:
            if headers["webhook-signature"] != f"v1,{signature}":
                self.faults.append(f"a wrong signature on {delivery}")
                return False
            if self.chance.random() < 1 / REFUSED_ONE_IN:
                return False
            if delivery in self.known:
                self.repeats += 1
                return True
            self.known.add(delivery)
            event = json.loads(body)
            data = event["data"]
            self.told[data["requestId"]].append((data["seq"], event["type"]))
            return True

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Deliveries(Scenario):
    """Workflows whose changes are told to a subscriber, with kills in between."""

    title = "deliveries"

    def run(self, workflows, kills):
        site, journal = self.new_site()
        subscriber = Subscriber(self.random)
        try:
            subscribe(site, subscriber)
            left = workflows
            for number in range(kills + 1):
                node = self.serve(site)
                # In the middle of what comes in, at another moment each time.
                until = left * self.random.uniform(0.8, 1) * (kills - number) / (kills + 1 - number)
                with Traffic(journal, [node], left) as traffic:
                    traffic.run_until(partial(is_down_to, traffic, until), WORKFLOW_SECONDS_MAX)
                    if number < kills:
                        traffic.end()
                        node.kill()
                left = max(traffic.left, 0)
                self.rounds += 1
            self.settle_and_check(journal, node, "after the kills")
            self.check(journal, site, subscriber)
            node.terminate()
        finally:
            subscriber.close()
            self.done_with(site, journal)
        self.counts["told"] += sum(len(told) for told in subscriber.told.values())
        self.counts["repeats"] += subscriber.repeats

    def check(self, journal, site, subscriber):
        """Each change of each request has arrived, and each after those before it."""
        deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
        while True:
            wanted = wanted_of(invariants.Snapshot(site))
            with subscriber.lock:
                told = {request_id: list(events) for request_id, events in subscriber.told.items()}
            if told == wanted or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        for fault in subscriber.faults:
            journal.violate(fault)
        for request_id, events in wanted.items():
            if told.get(request_id, []) != events:
                journal.violate(f"I15: of {request_id} was told {told.get(request_id, [])} instead of {events}")
        for request_id in set(told) - set(wanted):
            journal.violate(f"I15: {request_id} was told, which is not stored")

    def summary(self):
        return f"{super().summary()}; {self.counts['told']} events arrived, {self.counts['repeats']} of them again"


def is_down_to(traffic, left):
    """Whether no more than that are still to be submitted; 0 waits for all of them."""
    return traffic.left < left or traffic.left < 0


def wanted_of(snapshot):
    """What a subscriber is told of each request, by its events."""
    wanted = {}
    for request_id, events in snapshot.events.items():
        lines = [(event["seq"], event["type"]) for event in events if event["type"] not in NOT_TOLD]
        # A submission is one change: its number is that of its last event.
        arrival = [event["seq"] for event in events if event["type"] in NOT_TOLD - {"attempt_started", "refused"}]
        lines[0] = (max(arrival), lines[0][1])
        wanted[request_id] = lines
    return wanted


def subscribe(site, subscriber):
    """Adds the subscriber to a site's configuration, before its first server."""
    (site.directory / "subscriber.secret").write_text(f"whsec_{SECRET}\n")
    file = site.directory / "subscriptions.toml"
    file.write_text(SUBSCRIPTION.format(org=local.ORG, url=subscriber.url))
    with open(site.config, "a", encoding="utf-8") as config:
        config.write(CONFIG.format(file=file, port=subscriber.port))
