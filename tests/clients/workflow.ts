// What both TypeScript workflows know of their server, and how they check an answer.

import assert from "node:assert/strict";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: start this through scripts/api-clients`);
  return value;
}

export const server = setting("SERVER_URL");
export const sandbox = setting("SANDBOX_URL");
export const org = setting("ORG");
export const makerToken = setting("MAKER_TOKEN");
export const checkerToken = setting("CHECKER_TOKEN");

/** What the sandbox wants to see. */
export const headers = { authorization: setting("TARGET_AUTHORIZATION"), "content-type": "application/json" };

export const entity = { tillId: "70000001", storeId: "70000002", zoneId: "70000003", conceptId: "70000004" };

/** The data of an answer that has to be a success. */
export function data<T>(answer: { data?: { data: T }; error?: unknown }): T {
  assert.ok(answer.data, `refused: ${JSON.stringify(answer.error)}`);
  return answer.data.data;
}
