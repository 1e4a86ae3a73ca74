//! Who is asking: a person, in one org, with permissions; and which requests they may read.

use std::ops::Deref;

use chrono::{DateTime, Utc};

use super::ids::OrgId;

/// A person as a token names them. Every event keeps a copy of the person who caused it.
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
    /// The engine itself, which causes expiries and recoveries.
    pub fn system() -> Self {
        let own = || "system".to_owned();
        Self { iss: "countersign".to_owned(), sub: own(), user_id: own(), user_name: own() }
    }

    /// The issuer and the user id in one text, for unique keys.
    pub fn key(&self) -> String {
        format!("{}\n{}", self.iss, self.user_id)
    }

    /// Whether both are the same human being: the same subject *or* the same user id of one issuer.
    ///
    /// Deliberately wide: two accounts that share either are treated as one person.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.iss == other.iss && (self.sub == other.sub || self.user_id == other.user_id)
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

    /// Whether they may read a request of `org` that `maker` submitted.
    ///
    /// A checker and an auditor read everything in their org. Everybody reads what they submitted
    /// themselves, whatever permissions their token still grants.
    pub fn may_read(&self, org: &OrgId, maker: &Person) -> bool {
        self.org == *org && (self.sees_all() || self.person.is_same_person(maker))
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
    fn checkers_and_auditors_read_their_org_and_everybody_reads_their_own_requests() {
        let org = OrgId::new("90001");
        let reads = |user_id: &str, permissions: &[Permission], asked: &OrgId| {
            let signer = Signer {
                person: person("idp", user_id, user_id),
                act: vec![],
                permissions: permissions.to_vec(),
                groups: vec![],
                org: org.clone(),
                signed_in_at: None,
            };
            signer.may_read(asked, &person("idp", "maker", "maker"))
        };
        assert!(reads("maker", &[Permission::Make], &org));
        assert!(reads("maker", &[], &org));
        assert!(reads("other", &[Permission::Check], &org));
        assert!(reads("other", &[Permission::Audit], &org));
        assert!(!reads("other", &[Permission::Make], &org));
        assert!(!reads("other", &[], &org));
        assert!(!reads("maker", &Permission::ALL, &OrgId::new("90002")));
    }
}
