//! Request types. Each is data; no code knows one by its name.

mod answer;
mod body;
mod bulk;
mod canonical;
mod classes;
mod counter;
mod credential;
mod definition;
mod definition_text;
mod further_headers;
mod headers;
mod normalise;
mod parse;
mod path_characters;
mod place;
mod probe;
mod query;
mod scalar;
mod schema;
mod sending;
mod subject;
mod summary;
#[cfg(test)]
mod tests;
mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::allowed_targets::Origin;
use super::amount::Amount;
use super::call::Call;
use super::call_line::{CallLine, HeaderLine};
use super::fault::DefinitionFault;
use super::ids::RequestTypeName;
use super::media_type::MediaType;
use super::path::NamedCharacters;
use super::policy::Policy;
use super::policy::bulk::BulkRules;
use super::unit::Unit;

pub use answer::{AnswerRules, EqualsRule, Parts, Steps, Unproven};
pub use classes::{DOTS, FieldClasses};
pub use counter::{CountBy, Counter};
pub use further_headers::{authorization_words, credential_of};
pub use headers::HeaderRules;
pub use normalise::{Change, Normalisation};
pub use place::Place;
pub use probe::{ProbeRules, Signs};
pub use schema::{Lists, Schema};
pub use sending::{AlreadyDoneAnswer, REPEAT_ID_CHARS_MAX, RepeatRules, RetryRules};
pub use subject::SUBJECT_CHARS_MAX;
pub use summary::Summary;
pub use unit::UnitRule;

/// A kind of call that makers may submit.
#[derive(Clone, Debug)]
pub struct RequestType {
    /// Its name.
    pub name: RequestTypeName,
    /// The digest of its canonical definition, so that an old request shows which rules applied.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// One sentence about a request, with placeholders for values.
    pub summary: Summary,
    /// The method, in upper case.
    pub method: String,
    /// The path; `{name}` is replaced by a value from `pathParams`.
    pub path: String,
    /// The only target; `None` for any on the list.
    pub target: Option<Origin>,
    /// The name of the credential that its calls are sent with; `None` for what a maker sends.
    pub credential: Option<String>,
    /// How long a call may take in all; `None` for the configured time.
    pub total_timeout: Option<TimeDelta>,
    /// How long a request may wait for its decisions; `None` for the configured time.
    pub pending_ttl: Option<TimeDelta>,
    /// How long an approved request may wait for its execution; `None` for the configured time.
    pub approval_ttl: Option<TimeDelta>,
    /// What happens to a second pending request on one subject.
    pub duplicates: Duplicates,
    /// Whether its makers say why.
    pub reason: ReasonRule,
    /// Whether the people who decided are checked again right before the execution.
    pub recheck_at_execution: bool,
    /// Which of its requests may be decided in bulk; `None` if none of them.
    pub bulk: Option<BulkRules>,
    /// What a request is about.
    pub subject: Option<Place>,
    /// How much a request is about.
    pub amount: Option<Place>,
    /// What that amount counts.
    pub unit: Option<UnitRule>,
    /// What is normalised before the schemas are applied.
    pub normalise: Vec<Normalisation>,
    /// The schema of `pathParams`, beyond a value for every placeholder.
    pub path_params: Option<Schema>,
    /// The schema of `queryParams`; members that it does not name are strings.
    pub query: Option<Schema>,
    /// The headers that it takes.
    pub headers: HeaderRules,
    /// The schema of the body; `None` for a call that needs none.
    pub body: Option<Schema>,
    /// The media type of the body.
    pub media_type: MediaType,
    /// The fields that are not public.
    pub classes: FieldClasses,
    /// How the target's answer is judged.
    pub answer: AnswerRules,
    /// How a call that was not carried out is tried again.
    pub retry: RetryRules,
    /// How the target recognises a repeat; `None` if it does not.
    pub repeat: Option<RepeatRules>,
    /// How the target is asked what became of a call; `None` if it can't be asked.
    pub probe: Option<ProbeRules>,
    /// The counters that conditions may use.
    pub usage: Vec<Counter>,
    /// Who must agree.
    pub policy: Policy,
    path_characters: BTreeMap<String, NamedCharacters>,
    definition: String,
}

/// What happens to a second pending request of a type on the same subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// Nothing.
    Allow,
    /// It is admitted with a warning.
    Warn,
    /// It is refused.
    Block,
}

impl Duplicates {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Warn, Self::Block];

    /// `allow`, `warn` or `block`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// Whether whoever submits a request of a type says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonRule {
    /// They can't.
    Off,
    /// They may.
    Optional,
    /// They must.
    Required,
}

impl ReasonRule {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Off, Self::Optional, Self::Required];

    /// `off`, `optional` or `required`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

impl RequestType {
    /// The canonical definition as JSON text; read again, it gives the same version.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// The characters that the value of this placeholder may have beyond those that every value may.
    pub fn path_characters(&self, placeholder: &str) -> NamedCharacters {
        self.path_characters.get(placeholder).cloned().unwrap_or_default()
    }

    /// The task as a reader may see it.
    pub fn shown(&self, task: &Value, sees_masked: bool) -> Value {
        self.classes.shown(task, sees_masked)
    }

    /// What in the type no call could carry, so that lint refuses it.
    pub fn unsendable(&self) -> Vec<DefinitionFault> {
        self.query.as_ref().map(query::unsendable).unwrap_or_default()
    }

    /// Whether any field is not public.
    pub fn hides_any(&self) -> bool {
        self.classes.hide_any()
    }

    /// What lists show of `call`, which stands for the normalised `task`.
    pub fn call_line(&self, task: &Value, call: &Call, label: &str) -> CallLine {
        let (url, masked_url) = if self.hides_any() {
            let url_for = |sees_masked| CallLine::cut(Call::shown_url(&self.shown(task, sees_masked)));
            let (url, masked) = (url_for(true), url_for(false));
            let masked = Some(masked).filter(|masked| *masked != url);
            (url, masked)
        } else {
            (CallLine::cut(call.url.clone()), None)
        };
        let headers = self.header_lines(task);
        CallLine { method: call.method.clone(), url, masked_url, label: label.to_owned(), headers }
    }

    fn header_lines(&self, task: &Value) -> Vec<HeaderLine> {
        let lines_for = |sees_masked| self.further_headers(&self.shown(task, sees_masked)).into_iter();
        let line = |((name, value), (_, masked)): ((String, String), (String, String))| {
            let masked_value = (masked != value).then(|| HeaderLine::cut(masked));
            HeaderLine { name, value: HeaderLine::cut(value), masked_value }
        };
        lines_for(true).zip(lines_for(false)).map(line).collect()
    }

    /// Whether a request without a subject would escape a limit or the search for duplicates.
    pub fn needs_subject(&self) -> bool {
        self.duplicates != Duplicates::Allow
            || self.usage.iter().any(|counter| counter.by == CountBy::Subject)
    }

    /// The amount of a normalised task; `None` if it has none.
    pub fn amount_of(&self, task: &Value) -> Option<Amount> {
        Amount::from_json(self.amount.as_ref()?.find(task)?).ok()
    }

    /// What the amount of a normalised task counts; `None` if it has none, or says nothing of it.
    pub fn unit_of(&self, task: &Value) -> Option<Unit> {
        self.amount_of(task)?;
        self.unit.as_ref()?.read_from(task).ok().flatten()
    }

    /// The id by which the target recognises a repeat of a normalised task, if the task carries one. It is
    /// unique among the open requests of an org to a target. There is none where a header carries the
    /// request's own id, which is unique anyway.
    pub fn repeat_key(&self, task: &Value) -> Option<String> {
        self.repeat.as_ref()?.id_of(task)
    }

    /// Whether the target recognises a repeat of a call with this [`RequestType::repeat_key`], so that it may be
    /// sent again when nobody knows whether it was carried out.
    pub fn recognises_repeat(&self, repeat_key: Option<&str>) -> bool {
        match &self.repeat {
            Some(RepeatRules::KeyHeader(_)) => true,
            Some(RepeatRules::AlreadyDone(_)) => repeat_key.is_some(),
            None => false,
        }
    }

    /// The header that the engine fills with the request's id.
    pub fn key_header(&self) -> Option<&str> {
        self.repeat.as_ref().and_then(RepeatRules::key_header)
    }

    /// One sentence about a normalised task.
    pub fn summary_of(&self, task: &Value) -> String {
        self.summary.fill(task, &self.classes)
    }
}

/// The request types that this engine offers, by name.
#[derive(Clone, Debug, Default)]
pub struct RequestTypes(BTreeMap<String, Arc<RequestType>>);

impl RequestTypes {
    /// These types; the last of several with one name.
    pub fn new(types: impl IntoIterator<Item = RequestType>) -> Self {
        Self(types.into_iter().map(|found| (found.name.to_string(), Arc::new(found))).collect())
    }

    /// These types, of which no two have one name.
    pub fn of(types: impl IntoIterator<Item = Arc<RequestType>>) -> Self {
        Self(types.into_iter().map(|found| (found.name.to_string(), found)).collect())
    }

    /// The type of this name in its stored spelling, `ISSUE-BADGE`.
    pub fn find(&self, name: &str) -> Option<&Arc<RequestType>> {
        self.0.get(name)
    }

    /// The names of all of them.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Every type, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<RequestType>> {
        self.0.values()
    }
}
