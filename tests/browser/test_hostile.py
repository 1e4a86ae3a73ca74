"""What a hostile maker writes is shown harmless, and what is odd about it is marked."""

import re

from playwright.sync_api import Page, expect

from desk import Desk, path_of
from looks import Looks
from manner import PHONE, Manner
from people import AUDITOR, CHECKER
from tasks import anything, new_customer, points

MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script><svg/onload=alert(3)>'
CLOSING = "</textarea></title></style></pre></script><script>alert(4)</script><!--"
OVERRIDE = "pay \u202e001\u202c to bob"
INVISIBLE = "ad\u200bmin\u2060\ufeff\u00ad"
TEMPLATE = "{{ 7 * 7 }}{% raw %}${7*7}<%= 7*7 %>"
LINK = "javascript:alert(5)"


def test_markup_and_scripts_are_text(desk: Desk, looks: Looks) -> None:
    body = {"html": MARKUP, CLOSING: CLOSING, "template": TEMPLATE, "link": LINK, "nested": {MARKUP: [MARKUP]}}
    request = desk.server.submit("ANYTHING", anything(MARKUP, note="a b/<i>?#", **body))
    for person in [CHECKER, AUDITOR]:
        page = desk.sign_in(person)
        for address in pages_of(page, request.id):
            page.goto(address)
            assert_harmless(page, address)
    page = desk.sign_in(CHECKER, to=path_of(request))
    expect(page.locator("#call")).to_contain_text(CLOSING)
    expect(page.locator("#call")).to_contain_text(TEMPLATE)
    looks.everywhere(page, "markup")


def test_a_checkers_message_is_text_too(desk: Desk, either: Manner) -> None:
    request = desk.server.submit("ANYTHING", anything("plain"))
    page = desk.sign_in(CHECKER, either, path_of(request, "reject"))
    page.get_by_label("Why do you reject it?").fill(f"{MARKUP} {OVERRIDE} {CLOSING}")
    page.get_by_role("button", name="Reject, send nothing").click()
    expect(page.get_by_text("rejected it. Nothing was sent.")).to_be_visible()
    expect(page.locator("main")).to_contain_text(CLOSING)
    expect(page.locator("main .odd-char").first).to_contain_text("202E")
    assert_harmless(page, "the rejected request")


def test_invisible_characters_are_drawn(desk: Desk, looks: Looks) -> None:
    body = {"note": OVERRIDE, INVISIBLE: INVISIBLE, "esc": "\u001b[31mred", "tag": "a\U000e0041b"}
    request = desk.server.submit("ANYTHING", anything(OVERRIDE, **body))
    page = desk.sign_in(CHECKER, to=path_of(request))
    drawn = " ".join(page.locator("#call .odd-char").all_inner_texts())
    for code_point in ["202E", "202C", "200B", "2060", "FEFF", "AD", "E0041"]:
        assert code_point in drawn, f"{code_point} is not drawn: {drawn}"
    # JSON writes a control character as letters, and so does the page.
    expect(page.locator("#call")).to_contain_text("\\u001b[31mred")
    expect(page.get_by_text("a character that nobody can see").first).to_be_visible()
    assert_nothing_unseen(page)
    looks.everywhere(page, "odd")
    for address in [path_of(request, "approve"), "/ui/needs-me"]:
        page.goto(address)
        assert_nothing_unseen(page)


def test_ordinary_characters_are_not_marked(desk: Desk) -> None:
    task = points(new_customer(), 1_250_000, note="naïve café, 100 %, 1/2, “so”, 漢字, العربية, 👍 " * 40)
    request = desk.server.submit("PAYOUT", task)
    page = desk.sign_in(CHECKER)
    for address in ["/ui/needs-me", path_of(request), path_of(request, "approve"), path_of(request, "trail"), "/ui/history"]:
        page.goto(address)
        expect(page.locator("main .odd-char")).to_have_count(0)
        expect(page.locator("main")).to_contain_text(re.compile(r"1\s250\s000|1250000"))


def test_a_body_of_two_hundred_kibibytes_is_cut_and_can_be_read_whole(desk: Desk, looks: Looks) -> None:
    long = {"list": [f"item {number}" for number in range(9000)], "end": "the very end"}
    request = desk.server.submit("ANYTHING", anything("long", **long))
    page = desk.sign_in(CHECKER, to=path_of(request))
    assert len(page.content()) < 300_000
    expect(page.get_by_text("the very end")).to_have_count(0)
    looks.everywhere(page, "long", full=False)
    whole = page.context.request.get(path_of(request, "body/file"))
    assert "the very end" in whole.text()
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"].startswith("attachment;")


def test_long_names_and_long_paths_widen_no_page(desk: Desk, looks: Looks) -> None:
    body = {"k" * 100: "v" * 3000, "words " * 20: {"deep " * 30: "\u4e00" * 500}}
    request = desk.server.submit("ANYTHING", anything("w" * 500, note="n" * 400, **body))
    page = desk.sign_in(CHECKER, to=path_of(request))
    looks.everywhere(page, "wide-request")
    page.goto(path_of(request, "approve"))
    looks.everywhere(page, "wide-step")
    page.goto("/ui/needs-me")
    looks.everywhere(page, "wide-inbox")
    # The host is never cut.
    page.set_viewport_size({"width": PHONE, "height": 844})
    hosts = page.locator(".h").all_inner_texts()
    assert hosts and all(host.strip().startswith("127.0.0.1") for host in hosts), hosts


def pages_of(page: Page, request_id: str) -> list[str]:
    """Every page of this request that the person may open, and the lists that name it."""
    addresses = ["/ui/needs-me", "/ui/history", f"/ui/requests/{request_id}", f"/ui/requests/{request_id}/trail"]
    addresses += [f"/ui/requests/{request_id}/{step}" for step in ["approve", "reject", "body"]]
    return [address for address in addresses if page.context.request.get(address).status == 200]


def assert_harmless(page: Page, where: str) -> None:
    """None of the maker's markup became a part of the page. The watch on the browser sees the rest."""
    foreign = "img, svg[onload], iframe, object, embed, style, script:not([src^='/ui/assets/']), a[href^='javascript:' i]"
    assert page.locator(foreign).count() == 0, f"{where}: {page.locator(foreign).first.evaluate('e => e.outerHTML')}"
    assert "49" not in page.locator("main").inner_text().split(), f"{where}: a template in a value was run"


def assert_nothing_unseen(page: Page) -> None:
    """No text of the page contains an invisible character."""
    text = page.evaluate("document.body.textContent + document.title")
    unseen = [hex(ord(char)) for char in text if char in "\u202e\u202c\u200b\u2060\ufeff\u00ad\u001b\U000e0041"]
    assert unseen == []
