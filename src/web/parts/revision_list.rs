//! The revisions of a request in short: who submitted, who decided, who sent it back and why.

use crate::domain::request::{Decision, Request};
use crate::domain::revision::Revision;
use crate::web::BASE;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{DigestWords, Time, When};
use crate::web::parts::who::{Names, Who};

/// One revision of a request.
pub struct RevisionLine {
    pub number: i64,
    /// Its page; `None` for the present one, which is the request's.
    pub url: Option<String>,
    pub submitted: Time,
    pub digest: DigestWords,
    /// `approved by Chen Wei`.
    pub decisions: Vec<String>,
    pub sent_back: Option<SentBackLine>,
}

/// How a revision was sent back.
pub struct SentBackLine {
    pub who: Who,
    pub at: Time,
    pub words: String,
    /// The members that were named.
    pub fields: Vec<String>,
}

impl RevisionLine {
    /// Every revision, the first one first; none if there is only one that was never sent back.
    pub fn all(request: &Request, names: &Names, when: When) -> Vec<Self> {
        if request.revision == 1 && request.sent_back.is_none() {
            return Vec::new();
        }
        let present = request.present_revision();
        let mut lines: Vec<Self> =
            request.earlier.iter().map(|earlier| Self::of(request, earlier, (names, when))).collect();
        lines.push(Self { url: None, ..Self::of(request, &present, (names, when)) });
        lines
    }

    /// One revision of `request`.
    pub fn of(request: &Request, revision: &Revision, (names, when): (&Names, When)) -> Self {
        Self {
            number: revision.number,
            url: Some(format!("{BASE}/requests/{}/revisions/{}", request.id, revision.number)),
            submitted: when.exact(revision.submitted_at),
            digest: DigestWords::of(&revision.digest.to_string()),
            decisions: revision.decisions.iter().map(|decision| decided(decision, names)).collect(),
            sent_back: revision.sent_back.as_ref().map(|sent_back| SentBackLine {
                who: names.who(&sent_back.by),
                at: when.exact(sent_back.at),
                words: sent_back.message.clone(),
                fields: sent_back.fields.iter().map(|field| field_label(field)).collect(),
            }),
        }
    }
}

fn decided(decision: &Decision, names: &Names) -> String {
    format!("{} by {}", decision.verdict.name(), names.name(&decision.checker))
}
