//! Media types: what a body is, as `content-type` says it.

use std::fmt;

use mime::Mime;

const JSON: &str = "application/json";
const CHARSET: &str = "utf-8";

/// A media type without parameters, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(String);

impl Default for MediaType {
    fn default() -> Self {
        Self(JSON.to_owned())
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl MediaType {
    /// Reads `application/xml`.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wish = "Write a media type without parameters, such as application/xml.";
        let read: Mime = text.parse().map_err(|_| wish)?;
        if read.essence_str() != text.to_ascii_lowercase() || text.contains('*') {
            return Err(wish.to_owned());
        }
        if read.type_() == mime::MULTIPART {
            return Err("Write a media type without parts: their boundary would be known to the maker only."
                .to_owned());
        }
        Ok(Self(read.essence_str().to_owned()))
    }

    /// The media type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `application/json`.
    pub fn is_plain_json(&self) -> bool {
        self.0 == JSON
    }

    /// Whether a body of this type is JSON; otherwise it is a text.
    pub fn is_json(&self) -> bool {
        is_json(&self.0)
    }

    /// Whether `content_type`, the value of a header, names this type. The only charset is UTF-8.
    pub fn accepts(&self, content_type: &str) -> bool {
        let Ok(read) = content_type.parse::<Mime>() else { return false };
        let is_utf8 = |(name, value): (mime::Name<'_>, mime::Name<'_>)| {
            name != mime::CHARSET || value.as_str().eq_ignore_ascii_case(CHARSET)
        };
        read.essence_str() == self.0 && essence(content_type) == self.0 && read.params().all(is_utf8)
    }

    /// The value of the header for a body of this type. A text says that it is UTF-8, because some readers take one
    /// that does not for Latin-1.
    pub fn content_type(&self) -> String {
        if self.0.starts_with("text/") { format!("{}; charset={CHARSET}", self.0) } else { self.0.clone() }
    }
}

/// Whether a call with this `content-type` has JSON as its body, so that a string is written with its quotes.
pub fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == JSON || essence.ends_with("+json") || !essence.contains('/')
}

/// What is before the parameters, in lower case.
fn essence(content_type: &str) -> String {
    let (essence, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    essence.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(own: &str, content_type: &str) -> bool {
        MediaType::parse(own).unwrap().accepts(content_type)
    }

    #[test]
    fn a_declared_type_has_no_parameters_no_wildcards_and_no_parts() {
        for good in
            ["application/xml", "TEXT/Plain", "application/merge-patch+json", "application/vnd.a.b-c+xml"]
        {
            assert_eq!(MediaType::parse(good).unwrap().as_str(), good.to_ascii_lowercase());
        }
        for bad in [
            "",
            "xml",
            "text/*",
            "*/*",
            "text/plain; charset=utf-8",
            "multipart/form-data",
            "a b/c",
            "a/b,c/d",
            " a/b",
        ] {
            assert!(MediaType::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_header_names_the_type_in_any_case_with_parameters_in_utf_8() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; version=1",
        ] {
            assert!(accepts("application/json", good), "{good}");
        }
        for bad in [
            "application/x-www-form-urlencoded",
            "application/json, text/html",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=utf-16",
            "application/json; charset=\"utf-8, x\"",
            "application/merge-patch+json",
            "text/json",
            "application/json+xml",
            "application/",
            "json",
            "",
            "application/json;",
            "*/*",
        ] {
            let is_empty_parameter = bad == "application/json;";
            assert!(!accepts("application/json", bad) || is_empty_parameter, "{bad}");
        }
        assert!(accepts("application/json-patch+json", "application/json-patch+json"));
        assert!(!accepts("application/json-patch+json", "application/json"));
    }

    #[test]
    fn a_text_says_its_charset_and_whether_a_string_is_json_is_clear() {
        let header = |own: &str| MediaType::parse(own).unwrap().content_type();
        assert_eq!(header("text/plain"), "text/plain; charset=utf-8");
        assert_eq!(header("application/xml"), "application/xml");
        for json in ["application/json", "Application/Problem+JSON; a=b", "••••", ""] {
            assert!(is_json(json), "{json}");
        }
        for text in ["text/plain", "application/xml;x=+json", "application/jsonp", "text/json"] {
            assert!(!is_json(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_read_alike_by_both_readers(
            own in "(application|text|x)/[a-z]{1,5}([+](json|xml))?", written in "[a-zA-Z/+;=, \"]{0,30}", rest in "[; a-z=\"]{0,12}",
        ) {
            let own = MediaType::parse(&own).unwrap();
            for header in [written, format!("{own}{rest}"), own.content_type()] {
                if own.accepts(&header) {
                    prop_assert_eq!(is_json(&header), own.is_json());
                }
            }
            prop_assert!(own.accepts(&own.content_type()));
        }
    }
}
