//! Metrics for Prometheus. Labels have a bounded set of values: never an id, a payload or a header.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::code::Code;

type Labels = Vec<(&'static str, String)>;
type Counted = Family<Labels, Counter<u64, AtomicU64>>;

/// Every metric of the process; cheap to share behind an `Arc`.
pub struct Metrics {
    registry: Registry,
    submissions: Counted,
    decisions: Counted,
    refusals: Counted,
    executions: Counted,
    digest_stops: Counter,
    client_checks: Counter,
    clients_stale: Gauge,
    set_aside: Counter,
    clock_skew: Gauge<f64, AtomicU64>,
    breakers: Family<Labels, Gauge>,
    unknown_now: Gauge,
    overdue_now: Gauge,
    rules_stale: Gauge,
    unfillable_stages: Family<Labels, Gauge>,
    deliveries: Counted,
    failing_subscriptions: Family<Labels, Gauge<f64, AtomicU64>>,
    search_lag: Gauge<f64, AtomicU64>,
    /// Writes that were committed.
    written: AtomicU64,
    queue_depth: Gauge,
    open_streams: Gauge,
    batch_size: Histogram,
    commit_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers every metric, each at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("countersign"),
            submissions: Counted::default(),
            decisions: Counted::default(),
            refusals: Counted::default(),
            executions: Counted::default(),
            digest_stops: Counter::default(),
            client_checks: Counter::default(),
            clients_stale: Gauge::default(),
            set_aside: Counter::default(),
            clock_skew: Gauge::default(),
            breakers: Family::default(),
            unknown_now: Gauge::default(),
            overdue_now: Gauge::default(),
            rules_stale: Gauge::default(),
            unfillable_stages: Family::default(),
            deliveries: Counted::default(),
            failing_subscriptions: Family::default(),
            search_lag: Gauge::default(),
            written: AtomicU64::new(0),
            queue_depth: Gauge::default(),
            open_streams: Gauge::default(),
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
        };
        metrics.register();
        metrics
    }

    fn register_rules(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "rules_stale",
            "Types and files of the rules that are not in force as they are written",
            self.rules_stale.clone(),
        );
        registry.register(
            "unfillable_stages",
            "Stages of a type's approval policy that too few active people can sign, by type",
            self.unfillable_stages.clone(),
        );
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("submissions", "Requests submitted, by type", self.submissions.clone());
        registry.register("decisions", "Decisions recorded, by type and verdict", self.decisions.clone());
        registry.register("refusals", "Calls refused, by error code", self.refusals.clone());
        registry.register("executions", "Executions ended, by type and outcome", self.executions.clone());
        registry.register(
            "digest_stops",
            "Executions stopped because the stored call is not the approved one",
            self.digest_stops.clone(),
        );
        registry.register(
            "executions_set_aside",
            "Executions left alone for a while because they can't be read, or failed here",
            self.set_aside.clone(),
        );
        registry.register_with_unit(
            "clock_ahead",
            "By how much this node's clock is ahead of the database's",
            Unit::Seconds,
            self.clock_skew.clone(),
        );
        registry.register(
            "target_breaker_open",
            "1 while calls to this host are held back because it did not answer, by host",
            self.breakers.clone(),
        );
        registry.register("unknown_now", "Requests whose outcome is unknown", self.unknown_now.clone());
        registry.register(
            "approved_overdue_now",
            "Approved requests queued for over a minute",
            self.overdue_now.clone(),
        );
        self.register_rules();
        let registry = &mut self.registry;
        registry.register(
            "deliveries",
            "Attempts to deliver events, by subscription and whether the subscriber took it",
            self.deliveries.clone(),
        );
        registry.register_with_unit(
            "subscription_failing",
            "For how long a subscription has taken nothing of what it was sent, by subscription",
            Unit::Seconds,
            self.failing_subscriptions.clone(),
        );
        registry.register(
            "client_checks",
            "Client credentials that were checked against a hash",
            self.client_checks.clone(),
        );
        registry.register(
            "clients_stale",
            "1 while the clients can't be read, and those known before stay known",
            self.clients_stale.clone(),
        );
        registry.register_with_unit(
            "search_lag",
            "How long the oldest change that search does not know yet has waited",
            Unit::Seconds,
            self.search_lag.clone(),
        );
        registry.register("open_streams", "Open event streams of pages", self.open_streams.clone());
        registry.register("write_queue_depth", "Writes waiting for the writer", self.queue_depth.clone());
        registry.register("write_batch_size", "Writes in one transaction", self.batch_size.clone());
        registry.register_with_unit(
            "write_commit",
            "From BEGIN until the commit returned",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
    }

    /// Counts a submitted request.
    pub fn submitted(&self, request_type: &str) {
        self.submissions.get_or_create(&vec![("type", request_type.to_owned())]).inc();
    }

    /// Counts a recorded decision.
    pub fn decided(&self, request_type: &str, verdict: &str) {
        let labels = vec![("type", request_type.to_owned()), ("verdict", verdict.to_owned())];
        self.decisions.get_or_create(&labels).inc();
    }

    /// Counts an API call that was refused with this code.
    pub fn refused(&self, code: Code) {
        self.refusals.get_or_create(&vec![("code", code.name().to_owned())]).inc();
    }

    /// Counts an execution that ended.
    pub fn executed(&self, request_type: &str, outcome: &str) {
        let labels = vec![("type", request_type.to_owned()), ("outcome", outcome.to_owned())];
        self.executions.get_or_create(&labels).inc();
    }

    /// Counts an execution that was stopped because its digest did not match.
    pub fn digest_stopped(&self) {
        self.digest_stops.inc();
    }

    /// Counts an execution that is left alone for a while.
    pub fn set_aside(&self) {
        self.set_aside.inc();
    }

    /// Sets by how much this node's clock is ahead of the database's.
    pub fn set_clock_skew(&self, ahead: TimeDelta) {
        self.clock_skew.set(ahead.as_seconds_f64());
    }

    /// Sets whether calls to `host` are held back.
    pub fn set_breaker(&self, host: &str, is_open: bool) {
        self.breakers.get_or_create(&vec![("host", host.to_owned())]).set(i64::from(is_open));
    }

    /// Sets the number of unknown outcomes and of approved requests that wait too long.
    pub fn set_open(&self, unknown: i64, overdue: i64) {
        self.unknown_now.set(unknown);
        self.overdue_now.set(overdue);
    }

    /// Sets the number of types and files of the rules that are not in force as they are written.
    pub fn set_rules_stale(&self, files: usize) {
        self.rules_stale.set(i64::try_from(files).unwrap_or(i64::MAX));
    }

    /// Sets the number of stages that nobody can fill, by type.
    pub fn set_unfillable_stages(&self, by_type: impl IntoIterator<Item = (String, usize)>) {
        self.unfillable_stages.clear();
        for (name, stages) in by_type {
            let stages = i64::try_from(stages).unwrap_or(i64::MAX);
            self.unfillable_stages.get_or_create(&vec![("type", name)]).set(stages);
        }
    }

    /// Counts an attempt to deliver an event.
    pub fn delivered(&self, subscription: &str, is_taken: bool) {
        let labels = vec![("subscription", subscription.to_owned()), ("taken", is_taken.to_string())];
        self.deliveries.get_or_create(&labels).inc();
    }

    /// Sets which subscriptions fail now, and since when.
    pub fn set_failing_subscriptions<'a>(
        &self,
        failing: impl Iterator<Item = (&'a str, DateTime<Utc>)>,
        now: DateTime<Utc>,
    ) {
        self.failing_subscriptions.clear();
        for (subscription, since) in failing {
            let labels = vec![("subscription", subscription.to_owned())];
            self.failing_subscriptions.get_or_create(&labels).set((now - since).as_seconds_f64());
        }
    }

    /// Counts a client's credential that was checked against a hash, whoever it named.
    pub fn client_checked(&self) {
        self.client_checks.inc();
    }

    /// Sets whether the clients can't be read.
    pub fn set_clients_stale(&self, are_stale: bool) {
        self.clients_stale.set(i64::from(are_stale));
    }

    /// How many writes were committed since the start.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Sets how far search is behind.
    pub fn set_search_lag(&self, lag: TimeDelta) {
        self.search_lag.set(lag.as_seconds_f64());
    }

    /// Sets the number of open event streams.
    pub fn set_open_streams(&self, open: usize) {
        self.open_streams.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Records a committed batch.
    pub fn committed(&self, size: usize, seconds: f64) {
        self.written.fetch_add(u64::try_from(size).unwrap_or(0), Ordering::Relaxed);
        self.batch_size.observe(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        self.commit_seconds.observe(seconds);
    }

    /// The text that Prometheus reads, with the current depth of the write queue.
    pub fn render(&self, queue_depth: usize) -> String {
        self.queue_depth.set(i64::try_from(queue_depth).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing into a String does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_rendered() {
        let metrics = Metrics::new();
        metrics.submitted("ISSUE-BADGE");
        metrics.refused(Code::MakerIsChecker);
        let text = metrics.render(3);
        assert!(text.contains("countersign_submissions_total{type=\"ISSUE-BADGE\"} 1"), "{text}");
        assert!(text.contains("countersign_write_queue_depth 3"), "{text}");
    }
}
