"""What makers ask for: the bodies of submissions."""

import itertools
from typing import Any

# A till that the sandbox knows.
AUTHORIZATION = "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ="
ENTITY = {"tillId": "50682289", "storeId": "50682288", "zoneId": "50682286", "conceptId": "50678331"}
_numbers = itertools.count(1)
_customers = itertools.count(5001)

Json = dict[str, Any]


def new_customer() -> int:
    """A customer without a request."""
    return next(_customers)


def points(customer: int, amount: int, **more: Any) -> Json:
    """Points for one customer: GIFT, PAYOUT and BRIEF take it."""
    reference = f"browser-{next(_numbers)}"
    body = {"referenceId": reference, "reason": "late delivery", "baseType": "POINTS", "programId": 1001, "source": "API"}
    body |= {"awardingTillId": 50682289, "earningEntityType": "CUSTOMER"}
    body |= {"earningEntityId": customer, "points": amount}
    return call("POST", "/internal/goodwill/", body | more)


def batch_note(customer: int, note: str, text: str = "") -> Json:
    """A note that may be decided with others. BATCH takes it."""
    return call("POST", "/internal/goodwill/", {"customer": customer, "note": note, "text": text})


def cost(amount: str, currency: str | None, customer: int | None = None) -> Json:
    """An amount of something. COST takes it."""
    body: Json = {"customer": customer or new_customer(), "cost": amount}
    return call("POST", "/internal/goodwill/", body | ({"currency": currency} if currency else {}))


def badge(request_id: str) -> Json:
    """A badge: its target recognises a repeat by the id. ISSUE-BADGE takes it."""
    body = {"triggeredBy": {"ownerType": "Goodwill_Module", "referenceId": "134"}, "requestId": request_id}
    body |= {"customers": [113460811], "badgeMetaId": "658de01c823d1b70aabcfaae"}
    return call("POST", "/api_gateway/v1/badges/badgeMeta/customer/issueBulk", body)


def anything(text: str, note: str = "1", **more: Any) -> Json:
    """A task of the type ANYTHING, with whatever a hostile maker likes to write."""
    return call("PUT", "/notes/{note}", {"text": text} | more, note=note)


def call(method: str, path: str, body: Json, **path_params: str) -> Json:
    """A task without its host."""
    headers = {"Authorization": AUTHORIZATION, "content-type": "application/json"}
    return {"path": path, "method": method, "pathParams": path_params, "body": body, "headers": headers}
