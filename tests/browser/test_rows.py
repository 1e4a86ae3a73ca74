"""Rows of a form come and go where they are, and no more of them than the type allows."""

import pytest
from playwright.sync_api import Page, Route, expect

from desk import Desk
from forms import csrf_of
from looks import Looks
from manner import Manner
from people import MAKER
from test_form import at

IN_SIGHT = "(it) => { const box = it.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }"


def open_form(desk: Desk, manner: Manner) -> Page:
    page = desk.sign_in(MAKER, manner, "/ui/new/WIRE")
    # A low window, so that the list is not in sight at first.
    page.set_viewport_size({"width": manner.width, "height": 500})
    at(page, "/body/name").fill("typed before")
    return page


def test_a_new_row_has_the_cursor_and_is_in_sight(desk: Desk, looks: Looks, either: Manner) -> None:
    page = open_form(desk, either)
    for row, button in enumerate(["Add to Lines", "Add another to Lines", "Add another to Lines"]):
        page.get_by_role("button", name=button).click()
        first = at(page, f"/body/lines/{row}/text")
        expect(first).to_be_focused()
        assert first.evaluate(IN_SIGHT), f"row {row + 1} is out of sight"
        page.keyboard.type(f"line {row}")
    looks.photograph(page, "full", full=False)
    # The type takes three: there is no fourth.
    expect(page.get_by_text("At most 3.")).to_be_visible()
    expect(page.get_by_role("button", name="to Lines")).to_have_count(0)
    # The cursor stays with the row that moves up, or goes to the last one, or to the list.
    for remove, rest, focus in [(1, ["line 1", "line 2"], 0), (2, ["line 1"], 0)]:
        page.get_by_role("button", name=f"Remove Line {remove}").click()
        expect(at(page, f"/body/lines/{focus}/text")).to_be_focused()
        for row, text in enumerate(rest):
            expect(at(page, f"/body/lines/{row}/text")).to_have_value(text)
        expect(at(page, f"/body/lines/{len(rest)}/text")).to_have_count(0)
    page.get_by_role("button", name="Remove Line 1").click()
    add = page.get_by_role("button", name="Add to Lines")
    expect(add).to_be_focused()
    assert add.evaluate(IN_SIGHT)
    expect(at(page, "/body/name")).to_have_value("typed before")


def test_what_is_typed_while_a_row_comes_or_goes_stays(desk: Desk) -> None:
    page = open_form(desk, Manner())
    for row, button in enumerate(["Add to Lines", "Add another to Lines", "Add another to Lines"]):
        page.get_by_role("button", name=button).click()
        at(page, f"/body/lines/{row}/text").fill(f"line {row}")
    held: list[Route] = []
    page.route("**/ui/new/WIRE", lambda route: held.append(route))
    page.get_by_role("button", name="Remove Line 2").click()
    # The answer has not come yet, and the maker types on: in a field above, in the row that goes, and in one that moves up.
    for field, text in [("/body/name", "typed since"), ("/body/lines/1/text", "gone"), ("/body/lines/2/text", "typed too")]:
        at(page, field).fill(text)
    at(page, "/body/lines/2/text").press("ArrowLeft")
    assert len(held) == 1
    held[0].continue_()
    expect(at(page, "/body/lines/2/text")).to_have_count(0)
    expect(at(page, "/body/name")).to_have_value("typed since")
    expect(at(page, "/body/lines/0/text")).to_have_value("line 0")
    moved = at(page, "/body/lines/1/text")
    expect(moved).to_have_value("typed too")
    expect(moved).to_be_focused()
    page.keyboard.type("-")
    expect(moved).to_have_value("typed to-o")


@pytest.mark.parametrize("wish", ["add:/body/lines", "check"])
def test_more_rows_than_the_type_takes_are_refused_at_the_list(desk: Desk, wish: str) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/WIRE")
    form: dict[str, str | float | bool] = {"csrf": csrf_of(page), "do": wish, "rows:/body/lines": "4"}
    form |= {f"/body/lines/{row}/count": "1" for row in range(4)}
    before = desk.server.trail()
    answer = page.context.request.post("/ui/new/WIRE", form=form, headers={"origin": desk.server.url})
    assert answer.status == 200 and desk.server.trail() == before
    if wish == "check":
        assert "Lines: Fill in at most 3 of them, and remove the others." in answer.text()
    else:
        assert 'name="/body/lines/3/count"' in answer.text() and 'name="/body/lines/4/count"' not in answer.text()
