"""Buttons that copy what people carry elsewhere: a request's id, its digest, and its call as a curl command."""

import re

from playwright.sync_api import expect

from desk import Desk, path_of
from manner import PHONE, Manner
from people import CHECKER
from tasks import new_customer, points


def test_id_digest_and_call_are_copied(desk: Desk) -> None:
    request = desk.server.submit("PAYOUT", points(new_customer(), 300, account="DE89", pin="1234"))
    page = desk.sign_in(CHECKER, to=path_of(request))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied(name: str) -> str:
        page.evaluate("navigator.clipboard.writeText('')")
        page.get_by_role("button", name=name).click()
        page.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
        return str(page.evaluate("navigator.clipboard.readText()"))

    assert copied("Copy the id") == request.id
    assert copied("Copy the digest") == request.digest
    command = copied("Copy as curl")
    assert "\ncurl \\\n" in command and "--request 'POST'" in command
    # Nobody is shown a secret, and the first lines say so.
    assert "1234" not in command and "hidden from you" in command
    for manner in (Manner(script=False), Manner(width=PHONE, script=False)):
        bare = desk.sign_in(CHECKER, manner, to=path_of(request))
        expect(bare.get_by_role("button", name=re.compile("^Copy"))).to_have_count(0)
