//! The accounts of one person, as rows name them.

/// Accounts that are one person: their own, and those that the people file joins with it.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The issuer of their own account.
    pub iss: String,
    /// Their own subject.
    pub sub: String,
    /// Keys of their accounts: their own user id's, and the listed ones' under their own issuer.
    pub keys: Vec<String>,
    /// Subjects and user ids that the people file lists for them, under whatever issuer.
    pub listed: Vec<String>,
}
