//! Requests that wait for the demo's checker, so that there is something to decide by hand.

use serde_json::{Value, json};

/// A till of the sandbox, as its targets want it in `Authorization`.
pub(super) const SANDBOX_TILL: &str = "Basic ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm";

/// A request that Mara submits and Chen may decide.
pub(super) struct WaitingRequest {
    /// The request type.
    pub(super) request_type: &'static str,
    method: &'static str,
    path: &'static str,
    query: Value,
    body: Value,
    /// Why, in Mara's words.
    reason: Option<&'static str>,
}

impl WaitingRequest {
    /// The submission's body, for the target at `hostname`.
    pub(super) fn submission(&self, hostname: &str) -> Value {
        let mut submission = json!({
            "entityInfo": {
                "tillId": "50682289", "storeId": "50682288", "zoneId": "50682286", "conceptId": "50678331",
            },
            "payload": { "IntouchAPITask-Payload": {
                "hostname": hostname,
                "path": self.path,
                "method": self.method,
                "pathParams": {},
                "queryParams": self.query,
                "body": self.body,
                "headers": {
                    "Authorization": SANDBOX_TILL,
                    "content-type": "application/json",
                },
            } },
        });
        if let Some(reason) = self.reason {
            submission["reason"] = reason.into();
        }
        submission
    }
}

/// The requests, in the order in which they are submitted.
pub(super) fn all() -> Vec<WaitingRequest> {
    vec![
        WaitingRequest {
            request_type: "POINTS-REDEMPTION",
            method: "POST",
            path: "/v1.1/points/redeem",
            query: json!({ "skip_validation": "true", "format": "json" }),
            body: json!({ "root": { "redeem": {
                "points_redeemed": "1200",
                "customer": { "mobile": "910000000002" },
                "transaction_number": "txn-88410",
                "notes": "Voucher for a lost parcel, agreed by phone",
                "external_reference_number": "EXT-77120",
            } } }),
            reason: None,
        },
        WaitingRequest {
            request_type: "CUSTOMER-STATUS-CHANGE",
            method: "PUT",
            path: "/v2/customers/lookup/status",
            query: json!({ "source": "INSTORE", "identifierName": "mobile", "identifierValue": "910000000001" }),
            body: json!({ "reason": "Account taken over, case 55-1207", "label": "Suspended" }),
            reason: None,
        },
        WaitingRequest {
            request_type: "ISSUE-BADGE",
            method: "POST",
            path: "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
            query: json!({}),
            body: json!({
                "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "135" },
                "customers": [100_200_300, 100_200_301, 100_200_303],
                "requestId": "demo-badge-1",
                "badgeMetaId": "66276dc68fe258516a88ff8e",
            }),
            reason: None,
        },
        goodwill(100_200_302, 20, "Queue at the till on Friday"),
        WaitingRequest {
            reason: Some(
                "The shop sent the wrong item. Its manager agreed to 35 points by phone, ticket 4711.",
            ),
            // A wrong digit: something to send back.
            ..goodwill(100_200_303, 350, "Wrong item in the parcel")
        },
    ]
}

fn goodwill(customer: u64, points: u32, reason: &str) -> WaitingRequest {
    WaitingRequest {
        request_type: "GOODWILL-POINTS",
        method: "POST",
        path: "/internal/goodwill/",
        query: json!({}),
        body: json!({
            "referenceId": format!("demo-goodwill-{customer}"),
            "reason": reason,
            "baseType": "POINTS",
            "programId": 1001,
            "awardingTillId": 70_000_010,
            "earningEntityType": "CUSTOMER",
            "earningEntityId": customer,
            "points": points,
            "source": "API",
        }),
        reason: None,
    }
}
