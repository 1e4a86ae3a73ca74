"""What the people of a run submit and decide, and what they remember of the answers."""

import collections
import http.client
import itertools
import queue
import random
import threading
import time
from dataclasses import dataclass, field
from functools import partial

import local_servers as local

SUBMITTERS = 3
DECIDERS = 4
STALL_SECONDS_MAX = 90
DYING_ANSWER_SECONDS_MAX = 3
VIOLATIONS_SHOWN = 20
BADGES = "/api_gateway/v1/badges/"
POINTS = "/internal/goodwill/"
REQUESTS = f"{local.BASE}/requests"
NEVER_MOVES = {"executed", "failed", "rejected", "withdrawn", "expired"}
OUTCOMES = {"executed", "failed", "unknown"}

# Each spoils a few calls of a round; all others are answered late, so that a kill finds calls open.
FAULTS = [
    fault
    for path in (BADGES, POINTS)
    for fault in (
        {"path": path, "times": 1, "status": 500},
        {"path": path, "times": 1, "close": "after"},
        {"path": path, "times": 1, "status": 503},
        {"path": path, "times": 1, "close": "before"},
        {"path": path, "times": 1, "status": 504},
        {"path": path, "times": 1, "delay_ms": 700},
        {"path": path, "times": 100_000, "delay_ms": 60},
    )
]


@dataclass(frozen=True)
class Kind:
    """A kind of request: its type, whether people decide it, and whether it goes through the gate."""

    request_type: str
    is_badge: bool
    is_decided: bool
    is_behind_gate: bool = False
    weight: int = 1

    @property
    def path(self):
        return f"{local.BASE}/{self.request_type}"


# A badge's target recognises a repeat by the id in the body; the target of points does not.
BADGE = Kind("ISSUE-BADGE", is_badge=True, is_decided=True, weight=4)
POINTS_DECIDED = Kind("CRASH-POINTS", is_badge=False, is_decided=True, weight=3)
POINTS_BEHIND_GATE = Kind("CRASH-AUTO-POINTS", is_badge=False, is_decided=False, is_behind_gate=True, weight=2)
AUTO_BADGE = Kind("CRASH-AUTO-BADGE", is_badge=True, is_decided=False, weight=3)
AUTO_POINTS = Kind("CRASH-AUTO-POINTS", is_badge=False, is_decided=False, weight=3)
SLOW_POINTS = Kind("CRASH-SLOW-POINTS", is_badge=False, is_decided=False)
# Nobody decides it: its deadline passes.
BRIEF = Kind("CRASH-BRIEF", is_badge=False, is_decided=True, weight=1)
EVERY_KIND = [BADGE, POINTS_DECIDED, POINTS_BEHIND_GATE, AUTO_BADGE, AUTO_POINTS, BRIEF]


@dataclass
class Known:
    """What we know of one request without asking: what we sent, and what was acknowledged."""

    number: int
    kind: Kind
    sent: str | None = None
    acknowledged: list = field(default_factory=list)
    settled: str | None = None

    def possible_states(self):
        """The states it may be in once nothing is under way any more."""
        if self.settled:
            return {self.settled}
        answered = {state for _, state in self.acknowledged}
        final = answered & NEVER_MOVES
        if final:
            # More than one means that an outcome changed: then no state is right.
            return final if len(final) == 1 else set()
        if not self.kind.is_decided or answered & {"approved", "unknown"}:
            return OUTCOMES | {"expired"}
        states = {"approved": OUTCOMES, "rejected": {"rejected"}, "withdrawn": {"withdrawn"}, None: set()}[self.sent]
        return states | {"AdminTask"} | ({"expired"} if self.kind is BRIEF else set())


class Journal:
    """All that was sent to one site, and what came of it."""

    def __init__(self, site, chance):
        self.site = site
        self.random = chance
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.known = {}
        # Submissions with a key that got no answer: (number, kind).
        self.unanswered = []
        # Ids that somebody else had used at the target before.
        self.stolen = set()
        self.counts = collections.Counter()
        self.violations = []
        # Whether what is found is left to the caller to tell.
        self.is_quiet = False

    def violate(self, sentence):
        with self.lock:
            self.violations.append(sentence)
            if len(self.violations) <= VIOLATIONS_SHOWN and not self.is_quiet:
                print(f"    {self.site.database.name}: {sentence}", flush=True)

    def submission(self, number, kind):
        """The body of a submission."""
        body = local.example("ISSUE-BADGE" if kind.is_badge else "GOODWILL-POINTS", self.site.sandbox.url)
        task = body["payload"]["IntouchAPITask-Payload"]
        if kind.is_behind_gate:
            task["hostname"] = self.site.gate.url
        task["body"]["requestId"] = body_request_id(number)
        if kind.is_badge:
            task["body"]["customers"] = 300_000_000 + number
        else:
            task["body"]["referenceId"] = body_request_id(number)
        return body

    def submit(self, node, number, kind, timeout=local.CALL_SECONDS_MAX):
        headers = local.headers_of(self.site.maker)
        if has_key(number):
            headers = {**headers, "Idempotency-Key": body_request_id(number)}
        return local.call(node.url, "POST", kind.path, headers, self.submission(number, kind), timeout)

    def remember(self, number, kind, answer):
        """A submission was acknowledged; returns what we know of it from now on."""
        with self.lock:
            known = self.known.setdefault(answer["requestId"], Known(number, kind))
            self.counts["submissions"] += 1
        if known.number != number:
            self.violate(f"{answer['requestId']} was given to two submissions")
        return known

    def submit_one(self, node, kind):
        """One submission that must be taken; its id."""
        number = next(self.numbers)
        status, answer = self.submit(node, number, kind)
        if status != 200:
            raise local.Failure(f"a submission got {status}: {answer}")
        self.remember(number, kind, answer["data"])
        return answer["data"]["requestId"]

    def submit_to_dying(self, node, kind):
        """One submission, with a key, to a server that ends or halts because of it: perhaps before it has answered."""
        number = next(filter(has_key, self.numbers))
        try:
            status, answer = self.submit(node, number, kind, DYING_ANSWER_SECONDS_MAX)
        except (OSError, http.client.HTTPException):
            self.unanswered.append((number, kind))
            return
        if status != 200:
            raise local.Failure(f"a submission got {status}: {answer}")
        self.remember(number, kind, answer["data"])

    def submit_again(self, node):
        """A client that got no answer repeats its submission under the same key: one request comes of both."""
        again, self.unanswered = self.unanswered, []
        for number, kind in again:
            status, answer = self.submit(node, number, kind)
            if status != 200:
                self.violate(f"a repeated submission got {status}: {answer}")
                continue
            self.remember(number, kind, answer["data"])
            self.counts["submitted again"] += 1

    def decide(self, node, request_id, action, headers=None, checker=0):
        kind = self.known[request_id].kind
        headers = {**local.headers_of(self.site.checkers[checker]), **(headers or {})}
        body = local.decision(request_id, action, "ok")
        return local.call(node.url, "PUT", kind.path, headers, body)

    def withdraw(self, node, request_id):
        headers = local.headers_of(self.site.maker)
        return local.call(node.url, "POST", f"{REQUESTS}/{request_id}/withdraw", headers, {"reason": "not needed"})

    def find(self, node, request_id):
        """The request as the server shows it; None if there is none."""
        headers = local.headers_of(self.site.checkers[0])
        status, answer = local.call(node.url, "GET", f"{REQUESTS}/{request_id}", headers)
        if status == 404:
            return None
        if status != 200:
            raise local.Failure(f"{status} to a look at {request_id}: {answer}")
        return answer["data"]

    def trail(self, node, request_id):
        """The events of a request as the server shows them."""
        headers = local.headers_of(self.site.checkers[0])
        status, answer = local.call(node.url, "GET", f"{REQUESTS}/{request_id}/history", headers)
        if status != 200:
            raise local.Failure(f"{status} to the trail of {request_id}: {answer}")
        return answer["data"]


class Traffic:
    """The people of one round: they submit and decide until the server dies or halts under them."""

    def __init__(self, journal, nodes, submissions_max, kinds=None):
        self.journal = journal
        self.nodes = nodes
        self.kinds = kinds or EVERY_KIND
        self.weights = [kind.weight for kind in self.kinds]
        self.ending = threading.Event()
        self.waiting = queue.Queue()
        self.left = submissions_max
        seeds = [journal.random.random() for _ in range(SUBMITTERS + DECIDERS)]
        work = [self.submit_on] * SUBMITTERS + [self.decide_on] * DECIDERS
        self.threads = [
            threading.Thread(target=step, args=(random.Random(seed),), daemon=True)
            for step, seed in zip(work, seeds, strict=True)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(timeout=STALL_SECONDS_MAX)
            if thread.is_alive():
                raise local.Failure("a client hangs after the server is gone")

    def run_until(self, condition, seconds_max):
        """Lets the people work until `condition()` or the time is over; whether it came true."""
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.01)
        return condition()

    def end(self):
        """From now on an answer may be missing: the server is about to die."""
        self.ending.set()

    def submit_on(self, chance):
        journal = self.journal
        while not self.ending.is_set():
            with journal.lock:
                self.left -= 1
                number = next(journal.numbers)
            if self.left < 0:
                return
            kind = chance.choices(self.kinds, self.weights)[0]
            node = chance.choice(self.nodes)
            answer = self.attempt("a submission", partial(journal.submit, node, number, kind))
            if answer is None:
                if has_key(number):
                    with journal.lock:
                        journal.unanswered.append((number, kind))
                continue
            journal.remember(number, kind, answer)
            if answer["state"] != ("AdminTask" if kind.is_decided else "approved"):
                journal.violate(f"a submission of {kind.request_type} was answered with `{answer['state']}`")
            if kind.is_decided and kind is not BRIEF:
                self.waiting.put(answer["requestId"])

    def decide_on(self, chance):
        while not self.ending.is_set():
            try:
                request_id = self.waiting.get(timeout=0.02)
            except queue.Empty:
                continue
            draw = chance.random()
            # Some are left waiting: they must outlive the crash, too.
            if draw < 0.1:
                continue
            node = chance.choice(self.nodes)
            if draw < 0.15:
                self.withdraw(node, request_id)
                continue
            action = "rejected" if draw < 0.25 else "approved"
            self.journal.known[request_id].sent = action
            headers = {"Prefer": "respond-async"} if chance.random() < 0.6 else {}
            self.decide(node, request_id, action, headers)
            # A client that did not trust the answer: the same again must not run again.
            if chance.random() < 0.2 and not self.ending.is_set():
                self.decide(node, request_id, action, headers)

    def withdraw(self, node, request_id):
        self.journal.known[request_id].sent = "withdrawn"
        answer = self.attempt("a withdrawal", partial(self.journal.withdraw, node, request_id))
        if answer is not None:
            self.note(request_id, "withdrawn", answer["state"])

    def decide(self, node, request_id, action, headers):
        answer = self.attempt("a decision", partial(self.journal.decide, node, request_id, action, headers))
        if answer is None:
            return
        self.note(request_id, action, answer["state"])
        self.second_checker_is_refused(node, request_id, action)

    def note(self, request_id, action, state):
        with self.journal.lock:
            self.journal.known[request_id].acknowledged.append((action, state))
            self.journal.counts["decisions"] += 1

    def second_checker_is_refused(self, node, request_id, action):
        if self.journal.known[request_id].number % 5 or self.ending.is_set():
            return
        try:
            status, answer = self.journal.decide(node, request_id, action, {}, checker=1)
        except (OSError, http.client.HTTPException):
            return
        if status not in {409, 500, 503}:
            self.journal.violate(f"a second checker's decision on {request_id} got {status}: {answer}")

    def attempt(self, what, call):
        """The answer's `data`, or None if the server died or was busy: then nothing is promised."""
        try:
            status, answer = call()
        except (OSError, http.client.HTTPException) as error:
            if not self.is_excused():
                self.journal.violate(f"{what} got no answer from a living server: {error!r}")
            with self.journal.lock:
                self.journal.counts["cut off"] += 1
            return None
        if status == 200:
            return answer["data"]
        # A database that is gone for a moment is no answer either; what was committed is told by the trail.
        if status not in {500, 503}:
            self.journal.violate(f"{what} got {status}: {answer}")
        return None

    def is_excused(self):
        """Whether a server of the round is ending or has ended: a fault point strikes without a word."""
        # The kernel closes the connections of a killed process before its parent can know.
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if self.ending.is_set() or any(node.has_exited() for node in self.nodes):
                return True
            time.sleep(0.01)
        return False


def has_key(number):
    """Half of the submissions have an Idempotency-Key."""
    return number % 2 == 0


def body_request_id(number):
    return f"crash-{number}"
