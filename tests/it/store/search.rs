//! The index: both databases find exactly what the keys of the domain say, the newest first.

use std::collections::BTreeSet;

use countersign::domain::ids::{OrgId, RequestId};
use countersign::domain::search::{Query, Sought, Term, WordSet};
use countersign::store::search::index::{self, Document};
use countersign::store::search::matches;
use countersign::store::stored_bytes::StoredId;
use countersign::store::{AnyConnection, Store};
use diesel::connection::{Connection, SimpleConnection};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::stores::Database;

on_both_stores![
    whatever_is_written_both_databases_find_what_the_keys_say,
    the_newest_come_first_however_many_documents_lie_between,
    a_document_is_replaced_and_keeps_its_place,
];

fn org() -> OrgId {
    OrgId::new("100")
}

/// Texts of few letters, so that many share words, and of signs that are special somewhere.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "pay",
        "refund",
        "refunds",
        "Zoë",
        "1240.00",
        "api.example.com",
        "日本",
        "chen@example.com",
        "AND",
        "NOT",
        "NEAR(a b)",
        "a",
        "b",
        "ab",
        "\"",
        "'",
        "\\",
        "*",
        ":",
        "&",
        "|",
        "!",
        "(",
        ")",
        "<->",
        "-",
        "^",
        "%",
        ";--",
        "\u{0}",
        "İ",
        "ø",
        "\u{301}",
        "\u{e000}",
        "0190b6f2",
    ]);
    let glue = prop::sample::select(vec![" ", " ", ".", "-", ""]);
    prop::collection::vec((piece, glue), 0..8)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, glue)| format!("{piece}{glue}")).collect())
}

fn keys(org: &OrgId, number: i64, text: &str) -> String {
    let mut words = WordSet::of_id(org, id(number));
    words.add(text);
    words.text()
}

fn id(number: i64) -> RequestId {
    RequestId::new(Uuid::from_u128(u128::try_from(number).unwrap()))
}

/// What the keys themselves say.
fn has(keys: &BTreeSet<String>, sought: &Sought) -> bool {
    match sought {
        Sought::One(Term { key, is_beginning: false }) => keys.contains(key),
        Sought::One(Term { key, is_beginning: true }) => keys.iter().any(|found| found.starts_with(key)),
        Sought::All(parts) => parts.iter().all(|part| has(keys, part)),
        Sought::Any(parts) => parts.iter().any(|part| has(keys, part)),
    }
}

/// Indexes these texts in their order, as requests with the numbers from `first` on.
fn write(conn: &mut AnyConnection, first: i64, texts: &[String]) {
    let document = |(number, text): (i64, &String)| Document {
        key: (org(), id(number)),
        version: Some(1),
        words: keys(&org(), number, text),
    };
    let documents: Vec<Document> = (first..).zip(texts).map(document).collect();
    let documents: Vec<&Document> = documents.iter().collect();
    // As the writer does it.
    Connection::transaction(conn, |conn| index::put(conn, &documents)).unwrap();
}

/// The numbers of what is found, in the order of the database.
fn found(conn: &mut AnyConnection, sought: &Sought, limit: i64) -> Vec<i64> {
    let found = Connection::transaction(conn, |conn| {
        let place = matches::beginning(conn)?;
        matches::newest(conn, sought, place, limit)
    });
    let number = |id: StoredId| i64::try_from(RequestId::from(id).uuid().as_u128()).unwrap();
    found.unwrap().into_iter().map(|found| number(found.request_id)).collect()
}

async fn whatever_is_written_both_databases_find_what_the_keys_say(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    let mut conn = store.open_writer().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut sample = || text().new_tree(&mut runner).unwrap().current();
    let texts: Vec<String> = (0..80).map(|_| sample()).collect();
    write(&mut conn, 1, &texts);
    let all: Vec<BTreeSet<String>> = (1..)
        .zip(&texts)
        .map(|(number, text)| keys(&org(), number, text).split(' ').map(str::to_owned).collect())
        .collect();
    let (mut tried, mut hits) = (0, 0);
    for _ in 0..400 {
        let Ok(query) = Query::parse(&sample()) else { continue };
        let sought = query.sought(&org());
        let fitting = (1..).zip(&all).filter(|(_, keys)| has(keys, &sought));
        let mut expected: Vec<i64> = fitting.map(|(number, _)| number).collect();
        expected.reverse();
        assert_eq!(found(&mut conn, &sought, 1_000), expected, "{:?}", query.text());
        assert_eq!(found(&mut conn, &query.sought(&OrgId::new("200")), 1_000), [0; 0]);
        tried += 1;
        hits += usize::from(!expected.is_empty());
    }
    assert!(tried > 250 && hits > 100, "{tried} {hits}");
}

async fn the_newest_come_first_however_many_documents_lie_between(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    let mut conn = store.open_writer().unwrap();
    let texts = ["refund".to_owned(), "refund pay".to_owned(), "other".to_owned()];
    let mut first = 1;
    // Numbers of documents at the ends of blocks of every size.
    for last in [0_i64, 4_094, 8_190, 16_382, 65_534, 262_142, 1_048_574, 300_000_000] {
        if last > 0 {
            let place = format!(
                "INSERT INTO search_documents (document, org_id, request_id) VALUES ({last}, 'gap', {})",
                database.id(id(last))
            );
            // The numbers only grow.
            conn.batch_execute(&place).unwrap();
        }
        write(&mut conn, first, &texts);
        first += 3;
    }
    let newest = |words: &str| Query::parse(words).unwrap().sought(&org());
    let refunds: Vec<i64> = (1..first).filter(|number| number % 3 != 0).rev().collect();
    assert_eq!(found(&mut conn, &newest("refund"), 100), refunds);
    assert_eq!(found(&mut conn, &newest("refund"), 3), refunds[..3]);
    let both: Vec<i64> = (1..first).filter(|number| number % 3 == 2).rev().collect();
    assert_eq!(found(&mut conn, &newest("pay refund"), 100), both);
    // From a place on.
    let place = matches::place_of(&mut conn, &org(), id(both[2])).unwrap().unwrap();
    let rest = Connection::transaction(&mut conn, |conn| matches::newest(conn, &newest("pay"), place, 2));
    let rest: Vec<RequestId> = rest.unwrap().into_iter().map(|found| found.request_id.into()).collect();
    assert_eq!(rest, [id(both[3]), id(both[4])]);
}

async fn a_document_is_replaced_and_keeps_its_place(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    let mut conn = store.open_writer().unwrap();
    write(&mut conn, 1, &["first common".to_owned(), "second common".to_owned()]);
    write(&mut conn, 1, &["changed common".to_owned()]);
    let sought = |words: &str| Query::parse(words).unwrap().sought(&org());
    assert_eq!(found(&mut conn, &sought("common"), 9), [2, 1]);
    assert_eq!(found(&mut conn, &sought("changed"), 9), [1]);
    assert_eq!(found(&mut conn, &sought("first"), 9), [0; 0]);
}
