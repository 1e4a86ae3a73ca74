"""Reading changes nothing, and shows no secret."""

import re
from collections.abc import Iterator

from playwright.sync_api import Page

from desk import Desk, path_of
from people import AUDITOR, CHECKER, MAKER
from tasks import points

PIN = "canary-pin-7315"
ACCOUNT = "canary-account-9042"
PASSWORD = "canary-basic-2217"
PAGES_MAX = 120
# Reads the stream of events as text, until it says that a request changed.
LISTEN = """async () => {
  const reader = (await fetch('/ui/events')).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async (id) => {
    while (!text.split('\\n\\n').some((event) => event.includes('event: change') && event.includes(id))) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  };
  window.heardAbout = (id) => Promise.race([read(id), new Promise((_, no) => setTimeout(() => no('nothing heard'), 15000))]);
}"""


def test_no_page_that_is_read_changes_anything(desk: Desk) -> None:
    requests = [desk.server.submit("GIFT", points(9001, 120)), desk.server.submit("PAYOUT", points(9002, 5000))]
    desk.server.decide(CHECKER, "GIFT", requests[0])
    before = desk.server.trail()
    for person in [MAKER, CHECKER, AUDITOR]:
        page = desk.sign_in(person)
        seen = [address for address, _ in crawl(page, desk.server.url)]
        assert len(seen) > 8, seen
        for request in requests:
            for step in ["approve", "reject", "withdraw", "decide", "trail", "body", "body/file"]:
                page.context.request.get(path_of(request, step), max_redirects=0)
                page.context.request.head(path_of(request, step), max_redirects=0)
    assert desk.server.trail() == before


def test_no_secret_is_shown_to_anyone(desk: Desk) -> None:
    task = points(9003, 6000, pin=PIN, account=ACCOUNT)
    task["headers"] |= {"Authorization": f"Basic {PASSWORD}"}
    request = desk.server.submit("PAYOUT", task)
    for person, hidden in [(MAKER, [PIN, PASSWORD, ACCOUNT]), (AUDITOR, [PIN, PASSWORD, ACCOUNT]), (CHECKER, [PIN, PASSWORD])]:
        page = desk.sign_in(person)
        texts = [*crawl(page, desk.server.url)]
        for step in ["", "approve", "reject", "withdraw", "trail", "body", "body/file"]:
            answer = page.context.request.get(path_of(request, step))
            texts.append((path_of(request, step), answer.text()))
        if person is AUDITOR:
            texts.append(("export", page.context.request.get("/ui/history/export?format=csv").text()))
        assert any(request.id in text for _, text in texts)
        for address, text in texts:
            for canary in hidden:
                assert canary not in text, f"{person.name} sees {canary} at {address}"
    # Who may decide it has to know where the points go.
    page = desk.sign_in(CHECKER, to=path_of(request))
    assert ACCOUNT in page.locator("#call").inner_text()


def test_no_secret_goes_out_over_the_stream_of_events(desk: Desk) -> None:
    for person in [CHECKER, AUDITOR, MAKER]:
        page = desk.sign_in(person)
        page.evaluate(LISTEN)
        request = desk.server.submit("PAYOUT", points(9004, 7000, pin=PIN, account=ACCOUNT))
        desk.server.withdraw(request)
        heard = page.evaluate("id => heardAbout(id)", request.id)
        for canary in [PIN, ACCOUNT]:
            assert canary not in heard, f"{person.name} hears {canary}"


def crawl(page: Page, own: str) -> Iterator[tuple[str, str]]:
    """Follows every link from the first page on, and gives each address with what it answered."""
    waiting, seen = ["/ui"], {"/ui"}
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        answer = page.context.request.get(address)
        assert answer.status < 500, address
        text = answer.text()
        yield address, text
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            link = link.replace("&amp;", "&").split("#")[0].removeprefix(own)
            if link.startswith("?"):
                link = address.split("?")[0] + link
            if link.startswith("/ui") and link not in seen and "/events" not in link:
                seen.add(link)
                waiting.append(link)
