"""Two people settle an unknown outcome on its page, with and without script."""

import pytest
from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import CHECKER, FINANCE, MAKER
from tasks import call, new_customer, points


def unknown(desk: Desk) -> Submitted:
    """A request whose call left, and whose answer was lost."""
    request = desk.server.submit("GIFT", points(new_customer(), 150))
    desk.server.fault(close="after")
    desk.server.decide(CHECKER, "GIFT", request)
    desk.server.wait_until(request, "unknown")
    return request


def state(page: Page, choice: str, evidence: str) -> None:
    """Fills the form in and sends it."""
    page.get_by_label(choice, exact=True).check()
    page.get_by_label("How do you know?").fill(evidence)
    page.get_by_role("button", name="State this outcome").click()


def test_two_people_settle_it_and_the_maker_hears_of_it(desk: Desk, looks: Looks, either: Manner) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, either, path_of(request))
    expect(page.get_by_role("heading", name="Settle it")).to_be_visible()
    expect(page.get_by_text("Attempt 1 began")).to_be_visible()
    looks.photograph(page, "1-unknown")
    state(page, "It happened", "Their log has it as transaction 77120.")
    expect(page.get_by_text("Your word is recorded.")).to_be_visible()
    looks.photograph(page, "2-proposed")
    assert desk.server.state(request) == "unknown"

    other = desk.sign_in(FINANCE, either, path_of(request))
    expect(other.get_by_text("Their log has it as transaction 77120.").first).to_be_visible()
    state(other, "It happened", "I called them: it is there.")
    expect(other.get_by_text("Done: two people say that it happened.")).to_be_visible()
    expect(other.get_by_role("button", name="State this outcome")).to_have_count(0)
    looks.photograph(other, "3-settled")
    assert desk.server.state(request) == "executed"

    maker = desk.sign_in(MAKER, either, path_of(request))
    expect(maker.get_by_text("Done: two people say that it happened.")).to_be_visible()


def test_one_may_contradict_and_a_change_of_mind_settles_it(desk: Desk, looks: Looks, either: Manner) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, either, path_of(request))
    state(page, "It happened", "I think I saw it.")
    other = desk.sign_in(FINANCE, either, path_of(request))
    state(other, "It did not happen", "It is not in their list.")
    expect(other.get_by_text("Your word is recorded.")).to_be_visible()
    assert desk.server.state(request) == "unknown"
    page.goto(path_of(request))
    looks.photograph(page, "contradicted")
    state(page, "It did not happen", "I had looked at another one.")
    expect(page.get_by_text("Failed: two people say that it did not happen.")).to_be_visible()
    assert desk.server.state(request) == "failed"


def test_a_maker_finds_no_form_on_their_own_request(desk: Desk, either: Manner) -> None:
    request = unknown(desk)
    page = desk.sign_in(MAKER, either, path_of(request))
    expect(page.get_by_text("You can’t settle it, because you submitted it")).to_be_visible()
    expect(page.get_by_role("button", name="State this outcome")).to_have_count(0)


@pytest.mark.parametrize("choice", ["", "It happened"])
def test_what_is_missing_is_said_and_what_was_written_stays(desk: Desk, looks: Looks, choice: str) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, to=path_of(request))
    if choice:
        page.get_by_label(choice, exact=True).check()
    else:
        page.get_by_label("How do you know?").fill("It is not in their list.")
    page.get_by_role("button", name="State this outcome").click()
    expect(page.get_by_role("alert")).to_be_visible()
    looks.everywhere(page, "fault-" + ("evidence" if choice else "outcome"))
    if not choice:
        expect(page.get_by_label("How do you know?")).to_have_value("It is not in their list.")
    assert desk.server.state(request) == "unknown"


def test_the_page_looks_right_at_each_step(desk: Desk, looks: Looks) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, to=path_of(request))
    looks.everywhere(page, "unknown")
    state(page, "It happened", "Their log has it.")
    looks.everywhere(page, "proposed")
    other = desk.sign_in(FINANCE, to=path_of(request))
    state(other, "It happened", "I see it, too.")
    looks.everywhere(other, "settled")


def test_what_to_ask_the_target_for_can_be_copied(desk: Desk) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, to=path_of(request))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Sent at").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("20") and copied.endswith("Z"), copied


def test_words_stay_if_somebody_else_was_faster(desk: Desk, either: Manner) -> None:
    request = unknown(desk)
    page = desk.sign_in(CHECKER, either, path_of(request))
    word = {"outcome": "failed", "evidence": "It is not in their list."}
    status, answer = desk.server.call(FINANCE, "POST", f"/requests/{request.id}/settle", word)
    assert status == 200, answer
    page.get_by_label("It happened", exact=True).check()
    page.get_by_label("How do you know?").fill("I think I saw it.")
    # With script, the page has heard that it is old: nothing is sent until it is read again.
    if either.script:
        expect(page.locator("#changed")).to_be_visible()
        return
    page.get_by_role("button", name="State this outcome").click()
    expect(page.get_by_text("This was not recorded.")).to_be_visible()
    expect(page.get_by_label("How do you know?")).to_have_value("I think I saw it.")
    assert desk.server.state(request) == "unknown"


def lost_transfer(desk: Desk, *more: dict[str, object]) -> Submitted:
    """A transfer whose answer was lost, and what goes wrong with the calls after it."""
    number = new_customer()
    account, body = f"account-{number}", {"amount": 25, "reference": f"transfer-{number}"}
    task = call("POST", "/accounts/{account}/transfers", body, account=account)
    request = desk.server.submit("TRANSFER", task)
    for fault in [{"close": "after"}, *more]:
        desk.server.fault(path=f"/accounts/{account}/", **fault)
    desk.server.decide(CHECKER, "TRANSFER", request)
    return request


def test_a_transfer_whose_answer_was_cut_is_settled_by_its_probe(desk: Desk, looks: Looks, either: Manner) -> None:
    request = lost_transfer(desk)
    desk.server.wait_until(request, "executed")
    page = desk.sign_in(MAKER, either, path_of(request))
    expect(page.get_by_text("Done: the target says so.")).to_be_visible()
    expect(page.get_by_text("asked the target what became of it: it was done")).to_be_visible()
    looks.photograph(page, "probed")


def is_offered(page: Page, request: Submitted) -> None:
    """Reads the page again until the target was asked once."""
    tries = 60
    while page.get_by_role("button", name="Ask the target now").count() == 0:
        tries -= 1
        assert tries > 0, "the target was not asked"
        page.wait_for_timeout(500)
        page.goto(path_of(request))


def test_a_checker_has_the_target_asked_again(desk: Desk, either: Manner) -> None:
    request = lost_transfer(desk, {"status": 503})
    page = desk.sign_in(CHECKER, either, path_of(request))
    is_offered(page, request)
    page.get_by_role("button", name="Ask the target now").click()
    desk.server.wait_until(request, "executed")
    page.goto(path_of(request))
    expect(page.get_by_text("Done: the target says so.")).to_be_visible()


def test_the_page_looks_right_while_the_target_can_not_tell(desk: Desk, looks: Looks) -> None:
    request = lost_transfer(desk, {"status": 503, "times": 100})
    page = desk.sign_in(CHECKER, to=path_of(request))
    is_offered(page, request)
    expect(page.get_by_text("and it could not tell.", exact=False).first).to_be_visible()
    looks.everywhere(page, "could-not-tell")
