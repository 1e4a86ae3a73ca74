//! What lists of requests say: what they hold, in which order, and why there is nothing in them.

use std::fmt;

use crate::domain::findings::FindingCode;
use crate::engine::queries::SortBy;
use crate::web::parts::format::number_of;

/// A list beside that of what needs the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    MyGroups,
    Decided,
    Mine,
    Unknown,
}

/// What a list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListWords {
    /// What it holds.
    pub lead: &'static str,
    /// What is true while there is nothing in it.
    pub empty_title: &'static str,
    /// What to do then; empty if that is nothing.
    pub empty: &'static str,
}

/// What this list says.
pub const fn of_list(list: List) -> ListWords {
    match list {
        List::MyGroups => ListWords {
            lead: "What waits for one of your groups, also where somebody else must decide.",
            empty_title: "Nothing waits for your groups",
            empty: "",
        },
        List::Decided => ListWords {
            lead: "What you approved or rejected, by when you did.",
            empty_title: "You have decided nothing yet",
            empty: "",
        },
        List::Mine => ListWords {
            lead: "What you submitted.",
            empty_title: "You have submitted nothing yet",
            empty: "New request shows what can be asked for.",
        },
        List::Unknown => ListWords {
            lead: "The call left, and no full answer came back: it may or may not have happened. Ask the target, \
                   then settle it.",
            empty_title: "Every outcome is known",
            empty: "",
        },
    }
}

/// Said of a list that is in order only as far as its first requests go.
pub fn only_the_first(looked_at: usize) -> String {
    format!("Only the {looked_at} that are due first are in this order.")
}

/// What needs the reader: how much it is, in all and by their filter, as markup where it is a link.
pub fn needs_you(all: impl fmt::Display, filtered: Option<impl fmt::Display>) -> String {
    let filtered = filtered.map(|count| format!(" The filters let {count} of them through."));
    format!("For you to decide now: {all}.{}", filtered.unwrap_or_default())
}

/// How many are unread: `count` as markup, and whether there are more pages than this one.
pub fn unread(count: &str, has_more_pages: bool) -> String {
    format!("{count} unread{}.", if has_more_pages { " on this page" } else { "" })
}

/// What is true of a reader whom nothing needs, or who filters all of it away.
pub fn nothing_needs_you(has_filter: bool) -> &'static str {
    if has_filter { "No request fits" } else { "Nothing needs you" }
}

/// Where to look for more.
pub const ELSEWHERE: &str = "Requests that wait for other people in your groups are under My groups.";

/// Where a page is in its list: `51–93 of 93`.
pub fn place(first: usize, last: usize, all: impl fmt::Display) -> String {
    format!("{first}–{last} of {all}")
}

/// The way to decide about several: all that fit, or only as many as may be decided together.
pub fn select(first: Option<usize>, fitting: impl fmt::Display, has_filter: bool) -> String {
    let of_filter = if has_filter { " of this filter" } else { "" };
    match first {
        Some(first) => format!("Select the first {first} of {fitting}{of_filter}"),
        None => format!("Select all {fitting}{of_filter}"),
    }
}

/// A finding in a few words, for a row.
pub fn flag(code: FindingCode) -> &'static str {
    match code {
        FindingCode::HiddenCharacters => "hidden characters",
        FindingCode::SubjectPending => "another waits for the same subject",
        FindingCode::LimitNearlyUsedUp => "limit nearly used up",
        FindingCode::LateAnswer => "late answer",
        FindingCode::NobodyCanSign => "nobody is left to sign",
        FindingCode::LookAlike => "name looks like another",
    }
}

/// Said in a row of a request that is too long to be looked at for a list.
pub const TOO_LONG: &str = "too long to be checked here";

/// Said in a row for what else there is.
pub fn more(count: usize) -> String {
    format!("{count} more")
}

/// What the history holds for this reader.
pub fn history(sees_all: bool) -> String {
    let whose = if sees_all { "Every request of this org." } else { "What you submitted." };
    format!("{whose} Nothing here can be changed or removed.")
}

/// What the history holds where only the beginning of an id was searched for.
pub fn ids_that_begin(with: &str, may_be_more: bool) -> String {
    let more = if may_be_more { " There may be more: write more of the id." } else { "" };
    format!("These requests’ ids begin with {with}. Other filters were not used.{more}")
}

/// Said where a filter can't be read.
pub const NOT_SEARCHED: &str = "Nothing was searched for.";

/// The order of what was found.
pub const NEWEST_FIRST: &str = "The newest first.";

/// The links to the page before and to the next one, in this order of the list.
pub fn turning(by: SortBy, is_descending: bool) -> (&'static str, &'static str) {
    match (by, is_descending) {
        (SortBy::Start, true) => ("Newer", "Older"),
        (SortBy::Start, false) => ("Older", "Newer"),
        (SortBy::End, _) => ("Back to the first page", "More"),
        (SortBy::Maker, _) => ("Previous", "Next"),
    }
}

/// A type that requests are of, and that is no longer in force.
pub fn past_type(name: &str) -> String {
    format!("{name} (no longer in force)")
}

/// How many refusals of a person are not listed one by one.
pub fn refused_further(count: usize) -> String {
    format!("{} of this person in one minute", number_of(count, "further one", "further ones"))
}
