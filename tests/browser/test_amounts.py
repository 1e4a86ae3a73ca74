"""Amounts with what they count: in lists, in sums, as an order and as a filter."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from countersign import Submitted
from desk import Desk
from looks import Looks
from manner import PHONE, Manner
from people import CHECKER, FINANCE, MAKER
from tasks import cost, new_customer, points

MINE = "/ui/needs-me?type=COST"


def test_an_order_by_amount_stays_through_deciding_going_on_and_back(desk: Desk, looks: Looks, either: Manner) -> None:
    some = some_costs(desk)
    page = desk.sign_in(CHECKER, either, to=MINE)
    page.get_by_role("link", name="Largest amount").click()
    expect(page).to_have_url(re.compile(r"type=COST&order=largest$"))
    expect(page.locator(".grp b")).to_have_text(["Without a unit", "EUR", "points"])
    assert shown(page) == [some[name].id for name in ("5", "12500.5 EUR", "900 EUR", "0.25 EUR", "850 points")]
    assert_points_below_each_other(page.locator(".amt"), either)
    looks.everywhere(page, "ordered", at_end=True) if either.script else looks.photograph(page, "ordered")
    page.locator(f"#r-{some['900 EUR'].id} .t a").click()
    expect(page.locator(".queue")).to_contain_text("3 of 5")
    page.get_by_role("link", name="Reject…").click()
    page.get_by_label("Why do you reject it?").fill("Booked twice.")
    page.get_by_role("button", name=re.compile("Reject")).click()
    expect(page.locator(".queue")).to_contain_text("4 requests left")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Book 0.25 EUR")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Book 12500.50 EUR")
    page.locator(".queue").get_by_role("link", name="Needs me").click()
    assert shown(page) == [some[name].id for name in ("5", "12500.5 EUR", "0.25 EUR", "850 points")]


def test_amounts_are_added_by_unit_and_never_over_units(desk: Desk, looks: Looks, either: Manner) -> None:
    some = some_costs(desk)
    page = desk.sign_in(CHECKER, either, to=MINE)
    for request in some.values():
        page.locator(f"#r-{request.id}").get_by_role("checkbox").check()
    sums = ["850 points", "13 400.75 EUR", "Cost: 5"]
    if either.script:
        bar = page.locator("[data-selbar]")
        for sum_ in sums:
            expect(bar).to_contain_text(sum_)
        looks.photograph(page, "selected", full=False)
    page.get_by_role("button", name="Review these together").click()
    totals = page.locator(".totals")
    for sum_ in ("13 400.75 EUR in all", "850 points in all", "Cost5 in all"):
        expect(totals).to_contain_text(sum_)
    looks.everywhere(page, "review") if either.script else looks.photograph(page, "review")
    if either.script:
        row = page.get_by_role("row").filter(has=page.locator(f"[value='{some['850 points'].id}']"))
        row.get_by_role("checkbox").uncheck()
        expect(totals.locator("[data-selsum]")).to_have_text("· 1 maker · 13 400.75 EUR · Cost: 5")


def test_everything_of_a_filter_goes_together(desk: Desk, looks: Looks, either: Manner) -> None:
    some = some_costs(desk)
    page = desk.sign_in(CHECKER, either, to=f"{MINE}&unit=EUR&order=smallest")
    looks.photograph(page, "list")
    page.get_by_role("link", name="Select all 3 of this filter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review 3 together")
    titles = page.locator(".picks td.s > a").all_inner_texts()
    assert [title.split(" for ")[0] for title in titles] == ["Book 0.25 EUR", "Book 900 EUR", "Book 12500.50 EUR"]
    page.get_by_label("Message for all of them").fill("None of them.")
    page.get_by_role("button", name=re.compile("Reject the ticked ones")).click()
    page.locator(".queue").get_by_role("link", name="Needs me").click()
    expect(page.get_by_role("heading", name="No request fits")).to_be_visible()
    expect(page).to_have_url(f"{desk.server.url}{MINE}&unit=EUR&order=smallest")
    assert desk.server.state(some["900 EUR"]) == "rejected"
    assert desk.server.state(some["850 points"]) == "AdminTask"


def test_amounts_from_and_to_are_written_into_the_list(desk: Desk, looks: Looks, either: Manner) -> None:
    some = some_costs(desk)
    page = desk.sign_in(CHECKER, either, to=f"{MINE}&order=largest")
    page.get_by_label("from", exact=True).fill("5")
    page.get_by_label("to", exact=True).fill("1 000")
    page.get_by_role("button", name="Show").click()
    assert shown(page) == [some[name].id for name in ("5", "900 EUR", "850 points")]
    expect(page.get_by_label("to", exact=True)).to_have_value("1000")
    page.get_by_role("link", name=re.compile("^EUR")).click()
    assert shown(page) == [some["900 EUR"].id]
    looks.photograph(page, "narrowed")
    page.get_by_label("from", exact=True).fill("1,5")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Write each amount as a plain number")).to_be_visible()
    looks.everywhere(page, "refused", at_end=True) if either.script else looks.photograph(page, "refused")


def test_numbers_follow_units_and_amounts_while_the_page_is_open(desk: Desk) -> None:
    some = some_costs(desk)
    page = desk.sign_in(CHECKER, to=f"{MINE}&min=100")
    eur = page.locator(".chip", has_text="EUR").locator(".n")
    expect(eur).to_have_text("2")
    page.wait_for_timeout(600)
    desk.server.decide(FINANCE, "COST", some["900 EUR"], "rejected")
    expect(eur).to_have_text("1")
    # Too small for the list that stands here, and of another unit than its number counts.
    desk.server.submit("COST", cost("99.99", "EUR"))
    desk.server.submit("COST", cost("100", "points"))
    expect(page.get_by_role("link", name="1 new – show")).to_be_visible()
    expect(eur).to_have_text("1")


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_rows_of_one_line_stay_so(desk: Desk, looks: Looks, width: int) -> None:
    some_costs(desk)
    page = desk.sign_in(CHECKER, Manner(width), to="/ui/needs-me")
    row = page.locator(".row").first
    before = row.bounding_box()
    page.get_by_role("link", name="One line").click()
    after = row.bounding_box()
    assert before is not None and after is not None and after["height"] < before["height"]
    looks.everywhere(page, "dense", at_end=True)
    page.get_by_role("link", name="Maker", exact=True).click()
    expect(page).to_have_url(re.compile("order=maker&rows=one"))


def test_ones_own_lists_begin_at_either_end(desk: Desk, looks: Looks, either: Manner) -> None:
    first = desk.server.submit("GIFT", points(new_customer(), 100))
    last = desk.server.submit("GIFT", points(new_customer(), 100))
    page = desk.sign_in(MAKER, either, to="/ui/mine")
    rows = shown(page)
    assert rows.index(last.id) < rows.index(first.id)
    looks.photograph(page, "mine", full=False)
    page.get_by_role("link", name="Oldest").click()
    rows = shown(page)
    if first.id in rows:
        assert rows.index(first.id) < rows.index(last.id)
    expect(page.locator("[aria-current=true]", has_text="Oldest")).to_be_visible()


def some_costs(desk: Desk) -> dict[str, Submitted]:
    """Nothing of COST waits but these, by amount and unit."""
    while waiting := waiting_costs(desk):
        for one in waiting:
            desk.server.withdraw(one)
    new = {}
    for amount, unit in (("900", "EUR"), ("850", "points"), ("12500.50", "EUR"), ("5", None), ("0.25", "EUR")):
        name = f"{amount.removesuffix('0') if '.' in amount else amount} {unit or ''}".strip()
        new[name] = desk.server.submit("COST", cost(amount, unit))
    return new


def waiting_costs(desk: Desk) -> list[Submitted]:
    """Requests of COST that wait."""
    status, reply = desk.server.call(MAKER, "GET", "/requests?view=mine&requestType=COST&states=AdminTask&limit=100")
    assert status == 200, reply
    return [Submitted(row["requestId"], row["digest"]) for row in reply["data"]]


def shown(page: Page) -> list[str]:
    """The ids of the rows, in their order."""
    return [(row.get_attribute("id") or "").removeprefix("r-") for row in page.locator(".rows > li[id]").all()]


def assert_points_below_each_other(cells: Locator, manner: Manner) -> None:
    """Where rows are wide enough, the last digit before the point ends at one place in every row."""
    if manner.width == PHONE:
        return
    ends = cells.evaluate_all(
        """(cells) => cells.filter((c) => c.textContent.trim()).map((c) => {
          const range = document.createRange(), text = c.firstChild, whole = text.data.split('.')[0].length;
          range.setStart(text, 0); range.setEnd(text, whole);
          return Math.round(range.getBoundingClientRect().right);
        })"""
    )
    assert len(ends) > 1 and max(ends) - min(ends) <= 1, ends
