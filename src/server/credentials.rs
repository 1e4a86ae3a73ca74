//! Request types and the credentials that they name.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::domain::allowed_targets::Targets;
use crate::domain::request_type::RequestType;
use crate::domain::rules::SettledRules;

/// What a start reads its rules from: a type whose credential is missing is no reason to go on without its change.
pub(super) fn catalog_of_start(catalog: &Catalog) -> Catalog {
    Catalog { needs_credentials: false, ..catalog.clone() }
}

/// Refuses to start with a type in force whose calls could not be sent for lack of their credential.
pub(super) fn require_credentials(settled: &SettledRules, targets: &Targets) -> anyhow::Result<()> {
    let fault = |found: &Arc<RequestType>| {
        let fault = found.credential_fault(targets)?;
        Some(format!("\n  {} {}: {}", found.name, fault.field, fault.message))
    };
    let faults: String = settled.rules.types.iter().filter_map(fault).collect();
    anyhow::ensure!(faults.is_empty(), "request types lack their credentials:{faults}");
    Ok(())
}
