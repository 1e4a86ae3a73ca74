"""Numbers on one screen are of one count."""

import pytest
from playwright.sync_api import expect

from countersign import Countersign
from desk import Desk
from looks import Looks
from manner import Manner
from people import CHECKER
from tasks import new_customer, points


@pytest.fixture(scope="module")
def many(server: Countersign) -> None:
    """More requests than a page has rows."""
    for number in range(52):
        server.submit("GIFT", points(new_customer(), 100 + number))
    for number in range(4):
        server.submit("PAYOUT", points(new_customer(), 900 + number))


@pytest.mark.usefixtures("many")
def test_every_number_on_a_list_of_two_pages_is_of_one_count(desk: Desk, looks: Looks, either: Manner) -> None:
    page = desk.sign_in(CHECKER, either)
    total = int(page.locator(".lead .n").inner_text())
    assert total >= 56 and page.locator("[data-count]").inner_text() == str(total)
    assert page.title().startswith(f"({total}) Needs me")
    for label in ("Due", "Type"):
        chips = page.locator(".frow", has=page.get_by_text(label, exact=True)).locator(".chip .n").all_inner_texts()
        assert sum(map(int, chips)) == total, f"{label}: {chips}"
    expect(page.locator(".pages")).to_contain_text(f"1–50 of {total}")
    # A heading would count this page only.
    assert page.locator(".grp .n").count() == 0
    looks.photograph(page, "1-first")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator(".pages")).to_contain_text(f"51–{total} of {total}")
    assert page.locator(".lead .n").inner_text() == page.locator("[data-count]").inner_text() == str(total)
    assert page.locator(".row").count() == total - 50
    looks.photograph(page, "2-second")
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(page.locator(".pages")).to_contain_text(f"1–50 of {total}")
    # With a filter: what it lets through, everywhere.
    page.locator(".chip", has_text="Pay points out").click()
    through = page.locator(".lead .n").all_inner_texts()
    assert through == [str(total), page.locator(".chip[aria-current] .n").inner_text()]
    assert page.locator(".row").count() == int(through[1])
    headings = page.locator(".grp .n").all_inner_texts()
    assert sum(map(int, headings)) == int(through[1])
