//! Initial contents: what the contract's examples and its ISSUE-BADGE page name.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::state::{Badge, Customer, EarnType, Enrolment, Owner, State};

const ORG: u64 = 90001;
const OTHER_ORG: u64 = 90002;

const START: &str = "2020-01-01T00:00:00Z";
const EXPIRY: &str = "2031-01-15T09:32:37Z";
const LONG_AGO: &str = "2021-01-01T00:00:00Z";

/// The initial state.
pub(super) fn state() -> State {
    let mut state = State::new(badges(), customers());
    state.enrol(enrolment("650000000000000000000001", 11115, "650000000000000000000015"));
    state.enrol(enrolment("650000000000000000000003", 100_200_301, "650000000000000000000016"));
    state
}

fn badges() -> Vec<Badge> {
    let plain = badge("650000000000000000000001", "Demo badge to issue");
    let claimed = vec![owner("Goodwill_Module", "123"), owner("Loyalty", "123")];
    vec![
        badge("658de01c823d1b70aabcfaae", "Badge of the ISSUE-BADGE page"),
        badge("66276dc68fe258516a88ff8e", "Badge of the page for one customer"),
        badge("653de84db3cda7078c7c68ed", "Badge of the page for several customers"),
        Badge { claims: claimed.clone(), ..badge("650000000000000000000002", "Demo badge to earn") },
        Badge {
            earn_type: EarnType::IssueEarn,
            claims: claimed,
            ..badge("650000000000000000000003", "Demo badge to issue, then to earn")
        },
        Badge { active: false, ..badge("650000000000000000000004", "Badge that is switched off") },
        Badge { expires_on: moment(LONG_AGO), ..badge("650000000000000000000005", "Badge of long ago") },
        Badge { org_id: OTHER_ORG, ..badge("650000000000000000000009", "Badge of another org") },
        plain,
    ]
}

fn badge(id: &str, name: &str) -> Badge {
    Badge {
        id: id.to_owned(),
        org_id: ORG,
        name: name.to_owned(),
        earn_type: EarnType::Earn,
        start_on: moment(START),
        expires_on: moment(EXPIRY),
        active: true,
        claims: Vec::new(),
    }
}

fn owner(owner_type: &str, reference_id: &str) -> Owner {
    Owner { owner_type: owner_type.to_owned(), reference_id: reference_id.to_owned() }
}

fn enrolment(badge_meta_id: &str, customer_id: i64, issued_id: &str) -> Enrolment {
    Enrolment {
        customer_id,
        badge_meta_id: badge_meta_id.to_owned(),
        issued_id: issued_id.to_owned(),
        request_id: None,
        org_id: ORG,
        triggered_by: json!({"ownerType": "Loyalty", "referenceId": "xyz"}),
        issued_on: moment(START),
        expires_on: moment(EXPIRY),
    }
}

fn customers() -> Vec<Customer> {
    let mut customers = vec![
        customer(100_200_304, "910000000002", "customer@example.com", "EXTID0001"),
        customer(100_200_305, "910000000001", "status@example.com", "EXTID0002"),
    ];
    let only_by_id = [
        123,
        1001,
        1002,
        1003,
        11115,
        23423,
        62_090_013,
        100_200_300,
        100_200_301,
        100_200_302,
        100_200_303,
        113_460_811,
    ];
    customers.extend(only_by_id.map(|id| {
        customer(id, &format!("91{id:010}"), &format!("customer{id}@example.com"), &format!("EXTID{id}"))
    }));
    customers
}

fn customer(id: i64, mobile: &str, email: &str, external_id: &str) -> Customer {
    let identifiers = HashMap::from([
        ("id", id.to_string()),
        ("mobile", mobile.to_owned()),
        ("email", email.to_owned()),
        ("externalId", external_id.to_owned()),
    ]);
    Customer { id, org_id: ORG, identifiers }
}

fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("the moments above are RFC 3339").to_utc()
}
