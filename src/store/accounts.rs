//! The accounts of one person, as rows name them.

/// Accounts that are one person: their own, and those that the people file joins with it.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The issuer of their own account.
    pub iss: String,
    /// Their own subject.
    pub sub: String,
    /// Their own user id.
    pub user_id: String,
    /// Keys of their accounts in whatever spelling: their own user id's, and the listed ones' under their own issuer. None
    /// where an account counts only as it is spelled.
    pub keys: Vec<String>,
    /// Subjects and user ids that the people file lists for them, under whatever issuer.
    pub listed: Vec<String>,
}

impl Accounts {
    /// Whether their subject counts in every spelling of ASCII letters, too.
    pub fn in_any_spelling(&self) -> bool {
        !self.keys.is_empty()
    }
}
