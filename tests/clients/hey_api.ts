// The workflow with the client that @hey-api/openapi-ts generates.

import assert from "node:assert/strict";
import { createClient, createConfig } from "./generated/hey_api/client/index.js";
import {
  decideIssueBadge,
  getRequest,
  getRequestHistory,
  listRequests,
  submitIssueBadge,
} from "./generated/hey_api/sdk.gen.js";
import type { DecisionInput, EventType, IssueBadgeTask } from "./generated/hey_api/types.gen.js";
import { checkerToken, data, entity, headers, makerToken, org, sandbox, server } from "./workflow.js";

const orgHeader = { "X-CAP-API-AUTH-ORG-ID": org };
const maker = { headers: orgHeader, client: createClient(createConfig({ baseUrl: server, auth: makerToken })) };
const checker = { headers: orgHeader, client: createClient(createConfig({ baseUrl: server, auth: checkerToken })) };

const task: IssueBadgeTask = {
  hostname: sandbox,
  path: "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
  method: "POST",
  body: {
    badgeMetaId: "650000000000000000000001",
    customers: 700000902,
    requestId: "hey-api",
    triggeredBy: { ownerType: "GOODWILL_MODULE", referenceId: "134" },
  },
  headers,
};
const body = { entityInfo: entity, payload: { "IntouchAPITask-Payload": task } };
const submitted = data(await submitIssueBadge({ ...maker, body }));
assert.equal(submitted.state, "AdminTask");
const requestId = submitted.requestId;

const waiting = await listRequests({ ...checker, query: { states: "AdminTask" } });
assert.ok(data(waiting).some((request) => request.requestId === requestId));

const path = { requestId };
const read = data(await getRequest({ ...checker, path }));
assert.deepEqual([read.canDecide, read.whyNot, read.stages[0]?.isCurrent], [true, [], true]);

const decision = (digest: string, version: number): DecisionInput => ({
  requestId,
  actionName: "AdminTask",
  payload: { "AdminTask-Payload": { actionDecision: "approved", actionMessage: "read", digest, version } },
});
const stale = await decideIssueBadge({ ...checker, body: decision("sha256:0", read.version) });
// Only the gate's refusals have no list of errors.
assert.ok(stale.error && "errors" in stale.error);
assert.equal(stale.error.errors[0]?.code, "digest_mismatch");

const approved = data(await decideIssueBadge({ ...checker, body: decision(read.digest, read.version) }));
assert.equal(approved.state, "executed");

const after = data(await getRequest({ ...maker, path }));
assert.equal(after.details.IntouchAPITask_Output?.status, 200);
assert.deepEqual(after.decisions.map((one) => one.decision), ["approved"]);

const trail = data(await getRequestHistory({ ...maker, path }));
const types: EventType[] = trail.map((entry) => entry.type);
assert.deepEqual([types.at(0), types.at(-1)], ["submitted", "executed"]);
assert.deepEqual(trail.find((entry) => entry.type === "approved")?.signedAs, ["CanCheckRequest"]);
