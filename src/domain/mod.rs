//! The rules: what may be asked, who may decide, what is sent, how an answer is read.
//!
//! **Invariant:** nothing here does I/O or reads a clock. Time is an argument, so every rule is
//! tested in microseconds, and nothing here knows HTTP frameworks, SQL or configuration files.

pub mod actor;
pub mod address;
pub mod allowed_targets;
pub mod amount;
pub mod attempt;
pub mod bad_place;
pub mod call;
pub mod call_line;
pub mod caseless;
pub mod client;
pub mod code;
pub mod conduct;
pub mod credential;
pub mod deceptive;
pub mod decision;
pub mod delivery;
pub mod digest;
pub mod entity;
pub mod execution;
pub mod fault;
pub mod findings;
pub mod header_names;
pub mod id_text;
pub mod ids;
pub mod json;
pub mod lifecycle;
pub mod look_alikes;
pub mod media_type;
pub mod org_settings;
pub mod origin;
pub mod outcome;
pub mod pairs;
pub mod path;
pub mod period;
pub mod person_key;
pub mod plain_decimal;
pub mod pointer;
pub mod policy;
pub mod preferences;
pub mod probe;
pub mod request;
pub mod request_type;
pub mod revision;
pub mod revision_changes;
pub mod rules;
pub mod sample;
pub mod search;
pub mod secret;
pub mod sending;
pub mod settlement;
pub mod slots;
pub mod state;
pub mod submission;
pub mod subscription;
pub mod target_host;
#[cfg(test)]
mod tests;
pub mod unit;
pub mod waiting;
pub mod wording;
pub mod words;
pub mod zone;
