//! Every request type and version that ever was in force: requests of a type stay when its file is gone.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Engine, EngineError};
use crate::domain::request_type::RequestType;
use crate::store::{AnyConnection, StoreError, from_micros, type_versions};

/// One version of a type that was in force, and whether it is now.
#[derive(Clone, Debug)]
pub struct KnownType {
    /// The type as this version has it.
    pub read: Arc<RequestType>,
    /// Whether this version is in force now.
    pub is_in_force: bool,
    /// All versions of the type that ever were in force, the last one first.
    pub versions: Vec<KnownVersion>,
}

/// A version of a type, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVersion {
    /// The digest of its text.
    pub version: String,
    /// Since when it is known.
    pub first_at: DateTime<Utc>,
}

impl Engine {
    /// The names of all types that are or ever were in force, in order.
    pub async fn known_type_names(&self) -> Result<Vec<String>, EngineError> {
        let mut names = self.inner.store.read(type_versions::names).await?;
        names.extend(self.rules().types.names());
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The type of this name in this version, or in the one that is or was last in force.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] if it never was in force.
    pub async fn known_type(&self, name: &str, version: Option<&str>) -> Result<KnownType, EngineError> {
        let current = self.rules().types.find(name).cloned();
        let (name, asked) = (name.to_owned(), version.map(str::to_owned));
        let book = self.inner.book.clone();
        let in_force = current.as_ref().map(|current| current.version.clone());
        let read = move |conn: &mut AnyConnection| {
            let versions = type_versions::of_type(conn, &name)?;
            let newest = in_force.or_else(|| versions.first().map(|(version, _)| version.clone()));
            let wanted = asked.or(newest).filter(|wanted| versions.iter().any(|(known, _)| known == wanted));
            let found = wanted.map(|version| book.version_of(conn, &version)).transpose()?;
            let known = |(version, first_at): (String, i64)| -> Result<KnownVersion, StoreError> {
                Ok(KnownVersion { version, first_at: from_micros(first_at)? })
            };
            let versions = versions.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
            Ok(found.zip(Some(versions)))
        };
        let (read, versions) = self.inner.store.read(read).await?.ok_or(EngineError::NotFound)?;
        let is_in_force = current.is_some_and(|current| current.version == read.version);
        Ok(KnownType { read, is_in_force, versions })
    }
}
