//! The revisions of a request, and what changed between two of them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::DigestText;
use super::entity::EntityBody;
use super::person::PersonBody;
use super::request::{CallBody, DecisionBody, Task};
use super::target::is_false;
use super::time::Instant;
use super::word::Word;
use crate::domain::policy::Risk;
use crate::domain::request::{Decision, Request};
use crate::domain::revision::SentBack;
use crate::domain::revision_changes::{ChangedValues, MemberChange, RevisionChanges};
use crate::engine::ComparedRevision;

/// One revision of a request, in short.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RevisionSummary")]
pub struct RevisionSummaryBody {
    /// Its number, counted from 1.
    #[schemars(range(min = 1))]
    revision: i64,
    digest: DigestText,
    /// When it was submitted: RFC 3339 in UTC with microseconds.
    submitted_at: Instant,
    /// Why it was submitted, in the maker's words.
    reason: Option<String>,
    /// Every decision on it, the first one first.
    decisions: Vec<DecisionBody>,
    /// How it was sent back; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_back: Option<SentBackBody>,
}

/// That a checker sent a revision back to its maker.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SentBack")]
pub struct SentBackBody {
    /// Who sent it back.
    actor: PersonBody,
    /// What is to be changed.
    message: String,
    /// The members of the submission that it is about, as JSON pointers.
    fields: Vec<String>,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    /// The stage that was current, counted from 1.
    #[schemars(range(min = 1))]
    stage: usize,
    /// The groups and permissions that the checker signed as.
    signed_as: Vec<String>,
}

/// One revision of a request: what was submitted, and what changed since an earlier one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Revision")]
pub struct RevisionBody {
    /// The request.
    #[schemars(extend("format" = "uuid"))]
    request_id: String,
    #[serde(flatten)]
    summary: RevisionSummaryBody,
    /// Whether it is the present one.
    is_present: bool,
    /// The version of the request type that applies to it.
    type_version: String,
    /// One sentence about the call, without masked and secret fields.
    #[serde(rename = "summary")]
    sentence: String,
    /// The rule of the type's approval policy that applies to it.
    rule: String,
    risk: Option<Word<Risk>>,
    /// What it is about, such as a customer.
    subject: Option<String>,
    entity_info: EntityBody,
    call: CallBody,
    details: RevisionDetails,
    /// What changed since an earlier revision; `null` for the first one.
    changes: Option<ChangesBody>,
}

#[derive(Serialize, JsonSchema)]
struct RevisionDetails {
    #[serde(rename = "IntouchAPITask-Payload")]
    #[schemars(with = "Task")]
    task: Value,
}

/// What changed since an earlier revision.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RevisionChanges")]
struct ChangesBody {
    /// The number of that revision.
    #[schemars(range(min = 1))]
    since: i64,
    /// Each member that differs. None, if only the order of members does.
    members: Vec<MemberChangeBody>,
    /// `true` if there are more than are listed; otherwise absent.
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
}

/// One member of a submission that changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MemberChange")]
struct MemberChangeBody {
    /// A JSON pointer to it, into the submission.
    field: String,
    /// What it was, `null` if that was sent; absent if it was not there, or if it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    /// What it is, `null` if that was sent; absent if it is not there any more, or if it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
    /// `true` if the reader may only know that it changed; otherwise absent.
    #[serde(skip_serializing_if = "is_false")]
    hidden: bool,
}

impl RevisionSummaryBody {
    /// Every revision of a request, the present one last.
    pub fn all(request: &Request) -> Vec<Self> {
        let earlier = request.earlier.iter().map(|earlier| {
            let told = (&earlier.decisions[..], earlier.sent_back.as_ref());
            Self {
                revision: earlier.number,
                digest: DigestText(earlier.digest.to_string()),
                submitted_at: Instant::of(earlier.submitted_at),
                ..Self::of(told, earlier.terms.reason.as_deref(), request)
            }
        });
        earlier.chain([Self::present(request)]).collect()
    }

    fn present(request: &Request) -> Self {
        let told = (&request.decisions[..], request.sent_back.as_ref());
        Self::of(told, request.terms.reason.as_deref(), request)
    }

    fn of(
        (decisions, sent_back): (&[Decision], Option<&SentBack>),
        reason: Option<&str>,
        request: &Request,
    ) -> Self {
        Self {
            revision: request.revision,
            digest: DigestText(request.digest.to_string()),
            submitted_at: Instant::of(request.submitted_at()),
            reason: reason.map(str::to_owned),
            decisions: decisions.iter().map(DecisionBody::of).collect(),
            sent_back: sent_back.map(SentBackBody::of),
        }
    }
}

impl SentBackBody {
    fn of(sent_back: &SentBack) -> Self {
        Self {
            actor: PersonBody::of(&sent_back.by),
            message: sent_back.message.clone(),
            fields: sent_back.fields.clone(),
            at: Instant::of(sent_back.at),
            stage: sent_back.stage + 1,
            signed_as: sent_back.capacities.iter().map(|who| who.name().to_owned()).collect(),
        }
    }
}

impl RevisionBody {
    /// The revision as its reader may see it.
    pub fn new(compared: ComparedRevision) -> Self {
        let ComparedRevision { request: present, view, changes } = compared;
        let (task, url) = view.shown();
        let request = view.request;
        Self {
            request_id: request.id.to_string(),
            summary: RevisionSummaryBody::present(&request),
            is_present: request.revision == present.revision,
            type_version: request.type_version,
            sentence: request.terms.summary,
            rule: request.terms.rule,
            risk: request.terms.risk.map(Word),
            subject: request.terms.subject,
            entity_info: EntityBody::of(&request.entity),
            call: CallBody { method: view.method, url, host: request.host, label: view.label },
            details: RevisionDetails { task },
            changes: changes.map(|(since, changes)| ChangesBody::of(since, changes)),
        }
    }
}

impl ChangesBody {
    fn of(since: i64, changes: RevisionChanges) -> Self {
        let members = changes.members.into_iter().map(MemberChangeBody::of).collect();
        Self { since, members, cut: changes.is_cut }
    }
}

impl MemberChangeBody {
    fn of(change: MemberChange) -> Self {
        let (old, new, hidden) = match change.values {
            ChangedValues::Shown { old, new } => (old, new, false),
            ChangedValues::Hidden => (None, None, true),
        };
        Self { field: change.pointer, old, new, hidden }
    }
}
