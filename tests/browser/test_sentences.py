"""What a page says is so: who rejected, what a rejection does, whom it waits for, and why the reader can't decide."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from desk import Desk, path_of
from looks import Looks
from manner import DESKTOP, PHONE, Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER, Person
from tasks import anything, new_customer, points
from test_form import fill

ASK_LEGAL = "This shop must stay open.\n\nAsk Legal first:\n- by mail"
NOT_FOR_PEOPLE = re.compile(
    r"CanCheckRequest|CanMakeRequest|Your token|Your call|its state is|AdminTask|seats|\d{4}-\d\d-\d\dT\d\d:\d\d"
)
MORE = "One more rejection ends it; until then it may still be approved and sent."


def panel(page: Page) -> Locator:
    """The panel beside a request."""
    return page.locator(".panel")


def test_who_rejected_is_never_among_those_who_signed(desk: Desk, looks: Looks, either: Manner) -> None:
    request = desk.server.submit("OBJECTION", points(new_customer(), 120))
    chen = desk.sign_in(CHECKER, either, path_of(request))
    chen.get_by_role("link", name="Reject…").click()
    expect(chen.get_by_role("heading", name="Reject (1 of 2)")).to_be_visible()
    expect(chen.locator("form.card")).to_contain_text(f"You reject it, and can’t undo that. {MORE}")
    expect(chen.locator("form.card")).not_to_contain_text("Nothing is sent")
    chen.get_by_label("Why do you reject it?").fill(ASK_LEGAL)
    looks.photograph(chen, "1-reject")
    chen.get_by_role("button", name="Reject (1 of 2)").click()
    expect(chen.get_by_text("Your rejection is recorded.")).to_be_visible()
    expect(chen.get_by_role("status").filter(has_text="Your rejection")).to_contain_text(MORE)
    expect(panel(chen)).to_contain_text("You rejected it for Loyalty on")
    looks.photograph(chen, "2-rejected")

    finn = desk.sign_in(FINANCE, either, path_of(request))
    first = finn.locator("#rejected")
    expect(first).to_contain_text("Chen Wei rejected it for Loyalty: “This shop must stay open.")
    expect(first).to_contain_text(MORE)
    looks.photograph(finn, "3-request")
    finn.get_by_role("link", name="Approve…").click()
    expect(finn.locator(".looks .is-bad")).to_contain_text("Chen Wei rejected it for Loyalty: “This shop")
    expect(finn.get_by_text("Signed before you")).to_have_count(0)
    looks.photograph(finn, "4-approve")
    finn.get_by_role("link", name="Go back").click()
    finn.get_by_role("link", name="Reject…").click()
    # The second one ends it, and may say so.
    expect(finn.locator("form.card")).to_contain_text("Yours is the last rejection that it takes. Nothing is sent to")
    finn.get_by_label("Why do you reject it?").fill("Legal says no.")
    finn.get_by_role("button", name="Reject, send nothing").click()
    expect(finn.get_by_text("Finn Berg rejected it. Nothing was sent.")).to_be_visible()
    assert desk.server.state(request) == "rejected"
    assert desk.server.sent(request) == []


def test_a_request_that_was_rejected_once_can_still_be_sent(desk: Desk) -> None:
    request = desk.server.submit("OBJECTION", points(new_customer(), 130))
    desk.server.decide(CHECKER, "OBJECTION", request, "rejected")
    finn = desk.sign_in(FINANCE, to=path_of(request, "approve"))
    finn.locator("button[value=approved]").click()
    expect(finn.get_by_text("Done: the target answered 201.")).to_be_visible()
    trail = desk.sign_in(AUDITOR, to=path_of(request, "trail"))
    expect(trail.get_by_role("cell", name="rejected it for Loyalty; that alone does not end it")).to_be_visible()


def test_the_button_for_several_promises_only_what_holds(desk: Desk, either: Manner) -> None:
    debatable = [desk.server.submit("OBJECTION", points(new_customer(), 140)) for _ in range(2)]
    chen = desk.sign_in(CHECKER, either, "/ui/bulk?" + "&".join(f"id={request.id}" for request in debatable))
    reject = chen.locator("button[value=rejected]")
    # A number is only true with a script.
    expect(reject).to_have_text(re.compile(r"ones \(2\)$" if either.script else "ones$"))
    expect(chen.get_by_text("One rejection does not end these.")).to_be_visible()
    plain = desk.server.submit("GIFT", points(new_customer(), 140))
    chen.goto(f"/ui/bulk?id={plain.id}")
    expect(chen.locator("button[value=rejected]")).to_contain_text(", send nothing")


def test_no_reader_of_any_state_is_told_what_is_not_so(desk: Desk) -> None:
    waiting = desk.server.submit("PAYOUT", points(new_customer(), 9100))
    done = desk.server.submit("GIFT", points(new_customer(), 150))
    desk.server.decide(CHECKER, "GIFT", done)
    desk.server.wait_until(done, "executed")
    rejected = desk.server.submit("GIFT", points(new_customer(), 151))
    desk.server.decide(CHECKER, "GIFT", rejected, "rejected")
    withdrawn = desk.server.submit("GIFT", points(new_customer(), 152))
    desk.server.withdraw(withdrawn)
    expired = desk.server.submit("BRIEF", points(new_customer(), 153))
    desk.server.wait_until(expired, "expired")
    closed = {
        done: "everybody needed has agreed, lastly {chen} as a checker on",
        rejected: "{chen} rejected it as a checker on",
        withdrawn: "{mara} withdrew it on",
        expired: "it expired on",
    }
    for person in [MAKER, CHECKER, FINANCE, AUDITOR]:
        page = desk.sign_in(person)
        page.goto(path_of(waiting))
        assert_for_people(page, person)
        expect(panel(page)).to_contain_text(WHY_NOT[person])
        for request, how in closed.items():
            page.goto(path_of(request))
            assert_for_people(page, person)
            names = {name: "you" if person is own else full for name, own, full in NAMES}
            expect(panel(page)).to_contain_text(f"Nothing is left to decide: {how.format(**names)}")
            expect(panel(page)).not_to_contain_text("You submitted")


NAMES = [("chen", CHECKER, "Chen Wei"), ("mara", MAKER, "Mara Lind")]
WHY_NOT = {
    MAKER: "You submitted this request, so you can’t decide it. You can withdraw it.",
    CHECKER: "You may decide it for Loyalty, and you have no part in it. After you it still needs Finance:",
    FINANCE: "You can’t decide it yet: Finance comes later, and others must agree before.",
    AUDITOR: "You can read this, but not decide it: your sign-in does not make you a checker.",
}


def assert_for_people(page: Page, person: Person) -> None:
    """Nothing on the page was written for the callers of the API."""
    found = NOT_FOR_PEOPLE.findall(page.locator("main").inner_text())
    assert not found, f"{person.name} at {page.url}: {found}"


def test_a_decision_that_came_too_late_is_told_in_words_for_people(desk: Desk, looks: Looks) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 160))
    slower = desk.sign_in(CHECKER, Manner(script=False), path_of(request, "reject"))
    slower.get_by_label("Why do you reject it?").fill("Wrong customer.")
    desk.server.decide(FINANCE, "GIFT", request)
    slower.get_by_role("button", name="Reject, send nothing").click()
    alert = slower.get_by_role("alert").first
    expect(alert).to_contain_text("Nothing is left to decide: everybody needed has agreed, lastly Finn Berg as a checker")
    assert_for_people(slower, CHECKER)
    looks.photograph(slower, "too-late")


@pytest.mark.parametrize("width", [DESKTOP, 800, PHONE, 320])
def test_who_acts_and_as_what_is_on_every_step(desk: Desk, looks: Looks, width: int) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 9200))
    chen = desk.sign_in(CHECKER, Manner(width))
    for step in ["approve", "reject", "send-back"]:
        chen.goto(path_of(request, step))
        acting = chen.locator(".acting")
        expect(acting).to_contain_text("You sign as Chen Wei for Loyalty, org 90001. chen@demo.example")
        expect(acting).to_be_visible()
        looks.assert_fits(chen, step)
    looks.photograph(chen, f"send-back-{width}")
    expect(chen.locator(".who .nm")).to_be_visible()
    mara = desk.sign_in(MAKER, Manner(width), path_of(request, "withdraw"))
    expect(mara.locator(".acting")).to_contain_text("You act as Mara Lind, org 90001. mara@demo.example")
    mara.get_by_role("button", name="Withdraw, send nothing").click()
    mara.get_by_role("link", name="Submit again…").click()
    expect(mara.locator(".acting")).to_contain_text("You act as Mara Lind, org 90001.")
    mara.goto("/ui/new/GIFT")
    expect(mara.locator(".acting")).to_contain_text("You act as Mara Lind, org 90001.")
    looks.assert_fits(mara, "new")
    looks.photograph(mara, f"new-{width}")


def test_whoever_submits_is_told_whom_it_waits_for(desk: Desk, looks: Looks, either: Manner) -> None:
    mara = desk.sign_in(MAKER, either, "/ui/new/GIFT")
    fill(mara, new_customer())
    mara.get_by_role("button", name="Submit for approval").click()
    note = mara.get_by_role("status").filter(has_text="Submitted.")
    expect(note).to_contain_text("It waits for a checker.")
    looks.photograph(mara, "submitted")
    # The address says nothing to anybody else, and nothing of another request.
    address = mara.url
    assert "said=submitted" in address
    chen = desk.sign_in(CHECKER, either, address.removeprefix(desk.server.url))
    expect(chen.get_by_text("Submitted.", exact=True)).to_have_count(0)
    old = desk.server.submit("GIFT", points(new_customer(), 170))
    desk.server.decide(CHECKER, "GIFT", old, "rejected")
    mara.goto(path_of(old) + "?said=submitted")
    expect(mara.get_by_text("Submitted.", exact=True)).to_have_count(0)


def test_who_may_sign_is_named_and_there_is_one_box_for_each(desk: Desk, looks: Looks) -> None:
    request = desk.server.submit("OBJECTION", points(new_customer(), 2000))
    mara = desk.sign_in(MAKER, to=path_of(request))
    expect(panel(mara)).to_contain_text("It waits for two of Finance, Loyalty or Risk.")
    stages = mara.locator(".panel .stages")
    expect(stages).to_contain_text("Risk: Uwe Haas")
    expect(stages).to_contain_text("Treasury: Tara Osei")
    # Neither the maker, who is in Risk, nor whoever is switched off could sign.
    for name in ["Ines Roth", "Risk: Mara"]:
        expect(stages).not_to_contain_text(name)
    expect(mara.locator(".stage", has_text="First").locator(".sig-open")).to_have_count(2)
    looks.everywhere(mara, "1-maker")
    finn = desk.sign_in(FINANCE, to=path_of(request))
    first = finn.locator(".stage", has_text="First")
    expect(first.locator(".sig-me")).to_have_count(1)
    expect(first.locator(".sig-open")).to_have_text(["Finance, Loyalty or Risk"])
    after = "After you it still needs one more of Finance, Loyalty or Risk, then Treasury"
    expect(panel(finn)).to_contain_text(after)
    desk.server.decide(CHECKER, "OBJECTION", request)
    finn.goto(path_of(request))
    expect(first.locator(".sig-open")).to_have_count(0)
    expect(first.locator(".sig-me")).to_have_count(1)
    expect(first).to_contain_text("Chen Wei for Loyalty")
    expect(panel(finn)).to_contain_text("After you it still needs Treasury")
    looks.photograph(finn, "2-after-chen")


def test_a_second_request_for_a_customer_is_one_line_with_a_link(desk: Desk, looks: Looks) -> None:
    customer = new_customer()
    first = desk.server.submit("PAYOUT", points(customer, 21))
    second = desk.server.submit("PAYOUT", points(customer, 22))
    chen = desk.sign_in(CHECKER, to=path_of(second))
    expect(chen.get_by_text("Look at this:")).to_be_visible()
    look = chen.locator("#look li")
    expect(look).to_have_count(1)
    expect(look).to_contain_text("Another request for the same subject is open: Pay 21 points out to customer")
    expect(look).to_contain_text("(Mara Lind, just now).")
    expect(look).not_to_contain_text(first.id)
    looks.everywhere(chen, "duplicate")
    look.get_by_role("link").click()
    expect(chen).to_have_url(re.compile(first.id))


def test_a_usage_limit_says_who_asked_for_how_much_and_from_where_on_it_is_shown(desk: Desk) -> None:
    customer = new_customer()
    for amount in [15000, 16500]:
        request = desk.server.submit("OBJECTION", points(customer, amount))
    chen = desk.sign_in(CHECKER, to=path_of(request))
    look = chen.locator("#look li", has_text="shown here")
    expect(look).to_contain_text("For this subject 31 500 was asked for in 2 requests of this type on one day (UTC)")
    expect(look).to_contain_text("From 20 000 on it is shown here.")


def test_the_whole_body_is_read_with_its_marks(desk: Desk, looks: Looks, either: Manner) -> None:
    hidden = {"list": [f"item {number}" for number in range(2000)], "end": "pay \u202e001\u202c to bob"}
    request = desk.server.submit("ANYTHING", anything("long", **hidden))
    page = desk.sign_in(CHECKER, either, path_of(request))
    page.get_by_role("link", name="Read all of it").click()
    read = ""
    pieces = 0
    while True:
        expect(page.get_by_role("heading", name=re.compile(f"^Piece {pieces + 1} of"))).to_be_visible()
        read += page.locator("pre.code").inner_text()
        pieces += 1
        following = page.get_by_role("link", name="Next piece").first
        if following.count() == 0:
            break
        following.click()
    assert pieces > 1
    assert "item 0" in read and "item 1999" in read
    expect(page.locator("pre.code .odd-char").first).to_contain_text("U+202E")
    if either.script:
        looks.everywhere(page, "last-piece", full=False)
    page.get_by_role("link", name="Back to the request").click()
    expect(page).to_have_url(re.compile(request.id + "$"))


def test_raw_bytes_are_a_file_with_a_true_name(desk: Desk) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 9300, account="DE-7", pin="4711"))
    for person, step in [(CHECKER, ""), (AUDITOR, "")]:
        page = desk.sign_in(person, to=path_of(request, step))
        # Nobody sees the secret one.
        link = page.get_by_role("link", name="Download it, hidden values masked")
        answer = page.context.request.get(str(link.get_attribute("href")))
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert "values-hidden" in answer.headers["content-disposition"]
        assert "4711" not in answer.text()
        assert ("DE-7" in answer.text()) == (person is CHECKER)
    plain = desk.server.submit("ANYTHING", anything("•••• Bank"))
    page = desk.sign_in(CHECKER, to=path_of(plain))
    link = page.get_by_role("link", name="Download it as it is sent")
    answer = page.context.request.get(str(link.get_attribute("href")))
    assert "hidden" not in answer.headers["content-disposition"]
    assert "•••• Bank" in answer.text()
    # It looks like a mask, and is none.
    expect(page.locator(".code .mask")).to_have_count(0)
    page.goto(path_of(request))
    expect(page.locator(".code .hid")).to_have_text(["hidden"])


def test_line_breaks_of_messages_are_kept(desk: Desk, looks: Looks) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 180))
    chen = desk.sign_in(CHECKER, to=path_of(request, "reject"))
    chen.get_by_label("Why do you reject it?").fill(ASK_LEGAL)
    chen.get_by_role("button", name="Reject, send nothing").click()
    for address, place in [("", ".note-bad"), ("", ".tl q"), ("trail", ".trail .msg")]:
        chen.goto(path_of(request, address))
        lines = chen.locator(place, has_text="must stay open").first.inner_text().split("\n")
        assert "" in lines and any(line.startswith("- by mail") for line in lines), f"{place}: {lines}"
    chen.emulate_media(media="print")
    looks.photograph(chen, "printed")


def test_the_deadline_has_its_exact_time_and_no_alarm_while_there_is_time(desk: Desk) -> None:
    request = desk.server.submit("OBJECTION", points(new_customer(), 2100))
    chen = desk.sign_in(CHECKER, to=path_of(request))
    term = chen.locator(".panel dd", has_text="left").first
    expect(term).to_have_text(re.compile(r"\d\d:\d\d UTC, (5 h|4 h \d\d min) left"))
    expect(term.locator(".st-warn")).to_have_count(0)
