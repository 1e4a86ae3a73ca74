//! The path of a call: which characters a maker's value may bring into it, and which templates a type may have.
//!
//! **Invariant:** whatever a server, a proxy or a framework makes of a path on its way (decodes it once more,
//! normalises its letters, cuts it at a `;`, resolves its dots), it has the segments that the template has.

mod template;
#[cfg(test)]
mod tests;
mod value;

pub use template::{TEMPLATE_BYTES_MAX, placeholders, template_fault};
pub use value::{MARKS, NamedCharacters, VALUE_BYTES_MAX, ValueFault, check_value, shown};
