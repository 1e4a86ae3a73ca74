//! Ids of orgs and requests, and names of request types.

use std::fmt;

use uuid::Uuid;

/// An org (tenant), compared as text. Nothing of one org is ever visible in another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgId(String);

impl OrgId {
    /// Takes any text: which orgs exist is the identity provider's business.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as it is written in tokens, tables and on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fewer characters of an id only say in which hour it was made.
pub const BEGINNING_CHARS_MIN: usize = 8;

/// The workflow's own id of a request: a time-ordered UUID (version 7).
///
/// Not to be confused with the `requestId` inside a wrapped body, which belongs to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(Uuid);

impl RequestId {
    /// An id that `Clock::new_id` made.
    pub fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }

    /// The id of no request, for a draft.
    pub fn nil() -> Self {
        Self(Uuid::nil())
    }

    /// Reads the hyphenated spelling (36 characters, in upper or lower case); anything else names no request.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        id.hyphenated().to_string().eq_ignore_ascii_case(text).then_some(Self(id))
    }

    /// The first and the last id that begin with `beginning`; `None` if none does, or if it is shorter than
    /// [`BEGINNING_CHARS_MIN`].
    pub fn range_of(beginning: &str) -> Option<(Self, Self)> {
        const ALL_BITS: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        if beginning.len() < BEGINNING_CHARS_MIN {
            return None;
        }
        // A beginning that no id can have is refused here.
        let filled = |digit: &str| {
            Some(format!("{beginning}{}", ALL_BITS.get(beginning.len()..)?.replace('f', digit)))
        };
        Some((Self::parse(&filled("0")?)?, Self::parse(&filled("f")?)?))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

/// The name of a request type in its stored spelling, `ISSUE-BADGE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestTypeName(String);

impl RequestTypeName {
    /// A name in the stored (upper-case, hyphenated) spelling.
    pub fn new(upper: impl Into<String>) -> Self {
        Self(upper.into())
    }

    /// `ISSUE-BADGE`, as in paths and filters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `issue-badge`, as in bodies.
    pub fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for RequestTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_spelling_of_an_id_names_a_request() {
        let id = "0190b6f2-7a3c-7cc0-8000-000000000001";
        for same in [id.to_owned(), id.to_uppercase(), id.replace("cc", "Cc")] {
            assert_eq!(RequestId::parse(&same).unwrap().to_string(), id);
        }
        for other in [&id.replace('-', ""), &format!("urn:uuid:{id}"), &format!("{{{id}}}"), "", "1"] {
            assert!(RequestId::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_beginning_of_an_id_matches_every_id_that_continues_it() {
        let range = |beginning| {
            RequestId::range_of(beginning).map(|(first, last)| (first.to_string(), last.to_string()))
        };
        let told = |first: &str, last: &str| Some((first.to_owned(), last.to_owned()));
        assert_eq!(
            range("0190b6f2"),
            told("0190b6f2-0000-0000-0000-000000000000", "0190b6f2-ffff-ffff-ffff-ffffffffffff")
        );
        assert_eq!(
            range("0190b6f2-7a3c-7"),
            told("0190b6f2-7a3c-7000-0000-000000000000", "0190b6f2-7a3c-7fff-ffff-ffffffffffff")
        );
        assert_eq!(range("0190B6F2"), range("0190b6f2"));
        let whole = "0190b6f2-7a3c-7cc0-8000-000000000001";
        assert_eq!(range(whole), told(whole, whole));
        for nothing in
            ["", "0190b6f", "0190b6f27", "0190b6g2", "0190b6f2-7a3c-7cc0-8000-0000000000012", "äääääääää"]
        {
            assert_eq!(range(nothing), None, "{nothing}");
        }
    }
}
