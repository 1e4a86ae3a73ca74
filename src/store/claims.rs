//! Claiming and leasing executions, by the database's clock.
//!
//! Every instant here is the database's: nodes whose own clocks differ must not end each other's leases. On SQLite
//! the only process is the database, so its clock is the one that the caller hands over.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::DefaultLoadingMode;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};

use super::columns::static_query_id;
use super::executions::{CLAIMED, ExecutionRow, readable_of};
use super::literal::literal;
use super::pauses::EVERY_HOST;
use super::requests::Key;
use super::schema::{executions, pauses};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros, to_micros};
use crate::domain::execution::Execution;
use crate::domain::ids::OrgId;
use crate::domain::slots::{DueCalls, Grant};

/// The most pairs of host and org that one look finds; the next look finds the others.
const PAIRS_MAX: i64 = 1_000;

/// The instants that a node's own clock and an injected one name.
#[derive(Clone, Copy, Debug)]
pub struct NodeTime {
    /// The node's clock.
    pub now: DateTime<Utc>,
    /// A clock that stands for the database's: only tests have one.
    pub injected: Option<DateTime<Utc>>,
}

impl NodeTime {
    fn injected_micros(self) -> Option<i64> {
        self.injected.map(to_micros)
    }
}

#[derive(QueryableByName)]
struct Instant {
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// The database's time.
pub fn database_now(conn: &mut AnyConnection, time: NodeTime) -> Result<DateTime<Utc>, StoreError> {
    match (conn, time.injected) {
        (_, Some(injected)) => Ok(injected),
        (AnyConnection::Sqlite(_), None) => Ok(time.now),
        (AnyConnection::Postgres(conn), None) => {
            let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT AS now";
            from_micros(diesel::sql_query(statement).get_result::<Instant>(conn)?.now)
        }
    }
}

/// Calls that are due, by host and org, and the database's time at which they are.
pub struct Due {
    /// At most as many of each as one host may have at all.
    pub calls: Vec<DueCalls>,
    /// The database's time.
    pub now: DateTime<Utc>,
}

#[derive(Queryable)]
struct DueRow {
    host: String,
    org_id: String,
    waiting: i64,
    now: i64,
}

/// Walks from one pair of host and org to the next in the index, so that a backlog of one costs no more than a
/// single call, and counts up to a limit the due calls of each.
const DUE: &str = "\
    WITH RECURSIVE pair AS ( \
        (SELECT host, org_id FROM executions WHERE state = 'queued' ORDER BY host, org_id LIMIT 1) \
        UNION ALL \
        SELECT next.host, next.org_id FROM pair CROSS JOIN LATERAL ( \
            SELECT e.host, e.org_id FROM executions e \
            WHERE e.state = 'queued' AND (e.host, e.org_id) > (pair.host, pair.org_id) \
            ORDER BY e.host, e.org_id LIMIT 1) AS next \
    ), clock AS ( \
        SELECT COALESCE(?, (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT) AS now \
    ) \
    SELECT pair.host, pair.org_id, due.waiting, clock.now \
    FROM pair CROSS JOIN clock CROSS JOIN LATERAL ( \
        SELECT count(*) AS waiting FROM ( \
            SELECT FROM executions e WHERE e.state = 'queued' AND e.host = pair.host \
                AND e.org_id = pair.org_id AND e.due_at <= clock.now LIMIT ?) AS counted) AS due \
    WHERE due.waiting > 0 AND pair.host <> ALL (?) \
        AND NOT EXISTS (SELECT FROM pauses WHERE pauses.host IN ('', pair.host)) \
    LIMIT ?";

/// [`DUE`] with its values, in the order of its question marks.
struct DueStatement<'a> {
    injected: Option<i64>,
    each_max: i64,
    full_hosts: &'a [String],
}

impl QueryFragment<Pg> for DueStatement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = DUE.split('?');
        let mut text = |out: &mut AstPass<'_, 'b, Pg>| out.push_sql(parts.next().unwrap_or_default());
        text(&mut out);
        out.push_bind_param::<Nullable<BigInt>, _>(&self.injected)?;
        text(&mut out);
        out.push_bind_param::<BigInt, _>(&self.each_max)?;
        text(&mut out);
        out.push_bind_param::<Array<Text>, _>(self.full_hosts)?;
        text(&mut out);
        out.push_bind_param::<BigInt, _>(&PAIRS_MAX)?;
        text(&mut out);
        Ok(())
    }
}

static_query_id!(DueStatement);

impl Query for DueStatement<'_> {
    type SqlType = (Text, Text, BigInt, BigInt);
}

impl RunQueryDsl<PgConnection> for DueStatement<'_> {}

/// What is due, except to `full_hosts` and to paused ones. Locks nothing.
pub fn list_due(
    conn: &mut AnyConnection,
    time: NodeTime,
    full_hosts: &[String],
    each_max: i64,
) -> Result<Due, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let statement = DueStatement { injected: time.injected_micros(), each_max, full_hosts };
            let rows: Vec<DueRow> = statement.load(conn)?;
            let now = rows.first().map_or(Ok(time.now), |row| from_micros(row.now))?;
            let calls = rows.into_iter().map(|row| DueCalls {
                host: row.host,
                org: OrgId::new(row.org_id),
                count: usize::try_from(row.waiting).unwrap_or(0),
            });
            Ok(Due { calls: calls.collect(), now })
        }
        AnyConnection::Sqlite(conn) => {
            let now = time.injected.unwrap_or(time.now);
            Ok(Due { calls: walk_sqlite(conn, now, full_hosts, each_max)?, now })
        }
    }
}

/// The same walk, a cached statement a step: SQLite has no lateral joins, and no round trips.
fn walk_sqlite(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
    full_hosts: &[String],
    each_max: i64,
) -> Result<Vec<DueCalls>, StoreError> {
    let paused: Vec<String> = pauses::table.select(pauses::host).load(conn)?;
    let is_left_out = |host: &String| full_hosts.contains(host) || paused.contains(host);
    let mut calls = Vec::new();
    if paused.iter().any(|host| host == EVERY_HOST) {
        return Ok(calls);
    }
    let mut at = next_pair(conn, "", "")?;
    let mut steps = 0;
    while let Some((host, org)) = at.filter(|_| steps < PAIRS_MAX) {
        steps += 1;
        if is_left_out(&host) {
            // No org of it matters: on to the next host. No org's name sorts after this.
            at = next_pair(conn, &host, "\u{10ffff}")?;
            continue;
        }
        let due = IsQueued.and(executions::due_at.le(to_micros(now)));
        let of_pair = executions::host.eq(&host).and(executions::org_id.eq(&org));
        let found = executions::table.filter(due.and(of_pair)).select(executions::token);
        let count = first_of(found.load_iter::<i64, DefaultLoadingMode>(conn)?, each_max)?.len();
        at = next_pair(conn, &host, &org)?;
        if count > 0 {
            calls.push(DueCalls { host, org: OrgId::new(org), count });
        }
    }
    Ok(calls)
}

fn next_pair(
    conn: &mut SqliteConnection,
    host: &str,
    org: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let later = executions::host.ge(host).and(executions::host.gt(host).or(executions::org_id.gt(org)));
    Ok(executions::table
        .filter(IsQueued.and(later))
        .order((executions::host, executions::org_id))
        .select((executions::host, executions::org_id))
        .get_result(conn)
        .optional()?)
}

literal!(IsQueued, "state = 'queued'");

/// The first rows of a statement without a `LIMIT`, which SQLite would prepare anew as well.
pub(super) fn first_of<T>(rows: impl Iterator<Item = QueryResult<T>>, max: i64) -> QueryResult<Vec<T>> {
    rows.take(usize::try_from(max).unwrap_or(0)).collect()
}

/// The oldest due calls of each grant, leaving out those that another node locks.
const CLAIM: &str = "\
    UPDATE executions SET state = 'claimed', token = executions.token + 1, node = ?, leased_until = ? \
    FROM ( \
        SELECT oldest.org_id, oldest.request_id \
        FROM unnest(?, ?, ?) AS granted (host, org_id, count) CROSS JOIN LATERAL ( \
            SELECT e.org_id, e.request_id FROM executions e \
            WHERE e.state = 'queued' AND e.host = granted.host AND e.org_id = granted.org_id \
                AND e.due_at <= ? \
            ORDER BY e.due_at LIMIT granted.count FOR UPDATE SKIP LOCKED) AS oldest \
    ) AS picked \
    WHERE executions.org_id = picked.org_id AND executions.request_id = picked.request_id \
    RETURNING executions.org_id, executions.request_id, executions.host, executions.state, executions.token, \
        executions.node, executions.leased_until, executions.queued_at, executions.due_at, executions.ended_at, \
        executions.outcome, executions.purpose, executions.probe_until";

/// [`CLAIM`] with its values, in the order of its question marks.
struct ClaimStatement<'a> {
    node: &'a str,
    until: i64,
    hosts: Vec<&'a str>,
    orgs: Vec<&'a str>,
    counts: Vec<i64>,
    now: i64,
}

impl QueryFragment<Pg> for ClaimStatement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = CLAIM.split('?');
        let mut text = |out: &mut AstPass<'_, 'b, Pg>| out.push_sql(parts.next().unwrap_or_default());
        text(&mut out);
        out.push_bind_param::<Text, _>(self.node)?;
        text(&mut out);
        out.push_bind_param::<BigInt, _>(&self.until)?;
        text(&mut out);
        out.push_bind_param::<Array<Text>, _>(&self.hosts)?;
        text(&mut out);
        out.push_bind_param::<Array<Text>, _>(&self.orgs)?;
        text(&mut out);
        out.push_bind_param::<Array<BigInt>, _>(&self.counts)?;
        text(&mut out);
        out.push_bind_param::<BigInt, _>(&self.now)?;
        text(&mut out);
        Ok(())
    }
}

static_query_id!(ClaimStatement);

impl Query for ClaimStatement<'_> {
    type SqlType = executions::SqlType;
}

impl RunQueryDsl<PgConnection> for ClaimStatement<'_> {}

/// Whose lease it is, and until when.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The node.
    pub node: String,
    /// By the database's clock.
    pub now: DateTime<Utc>,
    /// How long it lasts.
    pub lasts: TimeDelta,
}

/// Claims what was granted, in one statement: each with a new fencing token and a lease. One that can't be read is
/// left out.
pub fn claim(
    conn: &mut AnyConnection,
    grants: &[Grant],
    lease: &Lease,
) -> Result<Vec<Execution>, StoreError> {
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    match conn {
        AnyConnection::Postgres(conn) => {
            let hosts: Vec<&str> = grants.iter().map(|grant| grant.host.as_str()).collect();
            let orgs: Vec<&str> = grants.iter().map(|grant| grant.org.as_str()).collect();
            let counts: Vec<i64> =
                grants.iter().map(|grant| i64::try_from(grant.count).unwrap_or(i64::MAX)).collect();
            let (node, now) = (lease.node.as_str(), to_micros(lease.now));
            let until = to_micros(lease.now + lease.lasts);
            let statement = ClaimStatement { node, until, hosts, orgs, counts, now };
            let rows: Vec<ExecutionRow> = statement.load(conn)?;
            Ok(readable_of(rows))
        }
        AnyConnection::Sqlite(conn) => {
            let mut claimed = Vec::new();
            for grant in grants {
                claimed.extend(claim_sqlite(conn, grant, lease)?);
            }
            Ok(claimed)
        }
    }
}

fn claim_sqlite(
    conn: &mut SqliteConnection,
    grant: &Grant,
    lease: &Lease,
) -> Result<Vec<Execution>, StoreError> {
    let due = IsQueued.and(executions::due_at.le(to_micros(lease.now)));
    let of_pair = executions::host.eq(&grant.host).and(executions::org_id.eq(grant.org.as_str()));
    let oldest = executions::table
        .filter(due.and(of_pair))
        .order(executions::due_at)
        .select((executions::org_id, executions::request_id));
    let count = i64::try_from(grant.count).unwrap_or(i64::MAX);
    let keys: Vec<(String, StoredId)> = first_of(oldest.load_iter::<_, DefaultLoadingMode>(conn)?, count)?;
    let mut claimed = Vec::with_capacity(keys.len());
    for (org, id) in keys {
        let row: ExecutionRow = diesel::update(executions::table.find((org, id)))
            .set((
                executions::state.eq(CLAIMED),
                executions::token.eq(executions::token + 1),
                executions::node.eq(&lease.node),
                executions::leased_until.eq(to_micros(lease.now + lease.lasts)),
            ))
            .get_result(conn)?;
        claimed.push(row);
    }
    Ok(readable_of(claimed))
}

const RENEW: &str = "\
    UPDATE executions \
    SET leased_until = COALESCE($1, (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT) + $2 \
    FROM ( \
        SELECT e.org_id, e.request_id \
        FROM unnest($3, $4, $5) AS held (org_id, request_id, token) \
        JOIN executions e ON e.org_id = held.org_id AND e.request_id = held.request_id \
        WHERE e.state = 'claimed' AND e.token = held.token \
        FOR UPDATE OF e SKIP LOCKED \
    ) AS mine \
    WHERE executions.org_id = mine.org_id AND executions.request_id = mine.request_id";

/// Renews leases from the database's present on; returns how many. One whose token is void is left out, and so is
/// one whose row somebody else locks: it is renewed the next time.
pub fn renew(
    conn: &mut AnyConnection,
    held: &[(Key, i64)],
    time: NodeTime,
    lasts: TimeDelta,
) -> Result<usize, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let orgs: Vec<&str> = held.iter().map(|((org, _), _)| org.as_str()).collect();
            let ids: Vec<StoredId> = held.iter().map(|((_, id), _)| (*id).into()).collect();
            let tokens: Vec<i64> = held.iter().map(|(_, token)| *token).collect();
            Ok(diesel::sql_query(RENEW)
                .bind::<Nullable<BigInt>, _>(time.injected_micros())
                .bind::<BigInt, _>(lasts.num_microseconds().unwrap_or(i64::MAX))
                .bind::<Array<Text>, _>(orgs)
                .bind::<Array<Binary>, _>(ids)
                .bind::<Array<BigInt>, _>(tokens)
                .execute(conn)?)
        }
        AnyConnection::Sqlite(conn) => {
            let until = to_micros(time.injected.unwrap_or(time.now) + lasts);
            let mut renewed = 0;
            for ((org, id), token) in held {
                let found = executions::table
                    .find((org.as_str(), StoredId::from(*id)))
                    .filter(executions::token.eq(token).and(executions::state.eq(CLAIMED)));
                renewed += diesel::update(found).set(executions::leased_until.eq(until)).execute(conn)?;
            }
            Ok(renewed)
        }
    }
}
