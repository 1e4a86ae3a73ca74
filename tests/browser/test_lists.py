"""Lists: a way through them that is not lost, rows that say what to look at, and tables that are not cut."""

import re

import pytest
from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, path_of
from looks import Looks
from manner import PHONE, Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER
from tasks import batch_note, new_customer, points


def test_the_filter_goes_along_and_the_way_goes_on_where_it_was(desk: Desk, either: Manner) -> None:
    three = [desk.server.submit("BATCH", batch_note(new_customer(), f"way {number}")) for number in range(3)]
    desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, either, to="/ui/needs-me?type=BATCH")
    order = [link.get_attribute("href") or "" for link in page.locator(".t a").all()]
    first, middle, last = [next(one for one in three if one.id in href) for href in order]
    page.locator(f"#r-{middle.id} .t a").click()
    expect(page.locator(".queue")).to_contain_text("2 of 3")
    page.get_by_role("link", name="Previous").click()
    expect_at(page, first)
    expect(page.locator(".queue")).to_contain_text("1 of 3")
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    page.get_by_role("link", name="Next").click()
    expect_at(page, middle)
    page.get_by_role("link", name="Reject…").click()
    page.get_by_label("Why do you reject it?").fill("Not this one.")
    page.get_by_role("button", name=re.compile("Reject")).click()
    expect(page.locator(".queue")).to_contain_text("2 requests left")
    # On from here, not from the top.
    page.get_by_role("link", name="Next").click()
    expect_at(page, last)
    expect(page.locator(".queue")).to_contain_text("2 of 2")
    page.locator(".queue").get_by_role("link", name="Needs me").click()
    expect(page).to_have_url(f"{desk.server.url}/ui/needs-me?type=BATCH")
    # Those that are left go together, and lead back to the same list.
    for request in (first, last):
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Review these together").click()
    for box in page.get_by_role("table").get_by_role("checkbox").all():
        box.check()
    page.get_by_label("Message for all of them").fill("Neither these.")
    page.get_by_role("button", name=re.compile("Reject the ticked ones")).click()
    page.locator(".queue").get_by_role("link", name="Needs me").click()
    expect(page).to_have_url(f"{desk.server.url}/ui/needs-me?type=BATCH")
    expect(page.get_by_role("heading", name="No request fits")).to_be_visible()


def test_keys_lead_through_the_filter_and_back(desk: Desk) -> None:
    desk.server.submit("BATCH", batch_note(new_customer(), "keys"))
    page = desk.sign_in(CHECKER, to="/ui/needs-me?type=BATCH")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_label("Why do you reject it?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".queue")).to_contain_text("1 of 1")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{desk.server.url}/ui/needs-me?type=BATCH")


def test_ones_own_request_leads_back_to_ones_own_requests(desk: Desk, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(MAKER, either, to=path_of(request))
    expect(page.locator(".queue").get_by_role("link", name="My requests")).to_be_visible()
    page.goto("/ui/mine")
    page.locator(f"#r-{request.id} .t a").click()
    page.locator(".queue").get_by_role("link", name="My requests").click()
    expect(page).to_have_url(re.compile("/ui/mine$"))


def test_a_way_back_that_is_not_ours_is_not_taken(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    for foreign in ("https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "sign-out", "mine%22%3E%3Cscript%3E"):
        page = desk.sign_in(CHECKER, to=f"{path_of(request)}?from={foreign}")
        expect(page.locator(".queue a").first).to_have_attribute("href", "/ui/needs-me")


# Every word of a state that sticks out of its cell, or is cut by its table.
CUT = """() => [...document.querySelectorAll('.tbl')].flatMap((table) => {
  const edge = table.closest('.scroll').getBoundingClientRect().right + 1;
  const outside = [...table.querySelectorAll('td')].filter((cell) => cell.getBoundingClientRect().right > edge
    || cell.scrollWidth > cell.clientWidth + 1);
  return outside.map((cell) => cell.innerText.slice(0, 60));
})"""


@pytest.mark.parametrize("width", [1440, 1024, 820, 390])
def test_tables_wrap_and_are_not_cut(desk: Desk, looks: Looks, width: int) -> None:
    customer = new_customer()
    long = desk.server.submit("PAYOUT", points(customer, 1200))
    alone = desk.server.submit("GIFT", points(customer, 5000))
    with_others = desk.server.submit("BATCH", batch_note(customer, "wide"))
    page = desk.sign_in(AUDITOR, Manner(width, "light"), to=f"/ui/history?subject={customer}")
    assert page.evaluate(CUT) == []
    looks.photograph(page, "history")
    if width == 1440:
        table, cell = (page.locator(at).first.bounding_box() for at in (".found", ".found td.s"))
        assert table is not None and cell is not None and cell["width"] > table["width"] * 0.4, (table, cell)
        row = page.locator(".found tbody tr").first.bounding_box()
        assert row is not None and row["height"] < 64, f"two lines: {row}"
    checker = desk.sign_in(CHECKER, Manner(width, "light"), to=path_of(alone))
    # The others about the same subject, with maker and time.
    expect(checker.locator("#context")).to_be_visible()
    assert checker.evaluate(CUT) == []
    looks.photograph(checker, "context")
    checker.goto(f"/ui/bulk?id={long.id}&id={alone.id}&id={with_others.id}")
    expect(checker.locator("td", has_text="Left out").first).to_be_visible()
    assert checker.evaluate(CUT) == []
    looks.photograph(checker, "review")


def test_on_a_phone_the_selection_stays_in_sight_and_the_rail_shows_where_one_is(desk: Desk, looks: Looks) -> None:
    requests = [desk.server.submit("GIFT", points(new_customer(), 200 + number)) for number in range(12)]
    page = desk.sign_in(CHECKER, Manner(PHONE, "light"))
    page.locator(f"#r-{requests[0].id}").get_by_role("checkbox").check()
    page.evaluate("scrollTo(0, 0)")
    bar = page.locator("[data-selbar]")
    expect(bar).to_be_in_viewport(ratio=1)
    expect(bar).to_contain_text("1 selected")
    looks.photograph(page, "picked", full=False)
    page.goto("/ui/types")
    expect(page.locator(".rail [aria-current=page]")).to_be_in_viewport(ratio=1)


def test_a_row_names_what_to_look_at_twice(desk: Desk, looks: Looks, either: Manner) -> None:
    customer = new_customer()
    hidden = desk.server.submit("GIFT", points(customer, 100, reason="late\u200b delivery"))
    doubled = desk.server.submit("GIFT", points(customer, 100))
    plain = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, either)
    expect(page.locator(f"#r-{hidden.id} .flags")).to_contain_text("hidden characters")
    expect(page.locator(f"#r-{hidden.id} .flags")).to_contain_text("another waits for the same subject")
    expect(page.locator(f"#r-{doubled.id} .flags")).to_have_text("another waits for the same subject")
    expect(page.locator(f"#r-{plain.id} .flags")).to_have_count(0)
    looks.photograph(page, "flags")


def test_the_last_column_says_what_it_is(desk: Desk, either: Manner) -> None:
    due = desk.server.submit("GIFT", points(new_customer(), 100))
    expiring = desk.server.submit("BATCH", batch_note(new_customer(), "expires"))
    page = desk.sign_in(FINANCE, either)
    expect(page.locator(f"#r-{due.id} .due")).to_contain_text("due in")
    expect(page.locator(f"#r-{expiring.id} .due")).to_contain_text("expires")


def expect_at(page: Page, request: Submitted) -> None:
    """The page of this request, with the way that led there."""
    expect(page).to_have_url(re.compile(f"/ui/requests/{request.id}\\?.*from="))
