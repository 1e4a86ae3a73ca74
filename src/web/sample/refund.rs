//! The type of the sample requests.

use serde_json::{Value, json};

/// A type with stages, a limit, and fields of every class.
pub fn refund_definition() -> Value {
    json!({
        "name": "REFUND",
        "title": "Refund of an order",
        "summary": "Refund {amount} EUR for order {order}",
        "subject": "/pathParams/order",
        "amount": "/body/amount",
        "duplicates": "warn",
        "pending_ttl": "3d",
        "recheck_at_execution": true,
        "call": {
            "method": "POST",
            "path": "/orders/{order}/refunds",
            "target": "https://payments.example.com",
            "total_timeout": "20s",
        },
        "path_params": { "properties": { "order": { "type": "string", "pattern": "^[0-9-]{4,20}$" } } },
        "body": {
            "type": "object",
            "required": ["amount"],
            "properties": {
                "amount": { "type": "number", "exclusiveMinimum": 0, "maximum": 5000 },
                "currency": { "enum": ["EUR", "USD"] },
                "iban": { "type": "string", "maxLength": 34 },
                "pin": { "type": "string" },
                "lines": { "type": "array", "items": { "type": "object", "properties": { "sku": { "type": "string" } } } },
            },
        },
        "fields": { "masked": ["/body/iban"], "secret": ["/body/pin", "/headers/authorization"] },
        "usage": [{ "name": "maker_day", "by": "maker", "window": "1d" }],
        "policy": [
            {
                "name": "limit",
                "when": "usage.maker_day.sum.plus(request.amount).above(10000)",
                "refuse": "Nobody refunds more than 10000 a day.",
            },
            {
                "name": "large",
                "when": "request.amount.above(1000)",
                "risk": "high",
                "decide_within": "4h",
                "fresh_sign_in": "10m",
                "min_distinct_people": 5,
                "stages": [
                    { "name": "Risk", "seats": [{ "group": "Risk" }] },
                    { "name": "Finance and Operations", "seats": [{ "group": "Finance", "count": 2 }, { "group": "Operations" }] },
                ],
            },
            { "name": "tiny", "when": "request.amount.below(1)", "auto_approve": true },
            { "name": "everything else", "stages": [{ "name": "Two of", "any": 2, "seats": [{ "group": "Finance" }, { "permission": "CanCheckRequest" }] }] },
        ],
    })
}
