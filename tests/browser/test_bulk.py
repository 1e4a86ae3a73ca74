"""Several decided together: each is recorded separately, and what can't be decided is left out."""

import re

import pytest
from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk
from looks import Looks
from manner import Manner
from people import CHECKER, FINANCE
from tasks import new_customer, points


def test_a_checker_approves_two_of_four_and_sees_why_two_are_left_out(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    small = [desk.server.submit("GIFT", points(new_customer(), 100 + number)) for number in range(2)]
    large = desk.server.submit("GIFT", points(new_customer(), 5000))
    taken = desk.server.submit("GIFT", points(new_customer(), 150))
    page = desk.sign_in(CHECKER, either)
    # A large one is decided on its own page.
    expect(page.locator(f"#r-{large.id}").get_by_role("checkbox")).to_have_count(0)
    for request in small:
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    looks.photograph(page, "1-picked")
    page.get_by_role("button", name="Review these together").click()
    desk.server.decide(FINANCE, "GIFT", taken, "rejected")
    # The address can name what the list does not offer.
    page.goto(f"{page.url}&id={large.id}&id={taken.id}")
    expect(page.get_by_role("table").get_by_role("checkbox")).to_have_count(2)
    expect(page.locator("table .sr", has_text="Left out")).to_have_count(2)
    looks.photograph(page, "2-review")
    page.get_by_label("Message for all of them").fill("Checked together with the shop.")
    page.get_by_role("button", name=re.compile("Approve the ticked ones .* and send to 127.0.0.1")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2")
    looks.photograph(page, "3-result")
    for request in small:
        desk.server.wait_until(request, "executed")
        assert len(desk.server.sent(request)) == 1
    assert desk.server.state(large) == "AdminTask"
    assert desk.server.state(taken) == "rejected"


def test_a_review_that_is_old_decides_only_what_still_waits(desk: Desk, either: Manner) -> None:
    two = [desk.server.submit("GIFT", points(new_customer(), 110 + number)) for number in range(2)]
    page = review(desk, two, either)
    desk.server.decide(FINANCE, "GIFT", two[0], "rejected")
    page.get_by_role("button", name=re.compile("Approve the ticked ones")).click()
    expect(page.get_by_role("table")).to_contain_text("It was decided already.")
    desk.server.wait_until(two[1], "executed")
    assert desk.server.state(two[0]) == "rejected"
    assert desk.server.sent(two[0]) == []


@pytest.mark.parametrize("words", ["", "Not this month."])
def test_several_are_rejected_only_with_a_message(desk: Desk, looks: Looks, words: str) -> None:
    two = [desk.server.submit("GIFT", points(new_customer(), 120 + number)) for number in range(2)]
    page = review(desk, two, Manner())
    page.get_by_label("Message for all of them").fill(words)
    page.get_by_role("button", name=re.compile("Reject the ticked ones")).click()
    if words:
        expect(page.get_by_role("heading", level=1)).to_contain_text("2")
    else:
        expect(page).to_have_title(re.compile("^Error:"))
    looks.everywhere(page, "result" if words else "refused")
    for request in two:
        assert desk.server.state(request) == ("rejected" if words else "AdminTask")


def review(desk: Desk, requests: list[Submitted], manner: Manner) -> Page:
    """The checker picks these from the list and comes to the page that shows them together."""
    page = desk.sign_in(CHECKER, manner)
    for request in requests:
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Review these together").click()
    return page
