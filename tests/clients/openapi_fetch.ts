// The workflow with the types of openapi-typescript and the client openapi-fetch.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi_typescript.js";
import { checkerToken, data, entity, headers, makerToken, org, sandbox, server } from "./workflow.js";

const base = "/api_gateway/v2/request-workflow";
const params = { header: { "X-CAP-API-AUTH-ORG-ID": org } };
const client = (token: string) =>
  createClient<paths>({ baseUrl: server, headers: { "X-CAP-UI-AUTH-TOKEN": token } });
const maker = client(makerToken);
const checker = client(checkerToken);

const task: components["schemas"]["IssueBadgeTask"] = {
  hostname: sandbox,
  path: "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
  method: "POST",
  body: {
    badgeMetaId: "650000000000000000000001",
    customers: [700000901],
    requestId: "openapi-fetch",
    triggeredBy: { ownerType: "Goodwill_Module", referenceId: "134" },
  },
  headers,
};
const submitted = data(
  await maker.POST(`${base}/ISSUE-BADGE`, {
    params,
    body: { entityInfo: entity, payload: { "IntouchAPITask-Payload": task } },
  }),
);
assert.equal(submitted.state, "AdminTask");
const requestId = submitted.requestId;

const waiting = await checker.GET(`${base}/requests`, { params: { ...params, query: { states: "AdminTask" } } });
assert.ok(data(waiting).some((request) => request.requestId === requestId));
assert.ok((waiting.data?.pagination.totalElements ?? 0) >= 1);

const one = { params: { ...params, path: { requestId } } };
const read = data(await checker.GET(`${base}/requests/{requestId}`, one));
assert.deepEqual([read.canDecide, read.whyNot, read.stages[0]?.isCurrent], [true, [], true]);

const decision = (digest: string, version: number): components["schemas"]["DecisionInput"] => ({
  requestId,
  actionName: "AdminTask",
  payload: { "AdminTask-Payload": { actionDecision: "approved", actionMessage: "read", digest, version } },
});
const stale = await checker.PUT(`${base}/ISSUE-BADGE`, { params, body: decision("sha256:0", read.version) });
// Only the gate's refusals have no list of errors.
assert.ok(stale.error && "errors" in stale.error);
const code: components["schemas"]["ErrorCode"] | undefined = stale.error.errors[0]?.code;
assert.deepEqual([stale.response.status, code], [409, "digest_mismatch"]);

const approval = decision(read.digest, read.version);
const approved = data(await checker.PUT(`${base}/ISSUE-BADGE`, { params, body: approval }));
assert.equal(approved.state, "executed");

const after = data(await maker.GET(`${base}/requests/{requestId}`, one));
assert.equal(after.details.IntouchAPITask_Output?.status, 200);
assert.deepEqual(after.decisions.map((one) => one.decision), ["approved"]);

const trail = data(await maker.GET(`${base}/requests/{requestId}/history`, one));
const types: components["schemas"]["EventType"][] = trail.map((entry) => entry.type);
assert.deepEqual([types.at(0), types.at(-1)], ["submitted", "executed"]);
assert.deepEqual(trail.find((entry) => entry.type === "approved")?.signedAs, ["CanCheckRequest"]);
