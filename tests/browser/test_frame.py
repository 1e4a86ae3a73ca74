"""Whoever is signed in keeps the frame of the pages, also where something is refused: header, rail, search, sign-out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from desk import Desk, click_person, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, MAKER, Person
from provider import Approvals
from tasks import new_customer, points
from test_oidc import sign_in

PEOPLE = {
    "nora": {"userId": "400021", "userName": "nora@example.com", "orgId": "90001", "permissions": []},
    "mara": {"userId": "400001", "userName": "mara@example.com", "orgId": "90001", "permissions": ["CanMakeRequest"]},
}


@pytest.fixture(scope="module")
def approvals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    approvals = Approvals(request.config.getoption("--binary").resolve(), tmp_path_factory.mktemp("frame"), people=PEOPLE)
    yield approvals
    approvals.stop()


def has_frame(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("search")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_person_without_permissions_reads_what_they_lack_and_can_sign_out(
    context: BrowserContext, looks: Looks
) -> None:
    page = context.new_page()
    sign_in(page, "nora", "/ui")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed in, but you may do nothing here yet.")
    for word in ["org 90001", "400021", "CanMakeRequest", "CanCheckRequest", "CanAuditRequest", "Ask whoever grants"]:
        expect(page.locator("#main")).to_contain_text(word)
    has_frame(page)
    # Nothing leads back to this very page, or to where nothing is for them.
    expect(page.locator("#main").get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(["Settings"])
    looks.photograph(page, "nothing-granted")
    page.goto("/ui/mine")
    expect(page.locator("#main")).to_contain_text("Ask whoever grants permissions in your org")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


@pytest.mark.parametrize(
    ("person", "address", "title", "link"),
    [
        (CHECKER, "/ui/new", "You can’t submit requests.", "Go to Needs me"),
        (CHECKER, "/ui/deliveries", "You can’t open this page.", "Go to Needs me"),
        (AUDITOR, "/ui/needs-me", "You can’t open this page.", "Go to History"),
        (AUDITOR, "/ui/nowhere", "There is no such thing for you.", "Go to History"),
        (MAKER, "/ui/requests/0190b6f2-7a3c-7cc0-8000-000000000001", "There is no such thing for you.", "Go to Needs me"),
        (CHECKER, "/ui/bulk", "No request is ticked.", "Go to Needs me"),
    ],
)
def test_a_page_that_is_refused_leads_somewhere(
    desk: Desk, looks: Looks, person: Person, address: str, title: str, link: str
) -> None:
    page = desk.sign_in(person, to="/ui/types")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    has_frame(page)
    looks.everywhere(page, "refused")
    page.get_by_role("link", name=link).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(link.removeprefix("Go to "))


def test_nobody_has_no_frame(desk: Desk) -> None:
    page = desk.open()
    page.goto("/ui/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing for you.")
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    page.get_by_role("link", name="Back to the start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("step", ["approve", "reject", "send-back"])
def test_who_was_signed_out_in_a_step_comes_back_to_the_step(
    desk: Desk, looks: Looks, either: Manner, step: str
) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 140))
    page = desk.sign_in(CHECKER, either, path_of(request, step))
    page.locator("#message").fill("As we said on the phone.")
    page.context.clear_cookies()
    page.get_by_role("button", name=re.compile("^(Approve|Reject|Send back)")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You were signed out. Nothing was recorded.")
    expect(page.get_by_label("What you wrote")).to_have_value("As we said on the phone.")
    looks.photograph(page, "1-signed-out")
    page.get_by_role("link", name="Sign in and go back there").click()
    click_person(page, CHECKER)
    expect(page).to_have_url(desk.server.url + path_of(request, step))
    # A script also has the words.
    expect(page.locator("#message")).to_have_value("As we said on the phone." if either.script else "")
    assert desk.server.state(request) == "AdminTask"


def test_who_was_signed_out_in_a_review_comes_back_to_the_review(desk: Desk, either: Manner) -> None:
    two = [desk.server.submit("GIFT", points(new_customer(), 150 + number)) for number in range(2)]
    page = desk.sign_in(CHECKER, either)
    page.goto("/ui/bulk?" + "&".join(f"id={request.id}" for request in two))
    page.context.clear_cookies()
    page.get_by_role("button", name=re.compile("Approve the ticked ones")).click()
    page.get_by_role("link", name="Sign in and go back there").click()
    click_person(page, CHECKER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Review 2 together")
