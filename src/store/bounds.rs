//! How long PostgreSQL and the network to it may keep a connection waiting.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

/// Longest wait for a lock while another transaction is already known to hold one for long.
pub(super) const SHORT_LOCK_WAIT: Duration = Duration::from_millis(100);

/// libpq's parameters, each unless the operator's URL names it: 5 s to connect to a host, and about 25 s
/// until a silent network counts as lost (15 s if data is on its way).
const PARAMETERS: &[(&str, &str)] = &[
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

/// Sets the session's limits, but for those that the URL's `options` set.
const LIMITS: &str = "
    SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN '2s' WHEN 'statement_timeout' THEN '15s'
                            ELSE '30s' END, false)
    FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
        AND source <> 'client'";

/// The URL with the parameters that it does not name.
pub(super) fn with_parameters(url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let is_named = |name: &str| query.split('&').any(|part| part.split('=').next() == Some(name));
    let mut url = url.to_owned();
    for (name, value) in PARAMETERS.iter().filter(|(name, _)| !is_named(name)) {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&format!("{name}={value}"));
    }
    url
}

/// Bounds every wait of the session.
pub(super) fn bound(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(LIMITS)?;
    // `failure` reads the messages. Only a user who was granted it may choose their language.
    if conn.batch_execute("SET lc_messages = 'C'").is_err() && !speaks_english(conn)? {
        tracing::warn!(
            "PostgreSQL's messages are not in English: GRANT SET ON PARAMETER lc_messages to the user"
        );
    }
    Ok(())
}

fn speaks_english(conn: &mut PgConnection) -> QueryResult<bool> {
    let asked = "current_setting('lc_messages') IN ('', 'C', 'POSIX') OR current_setting('lc_messages') ~ '^(C[.]|en)'";
    diesel::select(sql::<Bool>(asked)).get_result(conn)
}

/// Lets a migration take its time; [`bound`] again afterwards.
pub(super) fn unbound(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")
}

/// Waits only shortly for locks until the end of the transaction.
pub(super) fn shorten_lock_wait(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("SET LOCAL lock_timeout = {}", SHORT_LOCK_WAIT.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::with_parameters;

    #[test]
    fn what_the_operators_url_names_is_kept() {
        assert_eq!(
            with_parameters("postgres://u:p@h/d"),
            "postgres://u:p@h/d?connect_timeout=5&keepalives_idle=10&keepalives_interval=5&keepalives_count=3\
             &tcp_user_timeout=15000"
        );
        let named = with_parameters("postgres://h/d?sslmode=require&connect_timeout=60&tcp_user_timeout=0");
        assert!(named.starts_with("postgres://h/d?sslmode=require&connect_timeout=60&tcp_user_timeout=0&k"));
        assert_eq!(named.matches("connect_timeout").count(), 1);
        assert_eq!(named.matches("tcp_user_timeout").count(), 1);
    }
}
