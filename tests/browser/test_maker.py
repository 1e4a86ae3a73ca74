"""A maker follows what they submitted, and never decides it."""

import re

from playwright.sync_api import expect

from desk import Desk, path_of
from forms import decision_of, post
from looks import Looks
from manner import Manner
from people import MAKER
from tasks import new_customer, points


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


def test_a_maker_finds_no_button_on_their_own_request(desk: Desk, either: Manner) -> None:
    customer = new_customer()
    request = desk.server.submit("GIFT", points(customer, 130))
    page = desk.sign_in(MAKER, either, path_of(request))
    expect(page.get_by_role("link", name=re.compile("Approve|Reject"))).to_have_count(0)
    expect(page.get_by_text("You submitted this request, so you can't decide it")).to_be_visible()
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
    assert "decide it. Ask another checker" in answer.text()
    assert desk.server.state(request) == "AdminTask"
    assert desk.server.sent(request) == []
