"""Forms that are posted by hand, as somebody with a tool does."""

from playwright.sync_api import APIResponse, Page

from countersign import Submitted
from desk import path_of


def csrf_of(page: Page) -> str:
    """What every form of this session carries."""
    return page.locator('input[name="csrf"]').first.get_attribute("value") or ""


def decision_of(page: Page, request: Submitted) -> dict[str, str | float | bool]:
    """The fields of an approval of the request that `page` shows."""
    version = page.locator("[data-etag]").get_attribute("data-etag") or ""
    form = {"decision": "approved", "message": "by hand", "digest": request.digest, "version": version}
    return form | {"csrf": csrf_of(page)}


def post(
    page: Page, request: Submitted, form: dict[str, str | float | bool], **headers: str
) -> APIResponse:
    """Posts a decision with the browser's cookies, and with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return page.context.request.post(f"{path_of(request)}/decide", form=form, headers=named, max_redirects=0)
