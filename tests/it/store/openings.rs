//! Who opened a request: bounded, the same however often it is written, and swept once a request has ended.

use countersign::domain::ids::{OrgId, RequestId};
use countersign::store::openings::{OpeningRow, PEOPLE_MAX, SweepPlace, list, note, of_person, sweep};
use countersign::store::stored_bytes::StoredId;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::node::Node;
use crate::support::stores::Database;

on_both_stores![
    an_opening_is_kept_once_and_its_times_only_move_on,
    of_one_request_fifty_people_are_kept,
    a_sweep_goes_round_the_orgs_and_leaves_what_is_not_there,
];

fn row(org: &str, request: u128, person: &str, (revision, at): (i64, i64)) -> OpeningRow {
    OpeningRow {
        org_id: org.to_owned(),
        request_id: StoredId(Uuid::from_u128(request)),
        person_key: person.to_owned(),
        iss: "iss".to_owned(),
        sub: person.to_owned(),
        user_id: person.to_owned(),
        user_name: person.to_owned(),
        revision,
        first_at: at,
        last_at: at,
    }
}

fn request(number: u128) -> RequestId {
    RequestId::new(Uuid::from_u128(number))
}

async fn an_opening_is_kept_once_and_its_times_only_move_on(database: Database) {
    let node = Node::open(database);
    let conn = &mut node.conn();
    let key = (OrgId::new("100"), request(1));
    let mut kept = |what: (i64, i64)| {
        let is_new = note(conn, &row("100", 1, "chen", what)).unwrap();
        let rows = list(conn, &key).unwrap();
        assert_eq!(rows.len(), 1);
        (is_new, rows[0].revision, rows[0].first_at, rows[0].last_at)
    };
    assert_eq!(kept((1, 50)), (true, 1, 50, 50));
    assert_eq!(kept((1, 50)), (false, 1, 50, 50));
    assert_eq!(kept((1, 90)), (false, 1, 50, 90));
    assert_eq!(kept((1, 70)), (false, 1, 50, 90));
    assert_eq!(kept((2, 95)), (false, 2, 95, 95));
    assert_eq!(kept((1, 99)), (false, 2, 95, 95));
    let mine = of_person(conn, (&OrgId::new("100"), "chen"), &[request(1), request(2)]).unwrap();
    assert_eq!(mine, [(request(1), 2, 95)]);
    assert_eq!(of_person(conn, (&OrgId::new("200"), "chen"), &[request(1)]).unwrap(), []);
}

async fn of_one_request_fifty_people_are_kept(database: Database) {
    let node = Node::open(database);
    let conn = &mut node.conn();
    for number in 0..PEOPLE_MAX + 3 {
        let is_new = note(conn, &row("100", 1, &format!("person {number}"), (1, 1))).unwrap();
        assert_eq!(is_new, number < PEOPLE_MAX, "{number}");
    }
    // Whoever is among them goes on to be heard of.
    note(conn, &row("100", 1, "person 0", (1, 9))).unwrap();
    let rows = list(conn, &(OrgId::new("100"), request(1))).unwrap();
    assert_eq!((rows.len(), rows.iter().filter(|row| row.last_at == 9).count()), (50, 1));
}

async fn a_sweep_goes_round_the_orgs_and_leaves_what_is_not_there(database: Database) {
    let node = Node::open(database);
    let conn = &mut node.conn();
    for (org, number) in [("100", 1), ("100", 2), ("100", 3), ("200", 1)] {
        note(conn, &row(org, number, "chen", (1, 1))).unwrap();
    }
    let mut places = vec![SweepPlace::default()];
    for _ in 0..6 {
        let from = places.last().unwrap().clone();
        places.push(sweep(conn, &from, 2).unwrap());
    }
    // Into the first org, over its first two, over its last into the next org, and over that one into the first again.
    assert!(places[4] == places[1] && places[5] == places[2] && places[6] == places[3], "{places:?}");
    assert!(places[0] != places[1] && places[1] != places[2] && places[2] != places[3], "{places:?}");
    for (org, count) in [("100", 3), ("200", 1)] {
        let found: usize =
            (1..=3).map(|number| list(conn, &(OrgId::new(org), request(number))).unwrap().len()).sum();
        assert_eq!(found, count, "{org}");
    }
}
