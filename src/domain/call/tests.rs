//! The stored format, and the call that a task stands for.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn small() -> Call {
    Call {
        method: "POST".into(),
        url: "http://a.example/b".into(),
        headers: vec![("x-c".into(), "d".into())],
        body: b"{}".to_vec(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn url(task: &Value) -> String {
    Call::from_task(task).unwrap().url
}

#[test]
fn the_test_vector_of_the_format_holds() {
    let vector = concat!(
        "00000013636f756e7465727369676e2d63616c6c2d7631",
        "00000004504f5354",
        "00000012687474703a2f2f612e6578616d706c652f62",
        "00000001",
        "00000003782d630000000164",
        "000000027b7d",
    );
    assert_eq!(hex(&small().to_bytes()), vector);
    let digest = "sha256:0b753b2f5065f4d058ac856c445c2c0388c5f6865e792bfe8ce56f88d1b2d752";
    assert_eq!(small().digest().to_string(), digest);
}

#[test]
fn bytes_that_end_early_go_on_or_are_of_another_format_are_refused() {
    let bytes = small().to_bytes();
    for end in 0..bytes.len() {
        assert!(Call::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(Call::from_bytes(&[bytes.as_slice(), b"\0"].concat()).is_err());
    let mut other = bytes;
    other[4 + FORMAT.len() - 1] = b'2';
    assert!(Call::from_bytes(&other).is_err());
}

#[test]
fn a_task_becomes_one_exact_call() {
    let task = json!({
        "hostname": "https://api.example.com:8443",
        "path": "/v2/badges/{badgeId}/claim",
        "method": "PUT",
        "pathParams": {"badgeId": "a/b c"},
        "queryParams": {"z": "", "a b": "x&y=1+\u{e9}~"},
        "body": {"z": [1, null], "a": "\u{e9}"},
        "headers": {"X-Second": "2", "Content-Type": "application/json"},
    });
    let call = Call {
        method: "PUT".into(),
        url: "https://api.example.com:8443/v2/badges/a%2Fb%20c/claim?z=&a%20b=x%26y%3D1%2B%C3%A9~".into(),
        headers: vec![("x-second".into(), "2".into()), ("content-type".into(), "application/json".into())],
        body: "{\"z\":[1,null],\"a\":\"\u{e9}\"}".into(),
    };
    assert_eq!(Call::from_task(&task), Ok(call));
}

#[test]
fn a_list_in_the_query_is_the_parameter_once_for_each_item() {
    let task = |query: Value| json!({"hostname": "http://a.example", "path": "/b", "method": "GET", "queryParams": query});
    let lists = json!({"ids": [2, "1&x=2", true, 1.50], "none": [], "a b": ["", ""], "z": "1,2"});
    let wanted = "http://a.example/b?ids=2&ids=1%26x%3D2&ids=true&ids=1.5&a%20b=&a%20b=&z=1%2C2";
    assert_eq!(url(&task(lists)), wanted);
    assert_ne!(url(&task(json!({"ids": [1, 2]}))), url(&task(json!({"ids": [2, 1]}))));
    assert_eq!(url(&task(json!({"none": []}))), "http://a.example/b");
}

#[test]
fn a_text_of_another_media_type_is_the_body_itself_and_everything_else_is_json() {
    let body = |body: Value, headers: Value| {
        let task = json!({"hostname": "http://a.example", "path": "/b", "method": "PUT", "headers": headers, "body": body});
        String::from_utf8(Call::from_task(&task).unwrap().body).unwrap()
    };
    assert_eq!(body(json!("a\"b\n"), json!({"Content-TYPE": "text/plain; charset=utf-8"})), "a\"b\n");
    assert_eq!(body(json!("a"), json!({"content-type": "application/json"})), "\"a\"");
    assert_eq!(body(json!("a"), json!({"content-type": "application/x+json;v=1"})), "\"a\"");
    assert_eq!(body(json!("a"), json!({"x-content-type": "text/plain"})), "\"a\"");
    // A request of before types named media types keeps its bytes.
    assert_eq!(body(json!({"a": 1}), json!({"content-type": "text/plain"})), "{\"a\":1}");
}

#[test]
fn without_query_and_body_there_is_no_question_mark_and_no_byte() {
    let mut task = json!({"hostname": "http://a.example", "path": "/b", "method": "GET"});
    let bare = Call::from_task(&task).unwrap();
    assert_eq!((bare.url.as_str(), bare.body.as_slice()), ("http://a.example/b", b"".as_slice()));
    task["queryParams"] = json!({});
    assert_eq!(Call::from_task(&task).unwrap(), bare);
}

#[test]
fn a_value_in_the_path_cannot_leave_its_segment() {
    let task = |id: &str| json!({"hostname": "http://a.example", "path": "/b/{id}/{id}", "method": "GET", "pathParams": {"id": id}});
    assert_eq!(url(&task("{id}")), "http://a.example/b/%7Bid%7D/%7Bid%7D");
    assert_eq!(url(&task("../?#")), "http://a.example/b/..%2F%3F%23/..%2F%3F%23");
    for id in ["", ".", ".."] {
        assert!(Call::from_task(&task(id)).is_err(), "{id}");
    }
}

#[test]
fn a_task_that_no_one_checked_is_refused() {
    let good = json!({"hostname": "http://a.example", "path": "/b", "method": "GET"});
    let bad = [
        ("hostname", json!("http://user@a.example")),
        ("path", json!("b")),
        ("path", json!("/b?c")),
        ("path", json!("/{id}")),
        ("method", json!(1)),
        ("queryParams", json!({"a": [[1]]})),
        ("queryParams", json!({"a": ["b", null]})),
        ("queryParams", json!({"a": {"b": "c"}})),
        ("queryParams", json!([])),
        ("headers", json!({"a": null})),
    ];
    for (name, value) in bad {
        let mut task = good.clone();
        task[name] = value;
        assert!(Call::from_task(&task).is_err(), "{task}");
    }
}

#[test]
fn the_origin_is_the_one_in_the_url() {
    assert_eq!(small().split_url().unwrap(), (Origin::parse("http://a.example").unwrap(), "/b"));
    let call = Call { url: "https://a.example:8443/b?c=https://d.example/".into(), ..small() };
    assert_eq!(call.split_url().unwrap().0, Origin::parse("https://a.example:8443").unwrap());
    assert!(Call { url: "/b".into(), ..small() }.split_url().is_err());
}

fn texts() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((any::<String>(), any::<String>()), 0..4)
}

fn task() -> impl Strategy<Value = Value> {
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?";
    (texts(), texts(), "[^.].{0,8}", number).prop_map(|(query, headers, id, number)| {
        let object = |pairs: Vec<(String, String)>| {
            Value::Object(pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect())
        };
        json!({
            "hostname": "http://a.example:1900", "path": "/b/{id}", "method": "POST",
            "pathParams": {"id": id}, "queryParams": object(query), "headers": object(headers),
            "body": {"n": json::read(number.as_bytes()).unwrap(), "t": "\u{0}\"\u{2028}"},
        })
    })
}

proptest! {
    #[test]
    fn a_stored_call_is_read_back_as_it_was(
        method: String, url: String, headers in texts(), body: Vec<u8>
    ) {
        let call = Call { method, url, headers, body };
        prop_assert_eq!(Call::from_bytes(&call.to_bytes()), Ok(call));
    }

    #[test]
    fn any_bytes_are_read_exactly_or_refused(bytes: Vec<u8>) {
        let framed = [small().to_bytes()[..23].to_vec(), bytes].concat();
        if let Ok(call) = Call::from_bytes(&framed) {
            prop_assert_eq!(call.to_bytes(), framed);
        }
    }

    #[test]
    fn the_echo_gives_the_same_bytes_again(task in task()) {
        let echo = json::read(json::write(&task).as_bytes()).unwrap();
        let call = Call::from_task(&task).unwrap();
        prop_assert_eq!(Call::from_task(&echo).unwrap().to_bytes(), call.to_bytes());
    }
}
