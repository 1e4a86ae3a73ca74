"""Deciding without a mouse."""

import re

from playwright.sync_api import Page, expect

from desk import Desk, path_of
from people import CHECKER
from tasks import points

# The focused element: its outline, and whether it is covered or out of sight.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
  const y = Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  // A row of a list shows the focus of its link as a whole.
  const ring = [at, at.closest('.row')].filter(Boolean).map((e) => getComputedStyle(e));
  return {
    name: at.tagName + ' ' + (at.innerText || at.name || at.id).trim().slice(0, 40),
    outline: ring.some((s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: !(top && (at.contains(top) || top.contains(at) || top.closest('label')?.contains(at))),
  };
}"""


def test_a_checker_clears_three_requests_by_keyboard_alone(desk: Desk) -> None:
    requests = [desk.server.submit("GIFT", points(7001 + number, 100 + number)) for number in range(3)]
    page = desk.sign_in(CHECKER)
    for number, request in enumerate(requests):
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"Give {100 + number} gift points")
        # The letter opens the step; it decides nothing.
        page.keyboard.press("a")
        expect(page.get_by_role("heading", name="Approve and send")).to_be_visible()
        assert desk.server.state(request) == "AdminTask"
        page.get_by_label("Message").press_sequentially("ok a r j")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Done: the target answered 201.")).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("i")
        expect(page).to_have_url(re.compile("/ui/needs-me"))
    for request in requests:
        expect(page.locator(f"#r-{request.id}")).to_have_count(0)
        assert desk.server.state(request) == "executed"
        assert len(desk.server.sent(request)) == 1


def test_letters_do_nothing_once_they_are_switched_off(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(7010, 110))
    page = desk.sign_in(CHECKER, to=path_of(request))
    page.keyboard.press("?")
    page.get_by_label("Single-letter keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.reload()
    page.keyboard.press("a")
    expect(page).to_have_url(desk.server.url + path_of(request))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_focus_is_always_visible(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(7011, 110))
    page = desk.sign_in(CHECKER)
    for address in ["/ui/needs-me", path_of(request), path_of(request, "approve"), path_of(request, "reject")]:
        page.goto(address)
        stops = walk(page)
        assert len(stops) > 5, f"{address}: {stops}"
        hidden = [stop for stop in stops if not stop["outline"] or not stop["inside"] or stop["covered"]]
        assert hidden == [], f"{address}: {hidden}"


def test_the_focus_is_always_visible_on_a_phone(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(7012, 110))
    page = desk.sign_in(CHECKER)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path_of(request))
    hidden = [stop for stop in walk(page) if not stop["outline"] or not stop["inside"] or stop["covered"]]
    assert hidden == [], hidden


def walk(page: Page) -> list[dict[str, object]]:
    """Every stop of the Tab key, once around the page."""
    stops: list[dict[str, object]] = []
    # A step begins at its way back, so that the first round may end soon.
    page.locator(".skip").focus()
    for _ in range(60):
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)
        page.keyboard.press("Tab")
    return stops
