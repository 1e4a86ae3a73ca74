"""Several decided together: each is recorded separately, and what can't be decided is left out."""

import re

import pytest
from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, path_of
from looks import Looks
from manner import PHONE, Manner
from people import CHECKER, FINANCE
from tasks import batch_note, new_customer, points


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
    page.get_by_role("button", name=re.compile("Approve the ticked ones.* and send to 127.0.0.1")).click()
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


def test_a_review_shows_what_must_be_seen_to_decide(desk: Desk, looks: Looks, either: Manner) -> None:
    customer = new_customer()
    hidden = desk.server.submit("GIFT", points(customer, 350, reason="late\u200b deli\u202every"))
    twice = desk.server.submit("GIFT", points(customer, 500.5))
    plain = desk.server.submit("GIFT", points(new_customer(), 100))
    page = review(desk, [hidden, twice, plain], either)
    row = {one.id: page.get_by_role("row").filter(has=page.locator(f"[value='{one.id}']")) for one in (hidden, twice, plain)}
    # What has a warning is not ticked before somebody has read it.
    for request, is_ticked in ((hidden, False), (twice, False), (plain, True)):
        expect(row[request.id].get_by_role("checkbox")).to_be_checked(checked=is_ticked)
    warnings = row[hidden.id].locator(".looks")
    expect(warnings).to_contain_text("a character that nobody can see (U+200B)")
    expect(warnings).to_contain_text("Another request for the same subject is open.")
    expect(row[plain.id].locator(".looks")).to_have_count(0)
    # The body, with its odd characters drawn, without any script.
    row[hidden.id].locator("summary").click()
    body = row[hidden.id].locator("pre")
    expect(body).to_be_visible()
    expect(body.locator(".odd-char").first).to_contain_text("U+200B")
    expect(body).to_contain_text('"points": 350')
    cell = row[hidden.id].locator("td.s").bounding_box()
    table = page.locator(".picks").bounding_box()
    assert cell is not None and table is not None
    assert cell["width"] > table["width"] * (0.4 if either.width > PHONE else 0.8), (cell, table)
    totals = page.locator(".totals")
    expect(totals).to_contain_text("950.5")
    expect(totals).to_contain_text(f"{customer} (2 times)")
    looks.everywhere(page, "review") if either.script else looks.photograph(page, "review")
    button = page.get_by_role("button", name=re.compile("Approve the ticked ones"))
    # A number is only true with a script.
    expect(button).to_have_text(re.compile(r"ones \(1\) and send" if either.script else "ones and send"))


def test_a_long_body_has_a_bound_and_a_link_to_all_of_it(desk: Desk) -> None:
    long = desk.server.submit("BATCH", batch_note(new_customer(), "long", "word " * 5000))
    page = review(desk, [long], Manner())
    expect(page.get_by_role("heading", level=1)).to_have_text("Review 1 request")
    page.locator("summary").first.click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("This is the beginning.")
    assert len(row.locator("pre").inner_text()) < 20_000
    row.get_by_role("link", name="Read all of it").click()
    expect(page).to_have_url(re.compile(f"{path_of(long)}.*#call"))


def test_a_type_may_keep_what_is_flagged_out_of_a_review(desk: Desk, either: Manner) -> None:
    customer = new_customer()
    flagged = [desk.server.submit("BATCH", batch_note(customer, f"twice {number}")) for number in range(2)]
    plain = desk.server.submit("BATCH", batch_note(new_customer(), "plain"))
    page = desk.sign_in(CHECKER, either)
    for request in flagged:
        expect(page.locator(f"#r-{request.id}").get_by_role("checkbox")).to_have_count(0)
    # Its risk is high, and its type lets that in.
    page.locator(f"#r-{plain.id}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Review these together").click()
    page.goto(f"{page.url}&id={flagged[0].id}")
    expect(page.get_by_role("table")).to_contain_text("there is something about it to look at twice")
    box = page.get_by_role("table").get_by_role("checkbox")
    expect(box).not_to_be_checked()
    box.check()
    # Another one comes for the same customer: what is flagged when it is decided counts.
    desk.server.submit("BATCH", batch_note(int(desk.server.read(plain)["subject"]), "late"))
    page.get_by_role("button", name=re.compile("Approve the ticked ones")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("0 approved, 1 not decided")
    expect(page.get_by_role("table")).to_contain_text("It is decided alone.")
    assert desk.server.state(plain) == "AdminTask"


def test_numbers_and_sums_follow_the_ticks_also_after_back(desk: Desk) -> None:
    two = [desk.server.submit("GIFT", points(new_customer(), amount)) for amount in (100.25, 700.5)]
    page = desk.sign_in(CHECKER)
    for request in two:
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    bar = page.locator("[data-selbar]")
    expect(bar).to_contain_text("2 selected")
    expect(bar).to_contain_text("Gift points: 800.75")
    page.get_by_role("button", name="Review these together").click()
    reject = page.get_by_role("button", name=re.compile("Reject the ticked ones"))
    expect(reject).to_contain_text("(2)")
    page.get_by_role("table").get_by_role("checkbox").first.uncheck()
    expect(reject).to_contain_text("(1)")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.locator(".queue")).to_be_visible()
    page.go_back()
    ticked = page.locator(".picks input:checked").count()
    expect(reject).to_contain_text(f"({ticked})")
    page.go_back()
    expect(bar).to_contain_text("2 selected")


def review(desk: Desk, requests: list[Submitted], manner: Manner) -> Page:
    """The checker picks these from the list and comes to the page that shows them together."""
    page = desk.sign_in(CHECKER, manner)
    for request in requests:
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Review these together").click()
    return page
