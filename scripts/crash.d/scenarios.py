"""The ways in which a run of scripts/crash brings a server down, each with its rounds and checks."""

import os
import re
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path

import invariants
import local_servers as local
import places
import workload
from workload import Traffic

# A round's traffic; few enough that thousands of rounds end within an hour.
SUBMISSIONS_PER_ROUND = 14
ROUNDS_PER_CHECK = 8
# The sandbox keeps 10,000 calls, and a check reads everything.
ROUNDS_PER_SITE = 64
KILL_AFTER_SECONDS = (0.05, 0.6)
POINT_SECONDS_MAX = 6
ZOMBIE_SECONDS = 2 * places.LEASE_MS / 1000

# The points that any round passes.
POINTS = [
    "submission_before_commit",
    "submission_committed",
    "decision_before_commit",
    "decision_committed",
    "wake_up",
    "claim_committed",
    "attempt_before_commit",
    "attempt_committed",
    "call_connected",
    "call_half_written",
    "call_written",
    "status_read",
    "answer_read",
    "outcome_before_commit",
    "outcome_committed",
    "lease_renewal",
    "repeat_answer_read",
    "expiry_before_commit",
    "batch_before_begin",
    "batch_before_commit",
    "batch_committed",
]
# Those that need a history: a SIGTERM, a lapsed lease, an answer after another node went on.
POINTS_AT_STOP = ["stop_before_record"]
POINTS_AFTER_A_CRASH = ["settlement_before_commit"]
POINTS_OF_A_ZOMBIE = ["late_answer_before_commit"]
# A database of one process alone has no lease that could run out.
POINTS_ON_SHARED_ONLY = {"lease_renewal", *POINTS_OF_A_ZOMBIE}
EVERY_POINT = POINTS + POINTS_AT_STOP + POINTS_AFTER_A_CRASH + POINTS_OF_A_ZOMBIE
# Passed late in a round, or by few calls: their first passing is the one to strike at.
RARE = {"lease_renewal", "repeat_answer_read", "expiry_before_commit"}
# Only these kinds come by it.
KINDS_AT = {
    "repeat_answer_read": [workload.AUTO_BADGE, workload.BADGE],
    "expiry_before_commit": [workload.BRIEF, workload.AUTO_POINTS],
}


def points_of(store, left_out=()):
    """The points that a server on this store can pass."""
    unreachable = set(left_out) | (set() if store.is_shared else POINTS_ON_SHARED_ONLY)
    return [point for point in EVERY_POINT if point not in unreachable]


class Scenario:
    """Rounds on one store; each group of rounds has a site of its own."""

    title = ""

    def __init__(self, binary, store, directory, chance):
        self.binary = binary
        self.store = store
        self.directory = Path(directory)
        self.random = chance
        self.sites = 0
        self.rounds = 0
        self.counts = workload.collections.Counter()
        self.violations = []
        self.slowest_restart = 0.0
        self.reached = workload.collections.Counter()

    def new_site(self):
        self.sites += 1
        site = places.Site(self.binary, self.store, self.directory / f"{type(self).__name__.lower()}-{self.sites}")
        return site, workload.Journal(site, self.random)

    def done_with(self, site, journal):
        """Adds up what a site showed; keeps the logs of one with a violation."""
        self.violations += journal.violations
        self.counts.update(journal.counts)
        if journal.violations:
            kept = f"{tempfile.gettempdir()}/violation-{os.getpid()}-{self.store.name}-{site.directory.name}"
            print(f"    kept for a look: {shutil.copytree(site.directory, kept)}", flush=True)
        site.close()

    def serve(self, site, name="serve", **environment):
        began = time.monotonic()
        node = site.serve(name, **environment)
        self.slowest_restart = max(self.slowest_restart, time.monotonic() - began)
        return node

    def settle_and_check(self, journal, node, when, **how):
        """Brings everything to its end, and compares."""
        site = journal.site
        site.set_faults([])
        site.gate.open()
        journal.submit_again(node)
        invariants.settle(journal, node)
        self.decide_what_waits(journal, node)
        invariants.settle(journal, node)
        return invariants.check(journal, node, when, **how)

    def decide_what_waits(self, journal, node):
        """What waits can still be decided, also by whom a lost decision came from."""
        for request_id, known in list(journal.known.items()):
            if known.settled or known.kind is workload.BRIEF or not known.kind.is_decided:
                continue
            if (journal.find(node, request_id) or {}).get("state") != "AdminTask":
                continue
            action = journal.random.choice(["approved", "rejected"])
            # Sent before and lost: the same person may decide again, and differently.
            known.sent = action
            status, answer = journal.decide(node, request_id, action)
            state = answer["data"]["state"] if status == 200 else None
            # On a busy machine a call may take longer than its limit.
            if state not in {"approved": {"executed", "approved", "unknown"}, "rejected": {"rejected"}}[action]:
                journal.violate(f"{request_id} waited, but `{action}` got {status}: {answer}")
                continue
            known.acknowledged.append((action, state))
            journal.counts["decided after a restart"] += 1

    def has_enough(self, journal=None):
        """Whether so much is wrong that more rounds would only take time."""
        here = len(journal.violations) if journal else 0
        return len(self.violations) + here > workload.VIOLATIONS_SHOWN

    def demand(self, points):
        """A point at which nothing happened proves nothing: that is a fault of the run."""
        missed = sorted(set(points) - set(self.reached))
        if missed:
            self.violations.append("a fault point was never reached")
            print(f"    {self.store.name}: {self.title}: never reached: {', '.join(missed)}", flush=True)

    def summary(self):
        verdict = f"{len(self.violations)} VIOLATIONS" if self.violations else "no violation"
        return (
            f"{self.store.name}: {self.title}: {self.rounds} rounds, {self.counts['submissions']} submissions and"
            f" {self.counts['decisions']} decisions acknowledged, {self.counts['cut off']} answers cut off,"
            f" slowest start {self.slowest_restart:.1f} s: {verdict}"
        )


class Kills(Scenario):
    """`kill -9` at random moments, and at every fault point in turn."""

    title = "kills"

    def run(self, plans):
        """One round for each plan: the fault point to die at, or None for a random moment."""
        plans = list(plans)
        while plans and not self.has_enough():
            site, journal = self.new_site()
            try:
                group, plans = plans[:ROUNDS_PER_SITE], plans[ROUNDS_PER_SITE:]
                node = None
                while group and not self.has_enough(journal):
                    node = self.rounds_and_check(site, journal, node, group[:ROUNDS_PER_CHECK])
                    group = group[ROUNDS_PER_CHECK:]
                if node.terminate() != 0:
                    journal.violate("the server did not stop cleanly")
            finally:
                self.done_with(site, journal)

    def rounds_and_check(self, site, journal, node, plans):
        """Some rounds, then a comparison; returns the server that did not die."""
        for point in plans:
            if point in POINTS_AFTER_A_CRASH:
                # An attempt is open when the server dies; the next one dies while it settles that.
                self.strike(site, journal, node, "call_written")
                node = None
            if point is None:
                self.kill(site, journal, node or self.serve(site))
            else:
                self.strike(site, journal, node, point)
            node = None
            self.rounds += 1
        node = self.serve(site)
        self.settle_and_check(journal, node, f"after kill {self.rounds}")
        return node

    def begin_round(self, site, journal, is_open):
        site.set_faults(workload.FAULTS)
        if is_open:
            site.gate.open()
        else:
            site.gate.shut()

    def kill(self, site, journal, node):
        """A kill at a random moment of the work."""
        self.begin_round(site, journal, journal.random.random() < 0.5)
        with Traffic(journal, [node], SUBMISSIONS_PER_ROUND) as traffic:
            # A kill at a random moment is the point here.
            time.sleep(journal.random.uniform(*KILL_AFTER_SECONDS))
            if node.has_exited():
                raise local.Failure(f"the server ended by itself\n{node.server.log_end()}")
            traffic.end()
            node.kill()

    def strike(self, site, journal, node, point):
        """Starts a server with a kill armed at the point, and works until it strikes."""
        if node is not None:
            node.kill()
        self.begin_round(site, journal, is_open=True)
        passing = 1 if point in RARE or point not in POINTS else journal.random.randint(1, 3)
        try:
            node = self.serve(site, COUNTERSIGN_FAULT_POINTS=f"{point}=kill@{passing}")
        except local.Failure as failure:
            if "fault point" not in str(failure):
                raise
            # It struck before the ready line, while the last crash was settled.
            self.reached[point] += 1
            return
        with Traffic(journal, [node], SUBMISSIONS_PER_ROUND * 2, KINDS_AT.get(point)) as traffic:
            if point in POINTS_AT_STOP:
                site.set_faults([{"times": 100_000, "delay_ms": 800}])
                time.sleep(0.3)
                traffic.end()
                node.terminate()
            was_reached = traffic.run_until(node.has_exited, POINT_SECONDS_MAX)
            traffic.end()
            if not was_reached:
                node.kill()
        if was_reached and node.has_killed_itself():
            self.reached[point] += 1
        elif was_reached:
            journal.violate(f"the server ended by itself at {point}\n{node.server.log_end()}")

    def summary(self):
        return f"{super().summary()}; {reached_text(self.reached)}"


class Zombies(Scenario):
    """SIGSTOP for twice the lease at a fault point, then SIGCONT; on a shared database a second node takes over."""

    title = "zombies"

    def run(self, points):
        site, journal = self.new_site()
        try:
            for point in points:
                if self.has_enough(journal):
                    break
                self.round(site, journal, point)
                self.rounds += 1
        finally:
            self.done_with(site, journal)

    def round(self, site, journal, point):
        site.set_faults(workload.FAULTS)
        # A start writes batches of its own: the stop comes later than that.
        armed = f"{point}=stop@{20 if point.startswith('batch_') else 1}"
        if point in POINTS_OF_A_ZOMBIE:
            # It stops with an answer at hand, and dies when it tells it late.
            armed = f"answer_read=stop@1,{point}=kill@1"
            # An answer that says as little as none is no late answer.
            site.set_faults([{"times": 100_000, "delay_ms": 60}])
        zombie = self.serve(site, "zombie", COUNTERSIGN_FAULT_POINTS=armed)
        with Traffic(journal, [zombie], SUBMISSIONS_PER_ROUND * 2, KINDS_AT.get(point)) as traffic:
            halted = traffic.run_until(zombie.is_stopped, POINT_SECONDS_MAX)
            if halted and point not in POINTS_OF_A_ZOMBIE:
                self.reached[point] += 1
            elif not halted:
                zombie.stop_threads()
            other = self.serve(site, "other") if site.database.is_shared else None
            if other is not None:
                traffic.nodes.append(other)
            # The lease must run out; nothing shows when it has.
            time.sleep(ZOMBIE_SECONDS)
            zombie.go_on()
            traffic.end()
        if other is None:
            if zombie.has_exited():
                journal.violate(f"the server ended by itself after {point}\n{zombie.server.log_end()}")
            else:
                self.settle_and_check(journal, zombie, f"after a zombie at {point}")
                zombie.terminate()
            return
        self.settle_and_check(journal, other, f"after a zombie at {point}")
        if zombie.has_killed_itself():
            self.reached[point] += 1
        if not zombie.has_exited():
            zombie.kill()
        other.terminate()

    def summary(self):
        return f"{super().summary()}; {reached_text(self.reached)}"


class TwoClocks(Scenario):
    """Two nodes whose clocks are 60 s apart: one has long calls under way, the other a backlog."""

    title = "two clocks"
    OFFSET_MS = 60_000
    LONG_CALLS = 3

    def run(self, rounds, backlog):
        for number in range(rounds):
            if self.has_enough():
                break
            site, journal = self.new_site()
            try:
                # The node that is ahead has the long calls in one round, and the backlog in the next.
                self.round(site, journal, [0, self.OFFSET_MS] if number % 2 == 0 else [self.OFFSET_MS, 0], backlog)
                self.rounds += 1
            finally:
                self.done_with(site, journal)

    def round(self, site, journal, offsets, backlog):
        long_ms = 5 * places.LEASE_MS
        site.set_faults(
            [
                {"path": workload.POINTS, "times": self.LONG_CALLS, "delay_ms": long_ms},
                {"times": 100_000, "delay_ms": 20},
            ]
        )
        first = self.serve(site, "first", COUNTERSIGN_CLOCK_OFFSET_MS=str(offsets[0]))
        began = time.monotonic()
        long_calls = [journal.submit_one(first, workload.SLOW_POINTS) for _ in range(self.LONG_CALLS)]
        wait_until(lambda: site.ledger()["calls"]["count"] == self.LONG_CALLS, "the long calls did not leave")
        second = self.serve(site, "second", COUNTERSIGN_CLOCK_OFFSET_MS=str(offsets[1]))
        kinds = [workload.AUTO_POINTS, workload.AUTO_BADGE, workload.POINTS_DECIDED]
        with Traffic(journal, [second], backlog, kinds) as traffic:
            left = long_ms / 1000 - (time.monotonic() - began) + 2
            traffic.run_until(lambda: False, left)
        self.settle_and_check(journal, second, "after the long calls", one_clock=False)
        for request_id in long_calls:
            types = [event["type"] for event in journal.trail(second, request_id)]
            if types.count("attempt_started") != 1 or types[-1] != "executed":
                journal.violate(f"I9: a long call of a living node was settled by the other: {types}")
        first.terminate()
        second.terminate()


class ImmediateStops(Scenario):
    """PostgreSQL is stopped at once and started again under a server that goes on."""

    title = "immediate stops"

    def run(self, rounds):
        while self.rounds < rounds and not self.has_enough():
            site, journal = self.new_site()
            try:
                node = self.serve(site)
                for _ in range(min(ROUNDS_PER_SITE, rounds - self.rounds)):
                    if self.has_enough(journal):
                        break
                    site.set_faults(workload.FAULTS)
                    with Traffic(journal, [node], SUBMISSIONS_PER_ROUND) as traffic:
                        # The stop comes at a random moment of the work.
                        time.sleep(journal.random.uniform(*KILL_AFTER_SECONDS))
                        traffic.end()
                        site.database.stop_at_once_and_start()
                    self.rounds += 1
                    if self.rounds % ROUNDS_PER_CHECK == 0 or self.rounds == rounds:
                        wait_until(partial(is_ready, node), "the server did not recover")
                        self.settle_and_check(journal, node, f"after stop {self.rounds}")
                node.terminate()
            finally:
                self.done_with(site, journal)


def reached_text(reached):
    points = ", ".join(f"{point} {count}" for point, count in sorted(reached.items()))
    return f"at fault points: {points or 'none'}"


def is_ready(node):
    status, _ = local.call(node.url, "GET", "/health/ready")
    return status == 200


def wait_until(condition, complaint, seconds_max=30):
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            raise local.Failure(complaint)
        time.sleep(0.05)


def named_in_the_code():
    """The fault points that the code has, so that none is forgotten here."""
    source = (local.ROOT / "src" / "fault_points" / "mod.rs").read_text()
    points = source.split("pub enum Sabotage", maxsplit=1)[0]
    return set(re.findall(r'=> "([a-z_]+)"', points))
