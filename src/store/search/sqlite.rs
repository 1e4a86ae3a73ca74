//! The words on SQLite: FTS5. It splits a text at spaces and at signs of ASCII, of which no key has any.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::expression::Syntax;
use super::matches::Match;
use crate::domain::search::{Sought, Term};

pub(super) fn write(conn: &mut SqliteConnection, documents: &[(i64, &str)]) -> QueryResult<()> {
    for (document, words) in documents {
        sql_query("INSERT OR REPLACE INTO search_words (rowid, words) VALUES (?, ?)")
            .bind::<BigInt, _>(document)
            .bind::<Text, _>(words)
            .execute(conn)?;
    }
    Ok(())
}

/// FTS5 walks its lists in this order, and stops when there are enough.
const NEWEST: &str = "SELECT search_documents.document AS document, search_documents.request_id AS request_id \
     FROM search_words JOIN search_documents ON search_documents.document = search_words.rowid \
     WHERE search_words MATCH ? AND search_words.rowid < ? ORDER BY search_words.rowid DESC LIMIT ?";

pub(super) fn newest(
    conn: &mut SqliteConnection,
    sought: &Sought,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<Match>> {
    sql_query(NEWEST)
        .bind::<Text, _>(SYNTAX.express(sought))
        .bind::<BigInt, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
}

/// What is sought as FTS5 reads it. Every key is a string.
const SYNTAX: Syntax = Syntax { all: " AND ", any: " OR ", term };

fn term(Term { key, is_beginning }: &Term) -> String {
    let end = if *is_beginning { "\" *" } else { "\"" };
    format!("\"{}{end}", key.replace('"', "\"\""))
}
