//! How a call and its echo are stored: together and compressed, since the echo repeats most of the call.
//!
//! Unpacked, it is the length of the call as four bytes, big-endian, then the call in the format `countersign-call-v1`,
//! then the echo as JSON, in which U+0001 stands for the body of the call if that is the same text.

use std::borrow::Cow;

use serde_json::Value;

use super::{StoreError, packing};
use crate::domain::call::Call;
use crate::domain::json;
use crate::domain::submission::BODY_BYTES_MAX;

/// Stands in a stored echo for the body of the call. JSON has no such character in it.
const BODY: &str = "\u{1}";

/// A shorter body may as well stand twice.
const BODY_BYTES_MIN: usize = 64;

/// No call takes more with its echo: both are made of a submission of a sixteenth of it.
const PLAIN_BYTES_MAX: usize = 16 * BODY_BYTES_MAX;

/// What is sent, and what people were shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredCall {
    /// The call in the format `countersign-call-v1`.
    pub call: Vec<u8>,
    /// The echo as it is stored: [`StoredCall::echo`] has all of it.
    pub stored_echo: String,
}

impl StoredCall {
    /// The call, and the normalised task that is shown as its echo.
    pub fn new(call: Vec<u8>, task: &Value) -> Self {
        let echo = json::write(task);
        let body = Call::body_in(&call).filter(|body| body.len() >= BODY_BYTES_MIN);
        let stored_echo = match body.and_then(|body| str::from_utf8(body).ok()) {
            Some(body) => echo.replacen(body, BODY, 1),
            None => echo,
        };
        Self { call, stored_echo }
    }

    /// The bytes to store.
    pub fn pack(&self) -> Vec<u8> {
        let length = u32::try_from(self.call.len()).expect("a submission has less than 4 GiB");
        packing::pack(&[&length.to_be_bytes(), self.call.as_slice(), self.stored_echo.as_bytes()].concat())
    }

    /// Reads what [`StoredCall::pack`] wrote.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is something else, or too long.
    pub fn unpack(packed: &[u8]) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("a stored call can't be unpacked".to_owned());
        let plain = packing::unpack(packed, PLAIN_BYTES_MAX).ok_or_else(corrupt)?;
        let (length, rest) = plain.split_first_chunk().ok_or_else(corrupt)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok();
        let (call, echo) = length.and_then(|length| rest.split_at_checked(length)).ok_or_else(corrupt)?;
        let stored_echo = String::from_utf8(echo.to_vec()).map_err(|_| corrupt())?;
        Ok(Self { call: call.to_vec(), stored_echo })
    }

    /// How many bytes whoever reads all of it gets, the body once in the call and once in the echo.
    pub(super) fn read_bytes(&self) -> usize {
        2 * self.call.len() + self.stored_echo.len()
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
        shown.map_err(|_| StoreError::Corrupt("a stored echo can't be read".to_owned()))
    }

    fn echo_with(&self, body: &str) -> Cow<'_, str> {
        let echo = &self.stored_echo;
        if echo.contains(BODY) { echo.replacen(BODY, body, 1).into() } else { echo.into() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn stored(body: &Value) -> (Value, StoredCall) {
        let task = json!({
            "hostname": "https://api.example.com", "path": "/one", "method": "POST",
            "headers": { "x-note": body.to_string() }, "body": body, "queryParams": {},
        });
        let call = Call::from_task(&task).unwrap().to_bytes();
        (task.clone(), StoredCall::new(call, &task))
    }

    #[test]
    fn a_body_is_stored_once() {
        let (task, stored) = stored(&json!({ "text": "x".repeat(1_000) }));
        assert!(stored.stored_echo.len() < json::write(&task).len() - 1_000);
        assert_eq!(stored.echo(), json::write(&task));
    }

    #[test]
    fn what_is_left_of_a_damaged_call_is_shown() {
        let (_, mut stored) = stored(&json!({ "text": "x".repeat(1_000) }));
        stored.call.pop();
        stored.call.push(b']');
        assert_eq!(stored.task().unwrap()["body"], Value::Null);
        assert_eq!(stored.task().unwrap()["path"], "/one");
        stored.stored_echo = "{".to_owned();
        stored.task().unwrap_err();
    }

    #[test]
    fn what_was_not_packed_here_is_corrupt_and_never_takes_much_memory() {
        let bomb = packing::pack(&vec![0; PLAIN_BYTES_MAX + 1]);
        let long_call = packing::pack(&[0, 0, 0, 9, b'c', b'a', b'l', b'l']);
        let no_text = packing::pack(&[0, 0, 0, 0, 0xff]);
        let (_, stored) = stored(&json!({ "text": "x" }));
        let packed = stored.pack();
        for bytes in [
            &bomb[..],
            &long_call,
            &no_text,
            &packing::pack(&[0, 0]),
            b"",
            b"call",
            &packed[..packed.len() - 1],
        ] {
            assert!(matches!(StoredCall::unpack(bytes), Err(StoreError::Corrupt(_))), "{}", bytes.len());
        }
        assert!(StoredCall::unpack(&packing::pack(&vec![0; PLAIN_BYTES_MAX])).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(text in any::<String>(), twice in any::<bool>(), number in any::<i64>()) {
            let two = json!({ "a": text, "b": if twice { text.clone() } else { String::new() } });
            for body in [two, json!(text), json!(number), json!(text.repeat(100))] {
                let (task, stored) = stored(&body);
                let read = StoredCall::unpack(&stored.pack()).unwrap();
                prop_assert_eq!(&read, &stored);
                prop_assert_eq!(read.echo(), json::write(&task));
                prop_assert_eq!(read.task().unwrap(), task);
            }
        }
    }
}
