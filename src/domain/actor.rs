//! Who is asking: a person, in one org, with rights.

use chrono::{DateTime, Utc};

use super::ids::OrgId;
use super::policy::people::Signer;

/// A person as a token named him. Kept as a snapshot in every event he causes.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The engine itself: expiries and recoveries are its doing.
    pub fn system() -> Self {
        let own = || "system".to_owned();
        Self { iss: "countersign".to_owned(), sub: own(), user_id: own(), user_name: own() }
    }

    /// One text per issuer and user id, for unique keys.
    pub fn key(&self) -> String {
        format!("{}\n{}", self.iss, self.user_id)
    }

    /// Whether both are one human being: the same subject *or* the same user id under one issuer.
    ///
    /// Deliberately wide: two accounts that share either are treated as one person.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.iss == other.iss && (self.sub == other.sub || self.user_id == other.user_id)
    }
}

/// A right that a token grants; compared exactly with the permission's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `CanMakeRequest`: submit requests and see one's own.
    Make,
    /// `CanCheckRequest`: see the org's requests and decide those of others.
    Check,
    /// `CanAuditRequest`: see, export and trace everything of the org.
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

/// The person behind one call, in the org the call is about.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who it is.
    pub person: Person,
    /// The org named by the call and granted by the token.
    pub org: OrgId,
    /// The rights the token grants.
    pub permissions: Vec<Permission>,
    /// The groups the token names.
    pub groups: Vec<String>,
    /// Who acts through the token: its `act` chain, the nearest first.
    pub act: Vec<Person>,
    /// The token's `jti`, if it has one.
    pub token_id: Option<String>,
    /// When he proved who he is, if known: a session's sign-in, or what the token says.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// The address the call came from, if known.
    pub source_address: Option<String>,
}

impl Actor {
    /// Whether the token grants `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// The actor as the policy weighs him.
    pub fn signer(&self) -> Signer {
        Signer {
            person: self.person.clone(),
            act: self.act.clone(),
            permissions: self.permissions.clone(),
            groups: self.groups.clone(),
            org: self.org.clone(),
            signed_in_at: self.signed_in_at,
        }
    }

    /// Whether he sees every request of the org; a maker sees only his own.
    pub fn sees_all(&self) -> bool {
        self.may(Permission::Check) || self.may(Permission::Audit)
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
}
