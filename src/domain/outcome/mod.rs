//! What an exchange with a target means, and how an execution ends. Nothing read here is stored or sent
//! again.

mod body;
mod exchange;
mod judgement;
mod parts;
mod probe;
mod raw_json;
mod retry_after;
mod scalars;
mod status;
#[cfg(test)]
mod tests;
mod type_rules;
mod words;

use chrono::{DateTime, Utc};

use self::parts::{PartsResult, judge_parts};
use self::raw_json::{Unreadable, find};
use self::retry_after::retry_after;
use self::scalars::are_equal;
use self::status::{StatusClass, class_of, listed};
use super::attempt::AttemptOutcome;
use super::request_type::{AlreadyDoneAnswer, AnswerRules, RepeatRules, Unproven};
use super::state::State;

pub use exchange::{Exchange, KEPT_HEADERS_MAX, TargetResponse, WireBytes};
pub use judgement::{Judgement, PartWarning};
pub use probe::judge_probe;

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The target did what was asked.
    Executed,
    /// The target did not do it.
    Failed,
    /// Unknown: the call may have been carried out.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Executed, Self::Failed, Self::Unknown];

    /// The state that it leads to.
    pub fn state(self) -> State {
        match self {
            Self::Executed => State::Executed,
            Self::Failed => State::Failed,
            Self::Unknown => State::Unknown,
        }
    }

    /// `executed`, `failed` or `unknown`.
    pub fn name(self) -> &'static str {
        self.state().name()
    }

    /// Reads [`Outcome::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }
}

/// Judges one exchange, without regard to other attempts of the request.
///
/// In this order: what did not come back whole; a status that `rules` list; an answer that says, by `repeat`,
/// that the target had the call already; the class of the status; and for a 2xx answer, its headers and body
/// by `rules`. `executed` needs a 2xx answer that can be read wherever `rules` read it, in which nothing says
/// that it failed, and which has the proof that they ask for. `now` is what a date in `Retry-After` is
/// compared with.
pub fn judge(
    exchange: &Exchange,
    rules: &AnswerRules,
    repeat: Option<&RepeatRules>,
    now: DateTime<Utc>,
) -> Judgement {
    let answer = match exchange {
        Exchange::NotSent { reason } => {
            return Judgement::new(AttemptOutcome::NotSent, format!("No byte left: {reason}."));
        }
        Exchange::NoFullAnswer { reason, bytes, .. } => {
            let reason = format!("No full answer came: {reason}. {bytes}");
            return Judgement::new(AttemptOutcome::Ambiguous, reason);
        }
        Exchange::Answered(answer) => answer,
    };
    let status = answer.status;
    let class = match listed(status, rules) {
        Some(class) => class,
        None if is_already_done(answer, repeat) => {
            let reason = format!("The target answered {status}: it had this call already.");
            return Judgement::new(AttemptOutcome::AlreadyDone, reason);
        }
        None => class_of(status),
    };
    match class {
        StatusClass::Success => judge_success(answer, rules),
        StatusClass::Failed => Judgement::new(AttemptOutcome::Failed, told(answer)),
        StatusClass::NotDone => Judgement {
            retry_after: retry_after(answer, now),
            ..Judgement::new(
                AttemptOutcome::NotDone,
                format!("The target answered {status}: it did not carry out the call."),
            )
        },
        StatusClass::Ambiguous => Judgement::new(
            AttemptOutcome::Ambiguous,
            format!("The target answered {status}, which does not say whether it carried out the call."),
        ),
    }
}

/// Whether the answer proves that the target had the call already. One that can't be read proves nothing.
fn is_already_done(answer: &TargetResponse, repeat: Option<&RepeatRules>) -> bool {
    let Some(RepeatRules::AlreadyDone(AlreadyDoneAnswer { status, at, equals, .. })) = repeat else {
        return false;
    };
    let code = || body::read(answer).and_then(|body| find(body, at)).ok().flatten();
    answer.status == *status && code().is_some_and(|code| are_equal(code, equals))
}

fn judge_success(answer: &TargetResponse, rules: &AnswerRules) -> Judgement {
    let judged = if rules.read_the_body() {
        body::read(answer).and_then(|body| judge_content(answer, body, rules))
    } else {
        judge_content(answer, "{}", rules)
    };
    judged.unwrap_or_else(|Unreadable(clause)| {
        let reason = format!("The target answered {}, but {clause}.", answer.status);
        Judgement::new(AttemptOutcome::Ambiguous, reason)
    })
}

fn judge_content(answer: &TargetResponse, body: &str, rules: &AnswerRules) -> Result<Judgement, Unreadable> {
    let failed = |what: String| {
        Judgement::new(AttemptOutcome::Failed, format!("The answer says that it failed: {what}."))
    };
    if let Some(what) = type_rules::failure(answer, body, rules)? {
        return Ok(failed(what));
    }
    let warnings = match rules.parts.as_ref().map(|parts| judge_parts(body, parts)).transpose()? {
        Some(PartsResult::AllFailed(what)) => return Ok(failed(what)),
        Some(PartsResult::SomeWorked(warnings)) => warnings,
        None => Vec::new(),
    };
    let Some(lacking) = type_rules::missing_proof(body, rules)? else {
        return Ok(Judgement { warnings, ..Judgement::new(AttemptOutcome::Executed, told(answer)) });
    };
    let outcome = match rules.otherwise {
        Unproven::Unknown => AttemptOutcome::Ambiguous,
        Unproven::Failed => AttemptOutcome::Failed,
    };
    let reason = format!("The target answered {} without proof of success: {lacking}.", answer.status);
    Ok(Judgement::new(outcome, reason))
}

fn told(answer: &TargetResponse) -> String {
    format!("The target answered {}.", answer.status)
}
