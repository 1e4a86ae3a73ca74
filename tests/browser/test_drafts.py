"""Words that a browser keeps belong to who wrote them and to what they are about, and go when they are recorded."""

import re

from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, click_person, path_of
from looks import Looks
from people import CHECKER, FINANCE, Person
from tasks import new_customer, points

RESTORED = "Restored from your draft."
KEPT = "Object.keys(sessionStorage).filter((key) => key.startsWith('cs:draft:'))"


def waiting(desk: Desk, amount: int = 120) -> Submitted:
    return desk.server.submit("GIFT", points(new_customer(), amount))




def sign_out_and_in(page: Page, person: Person, to: str) -> None:
    """Somebody else at the same desk, in the same tab."""
    page.get_by_role("button", name="Sign out").click()
    page.goto(to)
    click_person(page, person)


def test_words_that_were_not_sent_come_back_and_say_so(desk: Desk, looks: Looks) -> None:
    request, other = waiting(desk), waiting(desk)
    page = desk.sign_in(CHECKER, to=path_of(request, "reject"))
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    page.get_by_label("Why do you reject it?").fill("Half a reason")
    page.goto("/ui/needs-me")
    page.goto(path_of(request, "reject"))
    expect(page.get_by_label("Why do you reject it?")).to_have_value("Half a reason")
    expect(page.get_by_text(RESTORED)).to_be_visible()
    looks.everywhere(page, "restored")
    # Neither the other step nor another request has them.
    for address in [path_of(request, "approve"), path_of(other, "reject")]:
        page.goto(address)
        expect(page.locator("#message")).to_have_value("")
        expect(page.get_by_text(RESTORED)).to_have_count(0)
    page.goto(path_of(request, "reject"))
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")


def test_the_next_person_in_the_same_tab_finds_no_words_of_the_one_before(desk: Desk) -> None:
    request = waiting(desk)
    page = desk.sign_in(CHECKER, to=path_of(request, "reject"))
    page.get_by_label("Why do you reject it?").fill("Chen's words")
    sign_out_and_in(page, FINANCE, path_of(request, "reject"))
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")
    # Who signs out takes their words along: nor are they there for Chen again.
    sign_out_and_in(page, CHECKER, path_of(request, "reject"))
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")


def test_signing_out_in_one_tab_ends_the_drafts_of_all(desk: Desk) -> None:
    request = waiting(desk)
    page = desk.sign_in(CHECKER, to=path_of(request, "reject"))
    page.get_by_label("Why do you reject it?").fill("Still here?")
    tab = page.context.new_page()
    tab.goto("/ui/needs-me")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_text("You are signed out.")).to_be_visible()
    page.goto(path_of(request, "reject"))
    click_person(page, CHECKER)
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")
    assert page.evaluate(KEPT) == []


def test_a_session_that_ends_leaves_the_words_to_their_writer_alone(desk: Desk) -> None:
    request = waiting(desk)
    page = desk.sign_in(CHECKER, to=path_of(request, "reject"))
    page.get_by_label("Why do you reject it?").fill("Chen's words")
    page.context.clear_cookies()
    page.goto(path_of(request, "reject"))
    click_person(page, FINANCE)
    expect(page.get_by_label("Why do you reject it?")).to_have_value("")
    assert page.evaluate(KEPT) == []


def test_a_recorded_decision_leaves_no_draft(desk: Desk) -> None:
    request = waiting(desk)
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    page.get_by_label("Message").fill("Looks right")
    page.goto(path_of(request, "reject"))
    page.get_by_label("Why do you reject it?").fill("Looks wrong")
    assert len(page.evaluate(KEPT)) == 2
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Your rejection is recorded.")).to_be_visible()
    assert page.evaluate(KEPT) == []


def test_a_message_for_one_batch_is_not_in_the_next(desk: Desk) -> None:
    first, second = [waiting(desk, 100 + n) for n in range(2)], [waiting(desk, 110 + n) for n in range(2)]
    page = desk.sign_in(CHECKER)
    review(page, second)
    page.get_by_label("Message for all of them").fill("For the second batch")
    review(page, first)
    expect(page.get_by_label("Message for all of them")).to_have_value("")
    page.get_by_label("Message for all of them").fill("Compared with the list of today")
    page.get_by_role("button", name=re.compile("Approve the ticked ones")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 approved")
    assert len(page.evaluate(KEPT)) == 1
    review(page, second)
    expect(page.get_by_label("Message for all of them")).to_have_value("For the second batch")
    expect(page.get_by_text(RESTORED)).to_be_visible()
    page.get_by_role("button", name=re.compile("Approve the ticked ones")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 approved")
    assert page.evaluate(KEPT) == []


def review(page: Page, requests: list[Submitted]) -> None:
    """Opens the review of these requests."""
    page.goto("/ui/bulk?" + "&".join(f"id={request.id}" for request in requests))
