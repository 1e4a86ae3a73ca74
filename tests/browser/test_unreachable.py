"""The server goes away while somebody is about to decide."""

from playwright.sync_api import expect

from desk import Desk, path_of
from people import CHECKER
from tasks import new_customer, points


def test_a_page_that_lost_the_server_says_since_when_and_keeps_the_input(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    words = page.get_by_label("Message")
    words.fill("Asked the shop.")
    # What a browser says of a server that is gone is no fault of the page.
    desk.watch_of(page).stop()
    desk.server.kill()
    expect(page.locator("#offline")).to_contain_text("No connection since")
    button = page.get_by_role("button", name="Approve")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(words).to_have_value("Asked the shop.")
