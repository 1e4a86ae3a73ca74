//! A batch of submissions, inserted into the tables `requests`, `calls`, `events` and `outbox` together.
//!
//! PostgreSQL gets one statement for the whole batch. SQLite has no round trips to save and gets cached
//! single-row statements.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::calls::{self, CallRow};
use super::columns::{Columns, push_insert};
use super::events::{self, EventRow};
use super::outbox::{self, OutboxRow};
use super::requests::{self, RequestRow};
use super::schema;
use super::{AnyConnection, StoreError};
use crate::domain::execution::Execution;

/// All rows of one submission.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The request after its submission.
    pub request: RequestRow,
    /// What will be sent.
    pub call: CallRow,
    /// Its first events.
    pub events: Vec<EventRow>,
    /// The change that it is, if somebody is told of it.
    pub outbox: Option<OutboxRow>,
    /// Its execution, if a rule approved it at once; inserted separately.
    pub execution: Option<Execution>,
}

/// Adds the submissions.
///
/// # Errors
/// A unique violation if one of them is stored already.
pub fn insert(conn: &mut AnyConnection, submissions: &[&NewSubmission]) -> Result<(), StoreError> {
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
                if let Some(change) = &submission.outbox {
                    diesel::insert_into(schema::outbox::table).values(change).execute(conn)?;
                }
            }
        }
    }
    Ok(())
}

/// The statement that adds a batch of submissions on PostgreSQL.
pub struct SubmissionBatch<'a> {
    requests: Columns<'a>,
    calls: Columns<'a>,
    events: Columns<'a>,
    outbox: Columns<'a>,
}

impl<'a> SubmissionBatch<'a> {
    /// The statement for these submissions.
    pub fn new(submissions: &[&'a NewSubmission]) -> Self {
        let requests: Vec<&RequestRow> = submissions.iter().map(|submission| &submission.request).collect();
        let calls: Vec<&CallRow> = submissions.iter().map(|submission| &submission.call).collect();
        let events: Vec<&EventRow> = submissions.iter().flat_map(|submission| &submission.events).collect();
        let outbox: Vec<&OutboxRow> =
            submissions.iter().filter_map(|submission| submission.outbox.as_ref()).collect();
        Self {
            requests: requests::columns(&requests),
            calls: calls::columns(&calls),
            events: events::columns(&events),
            outbox: outbox::columns_of(&outbox),
        }
    }
}

impl QueryFragment<Pg> for SubmissionBatch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH new_requests AS (");
        push_insert(&mut out, "requests", &self.requests)?;
        out.push_sql("), new_calls AS (");
        push_insert(&mut out, "calls", &self.calls)?;
        out.push_sql("), new_outbox AS (");
        push_insert(&mut out, "outbox", &self.outbox)?;
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
