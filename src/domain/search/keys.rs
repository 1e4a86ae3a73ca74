//! The keys under which the databases know words: letters and digits, with signs between that no word has.

use std::fmt::Write as _;

use crate::domain::actor::Person;
use crate::domain::digest::Digest;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::state::State;

/// Between the two words of a pair. Like the others, it is a sign for private use and in no word.
const PAIR: char = '\u{e000}';
const ID: char = '\u{e001}';
const TYPE: char = '\u{e002}';
const ACCOUNT: char = '\u{e003}';
const STATE: char = '\u{e004}';

/// The beginning of a digest that stands for a text, in bytes.
const ORG_BYTES: usize = 3;
const NAME_BYTES: usize = 4;

/// Makes the keys of one org. Two orgs may share their beginning by chance; then the database looks at both, and shows
/// one.
#[derive(Clone, Debug)]
pub struct OrgKeys {
    org: String,
}

/// What of an account the maker of a request is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKey<'a> {
    /// The issuer, and the subject in whatever case of ASCII letters.
    Subject(&'a str, &'a str),
    /// The issuer, and the user id.
    UserId(&'a str, &'a str),
    /// The subject under whatever issuer.
    AnySubject(&'a str),
    /// The user id under whatever issuer.
    AnyUserId(&'a str),
    /// The person's key.
    Key(&'a str),
}

impl OrgKeys {
    /// The keys of this org.
    pub fn of(org: &OrgId) -> Self {
        Self { org: digits(org.as_str(), ORG_BYTES) }
    }

    pub(super) fn word(&self, word: &str) -> String {
        format!("{}{word}", self.org)
    }

    pub(super) fn pair(&self, first: &str, second: &str) -> String {
        format!("{}{first}{PAIR}{second}", self.org)
    }

    pub(super) fn id(&self, id: RequestId) -> String {
        self.id_beginning(&id.uuid().simple().to_string())
    }

    /// The beginning of the keys of all ids that begin with these digits.
    pub(super) fn id_beginning(&self, digits: &str) -> String {
        format!("{}{ID}{digits}", self.org)
    }

    /// The key of a request type.
    pub fn request_type(&self, name: &RequestTypeName) -> String {
        format!("{}{TYPE}{}", self.org, digits(name.as_str(), NAME_BYTES))
    }

    /// The key of a state.
    pub fn state(&self, state: State) -> String {
        format!("{}{STATE}{}", self.org, digits(state.name(), NAME_BYTES))
    }

    /// The key of an account of a maker.
    pub fn account(&self, key: AccountKey<'_>) -> String {
        let text = match key {
            AccountKey::Subject(iss, sub) => format!("s\n{iss}\n{}", sub.to_ascii_lowercase()),
            AccountKey::UserId(iss, id) => format!("u\n{iss}\n{id}"),
            AccountKey::AnySubject(sub) => format!("as\n{sub}"),
            AccountKey::AnyUserId(id) => format!("au\n{id}"),
            AccountKey::Key(key) => format!("k\n{key}"),
        };
        format!("{}{ACCOUNT}{}", self.org, digits(&text, NAME_BYTES))
    }

    /// All keys of a maker.
    pub(super) fn maker(&self, maker: &Person) -> [String; 5] {
        let Person { iss, sub, user_id, user_name: _ } = maker;
        [
            self.account(AccountKey::Subject(iss, sub)),
            self.account(AccountKey::UserId(iss, user_id)),
            self.account(AccountKey::AnySubject(sub)),
            self.account(AccountKey::AnyUserId(user_id)),
            self.account(AccountKey::Key(&maker.key().into_text())),
        ]
    }
}

fn digits(text: &str, bytes: usize) -> String {
    let digest = Digest::of(text.as_bytes());
    let mut digits = String::with_capacity(2 * bytes);
    for byte in digest.as_bytes().iter().take(bytes) {
        write!(digits, "{byte:02x}").expect("writing into a String does not fail");
    }
    digits
}
