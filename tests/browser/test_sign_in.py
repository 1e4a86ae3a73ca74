"""Signing in and out, in a real browser."""

from playwright.sync_api import expect

from desk import Desk, click_person, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER
from tasks import new_customer, points

SESSION_COOKIE = "__Host-countersign"


def test_everyone_begins_on_the_page_of_their_own_work(desk: Desk, either: Manner) -> None:
    for person, heading in [(CHECKER, "Needs me"), (AUDITOR, "History")]:
        page = desk.sign_in(person, either)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.locator(".who .nm")).to_have_text(person.listed_as or person.user_name)


def test_a_checker_comes_back_to_the_request_that_they_were_sent(desk: Desk, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.open(either)
    page.goto(path_of(request))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    click_person(page, CHECKER)
    assert page.url == desk.server.url + path_of(request)


def test_signing_in_leads_to_no_other_site(desk: Desk) -> None:
    for to in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/ui/../..//evil"]:
        page = desk.open()
        page.goto("/ui/sign-in")
        page.goto("/ui/sign-in?to=" + to.replace("/", "%2F").replace("\\", "%5C").replace(":", "%3A"))
        click_person(page, CHECKER)
        assert page.url.startswith(desk.server.url + "/ui/"), page.url


def test_a_session_that_was_planted_before_the_sign_in_opens_nothing(desk: Desk) -> None:
    planted = "A" * 43
    victim = desk.open()
    victim.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": planted, "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True}]
    )
    victim.goto("/ui")
    click_person(victim, CHECKER)
    kept = {cookie["name"]: cookie["value"] for cookie in victim.context.cookies()}
    assert kept[SESSION_COOKIE] != planted

    thief = desk.open()
    thief.context.add_cookies([{"name": SESSION_COOKIE, "value": planted, "domain": "127.0.0.1", "path": "/", "secure": True}])
    thief.goto("/ui/needs-me")
    expect(thief.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_ends_every_tab(desk: Desk, either: Manner) -> None:
    page = desk.sign_in(FINANCE, either)
    other = page.context.new_page()
    other.goto("/ui/needs-me")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_stolen_cookie_opens_nothing_after_signing_out(desk: Desk) -> None:
    page = desk.sign_in(MAKER)
    cookies = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    thief = desk.open()
    thief.context.add_cookies(cookies)  # type: ignore[arg-type]
    thief.goto("/ui/mine")
    expect(thief.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(desk: Desk) -> None:
    page = desk.sign_in(CHECKER)
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == SESSION_COOKIE)
    assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/"
    assert page.evaluate("document.cookie") == ""


def test_the_sign_in_page_looks_right_everywhere(desk: Desk, looks: Looks) -> None:
    page = desk.open()
    page.goto("/ui/requests/0190b6f2-7a3c-7cc0-8000-000000000001")
    looks.everywhere(page, "sign-in")
