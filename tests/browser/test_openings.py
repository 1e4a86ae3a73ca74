"""Who opened what: marks on lists, names on the request, and what auditors read of how it was decided."""

import re

from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER
from tasks import new_customer, points

TRIES_MAX = 50


def test_a_request_is_unread_until_it_is_opened(desk: Desk, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, either, to="/ui/needs-me")
    row = page.locator(f"#r-{request.id}")
    expect(row.get_by_text("Unread", exact=True)).to_be_visible()
    expect(page.locator(".lead")).to_contain_text(re.compile(r"\d+ unread"))
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Give 100 gift points")
    until_read(page, request)


def test_unread_rows_look_right(desk: Desk, looks: Looks) -> None:
    read, _ = (desk.server.submit("GIFT", points(new_customer(), 100 + number)) for number in range(2))
    page = desk.sign_in(CHECKER, to=path_of(read))
    until_read(page, read)
    looks.everywhere(page, "unread")


def test_the_number_of_unread_ones_follows_what_others_decide(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, to="/ui/needs-me")
    number = page.locator(".lead [data-unread]")
    before = int(number.inner_text())
    page.wait_for_timeout(600)
    desk.server.decide(FINANCE, "GIFT", request, "rejected")
    expect(number).to_have_text(str(before - 1))


def test_others_read_who_opened_it_and_its_maker_does_not(desk: Desk, either: Manner, looks: Looks) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 300))
    until_read(desk.sign_in(CHECKER, either, to=path_of(request)), request)
    page = desk.sign_in(FINANCE, either, to=path_of(request))
    told = page.locator("dt", has_text="Opened by")
    expect(told).to_be_visible()
    expect(page.locator("dt:has-text('Opened by') + dd")).to_have_text(re.compile(r"^Chen Wei at \d\d:\d\d$"))
    if either.script:
        looks.everywhere(page, "opened-by")
    page = desk.sign_in(MAKER, either, to=path_of(request))
    expect(page.get_by_text("Opened by")).to_have_count(0)


def test_an_auditor_reads_that_somebody_decided_at_once_and_who_decides_for_whom(
    desk: Desk, either: Manner, looks: Looks
) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(CHECKER, either, to=path_of(request))
    page.get_by_role("link", name="Approve…").click()
    page.get_by_role("button", name=re.compile("Approve")).click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
    page = desk.sign_in(AUDITOR, either, to=path_of(request, "trail"))
    expect(page.locator("#odd")).to_contain_text(re.compile("Chen Wei approved it (within a second of|[0-4] s after) opening it"))
    page.goto("/ui")
    page.get_by_role("link", name="Makers and checkers").click()
    row = page.get_by_role("row", name=re.compile("Chen Wei decided what Mara Lind submitted"))
    expect(row).to_contain_text(re.compile(r"\d+ approved.*median .*, slowest .*within 5 s of opening it"))
    row.get_by_role("link", name="Mara Lind").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    page.go_back()
    if either.script:
        looks.everywhere(page, "pairs")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert re.fullmatch(r"pairs-\d+-\d{4}-\d{2}-\d{2}\.csv", download.value.suggested_filename)


def until_read(page: Page, request: Submitted) -> None:
    """Reads the inbox until the request is not marked any more: what opened it is kept in the background."""
    row = page.locator(f"#r-{request.id}")
    for _ in range(TRIES_MAX):
        page.goto("/ui/needs-me")
        expect(row).to_be_visible()
        if row.get_by_text("Unread", exact=True).count() == 0:
            return
    raise AssertionError("it stays unread")
