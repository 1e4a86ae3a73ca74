"""Search: one field on every page, with script and without, and what it finds."""

import re

from playwright.sync_api import expect

from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, MAKER
from tasks import new_customer, points


def test_the_field_of_any_page_finds_and_the_way_leads_back(desk: Desk, either: Manner) -> None:
    customer = new_customer()
    found = desk.server.submit("GIFT", points(customer, 1240, reason="Harvest festival voucher"))
    desk.server.submit("GIFT", points(customer, 1240, reason="something else"))
    desk.server.wait_until_found(CHECKER, f"{customer} voucher", found)
    page = desk.sign_in(CHECKER, either, to="/ui/types")
    field = page.get_by_role("searchbox", name="Search requests")
    expect(field).to_be_visible()
    # Every word counts, the last one may be a beginning.
    field.fill(f"{customer} HARVEST fest")
    field.press("Enter")
    expect(page).to_have_url(re.compile(rf"/ui/search\?q={customer}\+HARVEST\+fest$"))
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_role("searchbox", name="Search requests")).to_have_value(f"{customer} HARVEST fest")
    expect(page.get_by_text("Searched: id, subject")).to_be_visible()
    page.locator(f"#r-{found.id} .t a").click()
    expect(page).to_have_url(re.compile(path_of(found)))
    page.locator(".queue").get_by_role("link", name="Search").click()
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("navigation", name="Filters").get_by_role("link", name="Rejected").click()
    expect(page.get_by_role("heading", name="No request fits")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator(f"#r-{found.id}")).to_be_visible()


def test_a_whole_id_leads_to_the_request(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 10))
    page = desk.sign_in(AUDITOR)
    page.keyboard.press("/")
    page.keyboard.type(request.id)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(path_of(request)))


def test_what_can_not_be_searched_for_is_told_above_the_field(desk: Desk, either: Manner) -> None:
    page = desk.sign_in(MAKER, either)
    field = page.get_by_role("searchbox", name="Search requests")
    field.fill("?!")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Write at least one letter or digit.")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page).to_have_url(re.compile("#q$"))


def test_the_page_looks_right_empty_and_full(desk: Desk, looks: Looks) -> None:
    made = [
        desk.server.submit("GIFT", points(new_customer(), 1000 * number + 20, reason=f"lighthouse {number}"))
        for number in range(3)
    ]
    desk.server.wait_until_found(CHECKER, "lighthouse 2", made[-1])
    page = desk.sign_in(CHECKER, to="/ui/search")
    looks.everywhere(page, "search-empty")
    page.goto("/ui/search?q=lighthouse")
    expect(page.locator(".row")).to_have_count(3)
    looks.everywhere(page, "search")
    page.goto("/ui/search?q=lighthouse&states=rejected")
    looks.everywhere(page, "search-none-fits")
    page.goto("/ui/search?q=%21")
    looks.everywhere(page, "search-error")
