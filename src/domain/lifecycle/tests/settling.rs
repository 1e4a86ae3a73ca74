//! Two people settle an unknown outcome, and nobody does it alone.

use std::collections::HashMap;

use proptest::prelude::*;

use super::policies::{checkers, entry, group, stage};
use super::*;
use crate::domain::code::Code;
use crate::domain::policy::Mode;
use crate::domain::policy::may_settle::WORDS_PER_PERSON_MAX;
use crate::domain::settlement::SettledOutcome;

fn say(by: Person, outcome: SettledOutcome, evidence: &str) -> TestCommand {
    TestCommand::Say { signer: signer(by), word: NewSettlementWord::new(outcome, evidence, None).unwrap() }
}

fn it_happened(by: Person) -> TestCommand {
    say(by, SettledOutcome::Executed, "seen in the log")
}

fn it_did_not(by: Person) -> TestCommand {
    say(by, SettledOutcome::Failed, "not in the log")
}

fn unknown_under(charter: Charter) -> Story {
    let mut story = Story::under(charter);
    if !story.charter.is_auto {
        story.tell(&approve(anna())).unwrap();
        if story.request.state == State::AdminTask {
            story.tell(&approve(bob())).unwrap();
        }
    }
    story.tell(&attempt()).unwrap();
    story.tell(&record(AttemptOutcome::Ambiguous)).unwrap();
    assert_eq!(story.request.state, State::Unknown);
    story
}

fn unknown() -> Story {
    unknown_under(Charter::one_checker())
}

fn code(story: &Story, command: &TestCommand) -> Code {
    story.refusal(command).code()
}

#[test]
fn two_people_who_say_the_same_settle_it_with_the_second_word() {
    for (word, state) in
        [(it_happened as fn(Person) -> TestCommand, State::Executed), (it_did_not, State::Failed)]
    {
        let mut story = unknown();
        story.now += seconds(7);
        story.tell(&word(bob())).unwrap();
        assert_eq!((story.request.state, story.request.ended_at), (State::Unknown, None));
        // One who approved it may say how it ended as well.
        story.now += seconds(1);
        story.tell(&word(anna())).unwrap();
        assert_eq!((story.request.state, story.request.ended_at), (state, Some(story.now)));
        let said: Vec<bool> = story.request.settlement.iter().map(|word| word.settles).collect();
        assert_eq!(said, [false, true]);
        assert_eq!(story.request.settling_word().unwrap().by, anna());
        assert_eq!(Request::fold(&story.events), Some(story.request.clone()));
        // It is settled once, and by nobody else.
        assert_eq!(story.ask(&word(anna())), Ok(Vec::new()));
        assert_eq!(code(&story, &it_happened(carl())), Code::NothingToSettle);
    }
}

#[test]
fn two_who_disagree_wait_for_a_third_or_for_one_who_changes_their_word() {
    let mut story = unknown();
    story.tell(&it_happened(anna())).unwrap();
    story.tell(&it_did_not(bob())).unwrap();
    assert_eq!(story.request.state, State::Unknown);
    let mut third = story.clone();
    third.tell(&it_did_not(carl())).unwrap();
    assert_eq!(third.request.state, State::Failed);
    story.tell(&it_happened(bob())).unwrap();
    assert_eq!(story.request.state, State::Executed);
    assert_eq!(story.request.settlement.len(), 3);
}

#[test]
fn a_word_that_was_changed_counts_no_more() {
    let mut story = unknown();
    story.tell(&it_happened(anna())).unwrap();
    story.tell(&it_did_not(anna())).unwrap();
    story.tell(&it_happened(bob())).unwrap();
    assert_eq!(story.request.state, State::Unknown);
    assert_eq!(words_that_count(&story.request, &story.charter.people).len(), 2);
}

#[test]
fn neither_the_maker_nor_anybody_who_acts_for_them_settles_it() {
    let joined = vec![entry("Maker", &["sub-maker", "sub-zoe"], true)];
    let charter = Charter { people: People::new(joined).unwrap(), ..Charter::one_checker() };
    let story = unknown_under(charter);
    let zoe = person(ISSUER, "sub-zoe", "400077");
    for own in [maker(), person(ISSUER, "SUB-MAKER", "400009"), zoe.clone()] {
        assert_eq!(code(&story, &it_happened(own)), Code::MakerIsChecker);
    }
    let word = NewSettlementWord::new(SettledOutcome::Executed, "seen", None).unwrap();
    let through = |act: Person| Signer { act: vec![act], ..signer(carl()) };
    let acted = TestCommand::Say { signer: through(zoe), word: word.clone() };
    assert_eq!(code(&story, &acted), Code::MakerIsChecker);
    // Nor do two tokens of which one acts for the other count as two people.
    let mut story = unknown();
    story.tell(&it_happened(bob())).unwrap();
    story.tell(&TestCommand::Say { signer: through(bob()), word }).unwrap();
    assert_eq!(story.request.state, State::Unknown);
}

#[test]
fn only_a_person_with_a_seat_in_some_stage_has_a_word() {
    let stages = vec![
        stage("Risk", Mode::All, &[(group("Risk"), 1)]),
        stage("Finance", Mode::All, &[(group("Finance"), 1)]),
    ];
    let approval = Approval { stages, rejections: 1, min_distinct_people: 1, fresh_sign_in: None };
    let story = unknown_under(Charter::of(approval));
    story.ask(&it_happened(anna())).unwrap();
    story.ask(&it_happened(bob())).unwrap();
    assert_eq!(code(&story, &it_happened(dora())), Code::NotInStage);
    let none = TestCommand::Say {
        signer: Signer { permissions: vec![Permission::Audit], ..signer(anna()) },
        word: NewSettlementWord::new(SettledOutcome::Failed, "no", None).unwrap(),
    };
    assert_eq!(code(&story, &none), Code::PermissionMissing);
    let TestCommand::Say { signer: of_anna, word } = it_happened(anna()) else { unreachable!() };
    let elsewhere = TestCommand::Say { signer: Signer { org: OrgId::new("200"), ..of_anna }, word };
    assert_eq!(code(&story, &elsewhere), Code::NotFound);
    // A rule that asked for nobody lets any checker say it.
    let auto = Charter { is_auto: true, ..Charter::one_checker() };
    let mut story = unknown_under(auto);
    story.tell(&it_did_not(dora())).unwrap();
    story.tell(&it_did_not(bob())).unwrap();
    assert_eq!(story.request.state, State::Failed);
}

#[test]
fn whoever_is_switched_off_has_no_word() {
    let off = vec![entry("Bob", &["sub-bob"], false)];
    let charter = Charter { people: People::new(off).unwrap(), ..Charter::one_checker() };
    assert_eq!(code(&unknown_under(charter), &it_happened(bob())), Code::PersonInactive);
}

#[test]
fn only_an_unknown_outcome_is_settled() {
    for story in stories() {
        let expected = match story.request.state {
            State::Unknown => continue,
            State::Approved => Code::AttemptUnderWay,
            State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::SentBack
            | State::Executed
            | State::Failed
            | State::Rejected
            | State::Withdrawn
            | State::Expired => Code::NothingToSettle,
        };
        assert_eq!(code(&story, &it_happened(bob())), expected, "{}", story.request.state);
    }
    let mut story = Story::after(&[approve(anna()), attempt()]);
    assert_eq!(code(&story, &it_happened(bob())), Code::AttemptUnderWay);
    // A repeat is due.
    story.tell(&record_recognised(AttemptOutcome::Ambiguous)).unwrap();
    assert!(story.request.sending.next_attempt_at.is_some());
    assert_eq!(code(&story, &it_happened(bob())), Code::AttemptUnderWay);
}

#[test]
fn a_word_about_an_older_version_is_refused_and_a_repeat_is_not() {
    let mut story = unknown();
    let on = |version| TestCommand::Say {
        signer: signer(bob()),
        word: NewSettlementWord::new(SettledOutcome::Executed, "seen", Some(version)).unwrap(),
    };
    let now = story.request.version;
    assert_eq!(code(&story, &on(now - 1)), Code::RequestMoved);
    story.tell(&on(now)).unwrap();
    assert_eq!(story.ask(&on(now)), Ok(Vec::new()));
}

#[test]
fn what_comes_to_light_after_a_settlement_is_kept_and_moves_nothing() {
    let mut story = unknown();
    story.tell(&it_did_not(bob())).unwrap();
    story.tell(&it_did_not(carl())).unwrap();
    let settled = story.request.clone();
    story.now += seconds(60);
    story.tell(&late(1, AttemptOutcome::Executed)).unwrap();
    assert_eq!(story.events.last().map(|event| EventType::of(&event.kind)), Some(EventType::LateAnswer));
    assert_eq!((story.request.state, story.request.ended_at), (State::Failed, settled.ended_at));
}

/// Five people, two of whom have two accounts; the first one is the maker.
fn accounts() -> Vec<(usize, Person)> {
    vec![
        (0, maker()),
        (0, person(ISSUER, "sub-zoe", "400077")),
        (1, anna()),
        (1, person(ISSUER, "sub-anna-two", "400078")),
        (2, bob()),
        (2, person(ISSUER, "Sub-Bob", "400079")),
        (3, carl()),
        (4, dora()),
    ]
}

fn joined() -> Charter {
    let people = vec![
        entry("Maker", &["sub-maker", "sub-zoe"], true),
        entry("Anna", &["sub-anna", "sub-anna-two"], true),
    ];
    let approval = Approval {
        stages: vec![stage("Checker", Mode::All, &[(checkers(), 1)])],
        ..Charter::one_checker().approval
    };
    Charter { people: People::new(people).unwrap(), ..Charter::of(approval) }
}

proptest! {
    #[test]
    fn it_is_settled_exactly_when_the_latest_words_of_two_persons_agree(
        said in proptest::collection::vec(
            (proptest::sample::select(accounts()), any::<bool>(), proptest::sample::select(vec!["a", "b"])),
            0..24,
        )
    ) {
        let mut story = unknown_under(joined());
        // What each person said last, and how often.
        let mut model: HashMap<usize, ((SettledOutcome, &str), usize)> = HashMap::new();
        let mut settled: Option<SettledOutcome> = None;
        for ((who, account), happened, evidence) in said {
            let outcome = if happened { SettledOutcome::Executed } else { SettledOutcome::Failed };
            let answer = story.tell(&say(account, outcome, evidence));
            let (last, count) = model.get(&who).map_or((None, 0), |(last, count)| (Some(*last), *count));
            let is_repeat = last == Some((outcome, evidence));
            if who == 0 {
                prop_assert_eq!(answer.unwrap_err().code(), Code::MakerIsChecker);
            } else if is_repeat {
                prop_assert_eq!(answer, Ok(Vec::new()));
            } else if settled.is_some() {
                prop_assert_eq!(answer.unwrap_err().code(), Code::NothingToSettle);
            } else if count == WORDS_PER_PERSON_MAX {
                prop_assert_eq!(answer.unwrap_err().code(), Code::TooManyWords);
            } else {
                prop_assert_eq!(answer.unwrap().len(), 1);
                model.insert(who, ((outcome, evidence), count + 1));
                let agree = model.values().filter(|((last, _), _)| *last == outcome).count();
                settled = (agree >= 2).then_some(outcome);
            }
            let state = settled.map_or(State::Unknown, |outcome| outcome.outcome().state());
            prop_assert_eq!(story.request.state, state);
            prop_assert_eq!(story.request.ended_at.is_some(), settled.is_some());
            prop_assert_eq!(Request::fold(&story.events), Some(story.request.clone()));
        }
    }
}
