//! Texts that are nearly always an id or a digest: stored as its bytes, which take half the room.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use uuid::Uuid;

use super::stored_bytes::{AsBytes, stored_as_bytes};
use crate::domain::digest::Digest;

/// What begins the bytes of a text that is neither.
const AS_TEXT: u8 = 0;

/// What begins the bytes of an id that is written without hyphens.
const WITHOUT_HYPHENS: u8 = 1;

/// A text: a UUID in hyphenated lower-case spelling as its 16 bytes, one without hyphens as a one and its 16 bytes,
/// `sha256:` and 64 digits as their 32 bytes, and any other as a zero and its UTF-8. So is an id or a digest whose own bytes
/// begin with zero. Equal texts have equal bytes.
#[derive(Clone, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct CompactText(Vec<u8>);

impl CompactText {
    /// The text.
    pub fn of(text: &str) -> Self {
        let short = Uuid::try_parse(text).ok().and_then(|id| {
            if id.to_string() == text {
                return Some(id.as_bytes().to_vec());
            }
            let is_simple = id.simple().to_string() == text;
            is_simple.then(|| [&[WITHOUT_HYPHENS], &id.as_bytes()[..]].concat())
        });
        let short = short.or_else(|| Digest::parse(text).map(|digest| digest.as_bytes().to_vec()));
        let short = short.filter(|bytes| bytes.first() != Some(&AS_TEXT));
        Self(short.unwrap_or_else(|| [&[AS_TEXT], text.as_bytes()].concat()))
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `None` if no text has these bytes.
    fn text(&self) -> Option<String> {
        if let Some((&AS_TEXT, text)) = self.0.split_first() {
            return std::str::from_utf8(text).ok().map(str::to_owned);
        }
        if let Some((&WITHOUT_HYPHENS, id)) = self.0.split_first()
            && let Ok(id) = Uuid::from_slice(id)
        {
            return Some(id.simple().to_string());
        }
        let digest =
            || <[u8; 32]>::try_from(&self.0[..]).ok().map(|bytes| Digest::from_bytes(bytes).to_string());
        Uuid::from_slice(&self.0).ok().map(|id| id.to_string()).or_else(digest)
    }
}

impl From<&CompactText> for String {
    fn from(text: &CompactText) -> Self {
        text.text().unwrap_or_default()
    }
}

impl From<CompactText> for String {
    fn from(text: CompactText) -> Self {
        Self::from(&text)
    }
}

impl fmt::Display for CompactText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self))
    }
}

/// As a statement's values are printed: in quotes.
impl fmt::Debug for CompactText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from(self).fmt(f)
    }
}

impl AsBytes for CompactText {
    const NAME: &'static str = "compact text";

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let read = Self(bytes.to_vec());
        read.text().is_some().then_some(read)
    }
}

stored_as_bytes!(CompactText);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_takes_16_bytes_a_digest_32_and_any_other_text_one_more_than_it_has() {
        let digest = Digest::of(b"a").to_string();
        let id = "0190b6f2-7a3e-7cc1-8e2b-1d8a52b3a111";
        let simple = id.replace('-', "");
        for (text, length) in [(id, 16), (simple.as_str(), 17), (&digest, 32), ("", 1), ("token-mara", 11)] {
            assert_eq!(CompactText::of(text).bytes().len(), length, "{text}");
        }
        // Another spelling of an id is another text.
        assert_eq!(CompactText::of(&id.to_uppercase()).bytes().len(), 37);
        assert_eq!(CompactText::of(&simple.to_uppercase()).bytes().len(), 33);
        // Sixteen and thirty-two characters are no id and no digest.
        assert_eq!(CompactText::of("fifteen letters").bytes().len(), 16);
    }

    #[test]
    fn bytes_that_no_text_has_are_refused() {
        for bytes in [&[][..], &[7], &[1; 15], &[7; 15], &[7; 17], &[1; 18], &[7; 33], &[0, 0xff]] {
            assert!(CompactText::from_bytes(bytes).is_none(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(
            text in prop_oneof![
                any::<String>(),
                any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string()),
                any::<u128>().prop_map(|id| Uuid::from_u128(id).simple().to_string()),
                (0..512_u128).prop_map(|id| Uuid::from_u128(id << 112).simple().to_string()),
                (0..512_u128).prop_map(|id| Uuid::from_u128(id << 112).to_string()),
                any::<[u8; 32]>().prop_map(|bytes| Digest::from_bytes(bytes).to_string()),
                any::<[u8; 31]>().prop_map(|bytes| Digest::of(&bytes).to_string().replace(":", ":0").replace("0", "00")),
                ".{15}|.{16}|.{31}",
            ],
        ) {
            let stored = CompactText::of(&text);
            let read = CompactText::from_bytes(stored.bytes());
            prop_assert_eq!(read.map(String::from), Some(text));
        }
    }
}
