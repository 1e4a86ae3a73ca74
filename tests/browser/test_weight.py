"""What a page costs: bytes and requests."""

from playwright.sync_api import Page

from desk import Desk, path_of
from people import CHECKER
from tasks import points

ASSETS_BYTES_MAX = 60_000
# Style sheet, script and icon: a browser keeps them.
ASSETS = 3
FIRST_PAGE_BYTES_MAX = 100_000
REQUESTS_MAX = 1 + ASSETS
# What came out of the browser's own cache has a size of 0.
LOADED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map((entry) => [entry.name, entry.transferSize])"""


def test_the_first_page_is_small(desk: Desk) -> None:
    for number in range(60):
        desk.server.submit("GIFT", points(10_000 + number, 100 + number))
    page = desk.sign_in(CHECKER)
    assert page.locator(".row").count() == 50
    sizes = cold_view(page, "/ui/needs-me")
    assert len(sizes) <= REQUESTS_MAX, sizes
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES_MAX, sizes
    assets = {address: size for address, size in sizes.items() if "/assets/" in address}
    # Not every browser lists the icon that it fetched.
    assert len(assets) in (ASSETS - 1, ASSETS) and sum(assets.values()) <= ASSETS_BYTES_MAX, assets


def test_a_request_is_small(desk: Desk) -> None:
    request = desk.server.submit("PAYOUT", points(10_100, 9000))
    page = desk.sign_in(CHECKER)
    sizes = cold_view(page, path_of(request))
    assert len(sizes) <= REQUESTS_MAX, sizes
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES_MAX, sizes


def test_a_second_page_loads_nothing_but_itself(desk: Desk) -> None:
    page = desk.sign_in(CHECKER)
    page.goto("/ui/decided")
    sizes = view(page, "/ui/needs-me")
    assert list(sizes) == [f"{desk.server.url}/ui/needs-me"]


def cold_view(page: Page, address: str) -> dict[str, int]:
    """What a browser that was never here loads, in bytes over the wire."""
    fresh = page.context.browser
    assert fresh is not None
    context = fresh.new_context(storage_state=page.context.storage_state(), base_url=page.url.split("/ui")[0])
    try:
        return view(context.new_page(), address)
    finally:
        context.close()


def view(page: Page, address: str) -> dict[str, int]:
    """What the browser loads for this address, in bytes over the wire; streams of events are none of it."""
    page.goto(address, wait_until="load")
    loaded = page.evaluate(LOADED)
    return {name: size for name, size in loaded if size > 0 and "/ui/events" not in name}
