//! A start that asks for a synchronous standby. This server has none, so only the refusal is seen here; the
//! unit tests of `store/standby` have the other cases.

use countersign::store::{Store, StoreError};

use crate::support::stores::Database;

#[test]
fn a_start_without_a_synchronous_standby_is_refused_with_what_to_set() {
    let database = Database::postgres();
    let refused = Store::require_sync_standby(&database.url).unwrap_err();
    let sentence = "store.require_sync_standby is set, but synchronous_standby_names is empty: name a standby \
                    there, or turn the key off";
    assert!(matches!(&refused, StoreError::Setup(said) if said == sentence), "{refused}");
}

#[test]
fn sqlite_has_no_standby() {
    let database = Database::sqlite();
    let refused = Store::require_sync_standby(&database.url).unwrap_err();
    assert_eq!(refused.to_string(), "store.require_sync_standby needs PostgreSQL");
}
