//! Times as the API writes them.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// RFC 3339 in UTC with microseconds.
pub fn iso_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A time as [`iso_time`] writes it.
#[derive(Serialize)]
pub(super) struct Instant(String);

impl Instant {
    pub(super) fn of(at: DateTime<Utc>) -> Self {
        Self(iso_time(at))
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 in UTC with microseconds.",
        })
    }
}

/// `YYYY-MM-DDTHH:MM:SS` in the configured offset, as the contract writes times.
#[derive(Serialize)]
pub(super) struct LocalTime(String);

impl LocalTime {
    pub(super) fn of(at: DateTime<Utc>, offset: FixedOffset) -> Self {
        Self(at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S").to_string())
    }
}

impl JsonSchema for LocalTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LocalTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
            "description": "Date and time in the server's configured offset.",
        })
    }
}
