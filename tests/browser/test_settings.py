"""A person sets the zone of their times, and saves lists under names."""

import re

from playwright.sync_api import Page, expect

from desk import Desk
from looks import Looks
from manner import Manner
from people import AUDITOR, MAKER
from tasks import points


def look(looks: Looks, page: Page, manner: Manner, name: str) -> None:
    """axe-core needs scripts; a page without them still has to fit."""
    if manner.script:
        looks.everywhere(page, name)
    else:
        looks.photograph(page, name)
        looks.assert_fits(page, name)


def test_a_reader_chooses_their_zone_and_reads_times_in_it(desk: Desk, looks: Looks, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(1, 5))
    page = desk.sign_in(AUDITOR, either, "/ui/settings")
    page.get_by_label("Times are shown in").select_option("Asia/Kathmandu")
    page.get_by_role("button", name="Use this zone").click()
    expect(page.get_by_label("Times are shown in")).to_have_value("Asia/Kathmandu")
    expect(page.locator("#main .utc")).to_have_text(re.compile(r"\d\d:\d\d UTC$"))
    # axe-core would look at six hundred zones one by one.
    page.evaluate("document.querySelectorAll('#zone option:not(:checked)').forEach((it) => it.remove())")
    look(looks, page, either, "settings")
    page.goto(f"{desk.server.url}/ui/requests/{request.id}/trail")
    expect(page.get_by_text("times in Asia/Kathmandu")).to_be_visible()
    expect(page.locator("#events .utc").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3} UTC$|^\d{4}-.* UTC$"))
    look(looks, page, either, "trail")


def test_the_zone_of_the_browser_is_offered(desk: Desk) -> None:
    page = desk.sign_in(MAKER, to="/ui/settings")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    page.get_by_role("button", name="this browser’s").click()
    expect(page.get_by_label("Times are shown in")).to_have_value(zone)


def test_a_list_is_saved_under_a_name_and_found_in_the_menu(desk: Desk, looks: Looks, either: Manner) -> None:
    page = desk.sign_in(AUDITOR, either, "/ui/history?states=rejected")
    page.get_by_role("link", name="save this view…").click()
    page.get_by_label("Name").fill(" ")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Write a name of 1 to 40 characters on one line.")
    look(looks, page, either, "no-name")
    page.get_by_label("Name").fill("Rejected ones")
    page.get_by_role("button", name="Save", exact=True).click()
    rail = page.get_by_role("navigation", name="Main")
    expect(rail.get_by_role("link", name="Rejected ones")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(f"{desk.server.url}/ui/history?states=rejected")
    page.goto(f"{desk.server.url}/ui/types")
    rail.get_by_role("link", name="Rejected ones").click()
    expect(page).to_have_url(f"{desk.server.url}/ui/history?states=rejected")
    looks.photograph(page, "saved")
    rail.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Remove Rejected ones").click()
    expect(rail.get_by_role("link", name="Rejected ones")).to_have_count(0)
