"""A checker sends a request back, its maker corrects it, and another checker sees what changed."""

from playwright.sync_api import Page, expect

from desk import Desk, path_of
from looks import Looks
from manner import Manner
from people import AUDITOR, CHECKER, FINANCE, MAKER
from tasks import AUTHORIZATION, new_customer, points


def look(looks: Looks, page: Page, name: str, manner: Manner) -> None:
    """Looks at the page in every way; without a script nothing can be asked of it, so that it is photographed only."""
    if manner.script:
        looks.everywhere(page, name)
    else:
        looks.photograph(page, name)


def test_a_wrong_amount_is_sent_back_corrected_and_approved(desk: Desk, looks: Looks, either: Manner) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 350))
    page = desk.sign_in(CHECKER, either, path_of(request))
    page.get_by_label("Comment", exact=True).fill("Is it 35 or 350?")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Your comment is recorded.")).to_be_visible()
    page.get_by_role("link", name="Send back for changes").click()
    page.get_by_label("What is to be changed?").fill("The ticket says 35 points.")
    page.get_by_text("Name what is wrong").click()
    page.get_by_label("body › points").check()
    look(looks, page, "1-step", either)
    page.get_by_role("button", name="Send back to its maker").click()
    expect(page.get_by_text("You sent it back.")).to_be_visible()
    expect(page.get_by_role("link", name="Approve")).to_have_count(0)

    maker = desk.sign_in(MAKER, either, path_of(request))
    expect(maker.get_by_text("Is it 35 or 350?").first).to_be_visible()
    look(looks, maker, "2-sent-back", either)
    maker.get_by_role("link", name="Change and resubmit").click()
    expect(maker.get_by_text("It is about: body › points.")).to_be_visible()
    expect(maker.get_by_label("Points", exact=True)).to_have_value("350")
    maker.get_by_label("Points", exact=True).fill("35")
    maker.get_by_role("textbox", name="Authorization").fill(AUTHORIZATION)
    look(looks, maker, "3-form", either)
    maker.get_by_role("button", name="Resubmit for approval").click()
    expect(maker.get_by_text("This is revision 2.")).to_be_visible()

    other = desk.sign_in(FINANCE, either, path_of(request))
    changed = other.get_by_role("row", name="body › points")
    expect(changed.get_by_role("deletion")).to_have_text("before: 350")
    expect(changed.get_by_role("insertion")).to_have_text("now: 35")
    look(looks, other, "4-what-changed", either)
    other.get_by_role("link", name="Approve").click()
    expect(other.get_by_role("row", name="body › points")).to_be_visible()
    look(looks, other, "5-approve", either)
    other.locator("button[value=approved]").click()
    expect(other.get_by_text("Your approval is recorded.")).to_be_visible()

    auditor = desk.sign_in(AUDITOR, either, path_of(request, "trail"))
    expect(auditor.get_by_text("sent it back for changes in body › points")).to_be_visible()
    expect(auditor.get_by_role("cell", name="resubmitted it")).to_be_visible()
    auditor.get_by_role("link", name="Read revision 1").click()
    expect(auditor.get_by_text("It is not what is decided or sent.")).to_be_visible()
    look(looks, auditor, "6-revision", either)


def test_a_comment_that_comes_in_keeps_nobody_from_deciding(desk: Desk) -> None:
    request = desk.server.submit("GIFT", points(new_customer(), 35))
    page = desk.sign_in(FINANCE, to=path_of(request, "approve"))
    page.get_by_label("Message").fill("Seen with the ticket.")
    other = desk.sign_in(CHECKER, to=path_of(request))
    other.get_by_label("Comment", exact=True).fill("The ticket is 4711.")
    other.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Commented on by Chen Wei just now")).to_be_visible()
    expect(page.get_by_text("Something changed while you were reading.")).to_be_hidden()
    page.locator("button[value=approved]").click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
