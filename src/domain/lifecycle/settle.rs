//! Settling: two people say with evidence how an unknown outcome ended.
//!
//! **Invariant:** an outcome is settled by the word that makes the latest words of two persons equal, never by one
//! person, however many accounts they have, and never by anybody behind the maker.

use chrono::{DateTime, Utc};

use super::{Event, EventKind, GivenWord, Refusal};
use crate::domain::actor::{Person, Signer};
use crate::domain::policy::may_settle::{SettlementRules, WhyNotSettle, may_have_a_word, may_settle};
use crate::domain::policy::people::{Behind, People};
use crate::domain::request::Request;
use crate::domain::settlement::{NewSettlementWord, SettledOutcome, SettlementWord};

/// A person's word about an unknown outcome, with everything that it is weighed by.
#[derive(Clone, Copy, Debug)]
pub struct SettlementCommand<'a> {
    /// Who says it.
    pub signer: &'a Signer,
    /// What they say.
    pub word: &'a NewSettlementWord,
    /// The request's approval, and the people in force.
    pub rules: SettlementRules<'a>,
}

/// What the word does; nothing if it is the same person's latest word again.
pub(super) fn settle(
    request: &Request,
    command: &SettlementCommand<'_>,
    now: DateTime<Utc>,
) -> Result<Option<EventKind>, Refusal> {
    let SettlementCommand { signer, word, rules } = command;
    let own = may_have_a_word(signer, request, rules.people).map_err(Refusal::MayNotSettle)?;
    if latest_of(request, &own, rules.people).is_some_and(|last| is_repeat(last, word)) {
        return Ok(None);
    }
    let capacities = may_settle(signer, request, rules).map_err(Refusal::MayNotSettle)?;
    match word.version {
        Some(seen) if seen != request.version => {
            let why = WhyNotSettle::Moved { seen, version: request.version };
            return Err(Refusal::MayNotSettle(why));
        }
        Some(_) | None => {}
    }
    let given = GivenWord {
        outcome: word.outcome,
        evidence: word.evidence.as_str().to_owned(),
        capacities,
        act: signer.act.clone(),
    };
    let mut words = request.settlement.clone();
    words.push(as_word((&signer.person, now), &given, false));
    let settles = is_agreed(&words, word.outcome, (request, rules.people));
    Ok(Some(EventKind::SettlementWordGiven { word: Box::new(given), settles }))
}

/// The word that an event records.
pub(super) fn recorded_word(event: &Event, given: &GivenWord, settles: bool) -> SettlementWord {
    as_word((&event.by, event.at), given, settles)
}

fn as_word((by, at): (&Person, DateTime<Utc>), given: &GivenWord, settles: bool) -> SettlementWord {
    let GivenWord { outcome, evidence, capacities, act } = given.clone();
    SettlementWord { by: by.clone(), outcome, evidence, at, capacities, act, settles }
}

/// The words that count, the newest first: the latest of each person, and none of anybody behind the maker.
pub fn words_that_count<'a>(request: &'a Request, people: &People) -> Vec<&'a SettlementWord> {
    counting(&request.settlement, (request, people))
}

fn counting<'w>(
    words: &'w [SettlementWord],
    (request, people): (&Request, &People),
) -> Vec<&'w SettlementWord> {
    let mut newer: Vec<Behind<'_>> = vec![request.context().behind_maker(people)];
    let mut counted = Vec::new();
    for word in words.iter().rev() {
        let behind = people.behind(&word.by, &word.act);
        if !newer.iter().any(|other| other.overlaps(&behind)) {
            counted.push(word);
        }
        // Also of a word that does not count: whoever is behind it has spoken again since.
        newer.push(behind);
    }
    counted
}

fn is_agreed(words: &[SettlementWord], outcome: SettledOutcome, context: (&Request, &People)) -> bool {
    counting(words, context).iter().filter(|word| word.outcome == outcome).count() >= 2
}

fn latest_of<'r>(request: &'r Request, own: &Behind<'_>, people: &People) -> Option<&'r SettlementWord> {
    let is_own = |word: &&SettlementWord| people.behind(&word.by, &word.act).overlaps(own);
    request.settlement.iter().rev().find(is_own)
}

fn is_repeat(last: &SettlementWord, word: &NewSettlementWord) -> bool {
    last.outcome == word.outcome && last.evidence == word.evidence.as_str()
}
