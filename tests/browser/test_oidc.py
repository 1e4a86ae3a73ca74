"""Signing in with a real identity provider: a certified implementation that runs on this machine."""

import html
import re
import urllib.parse
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from looks import Looks
from provider import CLIENT_SECRET, Approvals

SESSION = "__Host-countersign"
FLOW = "__Host-countersign-flow"


@pytest.fixture(scope="module")
def approvals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    approvals = Approvals(request.config.getoption("--binary").resolve(), tmp_path_factory.mktemp("approvals"))
    yield approvals
    approvals.stop()


@pytest.fixture
def person(browser: Browser, approvals: Approvals) -> Iterator[Page]:
    """A browser in which no one is signed in, neither here nor at the provider."""
    context = browser.new_context(base_url=approvals.url)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def other(browser: Browser, approvals: Approvals) -> Iterator[Page]:
    """Another browser."""
    context = browser.new_context(base_url=approvals.url)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def log_in(page: Page, name: str) -> None:
    """At the provider, whose sign-in page takes any password."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()


def sign_in(page: Page, name: str, to: str = "/ui/needs-me") -> None:
    page.goto(to)
    page.get_by_role("button", name="Continue with").click()
    log_in(page, name)


def cookies(context: BrowserContext) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in context.cookies()}


def is_signed_in(page: Page) -> bool:
    page.goto("/ui/needs-me")
    return page.get_by_role("heading", level=1).inner_text() != "Sign in"


def way_back(page: Page, name: str, approvals: Approvals) -> str:
    """Logs in at the provider, and stops before the last step: the address that leads back."""
    page.goto("/ui/needs-me")
    page.get_by_role("button", name="Continue with").click()
    return rest_of_the_way(page, name, approvals)


def rest_of_the_way(page: Page, name: str, approvals: Approvals) -> str:
    """The same from the provider's page on. A browser would follow its redirects to the end."""
    action = page.locator("form").get_attribute("action")
    assert action is not None
    url = urllib.parse.urljoin(page.url, action)
    form: dict[str, str | float | bool] = {"prompt": "login", "login": name, "password": "any"}
    answer = page.context.request.post(url, form=form, max_redirects=0)
    while not (url := urllib.parse.urljoin(url, answer.headers["location"])).startswith(approvals.url):
        answer = page.context.request.get(url, max_redirects=0)
    return url


def plant_flow(page: Page, value: str, approvals: Approvals) -> None:
    cookie = {"name": FLOW, "value": value, "url": approvals.url.replace("http:", "https:"), "secure": True}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def refused(page: Page) -> None:
    expect(page.get_by_text("Nobody was signed in").or_(page.get_by_text("did not sign you in"))).to_be_visible()
    assert SESSION not in cookies(page.context)
    assert FLOW not in cookies(page.context), "a way back counts once"


def test_a_checker_signs_in_and_comes_back_to_the_page_that_was_wanted(person: Page, approvals: Approvals) -> None:
    request = approvals.submit()
    person.goto(f"/ui/requests/{request}")
    expect(person.get_by_text("You will come back to")).to_be_visible()
    person.get_by_role("button", name="Continue with 127.0.0.1").click()
    log_in(person, "chen")
    assert person.url == f"{approvals.url}/ui/requests/{request}"
    expect(person.locator(".who .nm")).to_have_text("chen@example.com")
    kept = next(cookie for cookie in person.context.cookies() if cookie["name"] == SESSION)
    assert kept["httpOnly"] and kept["secure"] and kept["sameSite"] == "Lax" and kept["path"] == "/"
    assert kept["expires"] == -1 and FLOW not in cookies(person.context)
    # The token granted two orgs; the first one is where the work begins.
    person.get_by_role("button", name="Go to org 90002").click()
    expect(person.get_by_role("button", name="Go to org 90001")).to_be_visible()


def test_without_script_it_is_the_same(browser: Browser, approvals: Approvals) -> None:
    context = browser.new_context(base_url=approvals.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "ada", "/ui/history")
    assert page.url == approvals.url + "/ui/history"
    context.close()


def test_a_callback_works_once(person: Page, approvals: Approvals) -> None:
    ways: list[str] = []
    person.on("request", lambda request: ways.append(request.url) if "/callback?" in request.url else None)
    person.goto("/ui/needs-me")
    person.get_by_role("button", name="Continue with").click()
    flow = cookies(person.context)[FLOW]
    log_in(person, "chen")
    expect(person.get_by_role("heading", level=1)).to_have_text("Needs me")
    person.get_by_role("button", name="Sign out").click()
    # Without the browser's own cookie, and with the very one that was used.
    person.goto(ways[-1])
    refused(person)
    plant_flow(person, flow, approvals)
    person.goto(ways[-1])
    refused(person)


def test_the_callback_of_another_browser_signs_no_one_in(person: Page, other: Page, approvals: Approvals) -> None:
    held = way_back(other, "mara", approvals)
    # The victim has begun their own sign-in, too; the attacker's callback does not complete it.
    person.goto("/ui/needs-me")
    person.get_by_role("button", name="Continue with").click()
    expect(person.get_by_placeholder("Enter any login")).to_be_visible()
    person.goto(held)
    refused(person)
    # In its own browser it is still good.
    other.goto(held)
    expect(other.get_by_text("You need").or_(other.get_by_text("needs the permission"))).to_be_visible()
    assert SESSION in cookies(other.context)


def test_a_code_is_worth_nothing_without_the_verifier_of_its_flow(person: Page, approvals: Approvals) -> None:
    held = way_back(person, "chen", approvals)
    state, nonce, verifier, *rest = cookies(person.context)[FLOW].split(".")
    assert len(verifier) == 43
    planted = ".".join([state, nonce, "A" * 43, *rest])
    plant_flow(person, planted, approvals)
    person.goto(held)
    refused(person)


def test_a_token_for_another_question_is_refused(person: Page, approvals: Approvals) -> None:
    held = way_back(person, "chen", approvals)
    state, _nonce, *rest = cookies(person.context)[FLOW].split(".")
    planted = ".".join([state, "A" * 43, *rest])
    plant_flow(person, planted, approvals)
    person.goto(held)
    refused(person)


@pytest.mark.parametrize("change", ["state", "iss", "no iss", "no state", "two states"])
def test_a_changed_callback_is_refused(change: str, person: Page, approvals: Approvals) -> None:
    held = way_back(person, "chen", approvals)
    way, query = held.split("?")
    fields = urllib.parse.parse_qsl(query)
    assert {name for name, _ in fields} == {"code", "state", "iss"}
    if change.startswith("no "):
        fields = [field for field in fields if field[0] != change.removeprefix("no ")]
    elif change == "two states":
        fields += [field for field in fields if field[0] == "state"]
    else:
        other_value = {"state": "A" * 43, "iss": "https://evil.example"}[change]
        fields = [(name, other_value if name == change else value) for name, value in fields]
    person.goto(f"{way}?{urllib.parse.urlencode(fields)}")
    refused(person)


def test_a_person_who_cancels_at_the_provider_is_not_signed_in(person: Page) -> None:
    person.goto("/ui/needs-me")
    person.get_by_role("button", name="Continue with").click()
    person.get_by_role("link", name=re.compile("Cancel")).click()
    refused(person)
    person.get_by_role("link", name="Back to the start").click()
    expect(person.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_checker_signs_in_again_to_sign(person: Page, approvals: Approvals) -> None:
    request = approvals.submit()
    sign_in(person, "chen")
    before = cookies(person.context)[SESSION]
    person.goto(f"/ui/requests/{request}/approve")
    # Nothing says when the provider last saw a password: that is not fresh.
    person.get_by_role("link", name="Sign in again to sign this").click()
    person.get_by_role("button", name="Sign in again as chen@example.com").click()
    # The provider still knows them, and asks for the password all the same.
    log_in(person, "chen")
    assert person.url == f"{approvals.url}/ui/requests/{request}/approve"
    assert cookies(person.context)[SESSION] != before
    person.get_by_role("button", name=re.compile("Approve and send")).click()
    decided = approvals.read(request)["decisions"]
    assert [(one["actor"]["userId"], one["decision"]) for one in decided] == [(400002, "approved")]


def test_another_person_does_not_take_over_by_signing_in_again(person: Page, approvals: Approvals) -> None:
    request = approvals.submit()
    sign_in(person, "chen")
    before = cookies(person.context)[SESSION]
    person.goto(f"/ui/sign-in/again?to=/ui/requests/{request}/approve")
    person.get_by_role("button", name="Sign in again as").click()
    log_in(person, "mara")
    expect(person.get_by_text("Somebody else signed in")).to_be_visible()
    assert cookies(person.context)[SESSION] == before
    person.goto("/ui/needs-me")
    expect(person.get_by_text("chen@example.com")).to_be_visible()
    assert approvals.read(request)["decisions"] == []


def test_an_old_sign_in_is_not_a_fresh_one(person: Page, approvals: Approvals) -> None:
    sign_in(person, "chen")
    before = cookies(person.context)[SESSION]
    person.goto("/ui/sign-in/again")
    # What a browser's owner may change is the question; the answer then has no new proof in it.
    again = person.context.request.post(
        approvals.url + "/ui/sign-in/again",
        form={"csrf": person.locator("[name=csrf]").get_attribute("value") or "", "to": "/ui"},
        headers={"origin": approvals.url},
    )
    found = re.search(r'href="([^"]*prompt=login[^"]*)"', html.unescape(again.text()))
    assert found is not None and "max_age=0" in found.group(1)
    person.goto(found.group(1).replace("&prompt=login", "").replace("&max_age=0", ""))
    expect(person.get_by_text("answer was not accepted")).to_be_visible()
    assert cookies(person.context)[SESSION] == before


def test_operators_end_a_session_while_the_server_runs(person: Page, other: Page, approvals: Approvals) -> None:
    sign_in(person, "chen")
    sign_in(other, "ada")
    printed = approvals.command("sessions", "end", "--user-id", "400002")
    assert re.fullmatch(r"[1-9][0-9]* sessions of 400002 ended\n", printed), printed
    assert not is_signed_in(person)
    assert is_signed_in(other)


def test_a_provider_that_changes_its_key_is_still_trusted_and_one_that_is_down_is_not(
    person: Page, other: Page, approvals: Approvals
) -> None:
    sign_in(person, "chen")
    expect(person.get_by_text("chen@example.com")).to_be_visible()
    held = way_back(other, "ada", approvals)
    approvals.provider.stop()
    other.goto(held)
    expect(other.get_by_text("The identity provider does not answer")).to_be_visible()
    assert SESSION not in cookies(other.context)
    # Who is signed in works on.
    assert is_signed_in(person)
    approvals.provider.restart()
    sign_in(other, "ada", "/ui/history")
    expect(other.get_by_text("ada@example.com")).to_be_visible()


def test_the_log_holds_no_secret(person: Page, approvals: Approvals) -> None:
    ways: list[str] = []
    person.on("request", lambda request: ways.append(request.url) if "/callback?" in request.url else None)
    sign_in(person, "chen")
    expect(person.get_by_text("chen@example.com")).to_be_visible()
    log = approvals.log.read_text()
    assert "signed in" in log
    fields = urllib.parse.parse_qs(ways[-1].split("?")[1])
    secrets = [fields["code"][0], fields["state"][0], cookies(person.context)[SESSION], CLIENT_SECRET, "eyJ"]
    for secret in secrets:
        assert secret not in log


def test_the_pages_on_the_way_look_right_everywhere(person: Page, looks: Looks, approvals: Approvals) -> None:
    person.goto("/ui/needs-me")
    looks.everywhere(person, "sign-in")
    # The page in between is left at once; here it is held.
    token = person.locator("[name=csrf]").get_attribute("value") or ""
    going = person.context.request.post(
        approvals.url + "/ui/sign-in/start", form={"csrf": token, "to": "/ui"}, headers={"origin": approvals.url}
    )
    body = going.text().replace('http-equiv="refresh"', 'name="held"')
    person.route("**/ui/held", lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=body))
    person.goto("/ui/held")
    looks.everywhere(person, "on-the-way")
    sign_in(person, "chen")
    person.goto("/ui/sign-in/again?to=/ui/needs-me")
    looks.everywhere(person, "again")
    person.goto("/ui/sign-in/callback?code=a&state=b")
    looks.everywhere(person, "not-completed")
