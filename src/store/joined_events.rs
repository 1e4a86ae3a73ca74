//! Events that happen together and are stored as one row: the three that every submission begins with, which say no
//! more than that it was submitted and passed every check; and an approval with the first attempt, if that begins with
//! it. The row has the type of the first of them; of an approval, the attempt's number says that it began.

use uuid::Uuid;

use super::compact_text::CompactText;
use super::events::{EventRow, Origin};
use super::stored_bytes::StoredId;
use crate::domain::actor::Person;
use crate::domain::lifecycle::{Event, EventType};
use crate::domain::request::{Request, State, VERSION_ON_ARRIVAL};

/// What the row stands for beside the submission itself, in order: the event, and the state before it.
const CHECKS: [(EventType, State); 2] = [
    (EventType::MakerAccessValidated, State::ValidateMakerAccess),
    (EventType::PayloadValidated, State::ValidatePayload),
];

/// The rows of what happened at a submission: one for the first three events, and one for each other.
pub fn rows(
    request: &Request,
    happened: &[Event],
    origin: &Origin,
    mut new_id: impl FnMut() -> Uuid,
) -> Vec<EventRow> {
    let (first, others) = happened.split_at(happened.len().min(CHECKS.len() + 1));
    let mut rows: Vec<EventRow> =
        first.iter().take(1).map(|event| EventRow::new(request, event, new_id(), origin)).collect();
    if let (Some(row), Some(last)) = (rows.first_mut(), first.last()) {
        row.to_state = Some(last.to.name().to_owned());
    }
    rows.extend(others.iter().map(|event| EventRow::new(request, event, new_id(), origin)));
    rows
}

/// Lets the row of an approval stand for the attempt that begins with it as well, which is the event `attempt_started`
/// with the number `seq`. False if `row` is not the row of the approval just before.
pub fn join_attempt(row: &mut EventRow, request: &Request, (seq, attempt): (i64, i64)) -> bool {
    let is_before = row.org_id == request.org.as_str()
        && row.request_id == Some(request.id.into())
        && row.seq == Some(seq - 1)
        && row.event_type == EventType::Approved.name();
    if is_before {
        row.attempt = Some(attempt);
    }
    is_before
}

/// Puts a row for each event in the place of those that stand for several.
pub(super) fn expand(rows: Vec<EventRow>) -> Vec<EventRow> {
    let mut expanded = Vec::with_capacity(rows.len() + CHECKS.len() + 1);
    for row in rows {
        if row.event_type == EventType::Submitted.name() {
            expanded.extend(three(row));
        } else if has_begun(&row.event_type, row.attempt) {
            expanded.extend(two(row));
        } else {
            expanded.push(row);
        }
    }
    expanded
}

/// The numbers that the stored event may have which stands for event `seq` of a request.
pub(super) fn stored_seqs(seq: i64) -> [i64; 2] {
    if seq <= VERSION_ON_ARRIVAL { [1; 2] } else { [seq - 1, seq] }
}

impl EventRow {
    /// The number of the last event that it stands for as it is stored; none of a submission is ever asked for.
    pub fn last_seq(&self) -> Option<i64> {
        self.seq.map(|seq| seq + i64::from(has_begun(&self.event_type, self.attempt)))
    }
}

/// Whether a row is of an approval with which the first attempt began.
pub(super) fn has_begun(event_type: &str, attempt: Option<i64>) -> bool {
    event_type == EventType::Approved.name() && attempt.is_some()
}

/// The type of the event of a submission with this number in its request; `None` for a later one.
pub fn type_of(seq: i64) -> Option<EventType> {
    let at = usize::try_from(seq).ok()?;
    [EventType::Submitted].into_iter().chain(CHECKS.map(|(check, _)| check)).nth(at.checked_sub(1)?)
}

/// The id of the event with this number among those of a row, from 1; made of the id of the first.
pub fn id_of(StoredId(first): StoredId, number: i64) -> StoredId {
    let further = u128::try_from(number - 1).unwrap_or_default();
    StoredId(Uuid::from_u128(first.as_u128().wrapping_add(further)))
}

fn three(row: EventRow) -> [EventRow; 3] {
    let [access, payload] = CHECKS;
    let check = |seq, (check, from): (EventType, State), to| EventRow {
        event_id: id_of(row.event_id, seq),
        seq: Some(seq),
        event_type: check.name().to_owned(),
        from_state: Some(from.name().to_owned()),
        to_state: to,
        message: None,
        data: "{}".to_owned(),
        ..row.clone()
    };
    let state = |state: State| Some(state.name().to_owned());
    let checks = [check(2, access, state(payload.1)), check(3, payload, row.to_state.clone())];
    let submitted = EventRow { to_state: state(access.1), ..row };
    let [second, third] = checks;
    [submitted, second, third]
}

/// What the start of an attempt has of its own, where it is stored with the approval.
pub(super) struct BegunAttempt {
    pub(super) event_id: StoredId,
    pub(super) seq: Option<i64>,
    pub(super) event_type: String,
    /// The engine.
    pub(super) by: Person,
    /// What the engine does of itself is in the log under the request.
    pub(super) reference: CompactText,
}

impl BegunAttempt {
    /// Of the approval with this id and number, on this request.
    pub(super) fn of((event_id, seq): (StoredId, Option<i64>), request_id: Option<StoredId>) -> Self {
        Self {
            event_id: id_of(event_id, 2),
            seq: seq.map(|seq| seq + 1),
            event_type: EventType::AttemptStarted.name().to_owned(),
            by: Person::system(),
            reference: CompactText::of(&request_id.map_or_else(String::new, |id| id.to_string())),
        }
    }
}

fn two(row: EventRow) -> [EventRow; 2] {
    let BegunAttempt { event_id, seq, event_type, by, reference } =
        BegunAttempt::of((row.event_id, row.seq), row.request_id);
    let begun = EventRow {
        event_id,
        seq,
        event_type,
        actor_iss: by.iss,
        actor_sub: by.sub,
        actor_user_id: by.user_id,
        actor_user_name: by.user_name,
        actor_token_id: None,
        actor_address: None,
        via: None,
        from_state: row.to_state.clone(),
        message: None,
        digest: None,
        reference,
        data: "{}".to_owned(),
        ..row.clone()
    };
    [EventRow { attempt: None, ..row }, begun]
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_row_of_a_submission_is_read_as_three_events_each_with_an_id_of_its_own() {
        let id = Uuid::from_u128(u128::MAX);
        let row = EventRow::of_no_request(EventType::Submitted, id, DateTime::UNIX_EPOCH, &json!({ "a": 1 }));
        let row = EventRow { seq: Some(1), to_state: Some("AdminTask".to_owned()), ..row };
        let other = EventRow { event_type: "approved".to_owned(), seq: Some(4), ..row.clone() };
        let read = expand(vec![row, other.clone()]);
        let seen =
            |row: &EventRow| (row.seq, row.event_type.clone(), row.from_state.clone(), row.to_state.clone());
        let expected = [
            (1, "submitted", None, "ValidateMakerAccess"),
            (2, "maker_access_validated", Some("ValidateMakerAccess"), "ValidatePayload"),
            (3, "payload_validated", Some("ValidatePayload"), "AdminTask"),
        ];
        let expected = expected.map(|(seq, name, from, to)| {
            (Some(seq), name.to_owned(), from.map(str::to_owned), Some(to.to_owned()))
        });
        assert_eq!(read[..3].iter().map(seen).collect::<Vec<_>>(), expected);
        assert_eq!(read[3], other);
        let ids: Vec<StoredId> = read[..3].iter().map(|row| row.event_id).collect();
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] == StoredId(id));
        let types: Vec<Option<&str>> = (0..=4).map(|seq| type_of(seq).map(EventType::name)).collect();
        assert_eq!(
            types,
            [None, Some(expected[0].1.as_str()), Some(&expected[1].1), Some(&expected[2].1), None]
        );
    }
}
