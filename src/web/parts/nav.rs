//! The places of the pages: what the rail leads to, by name and address.

use crate::domain::actor::{Actor, Permission};
use crate::web::BASE;
use crate::web::sentences::labels::of_page;

/// An entry of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    /// What this person may decide now.
    NeedsMe,
    /// What waits for one of their groups.
    MyGroups,
    /// What they decided.
    Decided,
    New,
    /// What they submitted.
    Mine,
    /// Everything, by filter.
    History,
    /// Everything, by words.
    Search,
    /// What may or may not have happened.
    Unknown,
    /// Everything that happened in the org.
    OrgTrail,
    /// Submissions that were not taken.
    Refusals,
    /// Who decided whose requests.
    Pairs,
    /// What subscribers were told.
    Deliveries,
    /// Request types and their policies.
    Types,
    /// What somebody set for themselves.
    Settings,
    Elsewhere,
}

impl Nav {
    /// Its address below [`BASE`].
    pub fn path(self) -> &'static str {
        match self {
            Self::NeedsMe => "/needs-me",
            Self::MyGroups => "/my-groups",
            Self::Decided => "/decided",
            Self::New => "/new",
            Self::Mine => "/mine",
            Self::History => "/history",
            Self::Search => "/search",
            Self::Unknown => "/unknown",
            Self::OrgTrail => "/trail",
            Self::Refusals => "/refusals",
            Self::Pairs => "/pairs",
            Self::Deliveries => "/deliveries",
            Self::Types => "/types",
            Self::Settings => "/settings",
            Self::Elsewhere => "",
        }
    }

    /// Its address.
    pub fn url(self) -> String {
        format!("{BASE}{}", self.path())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        of_page(self)
    }

    /// Where this person begins.
    pub fn home(actor: &Actor) -> Self {
        if actor.may(Permission::Check) {
            Self::NeedsMe
        } else if actor.may(Permission::Make) {
            Self::Mine
        } else {
            Self::History
        }
    }
}
