//! What a page would say is read in every combination of state, reader and refusal.

mod deciding;
mod errors;
mod forms;
mod lists;
mod looks;
mod outcomes;
mod refused;
mod words;

use chrono::TimeDelta;

use super::{Answer, Situation};
use crate::domain::actor::{Permission, Person};
use crate::domain::digest::Digest;
use crate::domain::policy::capacities::SeatHint;
use crate::domain::policy::may_decide::{SigningSeat, WhyNot};
use crate::domain::policy::outlook::GroupMembers;
use crate::domain::policy::people::{People, PersonEntry};
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::policy::{Approval, Capacity, Mode, Seat, Stage};
use crate::domain::request::{Decision, Request, State, Verdict};
use crate::domain::revision::SentBack;
use crate::domain::rules::Rules;
use crate::engine::explain::Explanation;
use crate::web::parts::who::Names;
use crate::web::sample;

/// Words of the API, of the store, and of programs; times as the wire writes them are looked for apart.
const NOT_FOR_PEOPLE: &[&str] = &[
    "CanCheckRequest",
    "CanMakeRequest",
    "CanAuditRequest",
    "Your token",
    "your token",
    "Your call",
    "this call can",
    "its state is",
    "AdminTask",
    "Validate",
    "executed",
    "Idempotency",
    "seats",
    "  ",
    " .",
    "'",
    "()",
];

/// Fails unless people can read this.
fn assert_plain(text: &str, what: &str) {
    assert!(text.ends_with('.') || text.ends_with(".”"), "{what}: {text:?} is no sentence");
    for word in NOT_FOR_PEOPLE {
        assert!(!text.contains(word), "{what}: {text:?} says {word:?}");
    }
    let is_wire_time = |part: &[u8]| part[0].is_ascii_digit() && part[1] == b'T' && part[2].is_ascii_digit();
    assert!(!text.as_bytes().windows(3).any(is_wire_time), "{what}: {text:?} has a time of the wire");
    assert!(text.chars().next().is_some_and(char::is_uppercase), "{what}: {text:?}");
}

fn group(name: &str) -> Capacity {
    Capacity::Group(name.to_owned())
}

fn all(name: &str, seats: &[(&str, u32)]) -> Stage {
    let seats = seats.iter().map(|(name, count)| Seat { who: group(name), count: *count }).collect();
    Stage { name: name.to_owned(), mode: Mode::All, seats }
}

fn any(name: &str, number: u32, groups: &[&str]) -> Stage {
    let seats = groups.iter().map(|name| Seat { who: group(name), count: 1 }).collect();
    Stage { name: name.to_owned(), mode: Mode::Any(number), seats }
}

fn checkers(number: u32) -> Stage {
    let seats = vec![Seat { who: Capacity::Permission(Permission::Check), count: number }];
    Stage { name: "Checkers".to_owned(), mode: Mode::All, seats }
}

/// Any two of three groups, then Treasury; two rejections end it.
fn approval() -> Approval {
    Approval {
        stages: vec![any("First", 2, &["Finance", "Loyalty", "Risk"]), all("Second", &[("Treasury", 1)])],
        rejections: 2,
        min_distinct_people: 3,
        fresh_sign_in: None,
    }
}

fn entry(name: &str, account: &str, group: &str) -> PersonEntry {
    PersonEntry {
        name: name.to_owned(),
        accounts: vec![account.to_owned()],
        groups: vec![group.to_owned()],
        active: true,
        owners: Vec::new(),
    }
}

fn people() -> People {
    let mara =
        PersonEntry { accounts: vec!["mara".into(), "mara-2".into()], ..entry("Mara Lind", "", "Risk") };
    let others =
        [("Chen Wei", "chen", "Risk"), ("Uwe Haas", "uwe", "Risk"), ("Tara Osei", "tara", "Treasury")];
    let others = others.map(|(name, account, group)| entry(name, account, group));
    People::new([mara].into_iter().chain(others).collect()).unwrap()
}

fn names() -> Names {
    Names::under(Rules { people: people(), ..Rules::default() })
}

fn account(id: &str) -> Person {
    Person { sub: id.to_owned(), user_id: id.to_owned(), ..sample::person(&format!("{id}@example.com")) }
}

fn decision(by: &str, verdict: Verdict, message: &str) -> Decision {
    Decision {
        checker: account(by),
        verdict,
        message: message.to_owned(),
        at: sample::noon() - TimeDelta::minutes(40),
        digest: Digest::of(b"call"),
        stage: 0,
        capacities: vec![group("Risk")],
        act: Vec::new(),
    }
}

/// Mara's request in this state, with these decisions.
fn request(state: State, decisions: &[Decision]) -> Request {
    let mut birth = sample::birth();
    birth.maker = account("mara");
    let mut request = Request::new(birth, sample::noon() - TimeDelta::hours(2));
    request.state = state;
    request.decisions = decisions.to_vec();
    request.ended_at = (!state.is_undecided()).then(|| sample::noon() - TimeDelta::minutes(1));
    request.sent_back = (state == State::SentBack).then(|| SentBack {
        by: account("chen"),
        at: sample::noon() - TimeDelta::minutes(30),
        message: "The receipt says 21 EUR.".to_owned(),
        fields: Vec::new(),
        stage: 0,
        capacities: vec![group("Risk")],
        act: Vec::new(),
    });
    request
}

fn so_far(request: &Request, approval: &Approval) -> Progress {
    progress(&request.context(), &PolicyInForce { approval, people: &people() })
}

/// What somebody is told who can do nothing.
fn nothing(progress: Option<Progress>) -> Explanation {
    Explanation {
        can_decide: false,
        why_not: Vec::new(),
        forbidden: None,
        seat: None,
        later_seat: Vec::new(),
        after_approval: None,
        can_withdraw: false,
        why_not_settle: None,
        settling_forbidden: None,
        settles_as: Vec::new(),
        can_probe: false,
        my_word: None,
        can_send_back: false,
        can_resubmit: false,
        can_comment: true,
        can_submit_again: false,
        my_decision: None,
        progress,
        fresh_sign_in: None,
        findings: Vec::new(),
    }
}

fn seat(name: &str) -> SigningSeat {
    SigningSeat { stage: 0, capacities: vec![group(name)] }
}

/// Every reason not to decide, with the reader whom it could be about.
fn every_reason() -> Vec<(&'static str, WhyNot)> {
    let not_in_stage = |hint| WhyNot::NotInStage {
        stage: "First".to_owned(),
        needed: vec!["any of Finance, Loyalty, Risk: 0 of 2".to_owned()],
        hint,
    };
    let mut all = vec![
        ("auditor", WhyNot::OtherOrg),
        ("auditor", WhyNot::PermissionMissing),
        ("chen", WhyNot::PersonInactive),
        ("mara", WhyNot::MakerIsChecker),
        ("mara-2", WhyNot::MakerIsChecker),
        ("robot-of-mara", WhyNot::MakerIsChecker),
        ("chen", WhyNot::AlreadyDecidedByYou),
        ("robot-of-chen", WhyNot::AlreadyDecidedByYou),
        ("finn", WhyNot::Expired { expires_at: sample::noon() }),
        ("tara", not_in_stage(None)),
        ("finn", not_in_stage(None)),
        ("UWE", not_in_stage(Some(SeatHint::Spelling("uwe".to_owned())))),
        ("robot", not_in_stage(Some(SeatHint::ServiceAccount))),
        (
            "uwe",
            WhyNot::NotNeeded {
                stage: "First".into(),
                needed: vec!["Finance: 0 of 1".into()],
                seat: seat("Risk"),
            },
        ),
    ];
    all.extend(State::ALL.map(|state| ("finn", WhyNot::NotWaiting { state })));
    all
}

/// What a page says to somebody.
fn told(request: &Request, explained: &Explanation, reader: &str) -> Answer {
    let members = [GroupMembers { group: "Risk".into(), names: vec!["Chen Wei".into(), "Uwe Haas".into()] }];
    let (reader, names) = (account(reader), names());
    let when = sample::when();
    Situation { request, explained, members: &members, reader: &reader, names: &names, when }.answer()
}
