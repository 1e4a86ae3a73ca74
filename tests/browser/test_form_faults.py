"""What is wrong with a form is said in plain words, at its field, in the order of the page."""

import re

import pytest
from playwright.sync_api import Page, expect

from desk import Desk
from looks import Looks
from manner import EVERY_MANNER, Manner
from people import MAKER
from test_form import at


def fill_in_wrongly(page: Page) -> None:
    at(page, "/body/name").fill("Zoe")
    at(page, "/body/code").fill("12")
    at(page, "/body/amount").fill("900")
    at(page, "/body/purpose/code").fill("salary")
    at(page, "/body/extra").fill('{"a": 1,\n b: 2}')
    for name in ["tillId", "storeId", "conceptId"]:
        at(page, f"/entityInfo/{name}").fill("1")
    at(page, "/entityInfo/zoneId").fill("")


def test_each_fault_says_what_to_do_in_the_order_of_the_page(desk: Desk, looks: Looks, either: Manner) -> None:
    page = desk.sign_in(MAKER, either, "/ui/new/WIRE")
    # The limits are there before anybody breaks them.
    for hint in ["Four to twelve digits.", "At least 1, at most 500.", "At most 40 characters.", "Such as SALA."]:
        expect(page.get_by_text(hint, exact=True)).to_be_visible()
    page.get_by_role("button", name="Add to Lines").click()
    fill_in_wrongly(page)
    at(page, "/body/lines/0/count").fill("0")
    page.get_by_role("button", name="Submit for approval").click()
    links = page.get_by_role("alert").first.get_by_role("link")
    expect(links).to_have_text(
        [
            "Code: Four to twelve digits.",
            "Country: Choose one.",
            "Amount: Write a number of at most 500.",
            "IBAN: Fill this in.",
            "Extra: This is not JSON yet: “b” is not expected in line 2, column 2. Write names and texts in double "
            "quotes, a comma between two members, and none after the last.",
            "Purpose, Purpose code: Write something such as SALA.",
            "Line 1, Count: Write a number of at least 1.",
            "Target: Choose one.",
            "Zone: Fill this in.",
        ]
    )
    expect(at(page, "/body/code")).to_have_attribute("aria-invalid", "true")
    looks.photograph(page, "faults")


@pytest.mark.parametrize("manner", EVERY_MANNER, ids=lambda manner: manner.name)
def test_a_fault_that_is_linked_is_not_under_the_head_of_the_page(desk: Desk, looks: Looks, manner: Manner) -> None:
    page = desk.sign_in(MAKER, manner, "/ui/new/WIRE")
    fill_in_wrongly(page)
    page.get_by_role("button", name="Submit for approval").click()
    for label in ["Code", "Country", "Extra", "Purpose, Purpose code", "Target", "Zone"]:
        page.get_by_role("alert").first.get_by_role("link", name=re.compile(f"^{label}:")).click()
        field = page.locator(".field", has=page.locator(":focus")).last
        expect(field).to_be_visible()
        head = page.locator("header.top").bounding_box()
        box = field.locator("legend, label").first.bounding_box()
        assert head is not None and box is not None
        assert box["y"] >= head["y"] + head["height"], f"the label of {label} is under the head of the page"
        fault = field.locator(".err").first.bounding_box()
        assert fault is not None and fault["y"] >= head["y"] + head["height"]
    looks.photograph(page, "linked", full=False)


def test_json_that_ends_too_early_says_so(desk: Desk) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/WIRE")
    at(page, "/body/extra").fill('{"a": [1, 2')
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("alert").first).to_contain_text(
        "Extra: This is not JSON yet: it ends too early, in line 1. A quote or a bracket is still open."
    )


def test_makers_read_no_braces(desk: Desk) -> None:
    page = desk.sign_in(MAKER, to="/ui/new")
    expect(page.get_by_text("Wire [amount] to [name] for [code]")).to_be_visible()
    expect(page.locator(".sub", has_text=re.compile("[{}]"))).to_have_count(0)
    page.goto("/ui/new/WIRE")
    expect(page.get_by_text("Wire [amount] to [name] for [code]")).to_be_visible()


def test_the_preview_of_a_long_body_is_no_longer_than_a_screen(desk: Desk) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/ANYTHING")
    at(page, "/pathParams/note").fill("1")
    page.get_by_label(re.compile(r"\(Sandbox\)$")).check()
    lines = ",\n".join(f'"line {number}": "{"x" * 40}"' for number in range(300))
    at(page, "/body").fill('{"text": "long",\n' + lines + "}")
    for name in ["tillId", "storeId", "zoneId", "conceptId"]:
        at(page, f"/entityInfo/{name}").fill("1")
    page.get_by_role("button", name="Check only").last.click()
    code = page.locator("aside pre.code")
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box is not None and box["height"] < 500
