"""The same pages on PostgreSQL: signing in, a list, a decision, the history, what is live."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from provider import Approvals
from test_oidc import sign_in

DATABASE = os.environ.get("TEST_POSTGRES_URL")


@pytest.fixture(scope="module")
def approvals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    if DATABASE is None:
        pytest.fail("TEST_POSTGRES_URL is not set; use scripts/with-postgres")
    binary = request.config.getoption("--binary").resolve()
    approvals = Approvals(binary, tmp_path_factory.mktemp("postgres"), DATABASE)
    yield approvals
    approvals.stop()


@pytest.fixture
def checker(browser: Browser, approvals: Approvals) -> Iterator[Page]:
    context = browser.new_context(base_url=approvals.url)
    yield context.new_page()
    context.close()


def test_a_checker_rejects_on_postgres_and_the_list_says_so(checker: Page, approvals: Approvals) -> None:
    request = approvals.submit()
    sign_in(checker, "chen")
    row = checker.locator(f"#r-{request}")
    expect(row).to_contain_text("Pay 10 to c-1")
    other = checker.context.new_page()
    other.goto(f"/ui/requests/{request}/reject")
    other.get_by_label("Why do you reject it?").fill("Wrong customer.")
    other.get_by_role("button", name="Reject, send nothing").click()
    expect(other.get_by_text("rejected it. Nothing was sent.")).to_be_visible()
    expect(row).to_contain_text("chen@example.com")
    assert approvals.read(request)["state"] == "rejected"
    other.goto("/ui/decided")
    expect(other.get_by_role("link", name="Pay 10 to c-1")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
