//! A batch of submissions, written at once over the tables `requests`, `calls` and `events`.
//!
//! PostgreSQL gets one statement for the whole batch, whatever its size: one array per column, so
//! the statement's text never changes and stays prepared. SQLite has no round trips to save and gets
//! cached single-row statements.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};

use super::calls::CallRow;
use super::events::{self, EventRow};
use super::requests::RequestRow;
use super::schema;
use super::{AnyConnection, StoreError};

/// All rows of one submission.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The request in the state it rests in.
    pub request: RequestRow,
    /// What will be sent.
    pub call: CallRow,
    /// Its first events.
    pub events: Vec<EventRow>,
}

/// Adds the submissions.
///
/// # Errors
/// A unique violation if one of them is there already.
pub fn insert(conn: &mut AnyConnection, submissions: &[NewSubmission]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            SubmissionBatch::new(submissions).execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for submission in submissions {
                diesel::insert_into(schema::requests::table).values(&submission.request).execute(conn)?;
                diesel::insert_into(schema::calls::table).values(&submission.call).execute(conn)?;
                for event in &submission.events {
                    diesel::insert_into(schema::events::table).values(event).execute(conn)?;
                }
            }
        }
    }
    Ok(())
}

/// One column of many rows, bound as an array.
pub(super) enum Column<'a> {
    Text(Vec<&'a str>),
    NullableText(Vec<Option<&'a str>>),
    Number(Vec<i64>),
    NullableNumber(Vec<Option<i64>>),
    Bytes(Vec<&'a [u8]>),
}

impl Column<'_> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Text(values) => out.push_bind_param::<Array<Text>, _>(values),
            Self::NullableText(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values),
            Self::Number(values) => out.push_bind_param::<Array<BigInt>, _>(values),
            Self::NullableNumber(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values),
            Self::Bytes(values) => out.push_bind_param::<Array<Binary>, _>(values),
        }
    }
}

type Columns<'a> = Vec<(&'static str, Column<'a>)>;

/// `INSERT INTO table (a, b) SELECT * FROM unnest($1, $2)`
fn push_insert<'b>(out: &mut AstPass<'_, 'b, Pg>, table: &str, columns: &'b Columns<'_>) -> QueryResult<()> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    out.push_sql(&format!("INSERT INTO {table} ({}) SELECT * FROM unnest(", names.join(", ")));
    for (at, (_, column)) in columns.iter().enumerate() {
        if at > 0 {
            out.push_sql(", ");
        }
        column.push(out)?;
    }
    out.push_sql(")");
    Ok(())
}

/// The events of a batch of transitions in one statement.
struct EventBatch<'a>(Columns<'a>);

impl QueryFragment<Pg> for EventBatch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_insert(&mut out, "events", &self.0)
    }
}

/// A static id lets diesel keep the statement prepared.
impl QueryId for EventBatch<'_> {
    type QueryId = EventBatch<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for EventBatch<'_> {}

pub(super) fn insert_events(conn: &mut PgConnection, events: &[EventRow]) -> QueryResult<()> {
    EventBatch(events::columns(events.iter())).execute(conn).map(drop)
}

struct SubmissionBatch<'a> {
    requests: Columns<'a>,
    calls: Columns<'a>,
    events: Columns<'a>,
}

impl QueryFragment<Pg> for SubmissionBatch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH new_requests AS (");
        push_insert(&mut out, "requests", &self.requests)?;
        out.push_sql("), new_calls AS (");
        push_insert(&mut out, "calls", &self.calls)?;
        out.push_sql(") ");
        push_insert(&mut out, "events", &self.events)
    }
}

/// A static id lets diesel keep the statement prepared.
impl QueryId for SubmissionBatch<'_> {
    type QueryId = SubmissionBatch<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for SubmissionBatch<'_> {}

impl<'a> SubmissionBatch<'a> {
    fn new(submissions: &'a [NewSubmission]) -> Self {
        let requests: Vec<&RequestRow> = submissions.iter().map(|submission| &submission.request).collect();
        let calls: Vec<&CallRow> = submissions.iter().map(|submission| &submission.call).collect();
        let events = submissions.iter().flat_map(|submission| &submission.events);
        Self {
            requests: request_columns(&requests),
            calls: call_columns(&calls),
            events: events::columns(events),
        }
    }
}

fn request_columns<'a>(rows: &[&'a RequestRow]) -> Columns<'a> {
    let text = |of: fn(&RequestRow) -> &str| Column::Text(rows.iter().map(|row| of(row)).collect());
    let number = |of: fn(&RequestRow) -> i64| Column::Number(rows.iter().map(|row| of(row)).collect());
    vec![
        ("org_id", text(|row| &row.org_id)),
        ("request_id", text(|row| &row.request_id)),
        ("request_type", text(|row| &row.request_type)),
        ("type_version", text(|row| &row.type_version)),
        ("state", text(|row| &row.state)),
        ("version", number(|row| row.version)),
        ("attempts", number(|row| row.attempts)),
        ("digest", text(|row| &row.digest)),
        ("host", text(|row| &row.host)),
        ("maker_iss", text(|row| &row.maker_iss)),
        ("maker_sub", text(|row| &row.maker_sub)),
        ("maker_user_id", text(|row| &row.maker_user_id)),
        ("maker_user_name", text(|row| &row.maker_user_name)),
        ("maker_key", text(|row| &row.maker_key)),
        ("till_id", text(|row| &row.till_id)),
        ("store_id", text(|row| &row.store_id)),
        ("zone_id", text(|row| &row.zone_id)),
        ("concept_id", text(|row| &row.concept_id)),
        ("started_at", number(|row| row.started_at)),
        ("expires_at", number(|row| row.expires_at)),
        ("ended_at", Column::NullableNumber(rows.iter().map(|row| row.ended_at).collect())),
    ]
}

fn call_columns<'a>(rows: &[&'a CallRow]) -> Columns<'a> {
    let text = |of: fn(&CallRow) -> &str| Column::Text(rows.iter().map(|row| of(row)).collect());
    vec![
        ("org_id", text(|row| &row.org_id)),
        ("request_id", text(|row| &row.request_id)),
        ("call", Column::Bytes(rows.iter().map(|row| row.call.as_slice()).collect())),
        ("echo", text(|row| &row.echo)),
        ("label", text(|row| &row.label)),
    ]
}
