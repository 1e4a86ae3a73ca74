//! Addresses that may contain a password, and so must not be printed as they are.

use std::fmt;

use percent_encoding::percent_decode_str;

/// A database address; `Debug` and `Display` print `***` for a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// Takes `sqlite://PATH`, `postgres://…` or `postgresql://…`; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let schemes = ["sqlite://", "postgres://", "postgresql://"];
        let known =
            schemes.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        known.then(|| Self(text.to_owned()))
    }

    /// The address with its password. Call this only to connect.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The address as it may be printed. An ambiguous address has more hidden than necessary.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.contains(['@', '=']) { "***".to_owned() } else { url.to_owned() };
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    if query.is_some_and(|query| query.contains('@')) {
        return format!("{scheme}://***");
    }
    let place = match place.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    };
    match query {
        Some(query) => format!("{scheme}://{place}?{}", parameters_without_password(query)),
        None => format!("{scheme}://{place}"),
    }
}

/// `libpq` also reads `password` and `sslpassword` from the query, and decodes their names.
fn parameters_without_password(query: &str) -> String {
    let shown = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if percent_decode_str(name).decode_utf8_lossy().ends_with("password") => {
            format!("{name}=***")
        }
        Some(_) | None => parameter.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_url_is_printed_without_its_password() {
        let rows = [
            ("sqlite://countersign.db", "sqlite://countersign.db"),
            ("postgres://host/db", "postgres://host/db"),
            ("postgres://user@host:5432/db", "postgres://user@host:5432/db"),
            ("postgres://user:pa:ss@host/db", "postgres://user:***@host/db"),
            ("postgres://user:p@ss@host/db", "postgres://user:***@host/db"),
            ("postgres://user:p/ss@host/db", "postgres://user:***@host/db"),
            (
                "postgres://host/db?user=u&password=secret&port=1",
                "postgres://host/db?user=u&password=***&port=1",
            ),
            ("postgres://host/db?p%61ssword=secret", "postgres://host/db?p%61ssword=***"),
            ("postgres://user:p?password=x@host/db", "postgres://***"),
            ("postgres://host:1/db?password=p@ss", "postgres://***"),
        ];
        for (url, shown) in rows {
            assert_eq!(StoreUrl::parse(url).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn only_the_two_databases_have_an_address() {
        for text in ["", "countersign.db", "sqlite:", "sqlite://", "mysql://host/db", "SQLITE://x"] {
            assert!(StoreUrl::parse(text).is_none(), "{text}");
        }
    }
}
