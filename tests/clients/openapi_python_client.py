"""The workflow with the client that openapi-python-client generates."""

import os
from http import HTTPStatus
from typing import TypeVar

from countersign_client import AuthenticatedClient
from countersign_client.api.deciding import decide_issue_badge
from countersign_client.api.making import submit_issue_badge
from countersign_client.api.reading import get_request, get_request_history, list_requests
from countersign_client.models import (
    DecisionInput,
    DecisionInputPayload,
    DecisionInputPayloadAdminTaskPayload,
    EntityInfo,
    ErrorBody,
    ErrorCode,
    EventType,
    ExplainedRequestData,
    HistoryEntryList,
    IssueBadgeInput,
    IssueBadgeInputPayload,
    IssueBadgeTask,
    IssueBadgeTaskBody,
    IssueBadgeTaskBodyTriggeredBy,
    IssueBadgeTaskBodyTriggeredByOwnerTypeType0,
    RequestData,
    RequestPage,
    State,
    TargetHeaders,
    TargetResponse,
    Verdict,
)

T = TypeVar("T")
ORG = os.environ["ORG"]


def client(variable: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["SERVER_URL"], token=os.environ[variable])


def expect(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def submission() -> IssueBadgeInput:
    owner = IssueBadgeTaskBodyTriggeredBy(
        owner_type=IssueBadgeTaskBodyTriggeredByOwnerTypeType0.GOODWILL_MODULE, reference_id="134"
    )
    body = IssueBadgeTaskBody(
        badge_meta_id="650000000000000000000001",
        customers=[700000903],
        request_id="openapi-python-client",
        triggered_by=owner,
    )
    headers = TargetHeaders()
    headers["authorization"] = os.environ["TARGET_AUTHORIZATION"]
    headers["content-type"] = "application/json"
    task = IssueBadgeTask(
        hostname=os.environ["SANDBOX_URL"],
        path="/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
        method="POST",
        body=body,
        headers=headers,
    )
    entity = EntityInfo(till_id="70000001", store_id="70000002", zone_id="70000003", concept_id="70000004")
    return IssueBadgeInput(entity_info=entity, payload=IssueBadgeInputPayload(intouch_api_task_payload=task))


def decision(read: ExplainedRequestData, digest: str) -> DecisionInput:
    task = DecisionInputPayloadAdminTaskPayload(
        action_decision=Verdict.APPROVED, action_message="read", digest=digest, version=read.data.version
    )
    return DecisionInput(
        request_id=read.data.request_id,
        action_name="AdminTask",
        payload=DecisionInputPayload(admin_task_payload=task),
    )


def main() -> None:
    maker, checker = client("MAKER_TOKEN"), client("CHECKER_TOKEN")

    submitted = submit_issue_badge.sync(client=maker, x_cap_api_auth_org_id=ORG, body=submission())
    request = expect(RequestData, submitted).data
    assert request.state is State.ADMINTASK
    request_id = request.request_id

    page = expect(
        RequestPage, list_requests.sync(client=checker, x_cap_api_auth_org_id=ORG, states="AdminTask")
    )
    assert request_id in [one.request_id for one in page.data]

    read = expect(
        ExplainedRequestData, get_request.sync(request_id, client=checker, x_cap_api_auth_org_id=ORG)
    )
    assert read.data.can_decide and not read.data.why_not and read.data.stages[0].is_current

    stale = decide_issue_badge.sync_detailed(
        client=checker, x_cap_api_auth_org_id=ORG, body=decision(read, "sha256:0")
    )
    assert stale.status_code is HTTPStatus.CONFLICT
    assert expect(ErrorBody, stale.parsed).errors[0].code is ErrorCode.DIGEST_MISMATCH

    approved = decide_issue_badge.sync(
        client=checker, x_cap_api_auth_org_id=ORG, body=decision(read, read.data.digest)
    )
    assert expect(RequestData, approved).data.state is State.EXECUTED

    after = expect(
        ExplainedRequestData, get_request.sync(request_id, client=maker, x_cap_api_auth_org_id=ORG)
    ).data
    assert expect(TargetResponse, after.details.intouch_api_task_output).status == 200
    assert [one.decision for one in after.decisions] == [Verdict.APPROVED]

    trail = expect(
        HistoryEntryList, get_request_history.sync(request_id, client=maker, x_cap_api_auth_org_id=ORG)
    ).data
    assert (trail[0].type_, trail[-1].type_) == (EventType.SUBMITTED, EventType.EXECUTED)
    assert [one.signed_as for one in trail if one.type_ is EventType.APPROVED] == [["CanCheckRequest"]]


if __name__ == "__main__":
    main()
