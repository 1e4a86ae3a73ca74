"""What a page never shows again is sent as it was typed, or its loss is told: what was checked is what is submitted."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from countersign import Submitted
from desk import Desk
from looks import Looks
from manner import Manner
from people import CHECKER, MAKER
from tasks import AUTHORIZATION, ENTITY
from test_form import at

PLAIN = Manner(script=False)
HIDDEN = {"/body/iban": "DE02120300000000202051", "/body/pin": "4711-4711", "/headers/Authorization": AUTHORIZATION}
MISSED = "You had filled this in. Type it again, or tick that you leave it out."


def write(page: Page, name: str) -> None:
    """Fills in the form of a wire with everything that is hidden."""
    for field, value in ENTITY.items():
        at(page, f"/entityInfo/{field}").fill(value)
    for field, value in {"name": name, "code": "123456", "amount": "40"}.items():
        at(page, f"/body/{field}").fill(value)
    at(page, "/body/country").select_option("AT")
    page.get_by_label(re.compile(r"\(Sandbox\)$")).check()
    for pointer, value in HIDDEN.items():
        at(page, pointer).fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).last.click()


def submitted(page: Page) -> Submitted:
    """The request whose page this is."""
    expect(page).to_have_url(re.compile("/ui/requests/[0-9a-f-]+\\?said=submitted$"))
    return Submitted(page.url.rsplit("/", 1)[-1].split("?")[0], "")


def stored(desk: Desk, request: Submitted) -> tuple[set[str], set[str]]:
    """The members of the body and the headers that were stored, hidden or not."""
    task = desk.server.read(request, CHECKER)["details"]["IntouchAPITask-Payload"]
    return set(task["body"]), set(task["headers"])


def answers_of(page: Page) -> list[str]:
    """Every page of the form that the server sends from now on."""
    texts: list[str] = []

    def note(response: Response) -> None:
        if "/ui/new/" in response.url and response.status < 500 and response.request.method == "POST":
            texts.append(response.text() if response.status != 303 else "")

    page.on("response", note)
    return texts


def test_what_was_checked_is_what_is_submitted(desk: Desk, looks: Looks) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/WIRE")
    write(page, "Zoe")
    answers = answers_of(page)
    for button in ["Check only", "Add to Lines", "Add to Other headers", "Remove Header 1", "Check only"]:
        press(page, button)
        expect(page.locator("form[aria-busy]")).to_have_count(0)
        for pointer, value in HIDDEN.items():
            expect(at(page, pointer)).to_have_value(value)
    expect(page.get_by_role("status").filter(has_text="Nothing forbids it.")).to_be_focused()
    looks.everywhere(page, "checked")
    # A fault somewhere else loses nothing either.
    at(page, "/body/amount").fill("900")
    press(page, "Submit for approval")
    expect(page.get_by_role("alert")).to_contain_text("Write a number of at most 500.")
    expect(page).to_have_title(re.compile("^Error:"))
    for pointer, value in HIDDEN.items():
        expect(at(page, pointer)).to_have_value(value)
    assert len(answers) >= 6
    for text in answers:
        for value in HIDDEN.values():
            assert value not in text, "what is hidden was sent to the browser"
    at(page, "/body/amount").fill("40")
    press(page, "Submit for approval")
    body, headers = stored(desk, submitted(page))
    assert {"iban", "pin"} <= body and "Authorization" in headers


def test_without_script_a_loss_stops_at_its_field(desk: Desk, looks: Looks) -> None:
    page = desk.sign_in(MAKER, PLAIN, "/ui/new/WIRE")
    write(page, "Yan")
    press(page, "Check only")
    expect(page.get_by_text("Nothing forbids it.")).to_be_visible()
    looks.photograph(page, "1-checked")
    before = desk.server.trail()
    press(page, "Submit for approval")
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("There are 3 problems")
    expect(summary.get_by_role("link")).to_have_text(
        [f"IBAN: {MISSED}", f"PIN: {MISSED}", f"Authorization: {MISSED}"]
    )
    looks.photograph(page, "2-missed")
    assert desk.server.trail() == before
    # Nor does pressing it again do anything else.
    press(page, "Submit for approval")
    expect(page.get_by_role("alert")).to_contain_text("There are 3 problems")
    at(page, "/body/iban").fill(HIDDEN["/body/iban"])
    at(page, "/headers/Authorization").fill(AUTHORIZATION)
    page.get_by_label("Leave it out: PIN").check()
    press(page, "Submit for approval")
    body, headers = stored(desk, submitted(page))
    assert "iban" in body and "Authorization" in headers and "pin" not in body


@pytest.mark.parametrize("button", ["Add to Lines", "Add to Other headers", "Fill in as JSON"])
def test_no_round_trip_without_script_forgets_what_was_typed(desk: Desk, button: str) -> None:
    page = desk.sign_in(MAKER, PLAIN, "/ui/new/WIRE")
    write(page, "Xu")
    press(page, button)
    before = desk.server.trail()
    press(page, "Submit for approval")
    expect(page.get_by_role("alert").get_by_role("link").filter(has_text=MISSED).first).to_be_visible()
    assert desk.server.trail() == before
    if button == "Fill in as JSON":
        # There and back: the fields of the body still know it.
        press(page, "Fill in by fields")
        press(page, "Submit for approval")
        links = page.get_by_role("alert").get_by_role("link").filter(has_text=MISSED)
        expect(links).to_have_text([f"IBAN: {MISSED}", f"PIN: {MISSED}", f"Authorization: {MISSED}"])
        assert desk.server.trail() == before


def test_a_secret_in_a_row_moves_with_its_row(desk: Desk, either: Manner) -> None:
    page = desk.sign_in(MAKER, either, "/ui/new/WIRE")
    write(page, "Wu")
    for row in range(2):
        press(page, "Add to Lines" if row == 0 else "Add another to Lines")
        at(page, f"/body/lines/{row}/text").fill(f"line {row}")
        at(page, f"/body/lines/{row}/count").fill("1")
        at(page, f"/body/lines/{row}/token").fill(f"token-{row}")
    press(page, "Remove Line 1")
    expect(at(page, "/body/lines/0/text")).to_have_value("line 1")
    expect(page.locator('[name="typed:/body/lines/0/token"]')).to_have_count(1)
    expect(page.locator('[name^="typed:/body/lines/1/"]')).to_have_count(0)
    expect(at(page, "/body/lines/0/token")).to_have_value("token-1" if either.script else "")


def test_only_what_is_secret_is_typed_as_dots(desk: Desk) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/WIRE")
    for pointer, kind in [("/body/iban", "text"), ("/body/pin", "password"), ("/headers/Authorization", "password")]:
        expect(at(page, pointer)).to_have_attribute("type", kind)


def test_without_a_connection_everything_stays_in_the_form(desk: Desk, looks: Looks) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/WIRE")
    write(page, "Vi")
    # The browser itself complains about it, too.
    desk.watch_of(page).stop()
    page.route("**/ui/new/WIRE", lambda route: route.abort())
    press(page, "Submit for approval")
    expect(page.get_by_text("No connection. Try again")).to_be_visible()
    looks.photograph(page, "no-connection")
    for pointer, value in HIDDEN.items():
        expect(at(page, pointer)).to_have_value(value)
    page.unroute("**/ui/new/WIRE")
    press(page, "Submit for approval")
    submitted(page)
