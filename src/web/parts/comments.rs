//! What people said about a request without deciding it.

use crate::domain::lifecycle::EventKind;
use crate::engine::trail::TrailEntry;
use crate::web::parts::format::{Time, When};

/// One comment.
pub struct CommentLine {
    pub who: String,
    pub words: String,
    pub at: Time,
    /// The revision that was the present one.
    pub revision: i64,
}

impl CommentLine {
    /// Every comment among these events, the first one first.
    pub fn all(events: &[TrailEntry], when: When) -> Vec<Self> {
        let comment = |entry: &TrailEntry| {
            let EventKind::Commented { message } = entry.kind.as_ref()? else { return None };
            let who = entry.actor.user_name.clone();
            Some(Self { who, words: message.clone(), at: when.ago(entry.at), revision: entry.revision })
        };
        events.iter().filter_map(comment).collect()
    }

    /// Those about one revision.
    pub fn of_revision(events: &[TrailEntry], revision: i64, when: When) -> Vec<Self> {
        let mut all = Self::all(events, when);
        all.retain(|comment| comment.revision == revision);
        all
    }
}
