//! The table `settlement_words`: what people said about outcomes that nobody knew. Rows are only ever added.

use std::collections::HashMap;

use diesel::prelude::*;

use super::by_key::load_by_key;
use super::columns::{batch_insert, person};
use super::requests::{Key, RequestRow, key_of};
use super::schema::settlement_words;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros, json, to_micros};
use crate::domain::request::Request;
use crate::domain::settlement::{SettledOutcome, SettlementWord};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlement_words)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct SettlementWordRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub number: i64,
    pub person_key: String,
    pub iss: String,
    pub sub: String,
    pub user_id: String,
    pub user_name: String,
    pub outcome: String,
    pub evidence: String,
    pub said_at: i64,
    pub capacities: String,
    pub act: String,
    pub settles: bool,
}

impl SettlementWordRow {
    /// The row for a word about `request`, the `number`th from 0.
    pub fn new(request: &Request, word: &SettlementWord, number: usize) -> Self {
        let by = word.by.clone();
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.into(),
            number: i64::try_from(number).unwrap_or(i64::MAX),
            person_key: by.key().into_text(),
            iss: by.iss,
            sub: by.sub,
            user_id: by.user_id,
            user_name: by.user_name,
            outcome: word.outcome.name().to_owned(),
            evidence: word.evidence.clone(),
            said_at: to_micros(word.at),
            capacities: json::write(&json::capacities(&word.capacities)),
            act: json::write(&json::people(&word.act)),
            settles: word.settles,
        }
    }

    /// The word.
    pub fn into_word(self) -> Result<SettlementWord, StoreError> {
        Ok(SettlementWord {
            by: person!(self, iss, sub, user_id, user_name),
            outcome: parse_outcome(&self.outcome)?,
            evidence: self.evidence,
            at: from_micros(self.said_at)?,
            capacities: json::read_capacities(json::read::<Vec<String>>(&self.capacities, "capacities")?)?,
            act: json::read_people(json::read(&self.act, "act")?),
            settles: self.settles,
        })
    }
}

/// Reads a stored outcome of a settlement.
pub(super) fn parse_outcome(text: &str) -> Result<SettledOutcome, StoreError> {
    SettledOutcome::parse(text).ok_or_else(|| StoreError::Corrupt(format!("settled outcome {text}")))
}

/// The words about those of these requests of which there are any, in their order.
pub fn list(
    conn: &mut AnyConnection,
    requests: &[RequestRow],
) -> Result<HashMap<Key, Vec<SettlementWord>>, StoreError> {
    let settled = requests.iter().filter(|row| row.settlement_words > 0);
    let keys: Vec<Key> = settled.map(RequestRow::key).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut rows = rows_of(conn, &keys)?;
    rows.sort_by_key(|row| row.number);
    let mut said: HashMap<Key, Vec<SettlementWord>> = HashMap::new();
    for row in rows {
        said.entry(key_of(&row.org_id, row.request_id)).or_default().push(row.into_word()?);
    }
    Ok(said)
}

load_by_key!(fn rows_of(ReadSettlementWords, settlement_words) -> SettlementWordRow);

batch_insert!(pub fn insert(InsertSettlementWords, settlement_words, SettlementWordRow), [
    org_id, request_id, number, person_key, iss, sub, user_id, user_name, outcome, evidence, said_at, capacities,
    act, settles,
]);
