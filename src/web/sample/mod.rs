//! What the tests of the pages show: one request with everything that can be on a page, some of it hostile.

mod refund;

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::domain::actor::{Permission, Person};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::call::Call;
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::lifecycle::{
    AttemptResult, Event, EventKind, GivenWord, NewRequest, NewRevision, Signature, Tried,
};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Decision, Request, State, Terms, Verdict};
use crate::domain::request_type::RequestType;
use crate::domain::settlement::SettledOutcome;
use crate::domain::submission::EntityInfo;
use crate::domain::zone::Zone;
use crate::engine::queries::{AnswerView, RowView, View};
use crate::engine::trail::TrailEntry;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::format::When;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::who::Names;

pub use refund::refund_definition;

/// Noon of the day on which the samples play.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_348_800, 0).unwrap()
}

/// A page at noon, with times in UTC.
pub fn when() -> When {
    When::at(noon(), Zone::Offset(FixedOffset::east_opt(0).unwrap()))
}

/// A person by name.
pub fn person(name: &str) -> Person {
    let sub = name.to_lowercase().replace(' ', ".");
    Person {
        iss: "https://idp.example".to_owned(),
        user_id: format!("id-{sub}"),
        sub,
        user_name: name.to_owned(),
    }
}

/// The content of a new request.
pub fn birth() -> NewRequest {
    NewRequest {
        org: OrgId::new("90001"),
        id: RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap(),
        request_type: RequestTypeName::new("REFUND"),
        type_version: Digest::of(b"type").to_string(),
        maker: person("Mara Okafor"),
        entity: EntityInfo::default(),
        digest: Digest::of(b"call"),
        host: "payments.example.com".to_owned(),
        expires_at: noon() + TimeDelta::days(1),
        terms: Terms { rule: "small".to_owned(), summary: "Refund 12 EUR".to_owned(), ..Terms::default() },
        waits_for: vec![Capacity::Permission(Permission::Check)],
        repeat_of: None,
    }
}

/// The content of the request as which [`birth`] was submitted again.
pub fn again() -> NewRequest {
    let birth = birth();
    let id = RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000002").unwrap();
    NewRequest { id, repeat_of: Some(birth.id), ..birth }
}

/// The row of an event of an hour before noon, brought about by Mara or by the engine.
pub fn entry(kind: EventKind, from: Option<State>) -> TrailEntry {
    let at = noon() - TimeDelta::hours(1);
    let mara = person("Mara Okafor");
    let (by, to) = match &kind {
        EventKind::Decided { leads_to, .. } => (mara, *leads_to),
        EventKind::Submitted(_)
        | EventKind::MakerAccessValidated
        | EventKind::PayloadValidated
        | EventKind::Commented { .. }
        | EventKind::SentBack { .. }
        | EventKind::Resubmitted { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Refused { .. }
        | EventKind::SettlementWordGiven { .. }
        | EventKind::SubmittedAgain { .. }
        | EventKind::ProbeAsked => (mara, State::AdminTask),
        EventKind::AutoApproved { .. }
        | EventKind::Expired
        | EventKind::AttemptStarted { .. }
        | EventKind::AttemptEnded { .. }
        | EventKind::LateAnswer { .. }
        | EventKind::Ended { .. }
        | EventKind::Probed { .. } => (Person::system(), State::AdminTask),
    };
    let new = if let EventKind::Submitted(new) = &kind { NewRequest::clone(new) } else { birth() };
    let event = Event { seq: 1, at, by, revision: 1, from, to, kind };
    TrailEntry::of(&Request::new(new, at), &event, Uuid::nil())
}

fn for_risk(message: &str) -> Box<Signature> {
    let capacities = vec![Capacity::Group("Risk".to_owned())];
    Box::new(Signature { message: message.to_owned(), stage: 0, capacities, act: Vec::new() })
}

/// A decision for the group Risk.
pub fn decided(verdict: Verdict, leads_to: State) -> EventKind {
    EventKind::Decided {
        verdict,
        signature: for_risk("Receipt checked."),
        leads_to,
        waits_for: Vec::new(),
        execute_before: None,
    }
}

/// Sent back for the group Risk.
pub fn sent_back() -> EventKind {
    let fields = vec!["/payload/IntouchAPITask-Payload/body/amount".to_owned()];
    EventKind::SentBack { signature: for_risk("The receipt says 21 EUR."), fields }
}

/// What is submitted in place of [`birth`].
pub fn revised() -> NewRevision {
    let NewRequest { type_version, entity, digest, host, terms, waits_for, .. } = birth();
    NewRevision { type_version, entity, digest, host, terms, waits_for }
}

fn probed(
    verdict: ProbeVerdict,
    next_probe_at: Option<DateTime<Utc>>,
    settles: Option<Outcome>,
) -> EventKind {
    EventKind::Probed { verdict, reason: "A reason.".to_owned(), next_probe_at, settles }
}

/// A word about an unknown outcome, for the group Risk.
pub fn said(outcome: SettledOutcome, settles: bool) -> EventKind {
    let word = GivenWord {
        outcome,
        evidence: "Seen in the log.".to_owned(),
        capacities: vec![Capacity::Group("Risk".to_owned())],
        act: Vec::new(),
    };
    EventKind::SettlementWordGiven { word: Box::new(word), settles }
}

/// One event of every kind, in the order of a request's life.
pub fn every_kind() -> Vec<EventKind> {
    let attempted = |outcome| AttemptResult { attempt: 1, outcome };
    let ended = |attempt: Option<AttemptOutcome>, outcome| EventKind::Ended {
        attempt: attempt.map(attempted),
        outcome,
        reason: "A reason.".to_owned(),
        inferred: attempt == Some(AttemptOutcome::AlreadyDone) && outcome == Outcome::Executed,
    };
    let late = |outcome, settles| EventKind::LateAnswer {
        attempt: attempted(outcome),
        reason: "A reason.".to_owned(),
        settles,
    };
    vec![
        EventKind::Submitted(Box::new(birth())),
        EventKind::MakerAccessValidated,
        EventKind::PayloadValidated,
        EventKind::AutoApproved { rule: "small".to_owned(), execute_before: noon() },
        EventKind::Refused {
            code: Code::MakerIsChecker,
            message: "You submitted it.".to_owned(),
            tried: Some(Box::new(Tried {
                verdict: Some(Verdict::Approved),
                words: "My own is fine.".to_owned(),
                digest: Some("sha256:of-another".to_owned()),
                outcome: None,
            })),
        },
        decided(Verdict::Approved, State::AdminTask),
        decided(Verdict::Approved, State::Approved),
        decided(Verdict::Rejected, State::AdminTask),
        decided(Verdict::Rejected, State::Rejected),
        EventKind::Commented { message: "Which receipt?".to_owned() },
        sent_back(),
        EventKind::Resubmitted { new: Box::new(revised()), is_auto_approved: false },
        EventKind::Withdrawn { reason: "A typing error.".to_owned() },
        EventKind::Expired,
        EventKind::AttemptStarted { attempt: 1 },
        EventKind::AttemptEnded {
            attempt: 1,
            outcome: AttemptOutcome::NotSent,
            reason: "A reason.".to_owned(),
            next_attempt_at: noon(),
        },
        late(AttemptOutcome::Executed, Some(Outcome::Executed)),
        late(AttemptOutcome::NotDone, None),
        ended(Some(AttemptOutcome::Executed), Outcome::Executed),
        ended(Some(AttemptOutcome::AlreadyDone), Outcome::Executed),
        ended(Some(AttemptOutcome::Failed), Outcome::Failed),
        ended(None, Outcome::Failed),
        ended(Some(AttemptOutcome::Ambiguous), Outcome::Unknown),
        said(SettledOutcome::Executed, false),
        said(SettledOutcome::Failed, true),
        EventKind::SubmittedAgain { newer: again().id },
        EventKind::Submitted(Box::new(again())),
        EventKind::ProbeAsked,
        probed(ProbeVerdict::CannotTell, Some(noon()), None),
        probed(ProbeVerdict::Happened, None, Some(Outcome::Executed)),
        probed(ProbeVerdict::DidNotHappen, None, None),
    ]
}

/// Markup, a turned reading direction, and a character that nobody sees.
pub const HOSTILE: &str = "<script>alert(1)</script>\u{202e}gnp\u{200b}\"'&";

/// What a page must not hold once it showed [`HOSTILE`].
pub fn assert_harmless(html: &str) {
    for raw in ["<script>alert", "\u{202e}", "\u{200b}", "\"'&"] {
        assert!(!html.contains(raw), "{raw:?} is in the page");
    }
    assert!(html.contains("&lt;script&gt;alert(1)"), "the text is shown");
    assert!(html.contains("U+202E") && html.contains("U+200B"), "what nobody sees is drawn");
}

/// What is around a page of an auditor.
pub fn shell() -> Shell {
    Shell {
        name: "Ruth Adeyemi".into(),
        account: String::new(),
        names: Names::as_spelled(),
        org: "90001".into(),
        orgs: Vec::new(),
        environment: "Sandbox".into(),
        is_production: false,
        csrf: "csrf".to_owned(),
        made_for: "90001.0123456789abcdef".to_owned(),
        waiting: Vec::new(),
        rail: Vec::new(),
        views: Vec::new(),
        list: CameFrom::list(Nav::History, ""),
        searched: String::new(),
        theme: "",
        style: "/style.css",
        script: "/app.js",
        sees_all: true,
        rules_stale: false,
        here: "/ui/history".into(),
        position: "0".to_owned(),
        when: when(),
    }
}

/// The type of the samples.
pub fn refund() -> Arc<RequestType> {
    Arc::new(RequestType::from_definition(&refund_definition()).unwrap())
}

/// A request that was approved and answered, with hostile words in every place that an outsider fills.
pub fn view() -> View {
    let task = json!({
        "hostname": "https://payments.example.com",
        "method": "POST",
        "path": "/orders/{order}/refunds",
        "pathParams": { "order": "77-31902" },
        "body": { "amount": 12.50, "currency": "EUR", "iban": HOSTILE, "pin": "4711" },
    });
    let call = Call::from_task(&task).unwrap();
    let pinned = refund();
    let mut birth = birth();
    birth.digest = call.digest();
    birth.type_version.clone_from(&pinned.version);
    birth.maker = person(HOSTILE);
    birth.terms.rule = "everything else".to_owned();
    birth.terms.summary = format!("Refund 12.50 EUR {HOSTILE}");
    birth.terms.subject = Some("77-31902".to_owned());
    birth.terms.call = pinned.call_line(&task, &call, "Sandbox");
    let started_at = noon() - TimeDelta::hours(2);
    let mut request = Request::new(birth, started_at);
    request.state = State::Executed;
    request.ended_at = Some(noon() - TimeDelta::hours(1));
    request.decisions = vec![Decision {
        checker: person("Aiko Tanaka"),
        verdict: Verdict::Approved,
        message: HOSTILE.to_owned(),
        at: noon() - TimeDelta::minutes(82),
        digest: call.digest(),
        stage: 0,
        capacities: vec![Capacity::Group("Finance".to_owned())],
        act: Vec::new(),
    }];
    View {
        request,
        task,
        method: call.method,
        url: call.url,
        label: "Sandbox".to_owned(),
        answer: Some(AnswerView {
            status: 201,
            headers: vec![("x-note".to_owned(), HOSTILE.to_owned())],
            body: Some(json!({ "refundId": HOSTILE }).to_string().into_bytes()),
            body_bytes: 4_096,
            cut: false,
            warnings: Vec::new(),
        }),
        pinned,
        sees_masked: true,
    }
}

/// The row of [`view`].
pub fn row() -> RowView {
    let View { request, pinned, sees_masked, .. } = view();
    RowView { request, pinned, sees_masked }
}

/// The trail of [`view`].
pub fn entries() -> Vec<TrailEntry> {
    let view = view();
    let kinds = [
        (EventKind::Submitted(Box::new(birth())), None, State::ValidateMakerAccess),
        (EventKind::MakerAccessValidated, Some(State::ValidateMakerAccess), State::ValidatePayload),
        (EventKind::PayloadValidated, Some(State::ValidatePayload), State::AdminTask),
        (decided(Verdict::Approved, State::Approved), Some(State::AdminTask), State::Approved),
        (EventKind::AttemptStarted { attempt: 1 }, Some(State::Approved), State::Approved),
        (
            EventKind::Ended {
                attempt: Some(AttemptResult { attempt: 1, outcome: AttemptOutcome::Executed }),
                outcome: Outcome::Executed,
                reason: "The target answered 201.".to_owned(),
                inferred: false,
            },
            Some(State::Approved),
            State::Executed,
        ),
    ];
    let at = noon() - TimeDelta::hours(2) + TimeDelta::milliseconds(7);
    let row = |(seq, (kind, from, to))| {
        let by = if seq < 5 { person(HOSTILE) } else { Person::system() };
        let event = Event { seq, at, by, revision: 1, from, to, kind };
        TrailEntry::of(&view.request, &event, Uuid::nil())
    };
    (1..).zip(kinds).map(row).collect()
}
