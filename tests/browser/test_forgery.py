"""Forms that come from elsewhere, or are old: nothing is decided."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from countersign import Submitted
from desk import Desk, path_of
from forms import decision_of, post
from people import CHECKER, FINANCE
from tasks import new_customer, points

Form = dict[str, str | float | bool]


@pytest.fixture
def waiting(desk: Desk) -> Submitted:
    return desk.server.submit("GIFT", points(new_customer(), 120))


@pytest.fixture
def checker(desk: Desk, waiting: Submitted) -> Page:
    return desk.sign_in(CHECKER, to=path_of(waiting))


def test_a_form_without_its_token_decides_nothing(desk: Desk, checker: Page, waiting: Submitted) -> None:
    own = {"origin": desk.server.url}
    form = decision_of(checker, waiting)
    for token in ["", "x", str(form["csrf"])[:-1], str(form["csrf"]) + "0"]:
        assert_refused(desk, waiting, post(checker, waiting, form | {"csrf": token}, **own).status)
    del form["csrf"]
    assert_refused(desk, waiting, post(checker, waiting, form, **own).status)


def test_a_token_of_another_session_decides_nothing(desk: Desk, checker: Page, waiting: Submitted) -> None:
    other = desk.sign_in(FINANCE)
    token = other.locator('input[name="csrf"]').first.get_attribute("value") or ""
    own = decision_of(checker, waiting)
    # As it is, it says whose it is; under the checker's own name it is no token of theirs.
    assert post(checker, waiting, own | {"csrf": token}, origin=desk.server.url).status == 409
    assert desk.server.state(waiting) == "AdminTask"
    forged = ".".join([*str(own["csrf"]).split(".")[:-1], token.split(".")[-1]])
    assert_refused(desk, waiting, post(checker, waiting, own | {"csrf": forged}, origin=desk.server.url).status)


def test_a_form_from_another_site_decides_nothing(desk: Desk, checker: Page, waiting: Submitted) -> None:
    form = decision_of(checker, waiting)
    own = desk.server.url
    port = own.rsplit(":", 1)[1]
    for origin in ["https://evil.example", "null", f"http://localhost:{port}", "http://127.0.0.1", own + ".evil.example"]:
        assert_refused(desk, waiting, post(checker, waiting, form, origin=origin).status)
    for site in ["cross-site", "same-site", "none"]:
        assert_refused(desk, waiting, post(checker, waiting, form, origin=own, sec_fetch_site=site).status)
    # The same form with its own origin is good: nothing but these headers was wrong.
    assert post(checker, waiting, form, origin=own, sec_fetch_site="same-origin").status == 303
    assert desk.server.state(waiting) == "executed"


def test_a_form_for_another_call_or_an_older_version_decides_nothing(
    desk: Desk, checker: Page, waiting: Submitted
) -> None:
    form = decision_of(checker, waiting)
    other = desk.server.submit("GIFT", points(new_customer(), 999))
    wrong: list[tuple[Form, int]] = [
        (form | {"digest": other.digest}, 409),
        (form | {"digest": "sha256:" + "0" * 64}, 409),
        (form | {"version": "1"}, 409),
        (form | {"version": "1000"}, 409),
        (form | {"digest": ""}, 400),
        (form | {"version": ""}, 400),
        (form | {"decision": "maybe"}, 400),
    ]
    for fields, status in wrong:
        answer = post(checker, waiting, fields, origin=desk.server.url)
        assert answer.status == status, f"{answer.status} for {fields}"
        assert desk.server.state(waiting) == "AdminTask"
        if status == 409:
            assert "by hand" in answer.text(), "the words are lost"


def test_the_same_form_sent_twice_is_one_decision(desk: Desk, checker: Page, waiting: Submitted) -> None:
    form = decision_of(checker, waiting)
    for _ in range(2):
        assert post(checker, waiting, form, origin=desk.server.url).status == 303
    assert len(desk.server.read(waiting, CHECKER)["decisions"]) == 1
    assert len(desk.server.sent(waiting)) == 1


@pytest.fixture
def elsewhere() -> Iterator["Elsewhere"]:
    site = Elsewhere()
    yield site
    site.close()


def test_no_page_shows_in_a_frame_of_another_site(desk: Desk, waiting: Submitted, elsewhere: "Elsewhere") -> None:
    page = desk.sign_in(CHECKER, to=path_of(waiting))
    step = desk.server.url + path_of(waiting, "approve")
    elsewhere.html = f'<title>bait</title><iframe src="{step}" width=900 height=700></iframe>'
    bait = desk.open_elsewhere(page, elsewhere.url)
    expect(bait).to_have_title("bait")
    framed = bait.frame_locator("iframe")
    expect(framed.get_by_role("button", name="Approve")).to_have_count(0)
    expect(framed.locator("form")).to_have_count(0)


def test_a_form_on_another_site_decides_nothing_in_a_real_browser(
    desk: Desk, checker: Page, waiting: Submitted, elsewhere: "Elsewhere"
) -> None:
    fields = "".join(
        f'<input name="{name}" value="{value}">' for name, value in decision_of(checker, waiting).items()
    )
    elsewhere.html = f'<form method="post" action="{desk.server.url}{path_of(waiting)}/decide">{fields}<button>Win</button></form>'
    bait = desk.open_elsewhere(checker, elsewhere.url)
    bait.get_by_role("button", name="Win").click()
    bait.wait_for_url(f"{desk.server.url}/**")
    assert desk.server.state(waiting) == "AdminTask"


def assert_refused(desk: Desk, request: Submitted, status: int) -> None:
    """It was refused, and nothing was decided."""
    assert status == 403
    assert desk.server.state(request) == "AdminTask"
    assert desk.server.sent(request) == []


class Elsewhere:
    """Another site: another port is another origin, though not another site; `localhost` is both."""

    def __init__(self) -> None:
        self.html = ""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(site.html.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
