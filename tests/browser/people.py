"""Who takes part. These are the demo's people; the groups come from people.toml."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    name: str
    user_id: str
    user_name: str
    permissions: tuple[str, ...]
    # What people.toml calls them; empty where it does not list them.
    listed_as: str = ""


MAKER = Person("Mara", "400001", "mara@demo.example", ("CanMakeRequest", "CanCheckRequest"), "Mara Lind")
CHECKER = Person("Chen", "400002", "chen@demo.example", ("CanCheckRequest",), "Chen Wei")
AUDITOR = Person("Ada", "400003", "ada@demo.example", ("CanAuditRequest",))
# The second checker, of Finance.
FINANCE = Person("Finn", "400004", "finn@demo.example", ("CanCheckRequest",), "Finn Berg")
EVERYBODY = (MAKER, CHECKER, AUDITOR, FINANCE)
