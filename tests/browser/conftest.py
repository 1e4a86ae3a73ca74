"""What the tests of the pages share: one Chromium for all, one server for each file, a desk for each test."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from chromium import FLAGS
from countersign import Countersign
from desk import Desk
from looks import Looks
from manner import EITHER, EVERY_MANNER, Manner
from provider import Approvals

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS_MAX = 15


def pytest_addoption(parser: pytest.Parser) -> None:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    parser.addoption("--binary", type=Path, default=target / "debug" / "countersign", help="the server to test")
    parser.addoption("--artefacts", type=Path, default=target / "browser", help="where screenshots stay")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "chromium is missing: scripts/test installs it"
    # Well above what a busy machine takes; what is there is seen at once.
    expect.set_options(timeout=SECONDS_MAX * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def artefacts(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.config.getoption("--artefacts")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Countersign]:
    server = Countersign(request.config.getoption("--binary").resolve(), tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def context(browser: Browser, approvals: Approvals, either: Manner) -> Iterator[BrowserContext]:
    """A browser at the server that a file calls `approvals`, where people sign in with an identity provider."""
    context = browser.new_context(base_url=approvals.url, java_script_enabled=either.script)
    context.set_default_timeout(SECONDS_MAX * 1000)
    yield context
    context.close()


@pytest.fixture
def desk(browser: Browser, server: Countersign) -> Iterator[Desk]:
    desk = Desk(browser, server)
    yield desk
    desk.close()


@pytest.fixture
def looks(request: pytest.FixtureRequest, artefacts: Path) -> Looks:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    folder = artefacts / request.node.path.stem.removeprefix("test_") / name
    folder.mkdir(parents=True, exist_ok=True)
    return Looks(folder)


@pytest.fixture(params=EVERY_MANNER, ids=lambda manner: manner.name)
def manner(request: pytest.FixtureRequest) -> Manner:
    """Every way to look at a page."""
    return request.param


@pytest.fixture(params=EITHER, ids=lambda manner: manner.name)
def either(request: pytest.FixtureRequest) -> Manner:
    """Two ways that differ most."""
    return request.param
