//! A call as a curl command that a shell takes as it is, with what its reader may see.
//!
//! **Invariant:** whatever comes from outside is one quoted argument; no comment holds a text from outside, because a
//! line break in it would be a command.

use serde_json::Value;

use crate::domain::call::{CREDENTIAL_HEADER, Call, body_text};
use crate::domain::request_type::credential_of;
use crate::engine::queries::View;
use crate::web::sentences::calls;

/// Which one, the request says; no comment here holds a name.
const WITHOUT_CREDENTIAL: &str = "# The call is sent with a credential, which is not in this command.\n";

/// What no argument of a program can hold.
const NUL: char = '\0';

/// The command; what is hidden from the reader stands as the pages hide it, and the first line says so.
pub fn curl_of(view: &View) -> String {
    let (task, url) = view.shown();
    let headers = task.get("headers").and_then(Value::as_object);
    let headers: Vec<(&str, &str)> = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .filter(|(name, _)| *name != CREDENTIAL_HEADER)
        .collect();
    let is_same = Call::from_task(&task).is_ok_and(|shown| shown.digest() == view.request.digest);
    let hidden = if is_same { 0 } else { hidden_in(&task, &view.task).max(1) };
    let body = body_text(&task);
    let command = written(&view.method, &url, &headers, (body.as_deref(), hidden));
    if credential_of(&task).is_some() { format!("{WITHOUT_CREDENTIAL}{command}") } else { command }
}

fn written(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    (body, hidden): (Option<&str>, usize),
) -> String {
    let mut text = format!("# {}\n", calls::FOR_READING);
    if hidden > 0 {
        text += &format!("# {}\n", calls::hidden_as_dots(hidden));
    }
    let mut arguments =
        vec![("--globoff", None), ("--request", Some(method.to_owned())), ("--url", Some(url.to_owned()))];
    for (name, value) in headers {
        // With a colon and no value, curl would leave the header out.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        arguments.push(("--header", Some(line)));
    }
    if let Some(body) = body {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            arguments.push(("--header", Some("content-type:".to_owned())));
        }
        arguments.push(("--data-raw", Some(body.to_owned())));
    }
    if arguments.iter().any(|(_, value)| value.as_ref().is_some_and(|value| value.contains(NUL))) {
        return format!("{text}# {}\n", calls::NO_ARGUMENT);
    }
    text += "curl";
    for (name, value) in arguments {
        let value = value.map(|value| format!(" {}", quoted(&value))).unwrap_or_default();
        text += &format!(" \\\n  {name}{value}");
    }
    text + "\n"
}

/// The text as one argument, for every shell that knows single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// In how many places something else is shown than there is.
fn hidden_in(shown: &Value, whole: &Value) -> usize {
    match (shown, whole) {
        (Value::Object(shown), Value::Object(whole)) if shown.len() == whole.len() => {
            let both = shown.iter().filter_map(|(name, value)| Some((value, whole.get(name)?)));
            both.map(|(shown, whole)| hidden_in(shown, whole)).sum()
        }
        (Value::Array(shown), Value::Array(whole)) if shown.len() == whole.len() => {
            shown.iter().zip(whole).map(|(shown, whole)| hidden_in(shown, whole)).sum()
        }
        (shown, whole) => usize::from(shown != whole),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::web::sample;

    /// The arguments that a shell passes on to curl.
    fn arguments(command: &str) -> Vec<String> {
        let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{command}");
        let ran = Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "{command}: {ran:?}");
        let out = String::from_utf8(ran.stdout).unwrap();
        out.split_terminator(NUL).map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_a_call_holds_reaches_curl_as_it_is(
            url in "[^\0]{0,40}",
            value in "[^\0]{1,40}",
            body in prop_oneof!["[^\0]{0,60}", "[ '\"\\\\$`!#;&|<>()*?\n\r\t~=%{}-]{0,60}"],
            hidden in 0_usize..3,
        ) {
            let command = written("POST", &url, &[("x-a", &value), ("x-b", "")], (Some(&body), hidden));
            let header = format!("x-a: {value}");
            let expected = [
                "--globoff", "--request", "POST", "--url", &url, "--header", &header, "--header", "x-b;",
                "--header", "content-type:", "--data-raw", &body,
            ];
            prop_assert_eq!(arguments(&command), expected);
        }
    }

    #[test]
    fn what_no_argument_can_hold_is_no_command() {
        let text = written("POST", "https://a.example", &[], (Some("a\0b"), 0));
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    }

    #[test]
    fn what_the_reader_may_not_see_is_counted_and_not_there() {
        let mut view = sample::view();
        view.sees_masked = false;
        let command = curl_of(&view);
        assert!(command.contains("hidden from you") && !command.contains("4711"), "{command}");
        let arguments = arguments(&command);
        assert_eq!(&arguments[..4], ["--globoff", "--request", &view.method, "--url"]);
        assert!(arguments[4].starts_with("https://"), "{}", arguments[4]);
    }

    #[test]
    fn each_place_that_is_hidden_counts_once() {
        let whole = serde_json::json!({ "a": 1, "b": [1, { "c": 2 }], "d": { "e": 3 } });
        let shown = serde_json::json!({ "a": "••••", "b": [1, { "c": "••••" }], "d": "••••" });
        assert_eq!((hidden_in(&shown, &whole), hidden_in(&whole, &whole)), (3, 0));
    }
}
