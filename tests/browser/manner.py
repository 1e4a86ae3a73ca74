"""How somebody looks at the pages: how wide, in which colours, with or without scripts."""

from dataclasses import dataclass
from typing import Literal

Scheme = Literal["light", "dark"]

DESKTOP = 1440
PHONE = 390


@dataclass(frozen=True)
class Manner:
    """One way to look at a page."""

    width: int = DESKTOP
    scheme: Scheme = "light"
    script: bool = True

    @property
    def height(self) -> int:
        """A screen that goes with the width."""
        return 844 if self.width == PHONE else 900

    @property
    def name(self) -> str:
        """Its name in a test's name and in a file's name."""
        return f"{self.width}-{self.scheme}-{'script' if self.script else 'plain'}"


# Every width meets both schemes, and scripts on and off: what each journey is gone through in.
EVERY_MANNER = [
    Manner(DESKTOP, "light", script=True),
    Manner(PHONE, "dark", script=True),
    Manner(DESKTOP, "dark", script=False),
    Manner(PHONE, "light", script=False),
]
# The two that differ most, for what the pages' width and scripts hardly change.
EITHER = [Manner(DESKTOP, "light", script=True), Manner(PHONE, "dark", script=False)]
