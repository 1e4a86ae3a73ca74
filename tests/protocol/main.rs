//! The protocol of sending as a model, which Stateright takes through every order in which its steps can come.
//!
//! Three workers, two requests with up to three attempts each, their targets, a clock, a pause and people. What a step
//! does to a request is asked of the product's own functions (`lifecycle::transition`, `Request::take_in`, `Execution`,
//! `Slots`, `next_probe_at`); only how the engine combines them in a transaction is written down here once more. An
//! onlooker, who also sees what truly happens at the targets, says which rule is broken. Both runs that keep every rule
//! are complete within their bounds.
//!
//! Bytes leave within the call's time limit after the attempt began: `executor/exchange.rs` sees to it. What is assumed: a
//! target is done with them by then, and does not lie; there is one clock.

mod acting;
mod book;
mod case;
mod charter;
mod engine;
mod faults;
mod judge;
mod mutants;
mod people;
mod properties;
mod room;
mod rows;
mod target;
mod time;
mod worker;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write;

use stateright::{Checker, HasDiscoveries, Model, Path};

use crate::book::Book;
use crate::charter::{Bounds, Charter};
use crate::faults::{Fault, Mark};
use crate::mutants::Mutant;
use crate::people::Account;
use crate::room::Room;
use crate::target::Kind;
use crate::world::{Action, Protocol, World};

/// Two requests at once: what they have in common are workers, clock and pause.
const TOGETHER: Bounds = Bounds {
    last_tick: 3,
    decide_before: 1,
    approval_ttl: 3,
    probe_for: 1,
    probes_max: 2,
    speakers: &[],
    words_max: 0,
    has_ways_out: true,
    has_pauses: true,
    has_renewals: false,
};

/// One request, which goes further.
const ALONE: Bounds = Bounds {
    last_tick: 4,
    approval_ttl: 4,
    speakers: &[Account::Anna, Account::AnnasSecond, Account::Bob],
    words_max: 2,
    has_renewals: true,
    ..TOGETHER
};

/// Everybody speaks, and changes their word.
const DISPUTED: Bounds = Bounds {
    last_tick: 2,
    approval_ttl: 2,
    speakers: &Account::ALL,
    words_max: 4,
    has_pauses: false,
    ..ALONE
};

type Start = (Kind, Option<Kind>);

fn protocol(bounds: Bounds, mutant: Option<Mutant>, starts: &[Start]) -> Protocol {
    let book = Book::new(Charter::new(bounds, mutant));
    Protocol { book, starts: starts.to_vec(), room: Room::new() }
}

/// Goes through all worlds; every rule must hold in each. How many there were, and what was reached.
fn keeps_every_rule(bounds: Bounds, starts: &[Start]) -> (usize, Vec<Mark>) {
    let checker = protocol(bounds, None, starts).checker().threads(2).spawn_bfs().join();
    for fault in Fault::ALL {
        if let Some(path) = checker.discovery(fault.rule()) {
            panic!("it is not so that {}:\n{}", fault.rule(), told(&path));
        }
    }
    assert!(checker.is_done(), "every world was looked at");
    let reached = Mark::ALL.into_iter().filter(|mark| checker.model().book.is_marked(*mark));
    println!(
        "{} worlds, {} steps, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    (checker.unique_state_count(), reached.collect())
}

/// The story that breaks a rule, a step a line.
fn told(path: &Path<World, Action>) -> String {
    let mut story = String::new();
    for (world, action) in path.clone().into_vec() {
        let states = world.cases.map(|held| held.view.state.name());
        let _ = writeln!(story, "at {} {states:?} {:?}", world.clock, world.workers.map(|worker| worker.at));
        let _ = writeln!(story, "    {action:?}");
    }
    story
}

/// A broken rule is found by each of these. Their stories are printed.
fn is_found(mutant: Mutant, kind: Kind, faults: &[Fault]) {
    let wanted: BTreeSet<&'static str> = faults.iter().map(|fault| fault.rule()).collect();
    let bounds = Bounds { speakers: &Account::ALL, ..ALONE };
    let checker = protocol(bounds, Some(mutant), &[(kind, None)]).checker();
    let checker = checker.finish_when(HasDiscoveries::AllOf(wanted.clone())).spawn_bfs().join();
    for rule in wanted {
        let path = checker.discovery(rule);
        let path = path.unwrap_or_else(|| panic!("{mutant:?} was not found by: {rule}"));
        println!("{mutant:?}, found by: {rule}\n{}", told(&path));
    }
}

#[test]
fn two_requests_and_three_workers_keep_every_rule_in_a_million_worlds() {
    let (worlds, reached) = keeps_every_rule(TOGETHER, &[(Kind::Probed, Some(Kind::Recognising))]);
    assert!(worlds >= 1_000_000, "{worlds} worlds");
    for mark in [Mark::ThreeAttempts, Mark::ExecutedAfterARepeat, Mark::SettledByLateAnswer, Mark::Fenced] {
        assert!(reached.contains(&mark), "never: {}", mark.event());
    }
}

#[test]
fn one_request_alone_keeps_every_rule_and_comes_everywhere() {
    let kinds = [Kind::Blind, Kind::Probed, Kind::Recognising, Kind::Stolen, Kind::Shared];
    let (_, reached) = keeps_every_rule(ALONE, &kinds.map(|kind| (kind, None)));
    for mark in Mark::ALL {
        assert!(reached.contains(&mark), "never: {}", mark.event());
    }
}

#[test]
fn people_who_change_their_words_settle_an_outcome_only_as_two() {
    let (_, reached) = keeps_every_rule(DISPUTED, &[(Kind::Probed, None)]);
    assert!(reached.contains(&Mark::SettledByPeople) && reached.contains(&Mark::SettledWronglyByPeople));
}

#[test]
fn a_call_without_an_attempt_is_found() {
    let faults = [Fault::SentWithoutAttempt, Fault::SentAndForgotten, Fault::DoneTwice];
    is_found(Mutant::NoAttemptRow, Kind::Blind, &faults);
}

#[test]
fn a_blind_repeat_is_found() {
    is_found(Mutant::BlindRepeat, Kind::Blind, &[Fault::RepeatedBlindly, Fault::DoneTwice]);
}

#[test]
fn had_it_already_on_a_first_attempt_that_counts_as_done_is_found() {
    is_found(Mutant::FirstRepeatAnswerIsDone, Kind::Stolen, &[Fault::ExecutedButNotDone]);
}

#[test]
fn a_worker_that_is_not_fenced_off_is_found() {
    is_found(Mutant::NoFencing, Kind::Blind, &[Fault::BegunUnderALostLease]);
}

#[test]
fn an_attempt_that_begins_without_any_question_is_found() {
    let faults = [
        Fault::BegunAfterTheEnd,
        Fault::BegunAfterTheDeadline,
        Fault::BegunUnderALostLease,
        Fault::TwoAttemptsUnderWay,
    ];
    is_found(Mutant::NothingIsAskedBeforeAnAttempt, Kind::Recognising, &faults);
}

#[test]
fn a_commit_that_a_power_cut_takes_back_is_found() {
    is_found(Mutant::LastCommitIsLost, Kind::Blind, &[Fault::SentAndForgotten, Fault::DoneTwice]);
}

#[test]
fn two_words_of_one_person_that_settle_are_found() {
    is_found(Mutant::TwoAccountsAreTwoPeople, Kind::Blind, &[Fault::SettledByOnePerson]);
}

#[test]
fn a_word_of_the_maker_that_settles_is_found() {
    is_found(Mutant::MakersSecondAccountHasAWord, Kind::Blind, &[Fault::SettledByOnePerson]);
}

#[test]
fn a_probe_that_can_not_tell_and_settles_is_found() {
    is_found(Mutant::CannotTellSettles, Kind::Probed, &[Fault::SettledByAGuess, Fault::FailedButDone]);
}

#[test]
fn a_pause_that_is_ignored_is_found() {
    is_found(Mutant::PauseIsIgnored, Kind::Blind, &[Fault::TakenWhilePaused]);
}

#[test]
fn a_deadline_that_is_ignored_is_found() {
    is_found(Mutant::DeadlineIsIgnored, Kind::Blind, &[Fault::BegunAfterTheDeadline]);
}

#[test]
fn a_repeat_that_does_not_wait_is_found() {
    is_found(Mutant::RepeatDoesNotWait, Kind::Recognising, &[Fault::RepeatedWhileAtWork]);
}

#[test]
fn an_approval_that_expires_although_something_was_sent_is_found() {
    is_found(
        Mutant::LapseForgetsAttempts,
        Kind::Recognising,
        &[Fault::SentAndForgotten, Fault::FailedButDone],
    );
}

#[test]
fn a_late_answer_that_moves_an_end_is_found() {
    is_found(Mutant::LateAnswerMovesAnEnd, Kind::Blind, &[Fault::AnEndMoved]);
}

/// Why the sender asks the clock before each byte: the protocol alone does not hold back a process that was halted
/// between the commit of its attempt and the first byte.
#[test]
fn a_call_that_leaves_however_late_is_found() {
    is_found(Mutant::SendsHoweverLate, Kind::Probed, &[Fault::FailedButDone]);
}
