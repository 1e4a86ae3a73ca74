"""Who takes part. These are the demo's people; the groups come from people.toml."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    name: str
    user_id: str
    user_name: str
    permissions: tuple[str, ...]


MAKER = Person("Mara", "400001", "mara@demo.example", ("CanMakeRequest", "CanCheckRequest"))
CHECKER = Person("Chen", "400002", "chen@demo.example", ("CanCheckRequest",))
AUDITOR = Person("Ada", "400003", "ada@demo.example", ("CanAuditRequest",))
# The second checker, of Finance.
FINANCE = Person("Finn", "400004", "finn@demo.example", ("CanCheckRequest",))
EVERYBODY = (MAKER, CHECKER, AUDITOR, FINANCE)
