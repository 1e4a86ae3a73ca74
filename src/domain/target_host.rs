//! A host that calls go to, as a node sees it.

/// Whether calls to a host are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go out.
    Closed,
    /// No call goes out for now.
    Open,
    /// One call at a time tries whether the host is there again.
    Probing,
}

impl BreakerState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::Probing];

    /// `closed`, `open` or `probing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// What one node knows of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetHost {
    /// The host, and the port if it is not the scheme's own.
    pub host: String,
    /// Calls under way from this node.
    pub under_way: usize,
    /// Whether this node holds calls back.
    pub breaker: BreakerState,
}
