//! The rules in force now, and every version of a type that requests still refer to.
//!
//! **Invariant:** a request is judged by the version of its type that it was submitted under; only people,
//! links and groups are always those in force now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use crate::domain::json;
use crate::domain::policy::{Approval, RuleOutcome};
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::{Rules, SettledRules};
use crate::store::{AnyConnection, StoreError, type_versions};

/// The rules in force, replaced as one; cheap to clone.
#[derive(Clone)]
pub struct RuleBook(Arc<Inner>);

struct Inner {
    settled: RwLock<Arc<SettledRules>>,
    versions: Mutex<HashMap<String, Arc<RequestType>>>,
}

impl RuleBook {
    /// A book with these rules in force.
    pub fn new(rules: Rules) -> Self {
        let book = Self(Arc::new(Inner { settled: RwLock::default(), versions: Mutex::default() }));
        book.install(Arc::new(rules.into()));
        book
    }

    /// The rules in force now.
    pub fn current(&self) -> Arc<Rules> {
        Arc::clone(&self.settled().rules)
    }

    /// The same, with the files that they came from and what is not as its file says.
    pub(super) fn settled(&self) -> Arc<SettledRules> {
        Arc::clone(&self.0.settled.read().expect("nobody panics while replacing the rules"))
    }

    /// Puts these rules in force, all of them.
    pub(super) fn install(&self, settled: Arc<SettledRules>) {
        let mut versions = self.versions();
        for found in settled.rules.types.iter() {
            versions.insert(found.version.clone(), Arc::clone(found));
        }
        *self.0.settled.write().expect("nobody panics while replacing the rules") = settled;
    }

    /// The type in the version that a request was submitted under.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if that version is not kept or can't be read.
    pub fn pinned(
        &self,
        conn: &mut AnyConnection,
        request: &Request,
    ) -> Result<Arc<RequestType>, StoreError> {
        self.version_of(conn, &request.type_version)
    }

    /// The type in this version.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not kept or can't be read.
    pub fn version_of(
        &self,
        conn: &mut AnyConnection,
        version: &str,
    ) -> Result<Arc<RequestType>, StoreError> {
        if let Some(found) = self.versions().get(version) {
            return Ok(Arc::clone(found));
        }
        let definition = type_versions::find(conn, version)?.ok_or_else(|| unreadable(version))?;
        let definition = json::read(definition.as_bytes()).map_err(|_| unreadable(version))?;
        let found = RequestType::from_definition(&definition).map_err(|_| unreadable(version))?;
        let found = Arc::new(found);
        self.versions().insert(version.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<RequestType>>> {
        self.0.versions.lock().expect("nobody panics while holding the versions")
    }
}

fn unreadable(version: &str) -> StoreError {
    StoreError::Corrupt(format!("the type's version {version} can't be read"))
}

/// The stages that `request` must pass; `None` if its rule approves without anybody.
///
/// # Errors
/// If the pinned version has no such rule: then nobody can decide it.
pub(super) fn approval_of<'t>(
    pinned: &'t RequestType,
    request: &Request,
) -> Result<Option<&'t Approval>, StoreError> {
    approval_under(pinned, &request.terms.rule)
}

/// The same for a request of which only the rule is known.
pub(super) fn approval_under<'t>(
    pinned: &'t RequestType,
    name: &str,
) -> Result<Option<&'t Approval>, StoreError> {
    let rule = pinned.policy.rule(name);
    let rule = rule.ok_or_else(|| StoreError::Corrupt(format!("the rule {name} is gone")))?;
    Ok(match &rule.outcome {
        RuleOutcome::Stages(approval) => Some(approval),
        RuleOutcome::AutoApprove | RuleOutcome::Refuse { .. } => None,
    })
}
