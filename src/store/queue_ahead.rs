//! Hosts whose calls have to queue: sending to them is paused, or something that is due waits for them already.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment};
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::claims::{IsQueued, NodeTime};
use super::columns::static_query_id;
use super::pauses::EVERY_HOST;
use super::schema::{executions, pauses};
use super::{AnyConnection, StoreError, from_micros, to_micros};

/// What stands before a new call.
#[derive(Clone, Debug)]
pub struct QueueAhead {
    /// Hosts whose calls have to queue; [`EVERY_HOST`] stands for all.
    hosts: BTreeSet<String>,
    /// The database's time.
    pub now: DateTime<Utc>,
}

impl QueueAhead {
    /// Whether a call to this host has to queue.
    pub fn is_before(&self, host: &str) -> bool {
        [EVERY_HOST, host].into_iter().any(|name| self.hosts.contains(name))
    }

    /// A call to this host is queued.
    pub fn add(&mut self, host: &str) {
        self.hosts.insert(host.to_owned());
    }
}

/// Walks from one org to the next in the index of each host, so that calls which wait for a later attempt cost nothing.
const AHEAD: &str = "\
    WITH RECURSIVE pair AS ( \
        SELECT asked.host, first.org_id FROM unnest(?) AS asked (host) CROSS JOIN LATERAL ( \
            SELECT e.org_id FROM executions e WHERE e.state = 'queued' AND e.host = asked.host \
            ORDER BY e.org_id LIMIT 1) AS first \
        UNION ALL \
        SELECT pair.host, next.org_id FROM pair CROSS JOIN LATERAL ( \
            SELECT e.org_id FROM executions e \
            WHERE e.state = 'queued' AND e.host = pair.host AND e.org_id > pair.org_id \
            ORDER BY e.org_id LIMIT 1) AS next \
    ), clock AS ( \
        SELECT COALESCE(?, (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT) AS now \
    ), ahead AS ( \
        SELECT pauses.host FROM pauses \
        UNION \
        SELECT pair.host FROM pair CROSS JOIN clock WHERE EXISTS ( \
            SELECT FROM executions e WHERE e.state = 'queued' AND e.host = pair.host \
                AND e.org_id = pair.org_id AND e.due_at <= clock.now) \
    ) \
    SELECT clock.now, ahead.host FROM clock LEFT JOIN ahead ON TRUE";

/// [`AHEAD`] with its values, in the order of its question marks.
struct AheadStatement<'a> {
    hosts: &'a [&'a str],
    injected: Option<i64>,
}

impl QueryFragment<Pg> for AheadStatement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = AHEAD.split('?');
        let mut text = |out: &mut AstPass<'_, 'b, Pg>| out.push_sql(parts.next().unwrap_or_default());
        text(&mut out);
        out.push_bind_param::<Array<Text>, _>(self.hosts)?;
        text(&mut out);
        out.push_bind_param::<Nullable<BigInt>, _>(&self.injected)?;
        text(&mut out);
        Ok(())
    }
}

static_query_id!(AheadStatement);

impl Query for AheadStatement<'_> {
    type SqlType = (BigInt, Nullable<Text>);
}

impl RunQueryDsl<PgConnection> for AheadStatement<'_> {}

/// What stands before new calls to these hosts. Locks nothing.
pub fn look(conn: &mut AnyConnection, time: NodeTime, hosts: &[&str]) -> Result<QueueAhead, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let injected = time.injected.map(to_micros);
            let rows: Vec<(i64, Option<String>)> = AheadStatement { hosts, injected }.load(conn)?;
            let now = rows.first().map_or(Ok(time.now), |(now, _)| from_micros(*now))?;
            Ok(QueueAhead { hosts: rows.into_iter().filter_map(|(_, host)| host).collect(), now })
        }
        AnyConnection::Sqlite(conn) => {
            let now = time.injected.unwrap_or(time.now);
            let paused: Vec<String> = pauses::table.select(pauses::host).load(conn)?;
            let mut ahead = QueueAhead { hosts: paused.into_iter().collect(), now };
            for host in hosts {
                if is_due_sqlite(conn, host, now)? {
                    ahead.add(host);
                }
            }
            Ok(ahead)
        }
    }
}

/// The same walk, a cached statement a step.
fn is_due_sqlite(conn: &mut SqliteConnection, host: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut org = String::new();
    loop {
        let next: Option<String> = executions::table
            .filter(IsQueued.and(executions::host.eq(host)).and(executions::org_id.gt(&org)))
            .order(executions::org_id)
            .select(executions::org_id)
            .get_result(conn)
            .optional()?;
        let Some(next) = next else { return Ok(false) };
        let first_due: i64 = executions::table
            .filter(IsQueued.and(executions::host.eq(host)).and(executions::org_id.eq(&next)))
            .order(executions::due_at)
            .select(executions::due_at)
            .get_result(conn)?;
        if first_due <= to_micros(now) {
            return Ok(true);
        }
        org = next;
    }
}
