//! The org and the account that a form was made for: those of its page.
//!
//! Another tab can change the org of a session, or sign somebody else in. A form that is sent afterwards would be
//! carried out for an org or a person that its page does not name; so every form carries its own, and is refused.

use std::fmt;

use crate::auth::is_same;
use crate::domain::actor::Actor;
use crate::domain::digest::Digest;

/// Characters of an account's mark.
const ACCOUNT_CHARS: usize = 16;

/// The org and the account that a page was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFor {
    /// The org that the page names.
    pub org: String,
    /// A mark of the account: the same for each sign-in, and no name.
    account: String,
}

/// Why a form is not for whoever is signed in now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFor {
    /// No page of this session made it, or not as it is.
    Unknown,
    /// It was made for another account.
    Account,
    /// It was made for another org.
    Org {
        /// That org.
        made_for: String,
    },
}

impl MadeFor {
    /// Whoever acts now.
    pub fn of(actor: &Actor) -> Self {
        let account = Digest::of(format!("{}\n{}", actor.person.iss, actor.person.user_id).as_bytes());
        let account = account.to_string().replace("sha256:", "");
        Self { org: actor.org.to_string(), account: account[..ACCOUNT_CHARS].to_owned() }
    }

    /// What a form of this session carries: its org and account, and the token of the session.
    pub fn mark(&self, token: &str) -> String {
        format!("{self}.{token}")
    }

    /// The org and the account that a form names, and its token.
    pub fn read(mark: &str) -> Option<(Self, &str)> {
        let mut parts = mark.rsplitn(3, '.');
        let (token, account, org) = (parts.next()?, parts.next()?, parts.next()?);
        Some((Self { org: org.to_owned(), account: account.to_owned() }, token))
    }

    /// Whether a form with this mark was made for this account and org by the session with this token.
    ///
    /// # Errors
    /// What is different.
    pub fn check(&self, mark: &str, token: &str) -> Result<(), NotFor> {
        let (made_for, sent) = Self::read(mark).ok_or(NotFor::Unknown)?;
        if made_for.account != self.account {
            Err(NotFor::Account)
        } else if !is_same(token, sent) {
            Err(NotFor::Unknown)
        } else if made_for.org != self.org {
            Err(NotFor::Org { made_for: made_for.org })
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for MadeFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.org, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_for(org: &str, account: &str) -> MadeFor {
        MadeFor { org: org.to_owned(), account: account.to_owned() }
    }

    #[test]
    fn a_form_is_good_for_its_own_org_account_and_session_only() {
        let own = made_for("90001", "mara");
        let mark = |org: &str, account: &str, token: &str| made_for(org, account).mark(token);
        for (mark, expected) in [
            (mark("90001", "mara", "t"), Ok(())),
            (mark("90002", "mara", "t"), Err(NotFor::Org { made_for: "90002".to_owned() })),
            (mark("90001", "chen", "t"), Err(NotFor::Account)),
            (mark("90002", "chen", "u"), Err(NotFor::Account)),
            (mark("90001", "mara", "u"), Err(NotFor::Unknown)),
            // Who has no token of this session is not told in which org it is.
            (mark("90002", "mara", "u"), Err(NotFor::Unknown)),
            ("t".to_owned(), Err(NotFor::Unknown)),
            ("mara.t".to_owned(), Err(NotFor::Unknown)),
            (String::new(), Err(NotFor::Unknown)),
        ] {
            assert_eq!(own.check(&mark, "t"), expected, "{mark}");
        }
    }

    #[test]
    fn an_org_may_have_dots_in_its_name() {
        let own = made_for("eu.90001", "mara");
        assert_eq!(MadeFor::read(&own.mark("t")), Some((own, "t")));
    }
}
