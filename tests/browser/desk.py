"""A browser with somebody signed in, and how tests walk about in it."""

import re

from playwright.sync_api import Browser, BrowserContext, Page

from countersign import Countersign, Submitted
from manner import Manner
from people import Person
from watch import Watch

SECONDS_MAX = 15


class Desk:
    """Opens browsers for people; each has its own cookies, and is watched for errors."""

    def __init__(self, browser: Browser, server: Countersign) -> None:
        self._browser = browser
        self.server = server
        self._open: list[tuple[BrowserContext, Watch]] = []

    def open(self, manner: Manner = Manner()) -> Page:
        """A new browser in which no one is signed in."""
        context = self._browser.new_context(
            viewport={"width": manner.width, "height": manner.height},
            color_scheme=manner.scheme,
            java_script_enabled=manner.script,
            base_url=self.server.url,
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(SECONDS_MAX * 1000)
        self._open.append((context, Watch(context, {self.server.url})))
        return context.new_page()

    def sign_in(self, person: Person, manner: Manner = Manner(), to: str = "/ui") -> Page:
        """A new browser in which `person` signed in and came back to `to`."""
        page = self.open(manner)
        page.goto(to)
        click_person(page, person)
        return page

    def open_elsewhere(self, page: Page, url: str) -> Page:
        """A tab of the same browser on another site. What is refused there is a fault in the browser's own
        eyes, so nothing is watched any more."""
        self.watch_of(page).stop()
        tab = page.context.new_page()
        tab.goto(url)
        return tab

    def watch_of(self, page: Page) -> Watch:
        """What was noted about a page's browser."""
        return next(watch for context, watch in self._open if context == page.context)

    def close(self) -> None:
        """Closes every browser, and fails if any page did what none must do."""
        watches = [watch for _, watch in self._open]
        for context, _ in self._open:
            context.close()
        self._open.clear()
        for watch in watches:
            watch.assert_clean()


def click_person(page: Page, person: Person) -> None:
    """On the sign-in page: one click."""
    page.locator(f'button[name="person"][value="{person.user_id}"]').click()
    page.wait_for_url(lambda url: "/ui/sign-in" not in url)


def hear_nothing(page: Page) -> None:
    """Reads the page again, and lets it hear of nothing: its stream never begins, as on a line that hangs."""
    page.route(re.compile("/ui/events"), lambda _: None)
    page.reload()


def path_of(request: Submitted, step: str = "") -> str:
    """The address of a request's page, or of one of its steps."""
    return f"/ui/requests/{request.id}" + (f"/{step}" if step else "")
