//! People with tokens, and what they do.

use chrono::{DateTime, Utc};
use countersign::domain::actor::{self, Permission};
use countersign::domain::ids::OrgId;
use countersign::engine::sessions::SessionGrant;
use countersign::web::session::DemoPerson;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};

use super::app::App;
use super::client::{Call, Reply};

pub const ISSUER: &str = "https://idp.test";
pub const AUDIENCE: &str = "countersign";
pub const SECRET: &str = "only-for-tests-and-32-bytes-or-more";
pub const BASE: &str = "/api_gateway/v2/request-workflow";
pub const ORG: &str = "90001";

/// A person, as their token describes them.
#[derive(Clone, Debug)]
pub struct Person {
    pub sub: String,
    pub user_id: Value,
    pub user_name: String,
    /// The claim.
    pub orgs: Value,
    /// The header; none is sent if empty.
    pub org: String,
    pub permissions: Vec<&'static str>,
    /// The claim; absent if empty.
    pub groups: Vec<&'static str>,
    /// The claim of who acts through the token; absent if null.
    pub act: Value,
    /// The claim of when they signed in; absent if null.
    pub auth_time: Value,
}

impl Person {
    pub fn new(user_id: u64, user_name: &str, permissions: &[&'static str]) -> Self {
        Self {
            sub: format!("sub-{user_id}"),
            user_id: user_id.into(),
            user_name: user_name.to_owned(),
            orgs: json!(ORG),
            org: ORG.to_owned(),
            permissions: permissions.to_vec(),
            groups: Vec::new(),
            act: Value::Null,
            auth_time: Value::Null,
        }
    }

    #[must_use]
    pub fn in_groups(self, groups: &[&'static str]) -> Self {
        Self { groups: groups.to_vec(), ..self }
    }

    /// Their token, used by `other`.
    #[must_use]
    pub fn acted_for_by(self, other: &Person) -> Self {
        let act = json!({ "sub": other.sub, "userId": other.user_id, "userName": other.user_name });
        Self { act, ..self }
    }

    #[must_use]
    pub fn signed_in(self, at: DateTime<Utc>) -> Self {
        Self { auth_time: at.timestamp().into(), ..self }
    }

    #[must_use]
    pub fn of_org(self, org: &str) -> Self {
        Self { orgs: json!(org), org: org.to_owned(), ..self }
    }

    pub fn claims(&self, now: DateTime<Utc>) -> Map<String, Value> {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now.timestamp(),
            "exp": now.timestamp() + 600,
            "jti": format!("token-of-{}", self.sub),
            "sub": self.sub,
            "userId": self.user_id,
            "userName": self.user_name,
            "orgId": self.orgs,
            "permissions": self.permissions,
        });
        if !self.groups.is_empty() {
            claims["groups"] = json!(self.groups);
        }
        if !self.act.is_null() {
            claims["act"] = self.act.clone();
        }
        if !self.auth_time.is_null() {
            claims["auth_time"] = self.auth_time.clone();
        }
        claims.as_object().cloned().unwrap()
    }
}

impl Person {
    /// The same person at the pages, with what the token would grant.
    pub fn signs_in(&self) -> DemoPerson {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let orgs = self.orgs.as_array().cloned().unwrap_or_else(|| vec![self.orgs.clone()]);
        let may = |permission: &Permission| self.permissions.contains(&permission.name());
        let granted = SessionGrant {
            person: actor::Person {
                iss: ISSUER.to_owned(),
                sub: self.sub.clone(),
                user_id: text(&self.user_id),
                user_name: self.user_name.clone(),
            },
            orgs: orgs.iter().map(|org| OrgId::new(text(org))).collect(),
            permissions: Permission::ALL.into_iter().filter(may).collect(),
            groups: self.groups.iter().map(|group| (*group).to_owned()).collect(),
            has_unread_groups: false,
            act: Vec::new(),
        };
        DemoPerson { name: self.user_name.clone(), what: "tester".to_owned(), granted }
    }
}

/// A token with exactly these claims, signed with the secret.
pub fn sign(claims: &Map<String, Value>) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// A person who calls the API.
pub struct Actor<'a> {
    app: &'a App,
    pub person: Person,
}

/// A request that was just submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    pub id: String,
    pub digest: String,
    pub data: Value,
}

impl<'a> Actor<'a> {
    pub fn new(app: &'a App, person: Person) -> Self {
        Self { app, person }
    }

    /// An API call with their token and org.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let token = sign(&self.person.claims(self.app.clock.now()));
        let call = self.app.call(method, &format!("{BASE}{path}")).header("x-cap-ui-auth-token", &token);
        if self.person.org.is_empty() { call } else { call.header("x-cap-api-auth-org-id", &self.person.org) }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send().await
    }

    pub async fn submit(&self, request_type: &str, body: &Value) -> Reply {
        self.call("POST", &format!("/{request_type}")).json(body).send().await
    }

    /// Submits a body of the type ISSUE-BADGE that has no fault.
    pub async fn submitted(&self, body: &Value) -> Submitted {
        let data = self.submit("ISSUE-BADGE", body).await.data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Submitted { id: text("requestId"), digest: text("digest"), data }
    }

    pub async fn decide(&self, request_type: &str, body: &Value) -> Reply {
        self.call("PUT", &format!("/{request_type}")).json(body).send().await
    }

    pub async fn approve(&self, id: &str) -> Reply {
        self.decide("ISSUE-BADGE", &decision(id, "approved", "agreed")).await
    }

    /// Approves without waiting for the outcome.
    pub async fn approve_async(&self, id: &str) -> Reply {
        let call = self.call("PUT", "/ISSUE-BADGE").header("prefer", "respond-async");
        call.json(&decision(id, "approved", "agreed")).send().await
    }

    pub async fn reject(&self, id: &str, message: &str) -> Reply {
        self.decide("ISSUE-BADGE", &decision(id, "rejected", message)).await
    }

    pub async fn withdraw(&self, id: &str, reason: &str) -> Reply {
        let call = self.call("POST", &format!("/requests/{id}/withdraw"));
        call.json(&json!({ "reason": reason })).send().await
    }

    /// Says how an unknown outcome ended.
    pub async fn settles(&self, id: &str, outcome: &str, evidence: &str) -> Reply {
        let call = self.call("POST", &format!("/requests/{id}/settle"));
        call.json(&json!({ "outcome": outcome, "evidence": evidence })).send().await
    }

    pub async fn request(&self, id: &str) -> Value {
        self.get(&format!("/requests/{id}")).await.data()
    }

    pub async fn history(&self, id: &str) -> Vec<Value> {
        let data = self.get(&format!("/requests/{id}/history")).await.data();
        data.as_array().cloned().unwrap()
    }

    /// The types of the request's events, in order.
    pub async fn happened(&self, id: &str) -> Vec<String> {
        let entries = self.history(id).await;
        entries.iter().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
    }

    /// The request once it is in this state.
    pub async fn becomes(&self, id: &str, state: &str) -> Value {
        super::eventually(&format!("{id} is {state}"), async || {
            let request = self.request(id).await;
            (request["state"] == state).then_some(request)
        })
        .await
    }

    /// The ids that a list shows, in its order.
    pub async fn lists(&self, query: &str) -> Vec<String> {
        let data = self.get(&format!("/requests?{query}")).await.data();
        data.as_array().unwrap().iter().map(|row| row["requestId"].as_str().unwrap().to_owned()).collect()
    }
}

impl Actor<'_> {
    /// Decides many requests in one call, each with the digest that was shown; returns each result.
    pub async fn decides_all(&self, decision: &str, items: &[&Submitted]) -> Vec<Value> {
        let data = self.put_many(&bulk(decision, items)).await.data();
        data.as_array().cloned().unwrap()
    }

    pub async fn put_many(&self, body: &Value) -> Reply {
        self.call("PUT", "/bulk-decisions").json(body).send().await
    }
}

/// The body of many decisions.
pub fn bulk(decision: &str, items: &[&Submitted]) -> Value {
    let item = |read: &&Submitted| json!({ "requestId": read.id, "digest": read.digest, "version": read.data["version"] });
    json!({
        "decision": decision, "message": "all of these", "items": items.iter().map(item).collect::<Vec<_>>(),
    })
}

/// The body of a decision.
pub fn decision(id: &str, decision: &str, message: &str) -> Value {
    let task = json!({ "actionDecision": decision, "actionMessage": message });
    json!({ "requestId": id, "actionName": "AdminTask", "payload": { "AdminTask-Payload": task } })
}
