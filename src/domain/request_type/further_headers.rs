//! The headers of a call that whoever signs must see: all but those that say nothing beyond what the type says.

use serde_json::Value;

use super::RequestType;
use crate::domain::call::CREDENTIAL_HEADER;
use crate::domain::header_names::{is_credential, is_ordinary};

/// The header that is ordinary if it names the media type that the type sends.
const CONTENT_TYPE: &str = "content-type";

/// Stands for a credential, which no one is shown.
const HIDDEN: &str = "(hidden)";

impl RequestType {
    /// Name and value of each header of `task` that is not ordinary, in sent order. `task` has its fields hidden
    /// already; credentials are hidden here. The header that the engine fills is not among them; the one that names the
    /// credential is, and pages say it in words.
    pub fn further_headers(&self, task: &Value) -> Vec<(String, String)> {
        let headers = task.get("headers").and_then(Value::as_object).into_iter().flatten();
        let further = headers.filter(|(name, value)| !self.is_ordinary_header(name, value));
        let shown = |(name, value): (&String, &Value)| {
            let value = if is_credential(name) { HIDDEN } else { value.as_str().unwrap_or_default() };
            (name.clone(), value.to_owned())
        };
        further.map(shown).collect()
    }

    fn is_ordinary_header(&self, name: &str, value: &Value) -> bool {
        if name.eq_ignore_ascii_case(CONTENT_TYPE) {
            return value.as_str().is_some_and(|value| self.media_type.accepts(value));
        }
        is_ordinary(name) || self.key_header().is_some_and(|key| key.eq_ignore_ascii_case(name))
    }
}

/// The name of the credential that the task is sent with.
pub fn credential_of(task: &Value) -> Option<&str> {
    task.get("headers")?.get(CREDENTIAL_HEADER)?.as_str()
}

/// `authorization (hidden)`, if the task has this header.
pub fn authorization_words(task: &Value) -> Option<String> {
    let headers = task.get("headers").and_then(Value::as_object)?;
    let name = headers.keys().find(|name| name.eq_ignore_ascii_case("authorization"))?;
    Some(format!("{} {HIDDEN}", name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(more: Value) -> RequestType {
        let mut definition = json!({"name": "X", "call": {"method": "POST", "path": "/x"}});
        for (name, value) in more.as_object().unwrap() {
            definition[name] = value.clone();
        }
        RequestType::from_definition(&definition).unwrap()
    }

    fn names(found: &RequestType, headers: Value) -> Vec<String> {
        let shown = found.shown(&json!({ "headers": headers }), true);
        found.further_headers(&shown).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn what_every_call_has_is_ordinary_and_everything_else_is_shown() {
        let plain = read(json!({}));
        let ordinary = json!({
            "Content-Type": "application/json; charset=utf-8", "ACCEPT": "text/html", "accept-language": "de",
            "Authorization": "Basic c2VjcmV0", "X-Request-Id": "1",
        });
        assert!(names(&plain, ordinary.clone()).is_empty());
        assert_eq!(
            authorization_words(&json!({ "headers": ordinary })).as_deref(),
            Some("authorization (hidden)")
        );
        let others = json!({
            "X-HTTP-Method-Override": "DELETE", "content-type": "application/x-www-form-urlencoded", "If-Match": "1",
            "Accept-Charset": "x", "X-Request-Id-2": "2",
        });
        let shown = [
            "X-HTTP-Method-Override: DELETE",
            "content-type: application/x-www-form-urlencoded",
            "If-Match: 1",
            "Accept-Charset: x",
            "X-Request-Id-2: 2",
        ];
        assert_eq!(names(&plain, others.clone()), shown);
        assert_eq!(authorization_words(&json!({ "headers": others })), None);
    }

    #[test]
    fn the_media_type_of_the_type_is_the_ordinary_one() {
        let form = read(json!({"body": {"media_type": "application/x-www-form-urlencoded"}}));
        assert!(names(&form, json!({"Content-Type": "application/x-www-form-urlencoded"})).is_empty());
        assert_eq!(names(&form, json!({"Content-Type": "application/json"})).len(), 1);
    }

    #[test]
    fn a_hidden_value_stays_hidden_and_its_name_is_shown() {
        let hiding = read(json!({"fields": {"secret": ["/headers/x-pin"]}}));
        let headers =
            json!({"X-Pin": "4711", "Cookie": "a=b", "X-Api-Key": "k", "Proxy-Authorization": "Basic x"});
        let shown = names(&hiding, headers);
        assert_eq!(
            shown,
            ["X-Pin: ••••", "Cookie: (hidden)", "X-Api-Key: (hidden)", "Proxy-Authorization: (hidden)"]
        );
    }

    #[test]
    fn the_header_that_the_engine_fills_is_ordinary_where_it_fills_it() {
        let filled = read(json!({"repeat": {"key_header": "Idempotency-Key"}}));
        let headers = json!({"idempotency-key": "1"});
        assert!(names(&filled, headers.clone()).is_empty());
        assert_eq!(names(&read(json!({})), headers), ["idempotency-key: 1"]);
    }
}
