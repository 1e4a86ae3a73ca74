"""An auditor finds, exports and prints."""

import csv
import io
import json
import re
from pathlib import Path

import pypdf
from playwright.sync_api import expect

from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER
from tasks import ENTITY, new_customer, points


def test_an_auditor_finds_a_request_by_filters_and_reads_its_trail(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    customer = new_customer()
    found = desk.server.submit("PAYOUT", points(customer, 900))
    other = desk.server.submit("GIFT", points(customer, 100))
    desk.server.decide(CHECKER, "GIFT", other, "rejected")
    page = desk.sign_in(AUDITOR, either)
    page.get_by_label("Type", exact=True).select_option("GIFT")
    page.locator("#f-q").fill(str(customer))
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name=f"Give 100 gift points to customer {customer}")).to_be_visible()
    expect(page.get_by_role("link", name=f"Pay 900 points out to customer {customer}")).to_have_count(0)
    looks.photograph(page, "1-found")
    # The view is an address: a colleague sees the same.
    colleague = desk.sign_in(AUDITOR, either, page.url.removeprefix(desk.server.url))
    expect(colleague.get_by_role("link", name=f"Give 100 gift points to customer {customer}")).to_be_visible()
    page.get_by_role("link", name=f"Give 100 gift points to customer {customer}").click()
    page.get_by_role("link", name="Full trail with digests").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"customer {customer}")
    expect(page.locator("#events")).to_contain_text("looked at elsewhere")
    looks.photograph(page, "2-trail")
    # Whole ids are found at once.
    page.goto(f"/ui/history?q={found.id}")
    expect(page).to_have_url(re.compile(path_of(found)))


def test_an_auditor_exports_what_the_filters_match(desk: Desk) -> None:
    customer = new_customer()
    wanted = {desk.server.submit("GIFT", points(customer, 100 + number)).id for number in range(3)}
    page = desk.sign_in(AUDITOR, to=f"/ui/history?subject={customer}")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("CSV")).click()
    text = Path(download.value.path()).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["requestId"] for row in rows} == wanted


def test_an_export_says_what_it_is_about_and_is_named_after_org_and_day(desk: Desk) -> None:
    customer = new_customer()
    request = desk.server.submit("PAYOUT", points(customer, 1200))
    desk.server.decide(CHECKER, "PAYOUT", request)
    desk.server.decide(FINANCE, "PAYOUT", request, "rejected")
    page = desk.sign_in(AUDITOR, to=f"/ui/history?subject={customer}")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("CSV")).click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"requests-\d+-\d{4}-\d{2}-\d{2}\.csv", name), name
    [row] = csv.DictReader(io.StringIO(Path(download.value.path()).read_text()))
    assert row["summary"] == f"Pay 1200 points out to customer {customer}"
    told = [row[column] for column in ("subject", "amount", "rule", "risk")]
    assert told == [str(customer), "1200", "two stages", "high"]
    deciders = [(one["actor"]["userName"], one["decision"]) for one in json.loads(row["decisions"])]
    assert deciders == [("chen@demo.example", "approved"), ("finn@demo.example", "rejected")]


def test_a_printed_trail_has_every_digest_in_full(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    desk.server.decide(CHECKER, "GIFT", request)
    page = desk.sign_in(AUDITOR, to=path_of(request, "trail"))
    paper = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = "".join(sheet.extract_text() for sheet in paper.pages)
    squeezed = re.sub(r"\s+", "", text)
    # The request's own, and the one that the checker approved.
    assert squeezed.count(request.digest.removeprefix("sha256:")) >= 2, text
    assert "ada@demo.example" in squeezed


def test_a_maker_finds_only_their_own(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(MAKER, to="/ui/history/export?format=csv")
    assert page.get_by_role("heading", level=1).inner_text() != "History"
    page.goto(path_of(request, "trail"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Give 100 gift points")


def test_an_auditor_reads_who_wanted_to_submit_what_was_not_taken(desk: Desk, either: Manner) -> None:
    payload = {"hostname": "https://elsewhere.example"} | points(new_customer(), 100)
    body = {"entityInfo": ENTITY, "payload": {"IntouchAPITask-Payload": payload}}
    status, _ = desk.server.call(MAKER, "POST", "/GIFT", body)
    assert status == 400
    page = desk.sign_in(AUDITOR, either, "/ui")
    page.get_by_role("link", name="Refused submissions").click()
    newest = page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("Its host is not one of the allowed targets.")
    expect(newest).to_contain_text("GIFT")
    expect(newest).to_contain_text(MAKER.name)


def test_an_auditor_reads_what_happened_in_the_org_by_what_and_by_whom(desk: Desk, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 100))
    desk.server.decide(CHECKER, "GIFT", request, "rejected")
    page = desk.sign_in(AUDITOR, either, "/ui")
    page.get_by_role("link", name="Trail", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("signed in")
    # Nobody checks their own submission.
    expect(page.get_by_text("Countersign checked what was sent").first).to_be_visible()
    page.get_by_label("What").select_option("rejected")
    page.get_by_label("Who, by account").fill(CHECKER.user_id)
    page.get_by_role("button", name="Search").click()
    newest = page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("rejected it")
    expect(newest).to_contain_text("looked at elsewhere")
    newest.get_by_role("link", name="Its trail").click()
    expect(page).to_have_url(re.compile(path_of(request, "trail")))


def test_nobody_but_auditors_reads_refusals_and_the_trail_of_the_org(desk: Desk) -> None:
    page = desk.sign_in(MAKER)
    for address in ("/ui/trail", "/ui/refusals", "/ui/pairs", "/ui/pairs/export"):
        answer = page.goto(address)
        assert answer is not None and answer.status == 403
    assert page.get_by_role("link", name="Refused submissions").count() == 0
