"""Histories in which one broken rule does harm: with the sabotage a check must find it, without it none may.

They show that the checks are not blind. A build without debug assertions has no sabotage, and fails here.
"""

import re
import time
from functools import partial

import invariants
import places
import workload
from power_cuts import PowerCuts
from scenarios import Scenario, wait_until

SETTLE_SECONDS_MAX = 15
ZOMBIE_SECONDS = 2 * places.LEASE_MS / 1000


def has_more_calls(site, before):
    return site.ledger()["calls"]["count"] > before


def names_in(sentence):
    """The invariants that a violation names."""
    return set(re.findall(r"\bI\d+\b", sentence))


class Controls(Scenario):
    """Each history twice: as the product is, and sabotaged."""

    title = "negative controls"

    def run(self, power_cuts, is_short):
        """With `is_short`, what does not depend on the store is tried on one only."""
        # What each sabotage breaks, and a history in which that does harm.
        histories = {}
        if not (is_short and self.store.is_shared):
            histories["no_attempt_row"] = ({"I2", "I5"}, self.kill_after_sending)
            histories["blind_repeat"] = ({"I2"}, self.cut_answer)
            histories["first_repeat_answer_is_done"] = ({"I3"}, self.id_of_somebody_else)
        if self.store.is_shared:
            histories["no_fencing"] = ({"I2", "I9"}, self.zombie_before_sending)
        for sabotage, (broken, history) in histories.items():
            self.violations += self.tell(history, "")
            found = [sentence for sentence in self.tell(history, sabotage) if broken & names_in(sentence)]
            self.note(sabotage, bool(found), found[0] if found else "")
        if not self.store.is_shared:
            cuts = PowerCuts(self.binary, self.store, self.directory, self.random)
            lost = cuts.run(power_cuts, sabotage="synchronous_normal")
            self.note("synchronous_normal", lost * 2 >= power_cuts, f"loss in {lost} of {power_cuts} power cuts")

    def note(self, sabotage, is_found, example):
        self.rounds += 1
        if is_found:
            print(f"    {self.store.name}: {sabotage} was found: {example.splitlines()[0]}", flush=True)
        else:
            self.violations.append(f"the test is blind: {sabotage} did no harm that a check finds {example}")
            print(f"    {self.store.name}: {self.violations[-1]}", flush=True)

    def tell(self, history, sabotage):
        """Plays a history on a site of its own; what the checks found."""
        site, journal = self.new_site()
        # What is found is the caller's to judge.
        journal.is_quiet = bool(sabotage)
        environment = {"COUNTERSIGN_SABOTAGE": sabotage} if sabotage else {}
        try:
            history(site, journal, environment)
        finally:
            site.close()
        return journal.violations

    def finish(self, journal, node):
        journal.submit_again(node)
        invariants.settle(journal, node, SETTLE_SECONDS_MAX)
        invariants.check(journal, node, "at the end")

    def kill_after_sending(self, site, journal, environment):
        """The server dies when the whole call has left: nobody knows whether it arrived."""
        node = site.serve(**environment, COUNTERSIGN_FAULT_POINTS="call_written=kill@1")
        journal.submit_to_dying(node, workload.AUTO_POINTS)
        wait_until(node.has_exited, "the server did not die at call_written")
        self.finish(journal, site.serve(**environment))

    def cut_answer(self, site, journal, environment):
        """The target does the work, and its answer is lost."""
        site.set_faults([{"path": workload.POINTS, "times": 1, "close": "after"}])
        node = site.serve(**environment)
        journal.submit_one(node, workload.AUTO_POINTS)
        # A repeat would come one time limit after the attempt began; nothing shows that none comes.
        time.sleep(3 * places.CALL_MS / 1000)
        self.finish(journal, node)

    def id_of_somebody_else(self, site, journal, environment):
        """The target has had the id before, from somebody else: that work is not this request's."""
        node = site.serve(**environment)
        number = 1
        task = journal.submission(number, workload.AUTO_BADGE)["payload"]["IntouchAPITask-Payload"]
        # Another customer: it is another's call.
        body = {**task["body"], "customers": 299_999_999}
        site.ask_sandbox("POST", task["path"], 200, body, task["headers"])
        request_id = journal.submit_one(node, workload.AUTO_BADGE)
        journal.stolen.add(request_id)
        self.finish(journal, node)

    def zombie_before_sending(self, site, journal, environment):
        """A node halts between its claim and its attempt; it goes on while another is sending, or has sent."""
        for kind, faults in (
            (workload.SLOW_POINTS, [{"times": 1, "delay_ms": 3 * places.LEASE_MS}]),
            (workload.AUTO_POINTS, [{"times": 1, "status": 503}]),
        ):
            before = site.ledger()["calls"]["count"]
            site.set_faults(faults)
            zombie = site.serve("zombie", **environment, COUNTERSIGN_FAULT_POINTS="claim_committed=stop@1")
            journal.submit_to_dying(zombie, kind)
            wait_until(zombie.is_stopped, "the server did not halt at claim_committed")
            # The lease must run out; nothing shows when it has.
            time.sleep(ZOMBIE_SECONDS)
            other = site.serve("other", **environment)
            wait_until(partial(has_more_calls, site, before), "no node took over")
            zombie.go_on()
            time.sleep(1)
            invariants.settle(journal, other, SETTLE_SECONDS_MAX)
            for node in (zombie, other):
                if not node.has_exited():
                    node.kill()
        self.finish(journal, site.serve())


