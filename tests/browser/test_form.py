"""A maker fills in a form that the type's schema made."""

import re

from playwright.sync_api import Locator, Page, expect

from desk import Desk
from looks import Looks
from manner import Manner
from people import CHECKER, MAKER
from tasks import AUTHORIZATION, ENTITY, new_customer


def test_three_faults_are_shown_at_their_fields_and_the_input_is_kept(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    page = desk.sign_in(MAKER, either, "/ui/new/GIFT")
    customer = new_customer()
    fill(page, customer)
    at(page, "/body/points").fill("many")
    at(page, "/body/programId").fill("")
    at(page, "/body/earningEntityId").fill("nobody")
    page.get_by_role("button", name="Submit for approval").click()
    summary = page.get_by_role("alert").first
    expect(summary).to_contain_text("There are 3 problems")
    expect(page).to_have_title("Error: New request: Gift points – Countersign")
    looks.photograph(page, "1-faults")
    expect(at(page, "/body/points")).to_have_value("many")
    expect(at(page, "/body/points")).to_have_attribute("aria-invalid", "true")
    expect(at(page, "/body/referenceId")).to_have_value(f"form-{customer}")
    at(page, "/body/points").fill("250")
    at(page, "/body/programId").fill("1001")
    at(page, "/body/earningEntityId").fill(str(customer))
    if not either.script:
        # What a page never shows again is typed again.
        at(page, "/headers/Authorization").fill(AUTHORIZATION)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Give 250 gift points to customer {customer}")
    looks.photograph(page, "2-submitted")
    checker = desk.sign_in(CHECKER, either)
    expect(checker.get_by_role("link", name=f"Give 250 gift points to customer {customer}")).to_be_visible()


def test_check_only_stores_nothing(desk: Desk, looks: Looks) -> None:
    page = desk.sign_in(MAKER, to="/ui/new/GIFT")
    customer = new_customer()
    fill(page, customer)
    before = desk.server.trail()
    page.get_by_role("button", name="Check only").last.click()
    expect(page.get_by_text(f"Give 250 gift points to customer {customer}")).to_be_visible()
    looks.everywhere(page, "checked")
    assert desk.server.trail() == before


def fill(page: Page, customer: int) -> None:
    """Fills in every field correctly."""
    for name, value in ENTITY.items():
        at(page, f"/entityInfo/{name}").fill(value)
    body = {"referenceId": f"form-{customer}", "reason": "late delivery", "programId": "1001"}
    body |= {"awardingTillId": "50682289", "earningEntityId": str(customer), "points": "250"}
    for name, value in body.items():
        at(page, f"/body/{name}").fill(value)
    for choice in ["POINTS", "CUSTOMER", "API"]:
        page.get_by_label(choice, exact=True).check()
    # The other target is the subscriber.
    page.get_by_label(re.compile(r"\(Sandbox\)$")).check()
    at(page, "/headers/Authorization").fill(AUTHORIZATION)


def at(page: Page, pointer: str) -> Locator:
    """The field of this place in the task."""
    return page.locator(f'[name="{pointer}"]')
