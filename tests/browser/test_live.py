"""What others do shows at once, and moves nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from desk import Desk, click_person, path_of
from looks import Looks
from manner import PHONE, Manner
from people import CHECKER, FINANCE
from tasks import new_customer, points


def test_a_row_that_someone_else_decided_stays_in_its_place(desk: Desk) -> None:
    requests = [desk.server.submit("GIFT", points(new_customer(), 100 + number)) for number in range(3)]
    page = desk.sign_in(CHECKER)
    before = page.locator("[data-rows] .t a").all_inner_texts()
    desk.server.decide(FINANCE, "GIFT", requests[1])
    row = page.locator(f"#r-{requests[1].id}")
    expect(row.locator(".row")).to_have_class(re.compile("is-gone"))
    expect(row).to_contain_text("Finn Berg")
    expect(row.get_by_role("checkbox")).to_have_count(0)
    assert page.locator("[data-rows] .t a").all_inner_texts() == before


def test_a_new_request_is_announced_and_moves_no_row(desk: Desk) -> None:
    desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER)
    before = page.locator("[data-rows] .t a").all_inner_texts()
    desk.server.submit("GIFT", points(new_customer(), 100))
    expect(page.get_by_role("link", name="1 new – show")).to_be_visible()
    assert page.locator("[data-rows] .t a").all_inner_texts() == before


def test_news_take_no_place_and_moves_nothing(desk: Desk, looks: Looks) -> None:
    first = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER)
    row = page.locator(f"#r-{first.id}")
    before = row.bounding_box()
    for number in range(2):
        desk.server.submit("GIFT", points(new_customer(), 100 + number))
    pill = page.get_by_role("link", name="2 new – show")
    expect(pill).to_be_visible()
    assert row.bounding_box() == before
    box = pill.bounding_box()
    assert box is not None and box["height"] < 40, f"on one line: {box}"
    looks.photograph(page, "news")
    # It stays in sight, wherever somebody reads.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(pill).to_be_in_viewport()
    pill.click()
    expect(page.locator("#fresh")).to_be_hidden()


@pytest.mark.parametrize("elsewhere", ["/ui/decided", "/ui/unknown", "/ui/needs-me?type=PAYOUT", "/ui/needs-me?risk=high"])
def test_news_belong_to_the_list_that_stands_there(desk: Desk, elsewhere: str) -> None:
    page = desk.sign_in(CHECKER, to=elsewhere)
    there = desk.sign_in(CHECKER, to="/ui/needs-me?type=GIFT")
    waiting = int(page.locator("[data-count]").inner_text())
    desk.server.submit("GIFT", points(new_customer(), 100))
    expect(there.get_by_role("link", name="1 new – show")).to_be_visible()
    # The rail counts it everywhere.
    expect(page.locator("[data-count]")).to_have_text(str(waiting + 1))
    expect(page).to_have_title(re.compile(rf"^\({waiting + 1}\) "))
    expect(page.locator("#fresh")).to_be_hidden()


def test_a_request_whose_stage_before_is_signed_is_new_to_those_of_the_next_one(desk: Desk) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 900))
    page = desk.sign_in(FINANCE, to="/ui/needs-me?type=PAYOUT")
    elsewhere = desk.sign_in(FINANCE, to=path_of(request))
    expect(elsewhere.get_by_role("link", name="Approve")).to_have_count(0)
    waiting = int(page.locator("[data-count]").inner_text())
    desk.server.decide(CHECKER, "PAYOUT", request)
    expect(page.get_by_role("link", name="1 new – show")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_text(str(waiting + 1))
    expect(elsewhere.locator("#changed")).to_contain_text("Approved by Chen Wei")
    page.get_by_role("link", name="1 new – show").click()
    expect(page.locator(f"#r-{request.id}")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_text(str(waiting + 1))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_row_that_is_gone_says_so_in_its_place(desk: Desk, looks: Looks, width: int) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER)
    page.set_viewport_size({"width": width, "height": 900})
    row = page.locator(f"#r-{request.id}")
    expect(row.locator(".due")).to_contain_text("due in")
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    told = row.locator(".prog .st").first
    expect(told).to_contain_text("Rejected by Finn Berg just now")
    expect(row.locator(".due")).to_have_text("")
    # Sign, word and colour; nothing is cut, and nothing is written over anything.
    expect(told.locator("svg")).to_have_count(1)
    expect(told).to_have_class(re.compile("st-bad"))
    boxes = page.evaluate(
        """(id) => { const row = document.getElementById(id).querySelector('.row');
        const range = document.createRange(); range.selectNodeContents(row.querySelector('.prog'));
        const [outer, text] = [row, range].map((e) => e.getBoundingClientRect());
        return [outer.right - text.right, outer.bottom - text.bottom, text.top - outer.top]; }""",
        f"r-{request.id}",
    )
    assert min(boxes) >= 0, boxes
    looks.photograph(page, "gone")


def test_numbers_follow_what_others_do(desk: Desk) -> None:
    requests = [desk.server.submit("GIFT", points(new_customer(), 100 + number)) for number in range(2)]
    page = desk.sign_in(CHECKER)
    before = numbers(page)
    assert before["rail"] == before["lead"] == before["title"]
    desk.server.decide(FINANCE, "GIFT", requests[0])
    expect(page.locator("[data-count]")).to_have_text(str(before["rail"] - 1))
    assert numbers(page) == {name: number - 1 for name, number in before.items()}
    desk.server.submit("GIFT", points(new_customer(), 100))
    expect(page.locator("[data-count]")).to_have_text(str(before["rail"]))
    assert numbers(page) == before


def numbers(page: Page) -> dict[str, int]:
    """Every number on the page that counts the small gifts that wait."""
    gifts = page.locator(".chip", has_text="Gift points").locator(".n")
    # Late in the day some are due today and others tomorrow: what counts is all groups together.
    groups = sum(int(number) for number in page.locator(".grp .n").all_inner_texts())
    title = re.match(r"\((\d+)\) ", page.title())
    assert title is not None, page.title()
    found = {"rail": page.locator("[data-count]"), "lead": page.locator(".lead .n")}
    found |= {"gifts": gifts}
    return {"title": int(title.group(1)), "groups": groups} | {name: int(at.inner_text()) for name, at in found.items()}


def test_signed_out_in_another_tab_is_told_as_that(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    page.get_by_label("Message").fill("Asked the shop.")
    other = page.context.new_page()
    other.goto("/ui/needs-me")
    other.get_by_role("button", name="Sign out").click()
    expect(page.locator("#offline")).to_have_text("You are signed out. Sign in")
    expect(page.get_by_role("button", name="Approve")).to_have_attribute("aria-disabled", "true")
    page.locator("#offline").get_by_role("link", name="Sign in").click()
    click_person(page, CHECKER)
    expect(page).to_have_url(re.compile(path_of(request, "approve")))


def test_times_tick(desk: Desk) -> None:
    brief = desk.server.submit("BRIEF", points(new_customer(), 100))
    gift = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.open()
    page.clock.install()
    page.goto("/ui/my-groups")
    click_person(page, CHECKER)
    age, due = (page.locator(f"#r-{gift.id} {place}") for place in (".meta time", ".due"))
    expect(age).to_have_text("just now")
    expect(due).to_contain_text(re.compile(r"due in (8 h|7 h 59 min)"))
    expect(page.locator(f"#r-{brief.id} .due")).to_have_text(re.compile(r"expires (in \d s|now)|expired"))
    page.clock.fast_forward("03:05")
    expect(age).to_have_text("3 min ago")
    expect(due).to_contain_text(re.compile(r"due in 7 h 5[567] min"))
    expect(page.locator(f"#r-{brief.id} .due")).to_have_text("expired")
    page.clock.fast_forward("08:10:00")
    expect(due).to_contain_text(re.compile(r"1[2-4] min overdue"))
    expect(due).to_have_class(re.compile("is-late"))


def test_what_comes_while_a_request_is_read_moves_nothing(desk: Desk, looks: Looks) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request))
    place = page.locator("#call")
    before = place.bounding_box()
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(page.locator("#changed")).to_be_visible()
    assert place.bounding_box() == before
    looks.photograph(page, "changed", full=False)


def test_on_a_phone_the_buttons_say_why_they_went_grey(desk: Desk, looks: Looks) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, Manner(PHONE, "light"), to=path_of(request))
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    why = page.locator("[data-why]")
    expect(why).to_have_text("It changed. Read it as it is now.")
    expect(why).to_be_in_viewport()
    button = page.get_by_role("link", name="Approve…")
    expect(button).to_have_attribute("aria-disabled", "true")
    [line, below] = [one.bounding_box() for one in (why, button)]
    assert line is not None and below is not None
    assert 0 <= below["y"] - line["y"] - line["height"] < 20, (line, below)
    looks.photograph(page, "grey", full=False)


def test_a_request_that_changes_while_it_is_read_says_so(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request))
    expect(page.get_by_text("Something changed while you were reading")).to_be_hidden()
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(page.get_by_text("Something changed while you were reading")).to_be_visible()
    expect(page.locator("#changed")).to_contain_text("Finn Berg")
    page.get_by_role("link", name="Read it as it is now").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()


def test_an_open_step_accepts_no_decision_after_someone_else_decided(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to=path_of(request, "approve"))
    words = page.get_by_label("Message")
    words.fill("Asked the shop.")
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(page.get_by_text("Something changed while you were reading")).to_be_visible()
    words.press("Control+Enter")
    page.get_by_role("button", name="Approve").click(force=True)
    expect(words).to_have_value("Asked the shop.")
    assert desk.server.state(request) == "rejected"
    page.get_by_role("link", name="Read it as it is now").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()
