"""A page looked at in both widths and both schemes: axe-core, sideways scroll, a screenshot."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

from manner import DESKTOP, PHONE, Manner, Scheme

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# The scheme changes colours and nothing else, so that the other rules need not run again.
ALL_RULES = {"runOnly": TAGS, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, "resultTypes": ["violations"]}
VIEWS: list[tuple[int, Scheme, dict[str, object]]] = [
    (DESKTOP, "light", ALL_RULES),
    (DESKTOP, "dark", COLOURS),
    (PHONE, "dark", ALL_RULES),
    (PHONE, "light", COLOURS),
]
# Between and beyond them the page only has to fit: a tablet, and a wide screen.
FURTHER_WIDTHS = [768, 1920]


class Looks:
    """Looks at pages, and keeps what it saw in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def photograph(self, page: Page, name: str, full: bool = True) -> None:
        """Keeps a screenshot."""
        page.screenshot(path=self._folder / f"{name}.png", full_page=full, animations="disabled")

    def assert_fits(self, page: Page, where: str) -> None:
        """Asserts that nothing of the page is cut off at the right."""
        assert_no_sideways_scroll(page, where)

    def everywhere(self, page: Page, name: str, full: bool = True, at_end: bool = False) -> None:
        """Asserts that the page, in its current state, looks right in every width and scheme. `at_end` is for a page
        with a bar that sticks to the lower edge: only there it lies over no half of a row."""
        before = page.viewport_size
        page.evaluate(AXE)
        for width, scheme, rules in VIEWS:
            view = Manner(width, scheme)
            page.set_viewport_size({"width": view.width, "height": view.height})
            page.emulate_media(color_scheme=scheme)
            self.photograph(page, f"{name}-{width}-{scheme}", full)
            if at_end:
                page.evaluate("scrollTo(0, document.body.scrollHeight)")
            where = f"{name} at {width} px, {scheme}"
            assert_no_sideways_scroll(page, where)
            assert_no_violation(page, rules, where)
        page.emulate_media(color_scheme="no-override")
        for width in FURTHER_WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert_no_sideways_scroll(page, f"{name} at {width} px")
        if before is not None:
            page.set_viewport_size(before)


def assert_no_sideways_scroll(page: Page, where: str) -> None:
    """Nothing is wider than the page."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{where}: {over} px too wide"


def assert_no_violation(page: Page, rules: dict[str, object], where: str) -> None:
    """axe-core finds nothing."""
    found = page.evaluate("rules => axe.run(rules).then(result => result.violations)", rules)
    lines = [
        f"{where}: {violation['id']}: {violation['help']}\n  {node['target']} {node['html'][:200]}\n  {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]
    assert not lines, "\n".join(lines)
