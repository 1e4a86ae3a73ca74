//! What people said about a request without deciding it.

use crate::domain::lifecycle::EventKind;
use crate::engine::trail::TrailEntry;
use crate::web::parts::format::{Time, When};
use crate::web::parts::who::{Names, Who};

/// One comment.
pub struct CommentLine {
    pub who: Who,
    pub words: String,
    pub at: Time,
    /// The revision that was the present one.
    pub revision: i64,
}

impl CommentLine {
    /// Every comment among these events, the first one first.
    pub fn all(events: &[TrailEntry], names: &Names, when: When) -> Vec<Self> {
        let comment = |entry: &TrailEntry| {
            let EventKind::Commented { message } = entry.kind.as_ref()? else { return None };
            let who = names.who(&entry.actor);
            Some(Self { who, words: message.clone(), at: when.ago(entry.at), revision: entry.revision })
        };
        events.iter().filter_map(comment).collect()
    }

    /// Those about one revision.
    pub fn of_revision(events: &[TrailEntry], revision: i64, (names, when): (&Names, When)) -> Vec<Self> {
        let mut all = Self::all(events, names, when);
        all.retain(|comment| comment.revision == revision);
        all
    }
}
