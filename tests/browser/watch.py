"""What a page must never do, noted while it is looked at."""

import urllib.parse

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, Response, WebError

# Chromium's line about an answer of 400 or more. A refused form is such a page; `_answered` tells the
# others apart.
ANSWERED_BADLY = "Failed to load resource: the server responded with a status of"


class Watch:
    """Notes violations of the content policy, errors of scripts, dialogs, and calls to other places."""

    def __init__(self, context: BrowserContext, origins: set[str]) -> None:
        self.faults: list[str] = []
        self._origins = origins
        self._is_on = True
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("response", self._answered)

    def stop(self) -> None:
        """Notes nothing from now on."""
        self._is_on = False

    def _note(self, fault: str) -> None:
        if self._is_on:
            self.faults.append(fault)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(ANSWERED_BADLY):
            self._note(f"console: {message.text} ({message.location.get('url')})")

    def _error(self, error: WebError) -> None:
        self._note(f"script: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if request.url.startswith("data:,"):
            return
        if origin_of(request.url) not in self._origins:
            self._note(f"a call to elsewhere: {request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        # What a page of somebody who signed out elsewhere is told.
        if response.status == 401 and "/ui/events" in response.url:
            return
        # A script may send a form for its page.
        asked = response.request
        is_page = asked.resource_type == "document" or (asked.resource_type == "fetch" and asked.method == "POST")
        if response.status >= 500 or (response.status >= 400 and not is_page):
            self._note(f"{response.status} for {response.request.method} {response.url}")

    def assert_clean(self) -> None:
        """Fails with everything that was noted."""
        assert not self.faults, "\n".join(self.faults)


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
