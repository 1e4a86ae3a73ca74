//! The demo's people. Each can sign in to the pages with one click; three of them call the API.

use super::api_client::Caller;
use super::{ISSUER, ORG};
use crate::auth::mint::{Holder, mint};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::actor::{Permission, Person};
use crate::domain::ids::OrgId;
use crate::engine::sessions::SessionGrant;
use crate::web::session::DemoPerson;

/// One of the demo's people, who can also sign in to the pages with one click.
pub(super) struct Role {
    name: &'static str,
    what: &'static str,
    id: &'static str,
    mail: &'static str,
    permissions: &'static [Permission],
}

/// Mara has the permission to check, too: the rule stops her from deciding her own request, not a missing permission.
pub(super) const MARA: Role = Role {
    name: "Mara",
    what: "maker",
    id: "400001",
    mail: "mara@demo.example",
    permissions: &[Permission::Make, Permission::Check],
};
pub(super) const CHEN: Role = Role {
    name: "Chen",
    what: "checker",
    id: "400002",
    mail: "chen@demo.example",
    permissions: &[Permission::Check],
};
/// A second checker, so that policies with two stages can be tried.
const FINN: Role = Role {
    name: "Finn",
    what: "second checker",
    id: "400004",
    mail: "finn@demo.example",
    permissions: &[Permission::Check],
};
pub(super) const ADA: Role = Role {
    name: "Ada",
    what: "auditor",
    id: "400003",
    mail: "ada@demo.example",
    permissions: &[Permission::Audit],
};

/// Everyone who can sign in to the demo's pages.
pub(super) fn all() -> Vec<DemoPerson> {
    [&CHEN, &FINN, &MARA, &ADA].into_iter().map(Role::signs_in).collect()
}

impl Role {
    fn signs_in(&self) -> DemoPerson {
        let person = Person {
            iss: ISSUER.to_owned(),
            sub: self.id.to_owned(),
            user_id: self.id.to_owned(),
            user_name: self.mail.to_owned(),
        };
        let granted = SessionGrant {
            person,
            orgs: vec![OrgId::new(ORG)],
            permissions: self.permissions.to_vec(),
            groups: Vec::new(),
            has_unread_groups: false,
            act: Vec::new(),
        };
        DemoPerson { name: self.name.to_owned(), what: self.what.to_owned(), granted }
    }

    /// This person with a token for the API.
    pub(super) fn with_token(&self, config: &Config) -> anyhow::Result<Caller> {
        let holder = Holder {
            user_id: self.id.to_owned(),
            user_name: self.mail.to_owned(),
            orgs: vec![OrgId::new(ORG)],
            permissions: self.permissions.to_vec(),
            groups: Vec::new(),
        };
        let token = mint(&config.auth, &holder, None, Clock::system().now())?;
        Ok(Caller { name: format!("{}, {}", self.name, self.what), token })
    }
}
