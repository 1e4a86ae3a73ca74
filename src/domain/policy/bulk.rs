//! Which requests may be decided in bulk, and which only one by one.

/// What a type says about deciding many of its requests at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkRules {
    /// Whether requests of high risk may be among them.
    pub high_risk: bool,
    /// Whether requests may be among them that a checker is warned about: see [`is_warning`].
    ///
    /// [`is_warning`]: crate::domain::findings::Finding::is_warning
    pub flagged: bool,
}

/// Whether a decision is about one request or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionMode {
    /// It is about this request only.
    Single,
    /// It is about many requests at once.
    Bulk {
        /// What the request's type allows; `None` if it allows nothing.
        rules: Option<BulkRules>,
        /// Whether a checker is warned of something about the request.
        is_flagged: bool,
    },
}

/// Why a request must be decided alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AloneBecause {
    /// Its type allows no decision about many.
    Type,
    /// It was sent back before: somebody found it wrong.
    SentBack,
    /// Its rule asks for a fresh sign-in.
    FreshSignIn,
    /// Its risk is high, and its type does not let that in.
    HighRisk,
    /// A checker is warned of something about it, and its type does not let that in.
    Flagged,
}

impl AloneBecause {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Type, Self::SentBack, Self::FreshSignIn, Self::HighRisk, Self::Flagged];

    /// The reason in a clause that follows “must be decided alone:”.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Type => "its type does not allow deciding it with others",
            Self::SentBack => "it was sent back before",
            Self::FreshSignIn => "its rule asks for a fresh sign-in",
            Self::HighRisk => "its risk is high",
            Self::Flagged => "there is something about it to look at twice",
        }
    }
}
