//! What is sought, as one of the databases reads it.

use crate::domain::search::{Sought, Term};

/// How a database writes it.
pub(super) struct Syntax {
    /// Between parts that must all be there.
    pub(super) all: &'static str,
    /// Between parts of which one is enough.
    pub(super) any: &'static str,
    /// Writes one key in quotes.
    pub(super) term: fn(&Term) -> String,
}

impl Syntax {
    /// `sought` in this syntax.
    pub(super) fn express(&self, sought: &Sought) -> String {
        match sought {
            Sought::One(term) => (self.term)(term),
            Sought::All(parts) => self.join(parts, self.all),
            Sought::Any(parts) => self.join(parts, self.any),
        }
    }

    fn join(&self, parts: &[Sought], between: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.express(part)).collect();
        format!("({})", parts.join(between))
    }
}
