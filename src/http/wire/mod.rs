//! The contract's bodies on their way out. Nothing else knows its spellings.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::domain::actor::Person;
use crate::domain::findings::Finding;
use crate::domain::lifecycle::EventKind;
use crate::domain::policy::progress::{Progress, StageProgress};
use crate::domain::policy::Risk;
use crate::domain::request::{Decision, Request, State};
use crate::domain::submission::EntityInfo;
use crate::engine::KeptRefusal;
use crate::engine::explain::Explanation;
use crate::engine::queries::{AnswerView, View};
use crate::engine::trail::TrailEntry;

/// Whether the reader gets the headers as they were sent. Only the maker does, once, when he submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// As sent.
    AsSent,
    /// Credentials as `Basic ••••`.
    Masked,
}

/// `{"data": …}`
#[derive(Serialize)]
pub struct Data<T> {
    /// What was asked for.
    pub data: T,
}

/// One request as the contract shows it; members that the contract does not know are additions.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestBody {
    request_id: String,
    user_id: Value,
    user_name: String,
    request_type: String,
    state: &'static str,
    start_time: String,
    end_time: Option<String>,
    #[serde(rename = "startTimeISO")]
    start_time_iso: String,
    #[serde(rename = "endTimeISO")]
    end_time_iso: Option<String>,
    digest: String,
    version: i64,
    summary: String,
    rule: String,
    risk: Option<&'static str>,
    subject: Option<String>,
    due_at: Option<String>,
    decide_before: String,
    execute_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_from: Option<&'static str>,
    bulk_allowed: bool,
    call: CallBody,
    details: Details,
    decisions: Vec<DecisionBody>,
    warnings: Vec<WarningBody>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    explained: Option<ExplainedBody>,
}

/// One decision, as everybody may read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionBody {
    actor: Value,
    decision: &'static str,
    message: String,
    at: String,
    digest: String,
    stage: usize,
    signed_as: Vec<String>,
}

/// What one person is told beyond the request itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedBody {
    can_decide: bool,
    why_not: Vec<WarningBody>,
    my_decision: Option<DecisionBody>,
    fresh_sign_in: Option<FreshSignInBody>,
    stages: Vec<StageBody>,
    findings: Vec<FindingBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FreshSignInBody {
    within_seconds: i64,
    is_fresh: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageBody {
    name: String,
    is_complete: bool,
    is_current: bool,
    seats: Vec<SeatBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any_of: Option<u32>,
    decided_by: Vec<DecisionBody>,
    needs: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatBody {
    who: String,
    count: u32,
    got: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingBody {
    code: &'static str,
    level: &'static str,
    message: String,
    field: Option<String>,
}

#[derive(Serialize)]
struct CallBody {
    method: String,
    url: String,
    host: String,
    label: String,
}

#[derive(Serialize)]
struct WarningBody {
    code: String,
    message: String,
}

#[derive(Serialize)]
struct Details {
    #[serde(rename = "IntouchAPITask-Payload")]
    task: Value,
    #[serde(rename = "ValidateMakerAccess_Output")]
    maker_access: bool,
    #[serde(rename = "ValidatePayload_Output")]
    payload: bool,
    #[serde(flatten)]
    decision: Option<DecisionDetails>,
    #[serde(rename = "IntouchAPITask_Output", skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerBody>,
}

#[derive(Serialize)]
struct DecisionDetails {
    #[serde(rename = "AdminTask-Payload")]
    payload: Ballot,
    #[serde(rename = "AdminTask_Output")]
    output: &'static str,
    #[serde(rename = "ValidateCheckerAccess_Output")]
    checker_access: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ballot {
    action_decision: &'static str,
    action_message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerBody {
    status: i64,
    headers: Value,
    body: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    body_omitted: bool,
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    body_bytes: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl RequestBody {
    /// The body for `view`, with times in `offset`.
    pub fn new(view: View, headers: Headers, offset: FixedOffset) -> Self {
        let (task, url) = shown(&view, headers);
        let bulk_allowed = view.allows_bulk();
        let request = view.request;
        let of_answer = view.answer.iter().flat_map(|answer| &answer.warnings);
        let warning =
            |code: &str, message: &str| WarningBody { code: code.to_owned(), message: message.to_owned() };
        let own = request.terms.warnings.iter().map(|own| warning(own.code.name(), &own.message));
        let warnings = own.chain(of_answer.map(|part| warning(&part.code, &part.message))).collect();
        Self {
            request_id: request.id.to_string(),
            user_id: user_id(&request.maker.user_id),
            user_name: request.maker.user_name.clone(),
            request_type: request.request_type.lower(),
            state: request.state.name(),
            start_time: local_time(request.started_at, offset),
            end_time: request.ended_at.map(|at| local_time(at, offset)),
            start_time_iso: iso_time(request.started_at),
            end_time_iso: request.ended_at.map(iso_time),
            digest: request.digest.to_string(),
            version: request.version,
            summary: request.terms.summary.clone(),
            rule: request.terms.rule.clone(),
            risk: request.terms.risk.map(Risk::name),
            subject: request.terms.subject.clone(),
            due_at: request.terms.due_at.map(iso_time),
            decide_before: iso_time(request.expires_at),
            execute_before: request.execute_before.map(iso_time),
            expired_from: expired_from(&request),
            bulk_allowed,
            call: CallBody { method: view.method, url, host: request.host.clone(), label: view.label },
            details: Details {
                task,
                maker_access: true,
                payload: true,
                decision: decision(&request),
                answer: view.answer.map(answer),
            },
            decisions: request.decisions.iter().map(decision_body).collect(),
            warnings,
            explained: None,
        }
    }

    /// The same with what its reader is told beyond it.
    #[must_use]
    pub fn explained(mut self, request: &Request, explained: Explanation) -> Self {
        let stages = explained.progress.map(|progress| stages(request, &progress)).unwrap_or_default();
        let finding = |finding: Finding| FindingBody {
            code: finding.code.name(),
            level: finding.level.name(),
            message: finding.sentence,
            field: finding.pointer,
        };
        self.explained = Some(ExplainedBody {
            can_decide: explained.can_decide,
            why_not: explained
                .why_not
                .into_iter()
                .map(|why| WarningBody { code: why.code.name().to_owned(), message: why.sentence })
                .collect(),
            my_decision: explained.my_decision.as_ref().map(decision_body),
            fresh_sign_in: explained.fresh_sign_in.map(|asked| FreshSignInBody {
                within_seconds: asked.within.num_seconds(),
                is_fresh: asked.is_fresh,
            }),
            stages,
            findings: explained.findings.into_iter().map(finding).collect(),
        });
        self
    }
}

/// The task and the URL as the reader may see them.
fn shown(view: &View, headers: Headers) -> (Value, String) {
    match headers {
        Headers::AsSent => view.as_the_maker_sent_it(),
        Headers::Masked => view.shown(),
    }
}

fn expired_from(request: &Request) -> Option<&'static str> {
    let from = if request.execute_before.is_some() { State::Approved } else { State::AdminTask };
    (request.state == State::Expired).then(|| from.name())
}

fn decision_body(decision: &Decision) -> DecisionBody {
    DecisionBody {
        actor: person(&decision.checker),
        decision: decision.verdict.name(),
        message: decision.message.clone(),
        at: iso_time(decision.at),
        digest: decision.digest.to_string(),
        stage: decision.stage + 1,
        signed_as: decision.capacities.iter().map(|who| who.name().to_owned()).collect(),
    }
}

fn stages(request: &Request, progress: &Progress) -> Vec<StageBody> {
    let is_open = request.state.waits();
    let stage = |(at, stage): (usize, &StageProgress)| StageBody {
        name: stage.name.clone(),
        is_complete: stage.is_complete,
        is_current: is_open && at == progress.stage,
        seats: stage
            .seats
            .iter()
            .map(|seat| SeatBody { who: seat.who.to_string(), count: seat.count, got: seat.got })
            .collect(),
        any_of: stage.any.map(|(of, _)| of),
        decided_by: stage
            .decisions
            .iter()
            .filter_map(|at| request.decisions.get(*at))
            .map(decision_body)
            .collect(),
        needs: stage.still_needed(progress.people_missing),
    };
    progress.stages.iter().enumerate().map(stage).collect()
}

/// The contract knows one decision: the last.
fn decision(request: &Request) -> Option<DecisionDetails> {
    let decision = request.last_decision()?;
    let output = decision.verdict.name();
    Some(DecisionDetails {
        payload: Ballot { action_decision: output, action_message: decision.message.clone() },
        output,
        checker_access: true,
    })
}

/// JSON stays JSON with its digits; other text becomes a string; anything else base64.
fn answer(answer: AnswerView) -> AnswerBody {
    let mut headers = Map::new();
    for (name, value) in answer.headers {
        let values = headers.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    let is_omitted = answer.body.is_none();
    let (body, body_encoding) = answer_body(answer.body.unwrap_or_default());
    AnswerBody {
        status: answer.status,
        headers: Value::Object(headers),
        body,
        body_encoding,
        body_omitted: is_omitted,
        cut: answer.cut,
        body_bytes: answer.body_bytes,
    }
}

fn answer_body(body: Vec<u8>) -> (Box<RawValue>, Option<&'static str>) {
    use base64::Engine;
    if body.is_empty() {
        return (RawValue::NULL.to_owned(), None);
    }
    match String::from_utf8(body) {
        Ok(text) => {
            let json = serde_json::from_str::<&RawValue>(&text).ok().and_then(|raw| compact(raw.get()));
            (json.unwrap_or_else(|| raw_string(&text)), None)
        }
        Err(error) => {
            let text = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
            (raw_string(&text), Some("base64"))
        }
    }
}

fn raw_string(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).expect("a string is JSON")
}

/// The same JSON without white space between its parts, so that it stays on one line.
fn compact(json: &str) -> Option<Box<RawValue>> {
    let (mut in_string, mut is_escaped) = (false, false);
    let kept = json.chars().filter(|&c| {
        let is_space = !in_string && matches!(c, ' ' | '\n' | '\r' | '\t');
        if c == '"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && c == '\\' && !is_escaped;
        !is_space
    });
    RawValue::from_string(kept.collect()).ok()
}

/// The contract's user ids are numbers; ids of other providers stay texts.
pub fn user_id(text: &str) -> Value {
    let is_plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    match text.parse::<u64>() {
        Ok(number) if is_plain => number.into(),
        _ => text.into(),
    }
}

/// `YYYY-MM-DDTHH:MM:SS` in the configured offset, as the contract shows times.
pub fn local_time(at: DateTime<Utc>, offset: FixedOffset) -> String {
    at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// RFC 3339 in UTC with microseconds.
pub fn iso_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The same for a stored time.
pub fn iso_micros(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map(iso_time).unwrap_or_default()
}

/// The four ids as the contract writes them.
pub fn entity(entity: &EntityInfo) -> Value {
    json!({
        "tillId": entity.till_id,
        "storeId": entity.store_id,
        "zoneId": entity.zone_id,
        "conceptId": entity.concept_id,
    })
}

/// Who did something.
pub fn person(person: &Person) -> Value {
    json!({ "userId": user_id(&person.user_id), "userName": person.user_name, "sub": person.sub })
}

/// One entry of a request's trail; the first one also names the entities.
pub fn trail_entry(entry: &TrailEntry, entity_info: &EntityInfo) -> Value {
    let mut body = json!({
        "seq": entry.seq,
        "eventId": entry.event_id,
        "at": iso_time(entry.at),
        "type": entry.event_type,
        "actor": person(&entry.actor),
        "from": entry.from.map(State::name),
        "to": entry.to.map(State::name),
        "message": entry.message,
        "digest": entry.digest.map(|digest| digest.to_string()),
        "reference": entry.reference,
    });
    let mut add = |name: &str, value: Value| {
        if let Some(members) = body.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(attempt) = entry.attempt {
        add("attempt", attempt.into());
    }
    if let Some(outcome) = entry.outcome {
        add("outcome", outcome.name().into());
    }
    match &entry.kind {
        Some(EventKind::Submitted(new)) => {
            add("entityInfo", entity(entity_info));
            add("typeVersion", new.type_version.as_str().into());
        }
        Some(EventKind::MakerAccessValidated) => add("ValidateMakerAccess_Output", true.into()),
        Some(EventKind::PayloadValidated) => add("ValidatePayload_Output", true.into()),
        // As in a decision's body: stages count from 1, and a capacity goes by its name.
        Some(EventKind::Decided { signature, .. }) => {
            add("stage", (signature.stage + 1).into());
            add("signedAs", signature.capacities.iter().map(|who| Value::from(who.name())).collect());
        }
        Some(EventKind::AutoApproved { rule, .. }) => add("rule", rule.as_str().into()),
        Some(EventKind::Refused { code, .. }) => add("code", code.name().into()),
        Some(
            EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::AttemptStarted { .. }
            | EventKind::Ended { .. },
        )
        | None => {}
    }
    body
}

/// One kept refusal.
pub fn refusal(kept: &KeptRefusal) -> Value {
    json!({
        "refusalId": kept.id,
        "at": iso_time(kept.at),
        "actor": person(&kept.actor),
        "requestType": kept.request_type,
        "codes": kept.codes,
        "digest": kept.digest,
        "count": kept.count,
        "reference": kept.reference,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_digits_and_loses_only_white_space() {
        let (body, encoding) = answer_body(b"{ \"a\\\" b\" :\n 1926235957.000000000 }".to_vec());
        assert_eq!((body.get(), encoding), ("{\"a\\\" b\":1926235957.000000000}", None));
    }

    #[test]
    fn an_answer_that_is_no_json_becomes_text_or_base64() {
        assert_eq!(answer_body(b"<html>".to_vec()).0.get(), "\"<html>\"");
        let (body, encoding) = answer_body(vec![0xff, 0x00]);
        assert_eq!((body.get(), encoding), ("\"/wA=\"", Some("base64")));
        assert_eq!(answer_body(Vec::new()).0.get(), "null");
    }

    #[test]
    fn only_a_plain_number_is_shown_as_one() {
        assert_eq!(user_id("400001"), json!(400_001));
        for text in ["007", "", "u-1", "99999999999999999999999"] {
            assert_eq!(user_id(text), json!(text));
        }
    }
}
