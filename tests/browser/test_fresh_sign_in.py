"""Some decisions need a sign-in of just now."""

import re

from playwright.sync_api import Page, expect

from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import CHECKER
from tasks import new_customer, points


def test_a_checker_signs_in_again_to_approve_what_is_guarded(desk: Desk, looks: Looks, either: Manner) -> None:
    request = desk.server.submit("GUARDED", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, either, path_of(request, "approve"))
    read_until_the_sign_in_is_old(page)
    looks.photograph(page, "1-old")
    page.get_by_role("link", name="Sign in again to sign this").click()
    page.get_by_role("button", name=re.compile("Sign in again as")).click()
    page.get_by_role("button", name=re.compile("Approve and send to")).click()
    expect(page.get_by_text("Done: the target answered 201.")).to_be_visible()
    assert len(desk.server.sent(request)) == 1


def test_an_approval_after_an_old_sign_in_is_refused_and_the_message_is_kept(desk: Desk) -> None:
    request = desk.server.submit("GUARDED", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    page.get_by_label("Message").fill("Half a sentence")
    other = page.context.new_page()
    other.goto(path_of(request, "approve"))
    read_until_the_sign_in_is_old(other)
    page.get_by_role("button", name=re.compile("Approve and send to")).click()
    expect(page.get_by_role("link", name="Sign in again to sign this")).to_be_visible()
    assert desk.server.state(request) == "AdminTask"
    page.get_by_role("link", name="Sign in again to sign this").click()
    page.get_by_role("button", name=re.compile("Sign in again as")).click()
    expect(page.get_by_label("Message")).to_have_value("Half a sentence")


def read_until_the_sign_in_is_old(page: Page) -> None:
    """Reads the step again and again until it asks for a new sign-in."""
    for _ in range(1000):
        if page.get_by_role("link", name="Sign in again to sign this").is_visible():
            return
        page.reload()
    raise AssertionError("the sign-in never grew old")
