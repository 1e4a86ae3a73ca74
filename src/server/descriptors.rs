//! How many connections are served: fewer than the process may have descriptors, so that the executor and the
//! store always get theirs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// The most connections that are served at once, whatever the limit of descriptors is.
const CONNECTIONS_MAX: u64 = 10_000;

/// Fewer than these are worth a warning.
const CONNECTIONS_FEW: u64 = 512;

/// What each read connection may hold: a SQLite database has three files.
const PER_READ_CONNECTION: u64 = 3;

/// What each execution may hold: the connection to the target, and one for a look-up of its name.
const PER_EXECUTION: u64 = 2;

/// Listener, event queues, log, the files of the rules, the writer, the identity provider, and what a library
/// opens for a moment.
const OTHERS: u64 = 100;

/// How the descriptors of this process are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// The limit of the process; `None` if there is none.
    limit: Option<u64>,
    /// Kept back for everything but the connections of clients.
    kept: u64,
    /// The most connections of clients.
    connections: u64,
}

impl Descriptors {
    /// Raises the limit as far as this process may, shares it out, and says so in the log.
    pub fn share_out(config: &Config) -> Self {
        let limit = raised_limit();
        let shares = Self::of(limit, config.executor.concurrency, config.store.read_connections);
        let Self { kept, connections, .. } = shares;
        if connections < CONNECTIONS_FEW {
            tracing::warn!(
                limit,
                kept,
                connections,
                "the limit of open files leaves room for few connections: raise it (ulimit -n, LimitNOFILE)"
            );
        } else {
            tracing::info!(limit, kept, connections, "connections are limited below the limit of open files");
        }
        shares
    }

    fn of(limit: Option<u64>, executions: usize, read_connections: u32) -> Self {
        let executions = u64::try_from(executions).unwrap_or(u64::MAX);
        let kept = executions
            .saturating_mul(PER_EXECUTION)
            .saturating_add(u64::from(read_connections) * PER_READ_CONNECTION)
            .saturating_add(OTHERS);
        let free = limit.map_or(CONNECTIONS_MAX, |limit| limit.saturating_sub(kept));
        // A process that can't serve anybody is of no use: it then takes a few of the others.
        let least = limit.map_or(1, |limit| (limit / 4).max(1));
        Self { limit, kept, connections: free.clamp(least.min(CONNECTIONS_MAX), CONNECTIONS_MAX) }
    }

    /// The most connections of one of `workers` threads.
    pub fn per_worker(self, workers: usize) -> usize {
        let connections = usize::try_from(self.connections).unwrap_or(usize::MAX);
        (connections / workers.max(1)).max(1)
    }
}

/// The limit of open files, as high as this process may set it; `None` for no limit.
fn raised_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_executor_and_store_leave() {
        let shares = Descriptors::of(Some(1_024), 64, 8);
        assert_eq!((shares.kept, shares.connections), (128 + 24 + 100, 1_024 - 252));
        assert_eq!(shares.per_worker(2), 386);
    }

    #[test]
    fn no_limit_and_a_very_high_one_leave_a_sane_number() {
        for limit in [None, Some(1_000_000)] {
            assert_eq!(Descriptors::of(limit, 64, 8).connections, CONNECTIONS_MAX);
        }
    }

    #[test]
    fn a_very_low_limit_still_serves_somebody() {
        let shares = Descriptors::of(Some(64), 1_024, 256);
        assert_eq!((shares.connections, shares.per_worker(64)), (16, 1));
    }

    #[test]
    fn the_limit_of_this_process_is_not_lowered() {
        let before = getrlimit(Resource::Nofile).current;
        let raised = raised_limit();
        assert!(raised.is_none_or(|raised| before.is_some_and(|before| raised >= before)));
    }
}
