//! The table `calls`: what will be sent, and the echo that people were shown.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::Value;

use super::by_key::load_by_key;
use super::columns::{Columns, columns};
use super::requests::{Key, parse_id};
use super::schema::calls;
use super::{AnyConnection, StoreError};
use crate::domain::call::Call;
use crate::domain::ids::OrgId;
use crate::domain::json;

/// Stands in a stored echo for the body of the call, which is the same text. JSON has no such character in it.
const BODY: &str = "\u{1}";

/// A shorter body may as well stand twice.
const BODY_BYTES_MIN: usize = 64;

/// One row; inserted with the request and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// The org.
    pub org_id: String,
    /// The request.
    pub request_id: String,
    /// The call in the format `countersign-call-v1`.
    pub call: Vec<u8>,
    /// The normalised task as JSON; [`CallRow::echo`] has all of it.
    pub(super) echo: String,
    /// The target's label at submission.
    pub label: String,
}

impl CallRow {
    /// The row of a request's call.
    pub fn new((org, id): &Key, call: Vec<u8>, task: &Value, label: &str) -> Self {
        let echo = json::write(task);
        let body = Call::body_in(&call).filter(|body| body.len() >= BODY_BYTES_MIN);
        let echo = match body.and_then(|body| str::from_utf8(body).ok()) {
            Some(body) => echo.replacen(body, BODY, 1),
            None => echo,
        };
        Self { org_id: org.to_string(), request_id: id.to_string(), call, echo, label: label.to_owned() }
    }

    /// The echo that people were shown, as JSON.
    pub fn echo(&self) -> Cow<'_, str> {
        let body = Call::body_in(&self.call).unwrap_or_default();
        self.echo_with(&String::from_utf8_lossy(body))
    }

    /// The task that people were shown. A body that somebody damaged is null.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the echo can't be read.
    pub fn task(&self) -> Result<Value, StoreError> {
        let shown =
            json::read(self.echo().as_bytes()).or_else(|_| json::read(self.echo_with("null").as_bytes()));
        shown.map_err(|_| StoreError::Corrupt(format!("{}: echo", self.request_id)))
    }

    fn echo_with(&self, body: &str) -> Cow<'_, str> {
        if self.echo.contains(BODY) { self.echo.replacen(BODY, body, 1).into() } else { (&self.echo).into() }
    }
}

pub(super) fn columns<'a>(rows: &[&'a CallRow]) -> Columns<'a> {
    columns!(rows, [org_id, request_id, call, echo, label,])
}

/// The call of one request.
pub fn find(conn: &mut AnyConnection, key: &Key) -> Result<CallRow, StoreError> {
    let found = rows_of(conn, std::slice::from_ref(key))?.pop();
    found.ok_or_else(|| StoreError::Corrupt(format!("{} has no call", key.1)))
}

/// The calls of the named requests, by request.
pub fn list(conn: &mut AnyConnection, keys: &[Key]) -> Result<HashMap<Key, CallRow>, StoreError> {
    let rows = rows_of(conn, keys)?.into_iter();
    rows.map(|row| Ok(((OrgId::new(row.org_id.clone()), parse_id(&row.request_id)?), row))).collect()
}

load_by_key!(fn rows_of(ReadCalls, calls) -> CallRow);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::RequestId;

    fn row(body: &Value) -> (Value, CallRow) {
        let task = json!({
            "hostname": "https://api.example.com", "path": "/one", "method": "POST",
            "headers": { "x-note": body.to_string() }, "body": body, "queryParams": {},
        });
        let key = (OrgId::new("100"), RequestId::new(Uuid::nil()));
        let call = Call::from_task(&task).unwrap().to_bytes();
        (task.clone(), CallRow::new(&key, call, &task, "Example"))
    }

    #[test]
    fn a_body_is_stored_once() {
        let (task, row) = row(&json!({ "text": "x".repeat(1_000) }));
        assert!(row.echo.len() < json::write(&task).len() - 1_000);
        assert_eq!(row.echo(), json::write(&task));
    }

    #[test]
    fn what_is_left_of_a_damaged_call_is_shown() {
        let (_, mut row) = row(&json!({ "text": "x".repeat(1_000) }));
        row.call.pop();
        row.call.push(b']');
        assert_eq!(row.task().unwrap()["body"], Value::Null);
        assert_eq!(row.task().unwrap()["path"], "/one");
        row.echo = "{".to_owned();
        row.task().unwrap_err();
    }

    proptest! {
        #[test]
        fn the_echo_is_what_was_stored(text in any::<String>(), twice in any::<bool>(), number in any::<i64>()) {
            for body in [json!({ "a": text, "b": if twice { text.clone() } else { String::new() } }), json!(text), json!(number)] {
                let (task, row) = row(&body);
                prop_assert_eq!(row.echo(), json::write(&task));
                prop_assert_eq!(row.task().unwrap(), task);
            }
        }
    }
}
