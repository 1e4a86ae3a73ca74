//! Why a maker submits a request: their own words beside the call, never a part of it.

use serde_json::Value;

use super::Object;
use crate::domain::fault::Fault;
use crate::domain::fault::call::{MemberFault, MemberKind};
use crate::domain::request_type::ReasonRule;
use crate::domain::words::{Words, WordsFault};

/// The member with the reason, in a submission and in the wish to submit again.
pub const REASON: &str = "reason";

const FIELD: &str = "/reason";

/// Reads the reason of a submission. One that nobody can see is none.
///
/// # Errors
/// It is missing although the type requires it, there although the type takes none, or no person's words.
pub(super) fn read(root: &Object, rule: ReasonRule) -> Result<Option<Words>, Fault> {
    let words = match root.get(REASON) {
        None => None,
        Some(_) if rule == ReasonRule::Off => return Err(fault(MemberFault::NoReasonInType)),
        Some(Value::String(text)) => {
            let words = Words::new(text).map_err(|why| fault(MemberFault::Words(why)))?;
            Some(words).filter(|words| !words.is_blank())
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(fault(MemberFault::Wrong(MemberKind::Text)));
        }
    };
    if words.is_none() && rule == ReasonRule::Required {
        return Err(fault(MemberFault::Words(WordsFault::ReasonIsBlank)));
    }
    Ok(words)
}

fn fault(kind: MemberFault) -> Fault {
    Fault::new(FIELD, kind)
}
