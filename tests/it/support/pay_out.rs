//! A type that the contract does not know, and what people do with its requests.

use serde_json::{Value, json};

use super::app::App;
use super::client::{Call, Reply};
use super::people::{Actor, Submitted, decision};
use super::target::Target;

pub const PAY_OUT: &str = "PAY-OUT";

/// Nobody has to agree.
pub const AUTO_APPROVED: &str = r#"
[[policy]]
name = "no one"
auto_approve = true
"#;

/// Any two who may check.
pub const TWO_CHECKERS: &str = r#"
[[policy]]
name = "two checkers"
[[policy.stages]]
name = "Checkers"
any = 2
[[policy.stages.seats]]
permission = "CanCheckRequest"
"#;

/// One of Risk, then two of Finance.
pub const RISK_THEN_FINANCE: &str = r#"
[[policy]]
name = "risk then finance"
risk = "high"
decide_within = "4h"
[[policy.stages]]
name = "Risk"
mode = "all"
[[policy.stages.seats]]
group = "Risk"
[[policy.stages]]
name = "Finance"
mode = "all"
[[policy.stages.seats]]
group = "Finance"
count = 2
"#;

/// Any two who may check and have signed in recently.
pub const FRESH_SIGN_IN: &str = r#"
[[policy]]
name = "two who are really there"
fresh_sign_in = "10m"
[[policy.stages]]
name = "Checkers"
any = 2
[[policy.stages.seats]]
permission = "CanCheckRequest"
"#;

/// The type's file with this policy; `more` goes before its tables.
pub fn type_file(more: &str, policy: &str) -> String {
    format!(
        r#"
name = "PAY-OUT"
title = "Pay out"
summary = "Pay {{points}} to {{customer}}"
subject = "/body/customer"
amount = "/body/points"
{more}
[call]
method = "POST"
path = "/pay"
[body]
type = "object"
required = ["customer", "points"]
[body.properties]
customer = {{ type = "string" }}
points = {{ type = "number" }}
card = {{ type = "string" }}
pin = {{ type = "string" }}
{policy}"#
    )
}

/// A body without fault, for the recording target.
pub fn body(app: &App, customer: &str, points: i64) -> Value {
    body_for(&app.target, customer, points)
}

/// The same for this target.
pub fn body_for(target: &Target, customer: &str, points: i64) -> Value {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": target.url(), "path": "/pay", "method": "POST",
            "headers": { "content-type": "application/json" },
            "body": { "customer": customer, "points": points },
        }},
    })
}

impl Actor<'_> {
    /// Submits a body that has no fault.
    pub async fn pays(&self, body: &Value) -> Submitted {
        let data = self.submit(PAY_OUT, body).await.data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Submitted { id: text("requestId"), digest: text("digest"), data }
    }

    /// Decides, and does not wait for what the target answers.
    pub async fn says(&self, id: &str, verdict: &str) -> Reply {
        self.saying(&decision(id, verdict, "as agreed")).send().await
    }

    pub fn saying(&self, body: &Value) -> Call {
        self.call("PUT", &format!("/{PAY_OUT}")).header("prefer", "respond-async").json(body)
    }
}
