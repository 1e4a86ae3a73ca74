//! Who is asking: a person, in one org, with permissions; and which requests they may read.

use std::ops::Deref;

use chrono::{DateTime, Utc};

use super::caseless;
use super::ids::OrgId;
use super::person_key::PersonKey;

/// A person as a token names them. Every event keeps a copy of the person who caused it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// The token's issuer; ids mean nothing without it.
    pub iss: String,
    /// The token's subject.
    pub sub: String,
    /// The user id claim, or the subject where the token has none.
    pub user_id: String,
    /// The user name claim (an e-mail address as a rule), or the subject.
    pub user_name: String,
}

impl Person {
    /// The engine itself, which causes expiries and recoveries.
    pub fn system() -> Self {
        let own = || "system".to_owned();
        Self { iss: "countersign".to_owned(), sub: own(), user_id: own(), user_name: own() }
    }

    /// The key of their account: the issuer, and the user id as people read it.
    pub fn key(&self) -> PersonKey {
        PersonKey::of_account(&self.iss, &self.user_id)
    }

    /// Whether both are the same human being: the same subject *or* the same user id of one issuer, in whatever
    /// spelling.
    ///
    /// Deliberately wide: two accounts that share either are treated as one person. The people file joins
    /// further accounts: `People::is_one_person`.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.iss == other.iss
            && (caseless::is_same(&self.sub, &other.sub) || caseless::is_same(&self.user_id, &other.user_id))
    }
}

/// A permission that a token grants; its name is compared exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `CanMakeRequest`: submit requests, and list one's own.
    Make,
    /// `CanCheckRequest`: read the org's requests, and decide those of others.
    Check,
    /// `CanAuditRequest`: read and export everything of the org.
    Audit,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 3] = [Self::Make, Self::Check, Self::Audit];

    /// The name in a token's permission list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Make => "CanMakeRequest",
            Self::Check => "CanCheckRequest",
            Self::Audit => "CanAuditRequest",
        }
    }
}

/// A person who submits or decides, with everything that the policy weighs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person that the token names.
    pub person: Person,
    /// Who acts through the token: its `act` chain, the nearest first.
    pub act: Vec<Person>,
    /// The permissions that the token grants.
    pub permissions: Vec<Permission>,
    /// The groups that the token names.
    pub groups: Vec<String>,
    /// Whether the token names groups that can't be read: what says that they are *not* in a group is not known then.
    pub has_unread_groups: bool,
    /// The org that the API call names and the token grants.
    pub org: OrgId,
    /// When they proved who they are, if known: a session's sign-in, or what the token says.
    pub signed_in_at: Option<DateTime<Utc>>,
}

impl Signer {
    /// Whether the token grants `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether they may read every request of their org.
    pub fn sees_all(&self) -> bool {
        self.may(Permission::Check) || self.may(Permission::Audit)
    }
}

/// The person behind one API call or page, and where it came from. Reads like its [`Signer`].
#[derive(Clone, Debug)]
pub struct Actor {
    /// The person, in the org that the call is about.
    pub signer: Signer,
    /// The token's `jti`, if it has one.
    pub token_id: Option<String>,
    /// The address that the call came from, if known.
    pub source_address: Option<String>,
    /// The name of the client that the call came through, if the gate is on.
    pub via: Option<String>,
}

impl Deref for Actor {
    type Target = Signer;

    fn deref(&self) -> &Signer {
        &self.signer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(iss: &str, sub: &str, user_id: &str) -> Person {
        Person { iss: iss.into(), sub: sub.into(), user_id: user_id.into(), user_name: sub.into() }
    }

    #[test]
    fn a_shared_subject_or_user_id_makes_one_person_but_only_under_one_issuer() {
        let maker = person("idp", "u-1", "400001");
        assert!(maker.is_same_person(&person("idp", "u-1", "other")));
        assert!(maker.is_same_person(&person("idp", "other", "400001")));
        assert!(!maker.is_same_person(&person("idp", "other", "other")));
        assert!(!maker.is_same_person(&person("idp2", "u-1", "400001")));
    }

    #[test]
    fn two_spellings_of_an_id_are_one_person_and_have_one_key() {
        for (one, other) in
            [("Mara.Lind@Example.com", "mara.lind@example.com"), ("u-1", "Ｕ-１"), ("Weiß", "WEISS")]
        {
            let (maker, again) = (person("idp", one, one), person("idp", other, other));
            assert!(maker.is_same_person(&again), "{one} {other}");
            assert_eq!(maker.key(), again.key());
            let elsewhere = person("IDP", other, other);
            assert!(!maker.is_same_person(&elsewhere), "issuers are compared as they are configured");
            assert_ne!(maker.key(), elsewhere.key());
        }
    }
}
