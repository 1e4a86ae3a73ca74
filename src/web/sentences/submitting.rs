//! What the page of a new request says: what the form becomes, who must agree, what the checks said, and what became of
//! a form that was not carried out. The pages that resubmit a request and that submit it again say the same.

use crate::domain::ids::OrgId;
use crate::domain::request_type::Duplicates;

/// A form that was submitted before with other contents: what is true, and what to do.
pub const SENT_BEFORE: (&str, &str) = (
    "This form was sent before, and has become a request. Since then it was changed.",
    "Look at My requests before you send it once more: submitting now makes a second request.",
);

/// A form that nothing forbids.
pub const CHECKED: (&str, &str) =
    ("Nothing forbids it.", "Nothing was stored yet. What it becomes is shown beside the form.");

/// The store takes nothing now.
pub const NOT_NOW: &str = "Countersign can't do this right now.";

/// Said beside whatever else is wrong with a form that is shown again.
pub const STILL_HERE: &str = "What you wrote is still here.";

/// The same where nothing else says that nothing was stored.
pub const NOT_STORED: &str = "Nothing was stored. What you wrote is still here.";

/// A request was not submitted again.
pub const NOT_SUBMITTED: &str = "It was not submitted. Nothing was stored.";

/// A body that can't go from one way of writing to the other.
pub const NOT_REWRITTEN: &str = "Nothing was changed.";

/// Why a body can't be rewritten, if it is written as JSON now or in its fields.
pub fn not_rewritten(is_json: bool) -> &'static str {
    if is_json { "The fields can’t hold this body." } else { "A field holds text that is not JSON yet." }
}

/// What a refusal is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Checking only.
    Check,
    Submit,
}

/// The head of a refusal, with the rule's own reason.
pub fn refused(tried: Tried, why: &str) -> String {
    let head = match tried {
        Tried::Check => "It would be refused",
        Tried::Submit => "It was not submitted",
    };
    format!("{head}: {why}")
}

/// A form that was made for another org or person, and is shown to whoever is signed in now.
pub fn submitted_now(name: &str, org: &OrgId) -> String {
    format!("What was written is still here. Submitted now, it is a request of {name} in org {org}.")
}

/// A form that was refused, and is shown again to whoever wrote it.
pub const READ_IT_AGAIN: &str = "What you wrote is still here. Read it again, and send it from here.";

/// The org was changed back to that of the form.
pub fn back_in_org(org: &OrgId) -> String {
    format!("You are in org {org} again. Nothing was stored yet.")
}

/// What was sent back holds something that is not shown again.
pub const HIDDEN_IS_EMPTY: (&str, &str) = (
    "What is not public is empty here.",
    "Type it again, or leave it out. What you sent is kept, but not shown again.",
);

/// What was sent back fits no field of its type any more.
pub const FIELDS_ARE_EMPTY: (&str, &str) = (
    "The fields can’t hold what you sent, so they are empty.",
    "The type has changed since. What you sent is on the page of the request.",
);

/// What the type says of a second request for one subject.
pub fn second_request(duplicates: Duplicates) -> Option<&'static str> {
    match duplicates {
        Duplicates::Allow => None,
        Duplicates::Warn => Some("If another request is open on the same subject, those who decide see it."),
        Duplicates::Block => {
            Some("One at a time: while a request is open on a subject, a second one on it is refused.")
        }
    }
}

/// What the checks found that a form becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes<'a> {
    /// Nothing was checked yet, and the type's only rule names who must agree.
    KnownStages,
    /// Nothing was checked yet, and who must agree depends on it.
    Unknown,
    /// A request that waits by this rule.
    Waits {
        rule: &'a str,
    },
    /// A request that is sent at once by this rule.
    SentAtOnce {
        rule: &'a str,
    },
    Refused,
}

impl Becomes<'_> {
    /// What is above the call that it becomes.
    pub fn over_the_call(self) -> &'static str {
        match self {
            Self::KnownStages | Self::Unknown => "Once everybody who must has agreed, this is sent, once:",
            Self::Waits { .. } => "Once they have agreed, this is sent, once:",
            Self::SentAtOnce { .. } => "This is sent at once when you submit it:",
            Self::Refused => "This would be sent, if it were not refused:",
        }
    }

    /// Who must agree; before a list of stages, where there is one.
    pub fn who_must_agree(self) -> String {
        match self {
            Self::KnownStages => "Before anything is sent:".to_owned(),
            Self::Unknown => "That depends on what you write. “Check only” tells you.".to_owned(),
            Self::Waits { rule } => format!("By the rule “{rule}”, for what you wrote:"),
            Self::SentAtOnce { rule } => format!("Nobody. The rule “{rule}” lets it through."),
            Self::Refused => "It would be refused.".to_owned(),
        }
    }
}

/// Said instead of a call that can't be made yet.
pub const NO_CALL_YET: &str = "There are faults, so the call isn’t built yet.";

/// What differs between the draft's call and the one that is sent.
pub fn draft_differs(hides_any: bool, key_header: Option<&str>) -> String {
    let hidden = hides_any.then(|| "What is not public is hidden here.".to_owned());
    let key = key_header
        .map(|name| format!("{name} gets the request’s id when you submit it, so the digest will differ."));
    hidden.into_iter().chain(key).collect::<Vec<_>>().join(" ")
}
