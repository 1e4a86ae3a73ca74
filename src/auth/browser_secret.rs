//! Random secrets that a browser keeps in a cookie.

use std::fmt;

use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::digest::Digest;

const SECRET_BYTES: usize = 32;

/// 256 random bits as text. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserSecret(String);

impl BrowserSecret {
    /// A new random secret.
    pub fn random() -> Self {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes).expect("the system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Parses what [`BrowserSecret::random`] made; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == SECRET_BYTES).then(|| Self(text.to_owned()))
    }

    /// The text, for a cookie or for the identity provider.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The token in a form that proves that the form was made for this browser. It does not reveal the secret.
    pub fn form_token(&self) -> String {
        Digest::of(format!("countersign-csrf\n{}", self.0).as_bytes()).to_string()
    }
}

impl fmt::Debug for BrowserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Compares two texts in constant time.
pub fn is_same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_the_same_twice_and_never_printed() {
        let (one, other) = (BrowserSecret::random(), BrowserSecret::random());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 43);
        assert_eq!(BrowserSecret::parse(one.expose()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "***");
        assert!(!one.form_token().contains(one.expose()));
        assert_ne!(one.form_token(), other.form_token());
    }

    #[test]
    fn what_no_secret_of_ours_looks_like_is_none() {
        let good = BrowserSecret::random();
        let short = &good.expose()[1..];
        for text in ["", "a", short, &format!("{}=", good.expose()), &format!("{}A", good.expose()), "fixed"]
        {
            assert_eq!(BrowserSecret::parse(text), None, "{text}");
        }
    }
}
