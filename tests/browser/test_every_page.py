"""Every page and every state: axe-core finds nothing and nothing sticks out, wide and narrow, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from countersign import Countersign, Submitted
from desk import Desk, path_of
from looks import Looks
from people import AUDITOR, CHECKER, EVERYBODY, FINANCE, MAKER, Person
from tasks import badge, new_customer, points

States = dict[str, Submitted]


@pytest.fixture(scope="module")
def states(server: Countersign) -> States:
    """A request in every state."""
    submit = server.submit
    made = {"expired": submit("BRIEF", points(new_customer(), 100))}
    made["waiting"] = submit("GIFT", points(new_customer(), 200, reason="late delivery"))
    made["staged"] = submit("PAYOUT", points(new_customer(), 20_000, account="DE89", pin="1234"))
    # On the same customer, so that there is something to look at.
    made["again"] = submit("PAYOUT", points(int(server.read(made["staged"])["subject"]), 300))
    made["large"] = submit("GIFT", points(new_customer(), 12_000))
    for state, fault in [("executed", {}), ("failed", {"status": 422}), ("unknown", {"close": "after"})]:
        made[state] = submit("GIFT", points(new_customer(), 300))
        if fault:
            server.fault(**fault)
        server.decide(CHECKER, "GIFT", made[state])
        server.wait_until(made[state], state)
    made["rejected"] = submit("GIFT", points(new_customer(), 400))
    server.decide(CHECKER, "GIFT", made["rejected"], "rejected")
    made["withdrawn"] = submit("GIFT", points(new_customer(), 500))
    server.withdraw(made["withdrawn"])
    made["with-id"] = submit("ISSUE-BADGE", badge("every-page"))
    server.withdraw(made["with-id"])
    server.wait_until(made["expired"], "expired")
    return made


Desks = dict[Person, Page]


@pytest.fixture(scope="module")
def pages(browser: Browser, server: Countersign, states: States) -> Iterator[Desks]:
    """Everyone at their desk. Signing in once is enough here."""
    desk = Desk(browser, server)
    yield {person: desk.sign_in(person) for person in EVERYBODY}
    desk.close()


LISTS = [
    (CHECKER, "/ui/needs-me", "needs-me"),
    (CHECKER, "/ui/needs-me?due=late", "needs-me-none-fits"),
    (CHECKER, "/ui/my-groups", "my-groups"),
    (CHECKER, "/ui/decided", "decided"),
    (FINANCE, "/ui/decided", "decided-nothing"),
    (MAKER, "/ui/mine", "mine"),
    (AUDITOR, "/ui/unknown", "unknown"),
    (AUDITOR, "/ui/history", "history"),
    (AUDITOR, "/ui/history?subject=nothing", "history-none-fits"),
    (AUDITOR, "/ui/history?startDate=yesterday", "history-error"),
    (MAKER, "/ui/search?q=delivery", "search-own"),
    (AUDITOR, "/ui/trail", "org-trail"),
    (AUDITOR, "/ui/trail?userId=nobody", "org-trail-none-fits"),
    (AUDITOR, "/ui/refusals", "refusals"),
    (AUDITOR, "/ui/pairs", "pairs"),
    (AUDITOR, "/ui/pairs?startDate=2020-01-01&endDate=2020-01-02", "pairs-none"),
    (AUDITOR, "/ui/deliveries", "deliveries"),
    (AUDITOR, "/ui/deliveries?state=given_up", "deliveries-none"),
    (AUDITOR, "/ui/types", "types"),
    (AUDITOR, "/ui/types/PAYOUT", "type-staged"),
    (MAKER, "/ui/types/GIFT", "type-two-rules"),
    (MAKER, "/ui/new", "new"),
    (MAKER, "/ui/new/GIFT", "new-form"),
    (MAKER, "/ui/new/POINTS-REDEMPTION", "new-form-nested"),
    (MAKER, "/ui/new/GIFT?as=json", "new-json"),
    (AUDITOR, "/ui/new", "new-not-allowed"),
    (CHECKER, "/ui/requests/0190b6f2-7a3c-7cc0-8000-000000000001", "not-found"),
]


@pytest.mark.parametrize(("person", "address", "name"), LISTS, ids=[name for _, _, name in LISTS])
def test_a_list_looks_right(pages: Desks, looks: Looks, person: Person, address: str, name: str) -> None:
    pages[person].goto(address)
    looks.everywhere(pages[person], name)


STATES = ["waiting", "staged", "again", "executed", "failed", "unknown", "rejected", "withdrawn", "expired"]


@pytest.mark.parametrize("state", STATES)
def test_a_request_looks_right_in_every_state(pages: Desks, looks: Looks, states: States, state: str) -> None:
    pages[CHECKER].goto(path_of(states[state]))
    looks.everywhere(pages[CHECKER], state)


def test_a_request_of_ones_own_looks_right(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[MAKER]
    page.goto(path_of(states["staged"]))
    looks.everywhere(page, "own")
    page.goto(path_of(states["staged"], "withdraw"))
    looks.everywhere(page, "withdraw")
    page.goto(path_of(states["staged"], "body"))
    expect(page.get_by_text("hidden", exact=True).first).to_be_visible()
    looks.everywhere(page, "body-with-hidden-values")


def test_the_steps_look_right(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[CHECKER]
    page.goto(path_of(states["waiting"], "approve"))
    looks.everywhere(page, "approve")
    page.goto(path_of(states["staged"], "approve"))
    looks.everywhere(page, "approve-first-stage")
    page.goto(path_of(states["waiting"], "reject"))
    looks.everywhere(page, "reject")
    page.get_by_role("button", name="Reject, send nothing").click()
    expect(page.get_by_role("alert")).to_be_visible()
    looks.everywhere(page, "reject-without-words")


def test_submitting_again_looks_right(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[MAKER]
    page.goto(path_of(states["rejected"], "submit-again"))
    looks.everywhere(page, "step")
    page.goto(path_of(states["with-id"], "submit-again"))
    looks.everywhere(page, "step-with-id")
    page.get_by_label("New id").fill("x" * 257)
    page.get_by_role("button", name="Submit again").click()
    expect(page.get_by_role("alert")).to_be_visible()
    looks.everywhere(page, "step-with-a-wrong-id")
    page.get_by_label("New id").fill("")
    page.get_by_role("button", name="Submit again").click()
    expect(page.get_by_role("link", name="an earlier request")).to_be_visible()
    looks.everywhere(page, "new-request")
    page.goto(path_of(states["with-id"]))
    expect(page.get_by_role("link", name="the newer request")).to_be_visible()
    looks.everywhere(page, "old-request")


@pytest.mark.parametrize("state", ["staged", "executed", "rejected"])
def test_a_trail_looks_right(pages: Desks, looks: Looks, states: States, state: str) -> None:
    page = pages[AUDITOR]
    page.goto(path_of(states[state], "trail"))
    looks.everywhere(page, state)


def test_a_form_with_faults_and_a_checked_one_look_right(pages: Desks, looks: Looks) -> None:
    page = pages[MAKER]
    page.goto("/ui/new/GIFT")
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_role("alert")).to_be_visible()
    looks.everywhere(page, "faults")


def test_the_dialog_of_keys_looks_right(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[CHECKER]
    page.goto("/ui/needs-me")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    looks.everywhere(page, "keys", full=False)


def test_a_list_looks_right_while_rows_are_picked(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[CHECKER]
    page.goto("/ui/needs-me")
    pick(page, states["waiting"])
    looks.everywhere(page, "picked", at_end=True)
    page.get_by_role("button", name="Review these together").click()
    looks.everywhere(page, "review")


def pick(page: Page, request: Submitted) -> None:
    """Ticks a row of the list."""
    page.locator(f"#r-{request.id}").get_by_role("checkbox").check()


def test_large_letters_and_narrow_screens_fit(pages: Desks, looks: Looks, states: States) -> None:
    page = pages[CHECKER]
    page.goto("/ui/needs-me")
    page.set_viewport_size({"width": 320, "height": 700})
    for address in ["/ui/needs-me", path_of(states["waiting"]), path_of(states["waiting"], "approve")]:
        page.goto(address)
        looks.assert_fits(page, f"{address} at 320 px")
    page.emulate_media(forced_colors="active")
    looks.photograph(page, "forced-colours")
    page.emulate_media(forced_colors="none")
