//! The demo's journey: submit, be refused, approve, see the result, read the trail. Prints what it does.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};

use super::api_client::{Caller, Reply, call};
use super::people::{ADA, CHEN, MARA};
use super::{ORG, waiting_requests};
use crate::api::BASE;
use crate::config::Config;

const BADGE: &str = "658de01c823d1b70aabcfaae";
const CUSTOMER: u64 = 113_460_811;

/// The three people and the two servers of the journey.
pub(super) struct Journey {
    server: String,
    sandbox: String,
    /// The till's `Authorization`.
    till: String,
    maker: Caller,
    checker: Caller,
    auditor: Caller,
}

impl Journey {
    pub(super) fn new(
        config: &Config,
        till: String,
        server: SocketAddr,
        sandbox: SocketAddr,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            server: server.to_string(),
            sandbox: sandbox.to_string(),
            till,
            maker: MARA.with_token(config)?,
            checker: CHEN.with_token(config)?,
            auditor: ADA.with_token(config)?,
        })
    }

    pub(super) async fn run(&self) -> anyhow::Result<()> {
        say("Countersign demo: one request, two people, one call.")?;
        say(&format!(
            "Countersign listens on http://{}, the sandbox on http://{}.\n",
            self.server, self.sandbox
        ))?;
        let (id, digest) = self.submit().await?;
        self.maker_may_not_decide(&id).await?;
        self.approve(&id, &digest).await?;
        self.find_badge().await?;
        self.read_history(&id).await?;
        say("\nDone: the call that was approved is the call that was sent, once.")
    }

    async fn ask(
        &self,
        person: &Caller,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        say(&format!("    {method} {BASE}{path}   ({})", person.name))?;
        let headers = [
            ("authorization", self.till.as_str()),
            ("x-cap-ui-auth-token", person.token.as_str()),
            ("x-cap-api-auth-org-id", ORG),
        ];
        call(&self.server, method, &format!("{BASE}{path}"), &headers, body).await
    }

    async fn submit(&self) -> anyhow::Result<(String, String)> {
        say(&format!("1. Mara asks to enrol customer {CUSTOMER} for badge {BADGE}."))?;
        let body = self.submission();
        let answer = self.ask(&self.maker, Method::POST, "/ISSUE-BADGE", Some(&body)).await?.expect(200)?;
        let data = &answer["data"];
        ensure!(data["state"] == "AdminTask", "the request is not waiting: {data}");
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let (id, digest) = (text("requestId"), text("digest"));
        say(&format!("    200: request {id} waits for a checker (AdminTask)."))?;
        say(&format!("    Nothing has been sent yet. The call has the digest {digest}.\n"))?;
        Ok((id, digest))
    }

    fn submission(&self) -> Value {
        json!({
            "entityInfo": {
                "tillId": "50682289", "storeId": "50682288", "zoneId": "50682286", "conceptId": "50678331",
            },
            "payload": { "IntouchAPITask-Payload": {
                "hostname": format!("http://{}", self.sandbox),
                "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
                "method": "POST",
                "pathParams": {},
                "body": {
                    "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "134" },
                    "customers": CUSTOMER,
                    "requestId": "e7requestd62c5ec5d115a2859228cefd9ee8cgh",
                    "badgeMetaId": BADGE,
                },
                "headers": {
                    "Authorization": "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ=",
                    "content-type": "application/json",
                },
            } },
        })
    }

    async fn maker_may_not_decide(&self, id: &str) -> anyhow::Result<()> {
        say("2. Mara has the permission to check, and tries to approve her own request.")?;
        let body = decision(id, "I am sure.", None);
        let answer = self.ask(&self.maker, Method::PUT, "/ISSUE-BADGE", Some(&body)).await?.expect(403)?;
        let error = &answer["errors"][0];
        ensure!(error["code"] == "maker_is_checker", "another refusal: {error}");
        say(&format!("    403 {}: {}\n", word(&error["code"]), word(&error["message"])))
    }

    async fn approve(&self, id: &str, digest: &str) -> anyhow::Result<()> {
        say("3. Chen reads the request and approves exactly this call by sending its digest back.")?;
        let path = format!("/requests/{id}");
        let read = self.ask(&self.checker, Method::GET, &path, None).await?.expect(200)?;
        let seen = &read["data"]["call"];
        say(&format!(
            "    200: {} {} [{}]",
            word(&seen["method"]),
            word(&seen["url"]),
            word(&seen["label"])
        ))?;
        let body = decision(id, "Agreed with the campaign team.", Some(digest));
        let answer = self.ask(&self.checker, Method::PUT, "/ISSUE-BADGE", Some(&body)).await?.expect(200)?;
        let data = &answer["data"];
        let output = &data["details"]["IntouchAPITask_Output"];
        say(&format!("    200: the request is {}.", word(&data["state"])))?;
        say(&format!("    The target answered {}: {}\n", output["status"], output["body"]["data"]))?;
        ensure!(data["state"] == "executed", "the request did not end executed: {data}");
        Ok(())
    }

    async fn find_badge(&self) -> anyhow::Result<()> {
        say("4. The sandbox holds the badge.")?;
        say("    GET /sandbox")?;
        let held = call(&self.sandbox, Method::GET, "/sandbox", &[], None).await?.expect(200)?;
        let enrolments = held["enrolments"].as_array().cloned().unwrap_or_default();
        let is_ours =
            |enrolment: &&Value| enrolment["customerId"] == CUSTOMER && enrolment["badgeMetaId"] == BADGE;
        let found: Vec<&Value> = enrolments.iter().filter(is_ours).collect();
        let [badge] = found.as_slice() else {
            anyhow::bail!("the sandbox holds the badge {} times", found.len());
        };
        say(&format!("    Customer {CUSTOMER} has {} (issuedId {}).\n", BADGE, word(&badge["issuedId"])))
    }

    async fn read_history(&self, id: &str) -> anyhow::Result<()> {
        say("5. Ada reads what happened.")?;
        let path = format!("/requests/{id}/history");
        let answer = self.ask(&self.auditor, Method::GET, &path, None).await?.expect(200)?;
        for entry in answer["data"].as_array().into_iter().flatten() {
            let mut line = String::new();
            write!(
                line,
                "    {:>2}  {}  {:<22}  {:<20}  {}",
                entry["seq"],
                word(&entry["at"]),
                word(&entry["type"]),
                word(&entry["actor"]["userName"]),
                entry["message"].as_str().unwrap_or_default(),
            )?;
            say(line.trim_end())?;
        }
        Ok(())
    }

    /// Submits requests that wait in the pages' inbox.
    pub(super) async fn submit_waiting_requests(&self) -> anyhow::Result<()> {
        say("\nMara submits a few more requests, which wait for Chen.")?;
        for waiting in waiting_requests::all() {
            let body = waiting.submission(&format!("http://{}", self.sandbox));
            let path = format!("/{}", waiting.request_type);
            self.ask(&self.maker, Method::POST, &path, Some(&body)).await?.expect(200)?;
        }
        Ok(())
    }

    /// Prints what to try by hand while the servers run.
    pub(super) fn print_next_steps(&self) -> anyhow::Result<()> {
        say("\nBoth servers keep running; stop them with Ctrl-C.")?;
        say(&format!("\n  Open  http://{}  and sign in as Chen: one click, no password.", self.server))?;
        say("  Requests wait there; approve one and see the result. Mara submits, Ada audits.")?;
        say("\nOr paste these to try the API yourself:\n")?;
        for (name, person) in [("MAKER", &self.maker), ("CHECKER", &self.checker), ("AUDITOR", &self.auditor)]
        {
            say(&format!("{name}='{}'", person.token))?;
        }
        say(&format!("TILL='{}'", self.till))?;
        let server = format!("http://{}{BASE}", self.server);
        let mut body = self.submission();
        body["payload"]["IntouchAPITask-Payload"]["body"]["customers"] = 62_090_013.into();
        body["payload"]["IntouchAPITask-Payload"]["body"]["requestId"] = "by-hand-1".into();
        let org = format!("-H 'X-CAP-API-AUTH-ORG-ID: {ORG}' -H \"Authorization: $TILL\"");
        let json = "-H 'content-type: application/json'";
        say(&format!(
            "\n# submit\ncurl -s {server}/ISSUE-BADGE -H \"X-CAP-UI-AUTH-TOKEN: $MAKER\" {org} {json} \\\n  -d '{body}'"
        ))?;
        say(&format!(
            "\n# what waits\ncurl -s '{server}/requests?states=AdminTask' -H \"X-CAP-UI-AUTH-TOKEN: $CHECKER\" {org}"
        ))?;
        let decision = decision("PUT-THE-REQUEST-ID-HERE", "ok", None);
        say(&format!(
            "\n# approve\ncurl -s -X PUT {server}/ISSUE-BADGE -H \"X-CAP-UI-AUTH-TOKEN: $CHECKER\" {org} {json} \\\n  -d '{decision}'"
        ))?;
        say(&format!(
            "\n# what happened\ncurl -s {server}/requests/PUT-THE-REQUEST-ID-HERE/history -H \"X-CAP-UI-AUTH-TOKEN: $AUDITOR\" {org}"
        ))?;
        say(&format!("\n# what the sandbox holds\ncurl -s http://{}/sandbox", self.sandbox))
    }
}

fn decision(id: &str, message: &str, digest: Option<&str>) -> Value {
    let mut task = json!({ "actionDecision": "approved", "actionMessage": message });
    if let Some(digest) = digest {
        task["digest"] = digest.into();
    }
    json!({ "requestId": id, "actionName": "AdminTask", "payload": { "AdminTask-Payload": task } })
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
