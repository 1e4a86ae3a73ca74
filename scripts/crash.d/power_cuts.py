"""Power cuts of SQLite: what was not synced is gone."""

import shutil
import subprocess
import time

import invariants
import local_servers as local
import workload
from scenarios import ROUNDS_PER_SITE, SUBMISSIONS_PER_ROUND, Scenario
from workload import Traffic

SHIM_SOURCE = local.ROOT / "tests" / "power_cut" / "power_cut.c"


class PowerCuts(Scenario):
    """The power fails: what was written to the database's files since their last sync is gone."""

    title = "power cuts"

    def run(self, rounds, sabotage=""):
        """The number of cuts after which something acknowledged was lost."""
        shim = self.directory / "power_cut.so"
        compile_shim(shim)
        cuts_with_loss = 0
        while self.rounds < rounds and not self.has_enough():
            site, journal = self.new_site()
            journal.is_quiet = bool(sabotage)
            try:
                for _ in range(min(ROUNDS_PER_SITE if not sabotage else 1, rounds - self.rounds)):
                    if not sabotage and self.has_enough(journal):
                        break
                    before = len(journal.violations)
                    self.cut(site, journal, shim, sabotage)
                    self.rounds += 1
                    cuts_with_loss += len(journal.violations) > before
            finally:
                if sabotage:
                    # What a control loses is what it is for.
                    journal.violations = []
                self.done_with(site, journal)
        return cuts_with_loss

    def cut(self, site, journal, shim, sabotage):
        files, image = site.database.directory, site.directory / "image"
        shutil.rmtree(image, ignore_errors=True)
        shutil.copytree(files, image)
        environment = {"LD_PRELOAD": str(shim), "POWER_CUT_FILES": str(files), "POWER_CUT_IMAGE": str(image)}
        if sabotage:
            environment["COUNTERSIGN_SABOTAGE"] = sabotage
        site.set_faults(workload.FAULTS)
        node = self.serve(site, **environment)
        with Traffic(journal, [node], SUBMISSIONS_PER_ROUND * 2) as traffic:
            # The power fails at a random moment of the work.
            time.sleep(journal.random.uniform(0.3, 1.0))
            if node.has_exited():
                raise local.Failure(f"the server ended by itself\n{node.server.log_end()}")
            traffic.end()
            node.kill()
        shutil.rmtree(files)
        shutil.copytree(image, files, ignore=shutil.ignore_patterns("*.new"))
        node = self.serve(site)
        if sabotage:
            # Lost requests can't be settled; that they are lost is enough.
            invariants.check(journal, node, f"after cut {self.rounds + 1}")
        else:
            self.settle_and_check(journal, node, f"after cut {self.rounds + 1}")
        node.kill()


def compile_shim(path):
    command = ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(path), str(SHIM_SOURCE)]
    subprocess.run([*command, "-ldl", "-lpthread"], stdin=subprocess.DEVNULL, check=True)
