"""A page in one tab, and another org or another person in the next: a form is carried out only as its page said."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from desk import Desk, click_person, hear_nothing, path_of
from forms import csrf_of
from looks import Looks
from manner import Manner
from people import CHECKER, FINANCE, MAKER, Person
from provider import Approvals
from tasks import ENTITY, new_customer, points
from test_form import at, fill
from test_oidc import sign_in

BOTH = ["90001", "90002"]
PEOPLE = {
    "bo": {"userId": "400011", "userName": "bo@example.com", "orgId": BOTH, "permissions": ["CanMakeRequest", "CanCheckRequest"]},
    "chen": {"userId": "400002", "userName": "chen@example.com", "orgId": BOTH, "permissions": ["CanCheckRequest"]},
    "mara": {"userId": "400001", "userName": "mara@example.com", "orgId": "90001", "permissions": ["CanMakeRequest"]},
}
TYPED = {"/body/customer": "c-77", "/body/points": "12", "/headers/Authorization": "Basic c2VjcmV0"}


@pytest.fixture(scope="module")
def approvals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    approvals = Approvals(request.config.getoption("--binary").resolve(), tmp_path_factory.mktemp("orgs"), people=PEOPLE)
    yield approvals
    approvals.stop()


def write_request(page: Page) -> None:
    """Fills in the form of a new request."""
    for pointer, text in TYPED.items():
        at(page, pointer).fill(text)
    for name, value in ENTITY.items():
        at(page, f"/entityInfo/{name}").fill(value)


def requests_of(page: Page) -> int:
    """How many requests there are in the org of this tab."""
    page.goto("/ui/history")
    return page.locator("a[href*='/ui/requests/']").count()


def go_to_org(page: Page, org: str) -> None:
    """Changes the org in a new tab, as everybody does."""
    tab = page.context.new_page()
    tab.goto("/ui/types")
    tab.get_by_role("button", name=f"Go to org {org}").click()
    expect(tab.locator(".org")).to_have_text(f"org {org}")
    tab.close()


def test_a_new_request_is_not_stored_in_another_org_than_its_page_names(
    context: BrowserContext, looks: Looks
) -> None:
    page = context.new_page()
    sign_in(page, "bo", "/ui/new/PAY-OUT")
    expect(page.locator(".org")).to_have_text("org 90001")
    before = requests_of(context.new_page())
    write_request(page)
    go_to_org(page, "90002")
    before_there = requests_of(context.new_page())
    page.get_by_role("button", name="Submit for approval").click()
    note = page.get_by_role("alert")
    expect(note).to_contain_text("You changed to org 90002 in another tab. Nothing was stored.")
    expect(page).to_have_title(re.compile("^Error:"))
    looks.photograph(page, "1-refused")
    assert requests_of(context.new_page()) == before_there
    # It may go back with its form, and still nothing is stored.
    page.get_by_role("button", name="Go back to org 90001 with this form").click()
    expect(page.get_by_text("You are in org 90001 again. Nothing was stored yet.")).to_be_visible()
    expect(page.locator(".org")).to_have_text("org 90001")
    expect(at(page, "/body/customer")).to_have_value("c-77")
    assert requests_of(context.new_page()) == before
    go_to_org(page, "90002")
    page.get_by_role("button", name="Submit for approval").click()
    expect(note).to_contain_text("You changed to org 90002 in another tab. Nothing was stored.")
    # Everything is still there but what no page shows again, and that is missed.
    expect(at(page, "/body/customer")).to_have_value("c-77")
    expect(at(page, "/body/points")).to_have_value("12")
    expect(page.locator('[name="typed:/headers/Authorization"]')).to_have_count(1)
    at(page, "/headers/Authorization").fill(TYPED["/headers/Authorization"])
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 12 to c-77")
    expect(page.locator(".org")).to_have_text("org 90002")
    go_to_org(page, "90001")
    assert requests_of(context.new_page()) == before


def test_a_form_of_somebody_else_is_shown_to_its_new_owner_and_not_sent(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, "mara", "/ui/new/PAY-OUT")
    write_request(page)
    tab = context.new_page()
    tab.goto("/ui/mine")
    tab.get_by_role("button", name="Sign out").click()
    context.clear_cookies()
    sign_in(tab, "bo", "/ui/mine")
    expect(tab.locator(".who .nm")).to_have_text("bo@example.com")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("alert")).to_contain_text("bo@example.com signed in in another tab. Nothing was stored.")
    expect(at(page, "/body/customer")).to_have_value("c-77")
    expect(page.locator(".who .nm")).to_have_text("bo@example.com")
    tab.goto("/ui/mine")
    expect(tab.get_by_text("c-77")).to_have_count(0)


def test_a_step_of_another_org_decides_nothing_and_leads_back_to_itself(
    context: BrowserContext, approvals: Approvals, looks: Looks
) -> None:
    request = approvals.submit()
    page = context.new_page()
    sign_in(page, "chen", f"/ui/requests/{request}/reject")
    page.get_by_label("Why do you reject it?").fill("Not before the audit.")
    go_to_org(page, "90002")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You changed to org 90002 in another tab. Nothing was stored."
    )
    expect(page.get_by_label("What you wrote")).to_have_value("Not before the audit.")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    looks.photograph(page, "1-refused")
    assert approvals.read(request)["decisions"] == []
    page.get_by_role("button", name="Go back to org 90001").click()
    expect(page).to_have_url(f"{approvals.url}/ui/requests/{request}/reject")
    expect(page.locator(".org")).to_have_text("org 90001")
    page.get_by_label("Why do you reject it?").fill("Not before the audit.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Your rejection is recorded.")).to_be_visible()


def test_signing_out_works_whatever_the_org_is(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, "chen", "/ui/needs-me")
    go_to_org(page, "90002")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def in_another_tab(page: Page, person: Person) -> Page:
    """Signs out in a new tab of the same browser, and signs somebody else in there."""
    tab = page.context.new_page()
    tab.goto("/ui/types")
    tab.get_by_role("button", name="Sign out").click()
    click_person(tab, person)
    return tab


def test_a_checker_does_not_decide_under_the_name_of_the_next(desk: Desk, looks: Looks, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 120))
    page = desk.sign_in(CHECKER, either, path_of(request, "reject"))
    hear_nothing(page)
    page.get_by_label("Why do you reject it?").fill("The ticket is closed.")
    in_another_tab(page, FINANCE)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Finn Berg signed in in another tab. Nothing was stored."
    )
    expect(page.get_by_label("What you wrote")).to_have_value("The ticket is closed.")
    looks.photograph(page, "1-refused")
    assert desk.server.read(request, CHECKER)["decisions"] == []
    assert desk.server.state(request) == "AdminTask"


def test_no_form_of_the_pages_is_carried_out_for_somebody_else(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 130))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    csrf, version = csrf_of(page), page.locator("[data-etag]").get_attribute("data-etag") or ""
    in_another_tab(page, FINANCE).close()
    before = desk.server.trail()
    own = path_of(request)
    item = f"{request.id} {version} {request.digest}"
    words = {"message": "typed before", "version": version, "digest": request.digest}
    for path, fields in [
        (f"{own}/decide", words | {"decision": "approved"}),
        (f"{own}/withdraw", words),
        (f"{own}/comments", words),
        (f"{own}/send-back", words),
        (f"{own}/settle", words | {"outcome": "executed"}),
        (f"{own}/probe", {}),
        (f"{own}/submit-again", {"reason": "typed before"}),
        (f"{own}/resubmit", {"type": "GIFT", "do": "submit", "/body/reason": "typed before"}),
        ("/ui/bulk", {"decision": "approved", "message": "typed before", "shown": request.id, "item": item}),
        ("/ui/new/GIFT", {"do": "submit", "/body/reason": "typed before"}),
        ("/ui/deliveries/0190b6f2-7a3c-7cc0-8000-000000000001/redeliver", {"to": "/ui/deliveries"}),
        ("/ui/theme", {"theme": "dark", "to": "/ui"}),
        ("/ui/sign-in/again", {"to": "/ui"}),
        ("/ui/org", {"org": "90001"}),
        ("/ui/sign-out", {}),
    ]:
        form = {"csrf": csrf} | fields
        answer = page.context.request.post(path, form=form, headers={"origin": desk.server.url}, max_redirects=0)
        assert answer.status == 409, f"{answer.status} for {path}"
        assert "Finn Berg signed in in another tab. Nothing was stored." in answer.text(), path
        if "typed before" in fields.values():
            assert "typed before" in answer.text(), f"{path}: the words are lost"
    assert desk.server.trail() == before
    page.goto("/ui/needs-me")
    expect(page.locator(".who .nm")).to_have_text("Finn Berg")


def test_a_makers_form_keeps_no_secret_for_the_next_person(desk: Desk, either: Manner) -> None:
    page = desk.sign_in(MAKER, either, "/ui/new/GIFT")
    fill(page, 4_700_001)
    in_another_tab(page, CHECKER)
    before = desk.server.trail()
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Chen Wei signed in in another tab. Nothing was stored."
    )
    expect(page.get_by_label("/body/earningEntityId")).to_have_value("4700001")
    expect(page.get_by_text("/headers/Authorization")).to_have_count(0)
    assert desk.server.trail() == before
