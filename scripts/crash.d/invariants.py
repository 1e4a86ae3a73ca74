"""What must be true of a site whenever nothing is under way.

The names I1 to I14 are those of docs/reliability.md.
"""

import collections
import time

import workload

SETTLE_SECONDS_MAX = 40
TRAILS_READ_ONE_IN = 25

APPROVED = "SELECT request_id FROM requests WHERE state = 'approved'"
TABLES = {
    "requests": "SELECT request_id, state, version, ended_at, execute_before FROM requests",
    "executions": "SELECT request_id, state, token FROM executions",
    "attempts": "SELECT request_id, attempt, token, started_at, ended_at FROM attempts ORDER BY request_id, attempt",
    "events": (
        "SELECT request_id, seq, type, from_state, to_state, attempt FROM events"
        " WHERE request_id IS NOT NULL ORDER BY request_id, seq"
    ),
}


def settle(journal, node, seconds_max=SETTLE_SECONDS_MAX):
    """Waits until no request is `approved`; what never settles is a violation."""
    deadline = time.monotonic() + seconds_max
    while True:
        hanging = journal.site.database.tables({"approved": APPROVED})["approved"]
        if not hanging:
            return
        if node.has_exited():
            journal.violate(f"the server ended by itself\n{node.server.log_end()}")
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for row in hanging:
        journal.violate(f"I10: {row['request_id']} still `approved` after {seconds_max} s")


class Snapshot:
    """All rows of one moment, and the whole ledger right after it."""

    def __init__(self, site):
        tables = site.database.tables(TABLES)
        self.requests = {row["request_id"]: row for row in tables["requests"]}
        self.executions = {row["request_id"]: row for row in tables["executions"]}
        self.attempts = grouped(tables["attempts"])
        self.events = collections.defaultdict(list)
        for request_id, rows in grouped(tables["events"]).items():
            self.events[request_id] = as_read(rows)
        ledger = site.ledger()
        self.calls = collections.defaultdict(list)
        for call in ledger["calls"]["received"]:
            self.calls[call["countersignRequestId"]].append(call)
        self.ledger_is_whole = ledger["calls"]["count"] == len(ledger["calls"]["received"])
        self.done_by_body_id = collections.Counter(
            call["requestId"] for call in ledger["calls"]["received"] if call["workDone"]
        )
        self.enrolled = collections.Counter(enrolment["requestId"] for enrolment in ledger["enrolments"])


def as_read(events):
    """What is read: stored events of a submission stand for three, those of an approval for the attempt as well."""
    first, *others = [read for event in events for read in with_attempt(event)]
    if first["type"] != "submitted":
        return [first, *others]
    states = ["ValidateMakerAccess", "ValidatePayload"]
    return [
        {**first, "to_state": states[0]},
        {**first, "seq": 2, "type": "maker_access_validated", "from_state": states[0], "to_state": states[1]},
        {**first, "seq": 3, "type": "payload_validated", "from_state": states[1]},
        *others,
    ]


def with_attempt(event):
    if event["type"] != "approved" or event["attempt"] is None:
        return [event]
    begun = {**event, "seq": event["seq"] + 1, "type": "attempt_started", "from_state": event["to_state"]}
    return [{**event, "attempt": None}, begun]


def grouped(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["request_id"]].append(row)
    return groups


def check(journal, node, when, *, one_clock=True):
    """Compares what is stored and shown with what was acknowledged and with what the target did."""
    snapshot = Snapshot(journal.site)

    def violate(sentence):
        journal.violate(f"{when}: {sentence}")

    if not snapshot.ledger_is_whole:
        violate("the sandbox no longer has all calls: use fewer for one database")
    for request_id, known in journal.known.items():
        check_known(violate, request_id, known, snapshot.requests.get(request_id))
        body_id = workload.body_request_id(known.number)
        if known.kind.is_badge and snapshot.done_by_body_id[body_id] != snapshot.enrolled[body_id]:
            violate(f"{request_id}: the sandbox enrolled otherwise than its calls say")
        if request_id not in journal.stolen and snapshot.done_by_body_id[body_id] > 1:
            violate(f"I2: the work of submission {known.number} was done {snapshot.done_by_body_id[body_id]} times")
    for request_id, row in snapshot.requests.items():
        check_trail(violate, row, snapshot.events[request_id])
        check_attempts(violate, row, snapshot, one_clock)
        check_work(violate, row, snapshot)
    check_shown(journal, node, violate, snapshot)
    for request_id, known in journal.known.items():
        state = snapshot.requests.get(request_id, {}).get("state")
        if state in workload.NEVER_MOVES:
            known.settled = state
    # Calls without the header are those of a control that plays somebody else.
    for request_id in set(snapshot.calls) - set(snapshot.requests) - {None}:
        violate(f"I1: a call arrived for {request_id}, which is not stored")
    return snapshot


def check_known(violate, request_id, known, row):
    """I1, I4: nothing acknowledged is lost, and what is final never moves."""
    if row is None:
        violate(f"I1: acknowledged submission {request_id} is lost")
        return
    state = row["state"]
    if state == "approved":
        # Told by `settle` already, or under way.
        return
    if state not in known.possible_states():
        expected = ", ".join(sorted(known.possible_states()))
        acknowledged = [f"{action}, answered {answered}" for action, answered in known.acknowledged]
        violate(f"I1/I4: {request_id} is `{state}`, expected {expected}; acknowledged: {acknowledged}")


def check_trail(violate, row, events):
    """I8: the events have no gap, and the row is their fold."""
    request_id, state = row["request_id"], None
    numbers = [event["seq"] for event in events]
    if numbers != list(range(1, len(numbers) + 1)):
        violate(f"I8: the events of {request_id} are numbered {numbers}")
    for event in events:
        if event["type"] == "refused":
            continue
        if event["from_state"] != state:
            violate(f"I8: {request_id}: {event['type']} leads from `{event['from_state']}`, but it was `{state}`")
        if state in workload.NEVER_MOVES and event["to_state"] != state:
            violate(f"I4: {request_id}: {event['type']} moved it from `{state}` to `{event['to_state']}`")
        state = event["to_state"]
    if state != row["state"]:
        violate(f"I8: {request_id} is `{row['state']}`, but its trail ends in `{state}`")


def check_attempts(violate, row, snapshot, one_clock):
    """I5, I9, I14: attempts are numbered, their tokens never go back, and none begins too late."""
    request_id = row["request_id"]
    attempts, execution = snapshot.attempts[request_id], snapshot.executions.get(request_id)
    numbers = [attempt["attempt"] for attempt in attempts]
    started = [event["attempt"] for event in snapshot.events[request_id] if event["type"] == "attempt_started"]
    if numbers != list(range(1, len(numbers) + 1)) or started != numbers:
        violate(f"I5: {request_id} has attempts {numbers}, and events of {started}")
    tokens = [attempt["token"] for attempt in attempts]
    if tokens != sorted(tokens) or (tokens and tokens[-1] > execution["token"]):
        violate(f"I9: {request_id}: the tokens of its attempts are {tokens}, its execution's is {execution['token']}")
    if len(snapshot.calls[request_id]) > len(attempts):
        violate(f"I5: {len(snapshot.calls[request_id])} calls of {request_id} arrived, recorded are {numbers}")
    deadline = row["execute_before"]
    if one_clock and deadline and any(attempt["started_at"] > deadline for attempt in attempts):
        violate(f"I14: an attempt of {request_id} began after its deadline")
    was_late = any(event["type"] == "late_answer" for event in snapshot.events[request_id])
    is_open = [attempt["attempt"] for attempt in attempts if attempt["ended_at"] is None]
    if is_open and row["state"] != "approved" and not was_late:
        violate(f"I9: {request_id} is `{row['state']}`, but its attempt {is_open} is open")


def check_work(violate, row, snapshot):
    """I2, I3: at most one effect; what is said of it is true."""
    request_id, state = row["request_id"], row["state"]
    calls = snapshot.calls[request_id]
    done = sum(call["workDone"] for call in calls)
    if done > 1:
        violate(f"I2: the work of {request_id} was done {done} times")
    if calls and state in {"AdminTask", "rejected", "expired"}:
        violate(f"I3: {request_id} is `{state}`, but its call arrived")
    if state == "executed" and done == 0:
        violate(f"I3: {request_id} is `executed`, but the work was not done")
    if state in {"failed", "withdrawn"} and done:
        violate(f"I3: {request_id} is `{state}`, but the work was done")
    if (state in workload.NEVER_MOVES) != (row["ended_at"] is not None):
        violate(f"I4: {request_id} is `{state}` with end time {row['ended_at']}")


def check_shown(journal, node, violate, snapshot):
    """What the server shows is what is stored: of what is new, and of some of the rest."""
    for request_id, known in journal.known.items():
        stored = snapshot.requests.get(request_id)
        if stored is None or (known.settled and known.number % TRAILS_READ_ONE_IN):
            continue
        shown = journal.find(node, request_id)
        if shown is None:
            violate(f"I1: {request_id} is stored, and not shown")
            continue
        body = shown["details"]["IntouchAPITask-Payload"]["body"]
        if body["requestId"] != workload.body_request_id(known.number):
            violate(f"I1: {request_id} holds another request's payload")
        if shown["state"] == stored["state"] and (shown["state"] in workload.NEVER_MOVES) != bool(shown["endTime"]):
            violate(f"I4: {request_id} is shown as `{shown['state']}` with end time {shown['endTime']}")
        if known.number % TRAILS_READ_ONE_IN == 0:
            check_shown_trail(violate, request_id, journal.trail(node, request_id), snapshot.events[request_id])


def check_shown_trail(violate, request_id, shown, stored):
    types = [event["type"] for event in shown]
    expected = [event["type"] for event in stored]
    # It may have gone on since; it never has less.
    if types[: len(expected)] != expected:
        violate(f"I8: the trail of {request_id} shows {types}, stored is {expected}")
