//! The table `failing_subscriptions`: subscriptions that do not take what they are sent.

use diesel::prelude::*;

use super::schema::failing_subscriptions;
use super::{AnyConnection, StoreError};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = failing_subscriptions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct FailingSubscriptionRow {
    pub subscription: String,
    pub url: String,
    pub failing_since: i64,
    pub switched_off_at: Option<i64>,
}

/// Every row, by name.
pub fn list(conn: &mut AnyConnection) -> Result<Vec<FailingSubscriptionRow>, StoreError> {
    Ok(failing_subscriptions::table.order(failing_subscriptions::subscription).load(conn)?)
}

/// One subscription's row.
pub fn find(conn: &mut AnyConnection, name: &str) -> Result<Option<FailingSubscriptionRow>, StoreError> {
    Ok(failing_subscriptions::table.find(name).get_result(conn).optional()?)
}

/// Writes a subscription's row, whether there is one or not.
pub fn put(conn: &mut AnyConnection, row: &FailingSubscriptionRow) -> Result<(), StoreError> {
    let known = failing_subscriptions::table.find(&row.subscription);
    let set = (
        failing_subscriptions::url.eq(&row.url),
        failing_subscriptions::failing_since.eq(row.failing_since),
        failing_subscriptions::switched_off_at.eq(row.switched_off_at),
    );
    if diesel::update(known).set(set).execute(conn)? == 0 {
        diesel::insert_into(failing_subscriptions::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The subscription takes what it is sent; `false` if it did before.
pub fn remove(conn: &mut AnyConnection, name: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(failing_subscriptions::table.find(name)).execute(conn)? == 1)
}
