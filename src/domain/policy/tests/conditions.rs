//! Conditions: what they see, what they refuse, what they cost.

use std::collections::BTreeMap;
use std::thread;

use chrono::DateTime;
use serde_json::{Value, json};

use crate::domain::actor::{Permission, Person, Signer};
use crate::domain::amount::Amount;
use crate::domain::entity::EntityInfo;
use crate::domain::ids::OrgId;
use crate::domain::policy::condition::{Condition, items_within_budget};
use crate::domain::policy::facts::Facts;
use crate::domain::policy::people::{People, PersonEntry};
use crate::domain::policy::usage::Usage;

fn condition(text: &str) -> Condition {
    Condition::parse(text, &["maker_day"]).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn refused(text: &str) -> String {
    Condition::parse(text, &["maker_day"]).map(|_| text.to_owned()).expect_err(text)
}

/// Whether `text` holds for a request with this body, made by a member of Sales and, says the people file, of Risk.
fn holds(text: &str, body: &Value) -> Result<bool, String> {
    let task = json!({ "pathParams": { "id": "7" }, "queryParams": { "dry": "true" }, "body": body });
    let (entity, maker) = (entity(), maker());
    let usage =
        BTreeMap::from([("maker_day".to_owned(), Usage { count: 3, sum: Amount::parse("900.10").unwrap() })]);
    let risk = PersonEntry {
        name: "Maker".to_owned(),
        accounts: vec!["sub-maker".to_owned()],
        groups: vec!["Risk".to_owned()],
        active: true,
        owners: Vec::new(),
    };
    let facts = Facts {
        request_type: "ISSUE-BADGE",
        org: "100",
        entity: &entity,
        task: &task,
        amount: Some(&Amount::parse("99.90").unwrap()),
        subject: None,
        maker: &maker,
        people: &People::new(vec![risk]).unwrap(),
        // A Friday.
        now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
    };
    condition(text).holds(&facts, &usage)
}

fn entity() -> EntityInfo {
    EntityInfo { store_id: "S1".to_owned(), ..EntityInfo::default() }
}

fn maker() -> Signer {
    let person = Person {
        iss: "idp".to_owned(),
        sub: "sub-maker".to_owned(),
        user_id: "400001".to_owned(),
        user_name: "maker@example.com".to_owned(),
    };
    Signer {
        person,
        act: Vec::new(),
        permissions: vec![Permission::Make],
        groups: vec!["Sales".to_owned()],
        has_unread_groups: false,
        org: OrgId::new("100"),
        signed_in_at: None,
    }
}

fn body() -> Value {
    json!({ "points": 100, "price": 12.5, "text": "12.50", "items": [{ "id": "a", "n": 1 }, { "id": "b", "n": 2 }],
        "name": "Anna", "flag": true, "none": null })
}

#[test]
fn a_condition_sees_the_request_the_maker_the_time_and_the_counters() {
    for text in [
        r#"request.type == "ISSUE-BADGE" && request.org == "100""#,
        r#"request.entityInfo.storeId == "S1""#,
        r#"request.path.id == "7" && request.query.dry == "true""#,
        "request.body.points > 99 && request.body.flag",
        r#"request.body.name in ["Anna", "Bob"]"#,
        r#"has(request.body.name) && !has(request.body.nothing) && !has(request.subject)"#,
        "request.body.none == null",
        r#"request.body.items.exists(item, item.id == "b" && item.n == 2)"#,
        "request.body.items.all(item, item.n > 0) && size(request.body.items) == 2",
        r#"request.body.items.filter(item, item.n > 1).map(item, item.id) == ["b"]"#,
        "request.body.items.exists_one(item, item.n == 1)",
        "request.body.items[0].n == 1",
        r#"request.body.name.startsWith("An") && request.body.name.matches("^[A-Z][a-z]+$")"#,
        r#"maker.id == "400001" && "CanMakeRequest" in maker.permissions"#,
        r#""Sales" in maker.groups && "Risk" in maker.groups"#,
        "now.getHours() == 8 && now.getDayOfWeek() == 5",
        r#"now < timestamp("2030-01-01T00:00:00Z")"#,
        "usage.maker_day.count == 3 && usage.maker_day.count + 1 <= 10",
        r#"usage.maker_day.sum.plus(request.amount).equals(1000)"#,
        r#"request.body.points > 1 ? request.body.flag : false"#,
    ] {
        assert_eq!(holds(text, &body()), Ok(true), "{text}");
    }
}

#[test]
fn amounts_are_compared_exactly_with_amounts_whole_numbers_and_decimals_in_strings() {
    for (text, answer) in [
        (r#"request.amount.above("99.89")"#, true),
        (r#"request.amount.above("99.9")"#, false),
        (r#"request.amount.atLeast("99.90")"#, true),
        ("request.amount.below(100)", true),
        (r#"request.amount.atMost("99.89999999999999999999999999")"#, false),
        (r#"request.amount.equals("99.900")"#, true),
        ("request.body.points.above(request.amount)", true),
        ("request.body.price.equals(request.body.text)", true),
        ("request.body.price == request.body.price", true),
        ("request.amount.plus(1).plus(request.amount).above(200)", true),
    ] {
        assert_eq!(holds(text, &body()), Ok(answer), "{text}");
    }
}

#[test]
fn numbers_are_never_floating_point_numbers() {
    let exact = |number: &str| serde_json::from_str(&format!("{{ \"n\": {number} }}")).unwrap();
    assert_eq!(holds(r#"request.body.n.equals("0.1")"#, &exact("0.1")), Ok(true));
    assert_eq!(
        holds(r#"request.body.n.equals("9223372036854775808")"#, &exact("9223372036854775808")),
        Ok(true)
    );
    assert_eq!(holds("request.body.n == 5", &exact("5.00")), Ok(true));
    assert!(holds("request.body.n == 5", &exact("5e400")).unwrap_err().contains("exactly"));
    assert!(refused("request.body.price > 0.5").contains("string"));
}

#[test]
fn what_cannot_be_evaluated_is_an_error_and_never_passes() {
    for text in [
        "request.body.nothing == 1",
        "request.body.price > 5",
        "request.body.name > 5",
        "request.body.points / 0 == 1",
        "request.body.items[7].n == 1",
        "request.body.points",
        "request.body.points * 9223372036854775807 > 0",
        "request.body.name.above(5)",
        "request.body.items.all(item, item.nothing)",
        r#"request.subject == "x""#,
        r#"int(request.body.name) == 5"#,
        "!request.body.points",
    ] {
        assert!(holds(text, &body()).is_err(), "{text}");
    }
    // An error on one side does not matter where the other side settles it, as everywhere in CEL.
    assert_eq!(holds("request.body.nothing == 1 || request.body.flag", &body()), Ok(true));
    assert!(holds("request.body.nothing == 1 && request.body.flag", &body()).is_err());
}

#[test]
fn an_error_names_members_and_types_but_no_values() {
    let secret = json!({ "pin": "1234-secret", "list": [1] });
    for text in [
        "request.body.pin > 5",
        "request.body.pin.above(5)",
        "int(request.body.pin) > 1",
        "request.body.list[request.body.pin] == 1",
        "request.body.pin + 1 == 2",
        "-request.body.pin == 1",
        "request.body.pin in 5",
        "request.body.pin.all(x, x == 1)",
        "timestamp(request.body.pin) < now",
        "request.body.pin",
    ] {
        let why = holds(text, &secret).unwrap_err();
        assert!(!why.contains("1234"), "{text}: {why}");
    }
}

#[test]
fn values_are_bounded_before_anything_looks_at_them() {
    let deep = (0..40).fold(json!(1), |value, _| json!([value]));
    for (body, word) in [
        (json!({ "l": vec![1; 1_001] }), "list"),
        (json!({ "t": "x".repeat(64 * 1024 + 1) }), "text"),
        (json!({ "d": deep }), "nested"),
        (json!({ "l": vec!["x".repeat(60_000); 20] }), "larger"),
    ] {
        let why = holds("has(request.body.l) || true", &body).unwrap_err();
        assert!(why.contains(word), "{why}");
        assert!(holds("maker.id != \"\"", &body).is_ok(), "a body that nobody looks at costs nothing");
    }
    let large = json!({ "l": [1], "t": "x".repeat(20_000) });
    assert!(
        holds("request.body.l.all(x, size(request.body.t) > x)", &large).unwrap_err().contains("each item")
    );
    assert_eq!(holds("request.body.l.all(x, size(string(x)) == 1)", &large), Ok(true));
}

#[test]
fn a_condition_that_could_cost_too_much_is_refused_when_it_is_read() {
    for (text, word) in [
        ("request.body.l.all(x, x.exists(y, y == 1))", "inside of another"),
        ("request.body.l.map(x, x.filter(y, y == 1)) == []", "inside of another"),
        ("request.body.l.all(x, request.body.t.matches('a'))", "outside"),
        ("request.body.l.all(x, x + x == x)", "plus"),
        ("request.body.t.matches(request.body.p)", "as a string"),
        ("request.body.t.matches('(\\\\pL{50}){50}')", "simpler"),
        ("request.body.t.matches('(')", "simpler"),
        ("[request.body, request.body] == []", "List only"),
        ("request.body.l.map(x, request.body) == []", "List only"),
        (&format!("request.type == '{}'", "x".repeat(1_024)), "at most 1024"),
        (&format!("{}1{} == 1", "(".repeat(9), ")".repeat(9)), "brackets"),
        (&format!("{}true", "true ? true : ".repeat(5)), "?"),
        (&format!("1{} > 1", " + 1".repeat(9)), "+ at most"),
        (&format!("request.body{} == 1", "[0]".repeat(200)), "Nest less"),
    ] {
        let why = refused(text);
        assert!(why.contains(word), "{text}: {why}");
    }
}

#[test]
fn a_list_of_more_than_a_thousand_items_is_longer_than_a_condition_may_be() {
    let text = format!("request.org in [{}]", vec!["1"; 1_001].join(","));
    assert!(refused(&text).contains("1024"));
}

#[test]
fn what_can_be_seen_to_fail_is_refused_when_it_is_read() {
    for (text, word) in [
        ("", "leave when out"),
        ("request.amount > 5", "Compare request.amount"),
        ("request.amount == 5", "Compare request.amount"),
        ("5 in [1, 2] && 5 == request.amount", "Compare request.amount"),
        ("usage.maker_day.sum >= 5", "Compare usage.maker_day.sum"),
        ("request.amount.plus(1) > 5", "a sum"),
        ("request.amount.above(\"many\")", "plain decimal"),
        ("request.amount.above(true)", "whole number"),
        ("request.amount.above(0.5)", "whole number"),
        ("usage.other.count > 1", "maker_day"),
        ("usage.maker_day.other > 1", "count, sum"),
        ("usage.maker_day > 1", "count or the sum"),
        ("request.nothing == 1", "Leave request.nothing out"),
        ("request.entityInfo.shop == ''", "tillId"),
        ("maker.name == ''", "permissions"),
        ("nothing == 1", "known here"),
        ("request == 1", "Name a member"),
        ("request['amount'] == 1", "Name a member"),
        ("double(request.body.x) == 1", "not a function"),
        ("request.body.x == 1u", "whole number"),
        ("request.body.x == b'a'", "string"),
        ("{'a': 1} == 1", "no objects"),
        ("request.body.?x == 1", "CEL"),
        ("request.body.x ==", "CEL"),
        ("\"text\"", "true or false"),
        ("1 + 1", "true or false"),
        ("size(request.body.l)", "true or false"),
        ("now", "true or false"),
        ("request.type == 'a", "Close every string"),
        ("request.type == '''a'''", "single"),
        ("true // always", "comments"),
        ("request.body.l.all(now, now == 1)", "another name"),
    ] {
        let why = refused(text);
        assert!(why.contains(word), "{text}: {why}");
        assert!(why.ends_with('.'), "{text}: {why}");
    }
}

#[test]
fn what_names_a_counter_holds_counters_the_amount_and_constants_only() {
    for text in [
        "usage.maker_day.count < request.body.points",
        "request.body.flag == (usage.maker_day.count > 3)",
        "request.body.flag ? usage.maker_day.count > 3 : true",
        "usage.maker_day.sum.plus(request.body.points).above(5)",
        "[1, 2].all(x, usage.maker_day.count > x)",
        "maker.id == 'a' && usage.maker_day.count == size(maker.groups)",
        "usage.maker_day.count == now.getHours()",
    ] {
        assert!(refused(text).contains("Split this"), "{text}");
    }
    for text in [
        "string(usage.maker_day.count).matches('^[0-3]$')",
        "usage.maker_day.count == (request.body.name.matches('a') ? 1 : 2)",
    ] {
        assert!(refused(text).contains("Leave matches out"), "{text}");
    }
    assert_eq!(holds("usage.maker_day.count == 3 && request.body.name.matches('.')", &body()), Ok(true));
    for text in [
        "request.body.flag && usage.maker_day.count < 5",
        "!(usage.maker_day.count > 5 || request.body.name == 'Bob')",
        "request.amount.above(5) ? usage.maker_day.count > 2 : true",
    ] {
        assert_eq!(holds(text, &body()), Ok(true), "{text}");
    }
}

#[test]
fn an_error_beside_counters_counts_as_it_does_beside_anything_else() {
    let error = "request.body.nothing == 1";
    let (yes, no) = ("usage.maker_day.count == 3", "usage.maker_day.count == 4");
    for (text, answer) in [
        (format!("{error} || {yes}"), Some(true)),
        (format!("{yes} || {error}"), Some(true)),
        (format!("{error} && {no}"), Some(false)),
        (format!("{no} && {error}"), Some(false)),
        (format!("{error} || {no}"), None),
        (format!("{error} && {yes}"), None),
        (format!("{no} || {error}"), None),
        (format!("{yes} && {error}"), None),
        (format!("!({yes} && {error})"), None),
        (format!("!({no} && {error}) && {yes}"), Some(true)),
    ] {
        assert_eq!(holds(&text, &body()).ok(), answer, "{text}");
    }
}

#[test]
fn a_condition_that_takes_too_many_steps_on_this_payload_refuses() {
    let asks: Vec<String> = (1..60).map(|number| format!("c == -{number}")).collect();
    let text = format!("request.body.l.exists(c, {})", asks.join(" || "));
    let with = |items: usize| holds(&text, &json!({ "l": vec![1; items] }));
    assert_eq!(with(100), Ok(false));
    assert!(with(1_000).unwrap_err().contains("steps"));
    let fits = items_within_budget([condition(&text)].iter(), 1_000).unwrap();
    assert!((100..1_000).contains(&fits), "{fits}");
    assert_eq!(items_within_budget([condition("request.body.l.exists(c, c == 1)")].iter(), 1_000), None);
    // Patterns and comparisons of large values have their price, too.
    let patterns = vec!["request.body.t.matches('a{5}')"; 30].join(" || ");
    let long = json!({ "t": "b".repeat(64 * 1024) });
    assert!(holds(&patterns, &long).unwrap_err().contains("steps"));
    assert_eq!(holds(&patterns, &json!({ "t": "b" })), Ok(false));
    let compared = vec!["request.body.l == request.body.m"; 25].join(" && ");
    let large = json!({ "l": vec![vec![1; 100]; 40], "m": vec![vec![1; 100]; 40] });
    assert!(holds(&compared, &large).unwrap_err().contains("steps"));
}

/// The worst that the scan lets pass, also what is refused only afterwards.
fn deepest() -> Vec<String> {
    let fill = |head: &str, part: &str, tail: &str| {
        let times = (1_024 - head.len() - tail.len()) / part.len();
        format!("{head}{}{tail}", part.repeat(times))
    };
    let brackets = |open: &str, close: &str| format!("{}1{}", open.repeat(8), close.repeat(8));
    vec![
        brackets("(", ")"),
        brackets("[", "]"),
        brackets("size(", ")"),
        brackets("{1:", "}"),
        brackets("x.all(y, -", ")"),
        brackets("(1 ? 1 : ", ")"),
        brackets("!(-1 + 1 == 1 && ", ")"),
        fill("a", ".a", ""),
        fill("a", "[0]", ""),
        fill("a", ".f()", ""),
        fill("a", ".all(x,x)", ""),
        fill("1", "==1", ""),
        fill("1", "+1", ""),
        fill("1", "*1", ""),
        fill("1", "&&1", ""),
        fill("1", "||1", ""),
        fill("1", "||1&&1", ""),
        fill("", "!", "true"),
        fill("", "-", "1"),
        fill("", "!-", "1"),
        fill("", "? ", ""),
        fill("", "1?", ""),
        fill("", "(", ""),
        fill("", "a{", ""),
        fill("[", "1,", "1]"),
        fill("f(", "1,", "1)"),
        "1?1?1?1?1:1:1:1:1".to_owned(),
    ]
}

#[test]
fn what_passes_the_scan_is_read_and_evaluated_on_a_stack_of_two_mebibytes() {
    let small = thread::Builder::new().stack_size(2 * 1024 * 1024);
    let read = || {
        for text in deepest() {
            // Refused or not: only that it returns matters.
            let _ = Condition::parse(&text, &[]);
        }
        let levels = format!("true{}", " == true".repeat(45));
        assert!(holds(&levels, &body()).is_ok());
    };
    small.spawn(read).unwrap().join().unwrap();
}

#[test]
fn a_time_zone_that_is_taken_is_known_to_an_evaluation_too() {
    for zone in ["Europe/Berlin", "UTC", "+02:00", "-09:30", "9:5", "America/Argentina/Buenos_Aires"] {
        assert_eq!(holds(&format!("now.getMinutes(\"{zone}\") < 60"), &body()), Ok(true), "{zone}");
    }
}
