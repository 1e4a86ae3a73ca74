"""What others do shows at once, and moves nothing."""

import re

from playwright.sync_api import expect

from desk import Desk, path_of
from people import CHECKER, FINANCE
from tasks import new_customer, points


def test_a_row_that_someone_else_decided_stays_in_its_place(desk: Desk) -> None:
    requests = [desk.server.submit("GIFT", points(new_customer(), 100 + number)) for number in range(3)]
    page = desk.sign_in(CHECKER)
    before = page.locator("[data-rows] .t a").all_inner_texts()
    desk.server.decide(FINANCE, "GIFT", requests[1])
    row = page.locator(f"#r-{requests[1].id}")
    expect(row.locator(".row")).to_have_class(re.compile("is-gone"))
    expect(row).to_contain_text("Finn Berg")
    expect(row.get_by_role("checkbox")).to_have_count(0)
    assert page.locator("[data-rows] .t a").all_inner_texts() == before


def test_a_new_request_is_announced_and_moves_no_row(desk: Desk) -> None:
    desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER)
    before = page.locator("[data-rows] .t a").all_inner_texts()
    desk.server.submit("GIFT", points(new_customer(), 100))
    expect(page.get_by_role("link", name="Show 1 new")).to_be_visible()
    assert page.locator("[data-rows] .t a").all_inner_texts() == before


def test_a_request_that_changes_while_it_is_read_says_so(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request))
    expect(page.get_by_text("Something changed while you were reading")).to_be_hidden()
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(page.get_by_text("Something changed while you were reading")).to_be_visible()
    expect(page.locator("#changed")).to_contain_text("Finn Berg")
    page.get_by_role("link", name="Read it as it is now").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()


def test_an_open_step_accepts_no_decision_after_someone_else_decided(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    words = page.get_by_label("Message")
    words.fill("Asked the shop.")
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(page.get_by_text("Something changed while you were reading")).to_be_visible()
    words.press("Control+Enter")
    page.get_by_role("button", name="Approve").click(force=True)
    expect(words).to_have_value("Asked the shop.")
    assert desk.server.state(request) == "rejected"
    page.get_by_role("link", name="Read it as it is now").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()
