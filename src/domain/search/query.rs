//! What a person's words ask for.

use super::keys::OrgKeys;
use super::split::{folded, stands_alone, words};
use super::{BEGINNING_CHARS_MIN, QUERY_CHARS_MAX, QUERY_WORDS_MAX};
use crate::domain::ids::{self, OrgId, RequestId};

/// A key that the words of a request must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The key: never empty, and without spaces and quotation marks.
    pub key: String,
    /// Whether a longer key that begins with it will do.
    pub is_beginning: bool,
}

impl Term {
    /// Exactly this key.
    pub fn exact(key: String) -> Self {
        Self { key, is_beginning: false }
    }
}

/// What is sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// This key.
    One(Term),
    /// All of these; never none.
    All(Vec<Self>),
    /// Any of these; never none.
    Any(Vec<Self>),
}

/// Words to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    text: String,
    /// Words that stand close to each other, folded.
    groups: Vec<Vec<String>>,
}

/// Why a text can't be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// It has no letter and no digit.
    NoWord,
    /// It has more than [`QUERY_CHARS_MAX`] characters.
    TooLong,
    /// It has more than [`QUERY_WORDS_MAX`] words.
    TooManyWords,
}

impl QueryFault {
    /// What to write instead.
    pub fn sentence(self) -> String {
        match self {
            Self::NoWord => "Write at least one letter or digit.".to_owned(),
            Self::TooLong => format!("Write at most {QUERY_CHARS_MAX} characters."),
            Self::TooManyWords => format!("Write at most {QUERY_WORDS_MAX} words."),
        }
    }
}

impl Query {
    /// Reads what somebody wrote. No sign has a meaning of its own.
    ///
    /// # Errors
    /// It has no word, or too much.
    pub fn parse(text: &str) -> Result<Self, QueryFault> {
        let text = text.trim();
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(QueryFault::TooLong);
        }
        // Pages write amounts with a thin space between groups of digits.
        let joined = text.replace(['\u{2009}', '\u{202f}'], ",");
        let plain = folded(&joined);
        let mut groups: Vec<Vec<String>> = Vec::new();
        for word in words(&plain) {
            match groups.last_mut() {
                Some(group) if word.is_joined => group.push(word.text.to_owned()),
                Some(_) | None => groups.push(vec![word.text.to_owned()]),
            }
        }
        match groups.iter().map(Vec::len).sum::<usize>() {
            0 => Err(QueryFault::NoWord),
            // An id has five words.
            1..=QUERY_WORDS_MAX => Ok(Self { text: text.to_owned(), groups }),
            _ => Err(QueryFault::TooManyWords),
        }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The request that is named by its whole id.
    pub fn request_id(&self) -> Option<RequestId> {
        RequestId::parse(&self.text)
    }

    /// What is sought among the words of an org: all words, the last one as a beginning. Words that stand close together
    /// must do so in what is found.
    pub fn sought(&self, org: &OrgId) -> Sought {
        let keys = OrgKeys::of(org);
        let last = self.groups.len() - 1;
        let group = |(at, group): (usize, &Vec<String>)| {
            let mut ways = vec![Sought::All(terms(&keys, group, at == last))];
            if let Some(digits) = id_digits(group) {
                ways.push(Sought::One(Term { key: keys.id_beginning(&digits), is_beginning: true }));
            }
            if let Some(number) = ungrouped(group) {
                ways.push(Sought::All(terms(&keys, &number, at == last)));
            }
            Sought::Any(ways)
        };
        Sought::All(self.groups.iter().enumerate().map(group).collect())
    }
}

/// A word, or the pairs of several.
fn terms(keys: &OrgKeys, group: &[String], is_last: bool) -> Vec<Sought> {
    let one = |key, is_beginning| Sought::One(Term { key, is_beginning });
    match group {
        [] => Vec::new(),
        [word] => vec![one(keys.word(word), is_last && is_beginning(word))],
        words => {
            let end = words.len() - 2;
            let pair = |(at, pair): (usize, &[String])| {
                one(keys.pair(&pair[0], &pair[1]), is_last && at == end && !is_one_sign(&pair[1]))
            };
            words.windows(2).enumerate().map(pair).collect()
        }
    }
}

fn is_beginning(word: &str) -> bool {
    !is_one_sign(word) && word.chars().count() >= BEGINNING_CHARS_MIN
}

fn is_one_sign(word: &str) -> bool {
    word.chars().next().is_some_and(stands_alone)
}

/// The lengths of the parts of an id.
const ID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// The digits of a group that may be an id or the beginning of one, with its hyphens or without.
fn id_digits(group: &[String]) -> Option<String> {
    let digits = group.concat();
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let fits = (ids::BEGINNING_CHARS_MIN..=32).contains(&digits.len());
    let (last, before) = group.split_last()?;
    let is_split = before.iter().zip(ID_PARTS).all(|(part, length)| part.len() == length)
        && ID_PARTS.get(before.len()).is_some_and(|length| last.len() <= *length);
    (is_hex && fits && (is_split || before.is_empty())).then_some(digits)
}

/// A number whose digits stand in groups of three, such as `1,240.00`, without the signs between the groups.
fn ungrouped(group: &[String]) -> Option<Vec<String>> {
    let (first, others) = group.split_first()?;
    let is_number = |word: &String| word.bytes().all(|digit| digit.is_ascii_digit());
    let groups = others.iter().take_while(|word| word.len() == 3).count();
    // At most one word is left: what comes after the point.
    let (groups, left) = others.split_at(groups);
    let is_grouped = (1..=3).contains(&first.len()) && !groups.is_empty() && left.len() <= 1;
    let whole = std::iter::once(first).chain(groups).map(String::as_str).collect::<String>();
    let number = std::iter::once(whole).chain(left.iter().cloned());
    (is_grouped && group.iter().all(is_number)).then(|| number.collect())
}
