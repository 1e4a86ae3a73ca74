//! `bulk` of a definition: `true`, `false`, or a table that says what else may be decided together.

use serde_json::{Map, Value};

use super::parse::{Faults, Table};
use crate::domain::policy::bulk::BulkRules;

/// What `bulk = true` means. Stored versions say it that way, so it never changes.
const TRUE: BulkRules = BulkRules { high_risk: false, flagged: true };

/// Reads `bulk`; `None` if no request of the type is decided together with others.
pub fn read_bulk(root: &Table<'_>, faults: &mut Faults) -> Option<BulkRules> {
    match root.get("bulk")? {
        Value::Bool(is_allowed) => is_allowed.then_some(TRUE),
        Value::Object(_) => {
            let table = root.table("bulk", faults)?;
            table.allow(&["high_risk", "flagged"], faults);
            let high_risk = table.flag("high_risk", faults);
            Some(BulkRules { high_risk, flagged: table.flag("flagged", faults) })
        }
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            faults.push(root.at("bulk"), "Write true, false, or a table with high_risk and flagged.");
            None
        }
    }
}

/// The canonical spelling: `true` where that says all of it.
pub fn bulk_definition(rules: BulkRules) -> Value {
    if rules == TRUE {
        return true.into();
    }
    let members = [("flagged", rules.flagged), ("high_risk", rules.high_risk)];
    Value::Object(
        members.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect::<Map<_, _>>(),
    )
}
