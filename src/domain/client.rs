//! Which programs may call the API, and with which calls: clients and their access groups.
//!
//! **Invariant:** a client never gives a person a right. It only says which program a call comes through.

use super::ids::OrgId;

/// A program that calls the API for people of one org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id; the key of an OAuth client.
    pub id: String,
    /// The only org that it may call for.
    pub org: OrgId,
    /// Its name, unique in the whole deployment.
    pub name: String,
    /// How it proves who it is.
    pub kind: ClientKind,
    /// Its access groups.
    pub groups: Vec<String>,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// By its name and the MD5 of its password, with every call.
    Till,
    /// By a token, which it gets for its key and secret.
    Oauth,
}

impl ClientKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Till, Self::Oauth];

    /// The name on the command line and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Till => "till",
            Self::Oauth => "oauth",
        }
    }

    /// Reads [`ClientKind::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// The longest name that a client may have.
pub const CLIENT_NAME_CHARS_MAX: usize = 64;

/// Whether a client may have this name: visible ASCII, and no colon, which ends a name in `Authorization: Basic`.
pub fn is_client_name(text: &str) -> bool {
    (1..=CLIENT_NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// What a call does, as far as access groups tell calls apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Submit a request, or resubmit it.
    Submit,
    /// Approve or reject requests, or send them back.
    Decide,
    /// Withdraw a request.
    Withdraw,
    /// Comment on a request.
    Comment,
    /// Read and list requests.
    Read,
    /// Export, read refusals, hosts and deliveries, and send a delivery again.
    Audit,
}

impl CallKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Submit, Self::Decide, Self::Withdraw, Self::Comment, Self::Read, Self::Audit];

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Decide => "decide",
            Self::Withdraw => "withdraw",
            Self::Comment => "comment",
            Self::Read => "read",
            Self::Audit => "audit",
        }
    }

    /// Reads [`CallKind::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Which request types a call names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeScope<'a> {
    /// This one, in its path.
    One(&'a str),
    /// It may touch requests of every type.
    Every,
    /// None: groups do not tell such calls apart by type.
    None,
}

/// A call before anybody looked at who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedCall<'a> {
    /// One that the API has.
    Known(CallKind, TypeScope<'a>),
    /// Any other: only who may make every call may make it.
    Unknown,
}

/// The group that every client is in unless others are named: all types and all calls.
pub const DEFAULT_GROUP: &str = "default";

/// What the clients of a group may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGroup {
    /// Its name.
    pub name: String,
    /// The request types that may be submitted and decided; `None` for all.
    pub types: Option<Vec<String>>,
    /// The calls; `None` for all.
    pub calls: Option<Vec<CallKind>>,
}

impl AccessGroup {
    /// The group [`DEFAULT_GROUP`].
    fn everything() -> Self {
        Self { name: DEFAULT_GROUP.to_owned(), types: None, calls: None }
    }

    fn allows(&self, call: AskedCall<'_>) -> bool {
        match call {
            AskedCall::Known(kind, scope) => {
                self.calls.as_ref().is_none_or(|calls| calls.contains(&kind)) && self.covers(scope)
            }
            AskedCall::Unknown => self.types.is_none() && self.calls.is_none(),
        }
    }

    fn covers(&self, scope: TypeScope<'_>) -> bool {
        match (&self.types, scope) {
            (None, _) | (Some(_), TypeScope::None) => true,
            (Some(types), TypeScope::One(name)) => types.iter().any(|known| known == name),
            (Some(_), TypeScope::Every) => false,
        }
    }
}

/// Every access group: [`DEFAULT_GROUP`], and those of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGroups(Vec<AccessGroup>);

impl AccessGroups {
    /// The default group and these.
    pub fn new(named: Vec<AccessGroup>) -> Self {
        Self(std::iter::once(AccessGroup::everything()).chain(named).collect())
    }

    /// Whether there is a group of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|group| group.name == name)
    }

    /// Every name.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|group| group.name.as_str()).collect()
    }

    /// Whether one of the client's groups allows the call. A group that is no longer configured allows nothing.
    pub fn allow(&self, client: &Client, call: AskedCall<'_>) -> bool {
        self.0.iter().any(|group| client.groups.contains(&group.name) && group.allows(call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(groups: &[&str]) -> Client {
        Client {
            id: "1".to_owned(),
            org: OrgId::new("90001"),
            name: "till.one".to_owned(),
            kind: ClientKind::Till,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    fn groups() -> AccessGroups {
        let badges = AccessGroup {
            name: "badges".to_owned(),
            types: Some(vec!["ISSUE-BADGE".to_owned()]),
            calls: Some(vec![CallKind::Submit, CallKind::Decide, CallKind::Read]),
        };
        let reports =
            AccessGroup { name: "reports".to_owned(), types: None, calls: Some(vec![CallKind::Audit]) };
        AccessGroups::new(vec![badges, reports])
    }

    #[test]
    fn the_default_group_allows_everything() {
        for kind in CallKind::ALL {
            for scope in [TypeScope::One("ISSUE-BADGE"), TypeScope::Every, TypeScope::None] {
                assert!(groups().allow(&client(&[DEFAULT_GROUP]), AskedCall::Known(kind, scope)));
            }
        }
        assert!(groups().allow(&client(&[DEFAULT_GROUP]), AskedCall::Unknown));
    }

    #[test]
    fn a_group_allows_its_calls_on_its_types_and_no_others() {
        use {AskedCall::Known, CallKind::*, TypeScope as On};
        let badges = client(&["badges"]);
        for (call, is_allowed) in [
            (Known(Submit, On::One("ISSUE-BADGE")), true),
            (Known(Submit, On::One("EARN-BADGE")), false),
            (Known(Decide, On::One("ISSUE-BADGE")), true),
            (Known(Decide, On::Every), false),
            (Known(Read, On::None), true),
            (Known(Withdraw, On::None), false),
            (Known(Audit, On::None), false),
            (AskedCall::Unknown, false),
        ] {
            assert_eq!(groups().allow(&badges, call), is_allowed, "{call:?}");
        }
    }

    #[test]
    fn two_groups_allow_what_either_does_and_unknown_ones_nothing() {
        let both = client(&["badges", "reports"]);
        let export = AskedCall::Known(CallKind::Audit, TypeScope::None);
        assert!(groups().allow(&both, export));
        for names in [["gone"].as_slice(), &[]] {
            assert!(!groups().allow(&client(names), export));
        }
    }

    #[test]
    fn a_name_has_no_colon_and_no_spaces() {
        for name in ["a", "till.one", "Zentrale-3/Kasse"] {
            assert!(is_client_name(name), "{name}");
        }
        for name in ["", "a:b", "a b", "é", "a\n", &"x".repeat(65)] {
            assert!(!is_client_name(name), "{name}");
        }
    }
}
