"""A checker decides: with and without scripts, wide and narrow, light and dark."""

import re

from playwright.sync_api import Page, expect

from desk import Desk, click_person, hear_nothing, path_of
from looks import Looks
from manner import Manner
from people import CHECKER, FINANCE
from tasks import new_customer, points

KEPT = "Your message is kept here, in case you want to copy it."


def test_a_checker_approves_and_sees_it_done(desk: Desk, looks: Looks, manner: Manner) -> None:
    customer = new_customer()
    request = desk.server.submit("GIFT", points(customer, 120))
    page = desk.sign_in(CHECKER, manner)
    looks.photograph(page, "1-inbox")
    page.get_by_role("link", name=f"Give 120 gift points to customer {customer}").click()
    expect(page.get_by_text("Yours is the last signature")).to_be_visible()
    looks.photograph(page, "2-request")
    page.get_by_role("link", name="Approve…").click()
    # Whose signature it is, what will be sent, and where to: on the page of the decision itself.
    expect(page.get_by_text(grouped(request.digest))).to_be_visible()
    looks.photograph(page, "3-step")
    page.get_by_label("Message").fill("I asked the shop.")
    page.get_by_role("button", name=re.compile("Approve and send to 127.0.0.1")).click()
    expect(page.get_by_text("Done: the target answered 201.")).to_be_visible()
    looks.photograph(page, "4-done")
    assert desk.server.state(request) == "executed"
    assert len(desk.server.sent(request)) == 1


def test_a_checker_who_rejects_without_a_message_is_asked_for_one(desk: Desk, looks: Looks, manner: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 130))
    page = desk.sign_in(CHECKER, manner, path_of(request))
    page.get_by_role("link", name="Reject…").click()
    page.get_by_role("button", name="Reject, send nothing").click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    looks.photograph(page, "1-refused")
    assert desk.server.state(request) == "AdminTask"
    page.get_by_label("Why do you reject it?").fill("Wrong customer.")
    page.get_by_role("button", name="Reject, send nothing").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()
    looks.photograph(page, "2-rejected")
    assert desk.server.state(request) == "rejected"
    assert desk.server.sent(request) == []


def test_the_last_of_two_stages_signs_and_the_target_gets_one_call(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 9000))
    first = desk.sign_in(CHECKER, either, path_of(request))
    expect(first.get_by_text("After you it still needs Finance")).to_be_visible()
    first.get_by_role("link", name="Approve…").click()
    first.get_by_role("button", name="Approve, send nothing yet").click()
    expect(first.get_by_text("Nobody signs twice")).to_be_visible()
    looks.photograph(first, "1-first-stage")
    assert desk.server.state(request) == "AdminTask"
    assert desk.server.sent(request) == []

    last = desk.sign_in(FINANCE, either, path_of(request))
    last.get_by_role("link", name="Approve…").click()
    looks.photograph(last, "2-last-stage")
    last.get_by_role("button", name=re.compile("Approve and send to")).click()
    expect(last.get_by_text("Done: the target answered 201.")).to_be_visible()
    assert len(desk.server.sent(request)) == 1


def test_of_two_checkers_who_decide_at_once_one_is_refused_and_keeps_their_message(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 140))
    slower = desk.sign_in(CHECKER, either, path_of(request, "reject"))
    hear_nothing(slower)
    slower.get_by_label("Why do you reject it?").fill("This customer was paid before.")
    faster = desk.sign_in(FINANCE, either, path_of(request, "approve"))
    faster.get_by_role("button", name=re.compile("Approve and send to")).click()
    expect(faster.get_by_text("Done: the target answered 201.")).to_be_visible()

    with slower.expect_response(re.compile("/decide$")) as answer:
        slower.get_by_role("button", name="Reject, send nothing").click()
    assert answer.value.status == 409
    expect(slower.get_by_role("alert").first).to_contain_text("This was not recorded.")
    expect(slower.get_by_role("alert").first).to_contain_text("everybody needed has agreed, lastly Finn Berg as a checker")
    expect(slower.get_by_label(KEPT)).to_have_value("This customer was paid before.")
    looks.photograph(slower, "409")
    assert desk.server.state(request) == "executed"
    assert len(desk.server.sent(request)) == 1


def test_a_request_that_expires_under_the_checkers_eyes_is_not_sent(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    request = desk.server.submit("BRIEF", points(new_customer(), 150))
    page = desk.sign_in(CHECKER, either, path_of(request, "approve"))
    hear_nothing(page)
    page.get_by_label("Message").fill("Quickly.")
    desk.server.wait_until(request, "expired")
    with page.expect_response(re.compile("/decide$")) as answer:
        page.get_by_role("button", name=re.compile("Approve and send to")).click()
    assert answer.value.status == 409
    expect(page.get_by_role("alert").first).to_contain_text("This was not recorded.")
    expect(page.locator(".note").filter(has_text="Nobody decided in time")).to_be_visible()
    expect(page.get_by_label(KEPT)).to_have_value("Quickly.")
    looks.photograph(page, "expired")
    assert desk.server.sent(request) == []


def test_a_checker_whose_session_ended_in_the_step_decides_nothing(
    desk: Desk, looks: Looks, either: Manner
) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 160))
    page = desk.sign_in(CHECKER, either, path_of(request, "approve"))
    hear_nothing(page)
    page.get_by_label("Message").fill("Half a sentence")
    sign_out_in_another_tab(page)
    page.get_by_role("button", name=re.compile("Approve and send to")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You were signed out. Nothing was recorded.")
    looks.photograph(page, "signed-out")
    assert desk.server.state(request) == "AdminTask"
    # What was half written is shown here, and is nowhere kept: they signed out.
    expect(page.get_by_label("What you wrote")).to_have_value("Half a sentence")
    page.get_by_role("link", name="Sign in").click()
    click_person(page, CHECKER)
    # Back at the step.
    expect(page).to_have_url(desk.server.url + path_of(request, "approve"))
    expect(page.get_by_label("Message")).to_have_value("")


def sign_out_in_another_tab(page: Page) -> None:
    """What the same person does in another tab."""
    other = page.context.new_page()
    other.goto("/ui/needs-me")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def grouped(digest: str) -> str:
    """A digest as people read it: groups of four."""
    hexadecimal = digest.removeprefix("sha256:")
    return " ".join(hexadecimal[at : at + 4] for at in range(0, len(hexadecimal), 4))
