//! What is counted, for Prometheus. Labels are bounded: never an id, a payload or a header.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

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
    unknown_now: Gauge,
    overdue_now: Gauge,
    rules_stale: Gauge,
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
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("countersign"),
            submissions: Counted::default(),
            decisions: Counted::default(),
            refusals: Counted::default(),
            executions: Counted::default(),
            digest_stops: Counter::default(),
            unknown_now: Gauge::default(),
            overdue_now: Gauge::default(),
            rules_stale: Gauge::default(),
            queue_depth: Gauge::default(),
            open_streams: Gauge::default(),
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
        };
        metrics.register();
        metrics
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
        registry.register("unknown_now", "Requests whose outcome is unknown", self.unknown_now.clone());
        registry.register(
            "approved_overdue_now",
            "Approved requests queued for over a minute",
            self.overdue_now.clone(),
        );
        registry.register(
            "rules_stale",
            "1 while files that could not be read keep older rules in force",
            self.rules_stale.clone(),
        );
        registry.register("open_streams", "Pages that are told of changes", self.open_streams.clone());
        registry.register("write_queue_depth", "Writes that wait for the writer", self.queue_depth.clone());
        registry.register("write_batch_size", "Writes in one transaction", self.batch_size.clone());
        registry.register_with_unit(
            "write_commit",
            "From BEGIN until the commit returned",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
    }

    /// A request was submitted.
    pub fn submitted(&self, request_type: &str) {
        self.submissions.get_or_create(&vec![("type", request_type.to_owned())]).inc();
    }

    /// A decision was recorded.
    pub fn decided(&self, request_type: &str, verdict: &str) {
        let labels = vec![("type", request_type.to_owned()), ("verdict", verdict.to_owned())];
        self.decisions.get_or_create(&labels).inc();
    }

    /// A call was refused with this code.
    pub fn refused(&self, code: &str) {
        self.refusals.get_or_create(&vec![("code", code.to_owned())]).inc();
    }

    /// An execution ended.
    pub fn executed(&self, request_type: &str, outcome: &str) {
        let labels = vec![("type", request_type.to_owned()), ("outcome", outcome.to_owned())];
        self.executions.get_or_create(&labels).inc();
    }

    /// An execution was stopped by its digest.
    pub fn digest_stopped(&self) {
        self.digest_stops.inc();
    }

    /// How many outcomes are unknown and how many approvals wait too long, right now.
    pub fn set_open(&self, unknown: i64, overdue: i64) {
        self.unknown_now.set(unknown);
        self.overdue_now.set(overdue);
    }

    /// The rules were read anew, or could not be.
    pub fn set_rules_stale(&self, is_stale: bool) {
        self.rules_stale.set(i64::from(is_stale));
    }

    /// So many pages are told of changes.
    pub fn set_open_streams(&self, open: usize) {
        self.open_streams.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// A batch was committed.
    pub fn committed(&self, size: usize, seconds: f64) {
        self.batch_size.observe(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        self.commit_seconds.observe(seconds);
    }

    /// The text that Prometheus reads, with the queue as deep as it is now.
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
        metrics.refused("maker_is_checker");
        let text = metrics.render(3);
        assert!(text.contains("countersign_submissions_total{type=\"ISSUE-BADGE\"} 1"), "{text}");
        assert!(text.contains("countersign_write_queue_depth 3"), "{text}");
    }
}
