"""A maker follows what they submitted, and never decides it."""

import re

from playwright.sync_api import expect

from countersign import Submitted
from desk import Desk, path_of
from forms import decision_of, post
from looks import Looks
from manner import Manner
from people import CHECKER, MAKER
from tasks import badge, new_customer, points


def test_a_maker_withdraws_their_request(desk: Desk, looks: Looks, either: Manner) -> None:
    customer = new_customer()
    request = desk.server.submit("GIFT", points(customer, 120))
    page = desk.sign_in(MAKER, either, "/ui/mine")
    page.get_by_role("link", name=f"Give 120 gift points to customer {customer}").click()
    looks.photograph(page, "1-own-request")
    page.get_by_role("link", name="Withdraw…").click()
    page.get_by_label("Why do you withdraw it?").fill("Typed the wrong number.")
    looks.photograph(page, "2-step")
    page.get_by_role("button", name="Withdraw, send nothing").click()
    expect(page.get_by_text("withdrew it. Nothing was sent.")).to_be_visible()
    looks.photograph(page, "3-taken-back")
    assert desk.server.state(request) == "withdrawn"
    assert desk.server.sent(request) == []


def test_a_rejected_request_is_submitted_again_in_two_clicks(desk: Desk, looks: Looks, manner: Manner) -> None:
    customer = new_customer()
    request = desk.server.submit("GIFT", points(customer, 125))
    desk.server.decide(CHECKER, "GIFT", request, "rejected")
    page = desk.sign_in(MAKER, manner, path_of(request))
    looks.photograph(page, "1-rejected")
    page.get_by_role("link", name="Submit again…").click()
    expect(page.get_by_role("heading", name="Submit again")).to_be_visible()
    expect(page.get_by_role("region", name="Body of the call")).to_contain_text(str(customer))
    looks.photograph(page, "2-step")
    page.get_by_role("button", name="Submit again").click()
    expect(page.get_by_text("submitted again.")).to_be_visible()
    looks.photograph(page, "3-new-request")
    newer = Submitted(page.url.split("?")[0].rsplit("/", 1)[-1], request.digest)
    assert newer.id != request.id
    assert (desk.server.state(newer), desk.server.state(request)) == ("AdminTask", "rejected")
    assert desk.server.sent(request) == desk.server.sent(newer) == []
    page.get_by_role("link", name="an earlier request").click()
    expect(page.get_by_role("link", name="the newer request")).to_be_visible()
    expect(page.get_by_role("link", name="Submit again…")).to_have_count(0)
    looks.photograph(page, "4-old-request")
    # Somebody else agrees to the new one, and that is sent.
    desk.server.decide(CHECKER, "GIFT", newer)
    desk.server.wait_until(newer, "executed")
    assert len(desk.server.sent(newer)) == 1


def test_a_maker_may_ask_for_another_id(desk: Desk, looks: Looks, either: Manner) -> None:
    ids = [f"browser-{new_customer()}", f"browser-{new_customer()}"]
    request = desk.server.submit("ISSUE-BADGE", badge(ids[0]))
    desk.server.withdraw(request)
    page = desk.sign_in(MAKER, either, path_of(request, "submit-again"))
    expect(page.get_by_text(f"by the id {ids[0]}")).to_be_visible()
    page.get_by_label("New id").fill("x" * 257)
    page.get_by_role("button", name="Submit again").click()
    expect(page.get_by_text("Error: Write an id of 1 to 256 characters")).to_be_visible()
    expect(page.get_by_label("New id")).to_have_value("x" * 257)
    looks.photograph(page, "1-wrong-id")
    page.get_by_label("New id").fill(ids[1])
    page.get_by_role("button", name="Submit again").click()
    expect(page.get_by_text(ids[1]).first).to_be_visible()
    looks.photograph(page, "2-new-request")


def test_a_maker_finds_no_button_on_their_own_request(desk: Desk, either: Manner) -> None:
    customer = new_customer()
    request = desk.server.submit("GIFT", points(customer, 130))
    page = desk.sign_in(MAKER, either, path_of(request))
    expect(page.get_by_role("link", name=re.compile("Approve|Reject"))).to_have_count(0)
    expect(page.get_by_text("You submitted this request, so you can’t decide it")).to_be_visible()
    # Nor do the addresses of the steps have one.
    for step in ["approve", "reject"]:
        page.goto(path_of(request, step))
        expect(page.get_by_role("button", name=re.compile("Approve|Reject"))).to_have_count(0)
    page.goto("/ui/needs-me")
    expect(page.get_by_text(f"customer {customer}")).to_have_count(0)


def test_a_makers_form_for_their_own_request_is_refused(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 140))
    page = desk.sign_in(MAKER, to=path_of(request))
    answer = post(page, request, decision_of(page, request), origin=desk.server.url)
    assert answer.status == 403
    assert "You submitted this request, so you can’t decide it." in answer.text()
    assert desk.server.state(request) == "AdminTask"
    assert desk.server.sent(request) == []
