//! Templates and values of paths: what a submission makes of each.

use countersign::domain::allowed_targets::{Origin, Target, Targets};
use countersign::domain::ids::RequestId;
use countersign::domain::request_type::RequestType;
use countersign::domain::submission::validate;
use serde_json::{Value, json};

use super::{Override, Row, accounts_for_every_row, table};

const FILE: &str = "paths.json";
const HOST: &str = "https://api.example.com";

const NAMED_ONLY: &str =
    "The issue's list of characters is the shorter one: a type names what else it needs.";

const OVERRIDES: [Override; 5] = [
    Override { id: "PATH-280", instead: "reject", reason: NAMED_ONLY },
    Override { id: "PATH-283", instead: "reject", reason: NAMED_ONLY },
    Override { id: "PATH-297", instead: "reject", reason: NAMED_ONLY },
    Override { id: "PATH-331", instead: "reject", reason: NAMED_ONLY },
    Override { id: "PATH-332", instead: "reject", reason: NAMED_ONLY },
];

/// The URL of the row's call; `None` if the type or the submission is refused. With `named`, each value may have
/// these characters.
fn url(input: &Value, named: &str) -> Option<String> {
    let mut definition = json!({"name": "T", "call": {"method": "POST", "path": input["path"]}});
    if !named.is_empty() {
        let properties: serde_json::Map<String, Value> = input["pathParams"]
            .as_object()?
            .keys()
            .map(|name| (name.clone(), json!({ "pattern": format!("^[\\p{{L}}0-9={named}]+$") })))
            .collect();
        definition["path_params"] = json!({ "properties": properties });
    }
    let found = RequestType::from_definition(&definition).ok()?;
    let origin = Origin::parse(HOST).unwrap();
    let target = Target {
        scheme: origin.scheme,
        host: origin.host,
        ports: vec![origin.port],
        label: "Test".to_owned(),
        allow_cidrs: vec![],
        ca_file: None,
    };
    let body = json!({
        "entityInfo": {"tillId": "1", "storeId": "1", "zoneId": "1", "conceptId": "1"},
        "payload": {"IntouchAPITask-Payload": {
            "hostname": HOST, "path": input["path"], "method": "POST", "pathParams": input["pathParams"],
            "headers": {},
        }},
    });
    let id = RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap();
    let taken = validate(&found, &Targets::of(vec![target]), id, body.to_string().as_bytes());
    taken.ok().map(|taken| taken.call.url)
}

fn is_overridden(row: &Row) -> bool {
    OVERRIDES.iter().any(|one| one.id == row.id)
}

#[test]
fn every_path_is_taken_or_refused_as_the_table_says() {
    let rows = table(FILE);
    let tried: Vec<&Row> = rows.iter().filter(|row| !is_overridden(row)).collect();
    for row in &tried {
        let url = url(&row.input, "");
        row.compare(if url.is_some() { "accept" } else { "reject" });
        assert_eq!(url, row.url, "{}", row.id);
    }
    let ids: Vec<&str> = tried.iter().map(|row| row.id.as_str()).collect();
    accounts_for_every_row(FILE, &ids, &OVERRIDES);
}

#[test]
fn what_the_table_takes_and_the_engine_does_not_is_taken_where_a_type_names_it() {
    for row in table(FILE).iter().filter(|row| is_overridden(row)) {
        assert_eq!(url(&row.input, ""), None, "{}", row.id);
        assert_eq!(url(&row.input, "?{} \\x{1f600}"), row.url, "{}", row.id);
    }
}
