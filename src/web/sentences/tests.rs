//! Every combination of state, reader and refusal is made, and what a page would say is read.

use chrono::TimeDelta;

use super::looks::looks;
use super::rejecting::Rejecting;
use super::*;
use crate::domain::actor::{Permission, Person};
use crate::domain::amount::Amount;
use crate::domain::digest::Digest;
use crate::domain::findings::{Finding, FindingCode, FindingFacts, Level, UsageReached};
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{NotRepeatable, Refusal};
use crate::domain::policy::capacities::SeatHint;
use crate::domain::policy::may_decide::{SigningSeat, WhyNot};
use crate::domain::policy::may_settle::WhyNotSettle;
use crate::domain::policy::outlook::GroupMembers;
use crate::domain::policy::people::{People, PersonEntry};
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::policy::usage::Usage;
use crate::domain::policy::{Approval, Capacity, Mode, Seat, Stage};
use crate::domain::request::{Decision, Request, State, Verdict};
use crate::domain::request_type::CountBy;
use crate::domain::revision::SentBack;
use crate::domain::rules::Rules;
use crate::engine::explain::Explanation;
use crate::engine::queries::RowView;
use crate::engine::{EngineError, Unavailable};
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

#[test]
fn every_reader_of_every_state_is_told_a_sentence_for_people() {
    let own = [
        None,
        Some(decision("chen", Verdict::Approved, "Checked.")),
        Some(decision("chen", Verdict::Rejected, "Ask Legal first.")),
    ];
    let mut read = 0;
    for state in State::ALL {
        for (reader, why) in every_reason() {
            for own in &own {
                let request = request(state, own.as_slice());
                let may = [false, true];
                for (can_withdraw, can_again) in may.into_iter().flat_map(|one| may.map(|two| (one, two))) {
                    let explained = Explanation {
                        forbidden: Some(why.clone()),
                        my_decision: own.clone().filter(|_| reader == "chen"),
                        later_seat: if reader == "tara" { vec![group("Treasury")] } else { Vec::new() },
                        can_withdraw,
                        can_resubmit: can_withdraw && state == State::SentBack,
                        can_submit_again: can_again,
                        ..nothing(Some(so_far(&request, &approval())))
                    };
                    let what = format!("{state} {reader} {why:?} {own:?}");
                    let Answer { sentence, more } = told(&request, &explained, reader);
                    for text in more.iter().chain([&sentence]) {
                        assert_plain(text, &what);
                        read += 1;
                    }
                    let is_over = !state.is_undecided();
                    let is_late = state.is_undecided() && matches!(why, WhyNot::Expired { .. });
                    let says_so = sentence.starts_with("Nothing is left to decide: ");
                    assert!(!is_over || says_so, "{what}: {sentence}");
                    assert!(is_over || is_late || !says_so, "{what}: {sentence}");
                    assert!(!is_over || !sentence.contains("You submitted"), "{what}: {sentence}");
                    assert!(!sentence.contains("may decide"), "{what}: {sentence}");
                }
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn whoever_may_decide_is_told_what_follows_and_never_more() {
    let (none, one) = (Vec::new(), vec![decision("chen", Verdict::Approved, "")]);
    let last = Approval { stages: vec![all("Only", &[("Risk", 1)])], min_distinct_people: 1, ..approval() };
    let cases = [
        (
            &none,
            approval(),
            "After you it still needs one more of Finance, Loyalty or Risk, then Treasury: nothing is \
                              sent when you approve.",
        ),
        (&one, approval(), "After you it still needs Treasury: nothing is sent when you approve."),
        (&none, last, "Yours is the last signature."),
    ];
    for (before, approval, after) in cases {
        let now = request(State::AdminTask, before);
        let signed: Vec<Decision> =
            before.iter().cloned().chain([decision("uwe", Verdict::Approved, "")]).collect();
        let explained = Explanation {
            can_decide: true,
            seat: Some(seat("Risk")),
            after_approval: Some(so_far(&request(State::AdminTask, &signed), &approval)),
            ..nothing(Some(so_far(&now, &approval)))
        };
        let answer = told(&now, &explained, "uwe");
        let expected = format!("You may decide it for Risk, and you have no part in it. {after}");
        assert_eq!(answer, Answer { sentence: expected, more: Vec::new() });
        assert_plain(&answer.sentence, "may decide");
        let words = Step::Approve.words(&now, &explained, &names());
        assert_eq!(words.heading == "Approve and send", after.starts_with("Yours"), "{words:?}");
    }
}

#[test]
fn a_rule_that_asks_for_nobody_leaves_nothing_to_decide() {
    for state in State::ALL {
        let answer = told(&request(state, &[]), &nothing(None), "finn");
        assert_plain(&answer.sentence, &state.to_string());
    }
    let executed = told(&request(State::Executed, &[]), &nothing(None), "finn");
    assert_eq!(executed.sentence, "Nothing is left to decide: its rule asks for nobody.");
}

#[test]
fn what_was_false_on_closed_requests_is_said_as_it_is() {
    let approved = [decision("chen", Verdict::Approved, "")];
    let done = request(State::Executed, &approved);
    let of = |reader: &str| {
        let explained = Explanation {
            forbidden: Some(WhyNot::NotWaiting { state: State::Executed }),
            my_decision: (reader == "chen").then(|| approved[0].clone()),
            ..nothing(Some(so_far(&done, &approval())))
        };
        told(&done, &explained, reader).sentence
    };
    let time = "on 22 Nov 2026, 11:20 UTC";
    assert_eq!(
        of("finn"),
        format!("Nothing is left to decide: everybody needed has agreed, lastly Chen Wei for Risk {time}.")
    );
    assert_eq!(of("mara"), of("finn"));
    assert_eq!(
        of("chen"),
        format!("Nothing is left to decide: everybody needed has agreed, lastly you for Risk {time}.")
    );
    let rejected = request(State::Rejected, &[decision("chen", Verdict::Rejected, "No.")]);
    let answer = told(&rejected, &nothing(None), "auditor");
    assert_eq!(answer.sentence, format!("Nothing is left to decide: Chen Wei rejected it for Risk {time}."));
    let withdrawn = told(&request(State::Withdrawn, &[]), &nothing(None), "mara-2");
    assert_eq!(withdrawn.sentence, "Nothing is left to decide: you withdrew it on 22 Nov 2026, 11:59 UTC.");
}

#[test]
fn who_is_needed_is_named_where_the_people_file_knows() {
    let waiting = request(State::AdminTask, &[]);
    let one = Approval { stages: vec![all("Risk", &[("Risk", 1)])], min_distinct_people: 1, ..approval() };
    let explained = Explanation {
        forbidden: Some(WhyNot::MakerIsChecker),
        can_withdraw: true,
        ..nothing(Some(so_far(&waiting, &one)))
    };
    let answer = told(&waiting, &explained, "mara");
    assert_eq!(answer.sentence, "You submitted this request, so you can’t decide it. You can withdraw it.");
    assert_eq!(answer.more, ["It waits for Risk: Chen Wei, Uwe Haas."]);
    let several = Explanation { progress: Some(so_far(&waiting, &approval())), ..explained.clone() };
    let answer = told(&waiting, &several, "mara-2");
    assert_eq!(
        answer.sentence,
        "You can’t decide it: Mara Lind (mara@example.com) submitted it, and that account is yours. You can withdraw it."
    );
    assert_eq!(answer.more, ["It waits for two of Finance, Loyalty or Risk. Risk: Chen Wei, Uwe Haas."]);
}

#[test]
fn a_long_list_of_names_is_bounded() {
    let progress = so_far(
        &request(State::AdminTask, &[]),
        &Approval { stages: vec![all("Risk", &[("Risk", 2)])], min_distinct_people: 2, ..approval() },
    );
    let members = |count: usize| {
        let names = (1..=count).map(|number| format!("P{number}")).collect();
        [GroupMembers { group: "Risk".to_owned(), names }]
    };
    let words = |count| super::boxes::waits_for(&progress, &members(count), &names());
    assert_eq!(words(0), "It waits for two of Risk.");
    assert_eq!(words(5), "It waits for two of Risk: P1, P2, P3, P4, P5.");
    assert_eq!(words(8), "It waits for two of Risk: P1, P2, P3, P4 and 4 more.");
}

/// What is needed now, and the boxes that are drawn for it.
fn needed(approval: &Approval, decisions: &[Decision]) -> (String, Vec<String>) {
    let progress = so_far(&request(State::AdminTask, decisions), approval);
    let boxes = open_boxes(&progress, progress.stage);
    let boxes = boxes.iter().map(|one| box_words(one, &names())).collect();
    (waiting_words(&progress, &names()), boxes)
}

#[test]
fn there_is_one_box_for_each_person_who_is_still_needed() {
    let of = |stages: Vec<Stage>, people: u32| Approval { stages, min_distinct_people: people, ..approval() };
    let signed = [decision("chen", Verdict::Approved, "")];
    let three = "Finance, Loyalty or Risk";
    let any_two = || of(vec![any("Any", 2, &["Finance", "Loyalty", "Risk"])], 2);
    assert_eq!(needed(&any_two(), &[]), (format!("two of {three}"), vec![three.into(), three.into()]));
    assert_eq!(needed(&any_two(), &signed), (format!("one more of {three}"), vec![three.into()]));
    let both = of(vec![all("Both", &[("Finance", 1), ("Treasury", 1)])], 2);
    assert_eq!(
        needed(&both, &[]),
        ("Finance and Treasury".into(), vec!["Finance".into(), "Treasury".into()])
    );
    let two = of(vec![all("Both", &[("Risk", 2), ("Treasury", 1)])], 3);
    assert_eq!(
        needed(&two, &signed),
        ("one more of Risk and Treasury".into(), vec!["Risk".into(), "Treasury".into()])
    );
    let plain = of(vec![checkers(2)], 2);
    assert_eq!(needed(&plain, &[]).0, "two checkers");
    assert_eq!(needed(&of(vec![checkers(1)], 1), &[]).0, "a checker");
    let more = of(vec![all("Risk", &[("Risk", 1)])], 2);
    assert_eq!(needed(&more, &signed), ("one more of Risk".into(), vec!["Risk".into()]));
    // A rejection fills no box.
    let no = [decision("chen", Verdict::Rejected, "No.")];
    assert_eq!(needed(&any_two(), &no).1.len(), 2);
}

#[test]
fn what_somebody_signs_as_is_said_once_and_as_what_it_is() {
    let claimed = Capacity::ClaimedGroup("Risk".to_owned());
    let checker = Capacity::Permission(Permission::Check);
    let robot = Capacity::Account("tara".to_owned());
    let words = |all: &[Capacity]| signed_as(all, &names());
    assert_eq!(words(&[claimed.clone(), group("Risk")]), " for Risk");
    assert_eq!(words(&[group("Finance"), claimed]), " for Finance and Risk");
    assert_eq!(words(std::slice::from_ref(&checker)), " as a checker");
    assert_eq!(words(&[group("Risk"), checker]), " for Risk and as a checker");
    assert_eq!(words(&[robot]), " as Tara Osei");
    assert_eq!(words(&[]), "");
}

#[test]
fn a_rejection_that_does_not_end_it_promises_nothing() {
    for (number, needed, title, button) in [
        (1, 1, "Reject", "Reject, send nothing"),
        (1, 2, "Reject (1 of 2)", "Reject (1 of 2)"),
        (2, 2, "Reject", "Reject, send nothing"),
        (1, 3, "Reject (1 of 3)", "Reject (1 of 3)"),
    ] {
        let one = Rejecting { number, needed };
        assert_eq!((one.title().as_str(), one.button().as_str()), (title, button));
        let ends = number == needed;
        let step = one.step("example.com");
        assert_eq!(step.contains("Nothing is sent to example.com"), ends, "{step}");
        assert_eq!(step.contains("it may still be approved and sent"), !ends, "{step}");
        assert_plain(&one.more(), title);
    }
    let more = |number, needed| Rejecting { number, needed }.more();
    assert_eq!(more(1, 2), "One more rejection ends it; until then it may still be approved and sent.");
    assert_eq!(more(1, 3), "Two more rejections end it; until then it may still be approved and sent.");
}

#[test]
fn several_rejections_together_promise_what_holds_for_each() {
    let waiting = request(State::AdminTask, &[]);
    let of = |rejections| nothing(Some(so_far(&waiting, &Approval { rejections, ..approval() })));
    let (ends, goes_on) = (of(1), of(2));
    assert_eq!(reject_many([&ends, &ends].into_iter()), (", send nothing", None));
    for mixed in [vec![&goes_on], vec![&ends, &goes_on]] {
        let (after, line) = reject_many(mixed.into_iter());
        assert_eq!(after, "");
        assert_plain(line.unwrap(), "reject many");
    }
}

/// What is looked at, as text.
fn seen(request: &Request, explained: &Explanation, open: &[RowView]) -> Vec<(bool, bool, String)> {
    let found = looks((request, explained), open, (&names(), sample::when()));
    found.into_iter().map(|look| (look.is_bad, look.is_note, look.html.to_string())).collect()
}

#[test]
fn an_earlier_rejection_is_looked_at_first_in_the_words_that_were_said() {
    let rejected = [decision("chen", Verdict::Rejected, "Ask Legal\nfirst.")];
    let waiting = request(State::AdminTask, &rejected);
    let odd = Finding {
        code: FindingCode::HiddenCharacters,
        level: Level::Warning,
        sentence: "This text holds a character that nobody can see (U+200B).".to_owned(),
        pointer: Some("/body/to".to_owned()),
        facts: None,
    };
    let explained = Explanation { findings: vec![odd], ..nothing(Some(so_far(&waiting, &approval()))) };
    let found = seen(&waiting, &explained, &[]);
    assert_eq!(found.len(), 2);
    let first = "Chen Wei rejected it for Risk: “Ask Legal\nfirst.” One more rejection ends it; until then it may still \
                 be approved and sent.";
    assert_eq!(found[0], (true, false, first.to_owned()));
    // Once it has ended, its note says who rejected it.
    let over = request(State::Rejected, &rejected);
    assert!(seen(&over, &nothing(Some(so_far(&over, &approval()))), &[]).is_empty());
    // Whoever approved is nobody to look at.
    let approved = request(State::AdminTask, &[decision("chen", Verdict::Approved, "")]);
    assert!(seen(&approved, &nothing(Some(so_far(&approved, &approval()))), &[]).is_empty());
}

#[test]
fn open_requests_for_the_same_subject_are_one_line_with_links() {
    let waiting = request(State::AdminTask, &[]);
    let other = |id: RequestId| Finding {
        code: FindingCode::SubjectPending,
        level: Level::Warning,
        sentence: format!("The request {id} is open for the same subject, too."),
        pointer: None,
        facts: Some(FindingFacts::Open(id)),
    };
    let row = RowView { request: request(State::AdminTask, &[]), ..sample::row() };
    let id = row.request.id;
    let hidden = RequestId::parse("0190b6f2-7a3c-7cc0-8000-00000000000f").unwrap();
    let of = |findings: Vec<Finding>, rows: &[RowView]| {
        let explained = Explanation { findings, ..nothing(None) };
        let found = seen(&waiting, &explained, rows);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].2.clone()
    };
    let line = of(vec![other(id)], std::slice::from_ref(&row));
    let link = format!(r#"<a href="/ui/requests/{id}">Refund 12 EUR</a> (Mara Lind, "#);
    assert!(line.starts_with(&format!("Another request for the same subject is open: {link}")), "{line}");
    assert!(line.contains(">2 h ago</time>)."), "{line}");
    let line = of(vec![other(id), other(hidden)], std::slice::from_ref(&row));
    assert!(line.starts_with("Other requests for the same subject are open: <a "), "{line}");
    assert!(line.ends_with(" and 1 more.") && !line.contains(&hidden.to_string()), "{line}");
    let line = of(vec![other(hidden)], &[]);
    assert_eq!(line, "Another request for the same subject is open.");
}

#[test]
fn a_usage_limit_is_said_with_the_person_and_the_limit() {
    let waiting = request(State::AdminTask, &[]);
    let said = |by, window, sum: &str, warn_count, warn_sum: Option<&str>| {
        let amount = |text: &str| Amount::parse(text).unwrap();
        let reached = UsageReached {
            by,
            window,
            usage: Usage { count: 6, sum: amount(sum) },
            warn_count,
            warn_sum: warn_sum.map(amount),
        };
        let finding = Finding {
            code: FindingCode::LimitNearlyUsedUp,
            level: Level::Warning,
            sentence: "With this request the counter maker_day of this maker is at 6 requests.".to_owned(),
            pointer: None,
            facts: Some(FindingFacts::Usage(reached)),
        };
        let explained = Explanation { findings: vec![finding], ..nothing(None) };
        seen(&waiting, &explained, &[])[0].2.replace('\u{2009}', " ")
    };
    assert_eq!(
        said(CountBy::Maker, TimeDelta::days(1), "31291.5", None, Some("20000")),
        "Mara Lind asked for 31 291.5 in 6 requests of this type on one day (UTC), with this one. From 20 000 on it is \
         shown here."
    );
    assert_eq!(
        said(CountBy::Subject, TimeDelta::days(7), "0", Some(5), None),
        "For this subject 6 requests of this type were submitted in one period of 7 days, with this one. From 5 requests \
         on it is shown here."
    );
}

/// Every refusal that a page can get.
fn every_refusal() -> Vec<Refusal> {
    let last = Box::new(decision("chen", Verdict::Approved, ""));
    let mut all = vec![
        Refusal::MakerIsChecker,
        Refusal::NotTheMaker,
        Refusal::DigestMismatch,
        Refusal::Moved { seen: 1, version: 2 },
        Refusal::BulkNotAllowed,
        Refusal::FreshSignInRequired { within: TimeDelta::minutes(10) },
        Refusal::RevisionNotNamed { revision: 2 },
        Refusal::SentBack,
        Refusal::NotTheMakerResubmits,
        Refusal::TooManyRevisions,
        Refusal::TooManyComments,
        Refusal::AttemptUnderWay,
        Refusal::NotTheMakerAgain,
        Refusal::Expired { expires_at: sample::noon() },
        Refusal::NotRepeatable(NotRepeatable::Repeated { by: sample::again().id }),
        Refusal::NotRepeatable(NotRepeatable::CarriedOut),
        Refusal::NotRepeatable(NotRepeatable::TypeGone),
    ];
    for state in State::ALL {
        all.extend([
            Refusal::AlreadyDecided { decision: last.clone(), state },
            Refusal::Closed { state },
            Refusal::NotSentBack { state },
            Refusal::NotExecutable { state },
            Refusal::MayNotSettle(WhyNotSettle::NotUnknown { state }),
            Refusal::NotRepeatable(NotRepeatable::State(state)),
        ]);
    }
    all.extend(every_reason().into_iter().map(|(_, why)| Refusal::NotAllowed(why)));
    all.extend(every_reason_not_to_settle().into_iter().map(Refusal::MayNotSettle));
    all
}

fn every_reason_not_to_settle() -> Vec<WhyNotSettle> {
    let no_seat = |stages: &[&str], hint| WhyNotSettle::NoSeat {
        stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        hint,
    };
    vec![
        WhyNotSettle::OtherOrg,
        WhyNotSettle::PermissionMissing,
        WhyNotSettle::PersonInactive,
        WhyNotSettle::Maker,
        WhyNotSettle::AttemptUnderWay,
        WhyNotSettle::NoProbe,
        WhyNotSettle::TooManyWords,
        WhyNotSettle::Moved { seen: 1, version: 2 },
        no_seat(&["Risk"], None),
        no_seat(&[], None),
        no_seat(&["Risk"], Some(SeatHint::Spelling("uwe".to_owned()))),
        no_seat(&["Risk"], Some(SeatHint::ServiceAccount)),
    ]
}

#[test]
fn whatever_is_refused_is_said_for_people() {
    let members = [];
    let (reader, names, when) = (account("uwe"), names(), sample::when());
    for state in State::ALL {
        for decisions in [vec![], vec![decision("chen", Verdict::Rejected, "Ask Legal first.")]] {
            let now = request(state, &decisions);
            for refusal in every_refusal() {
                let explained = nothing(Some(so_far(&now, &approval())));
                let explained = &Explanation { forbidden: Some(WhyNot::NotWaiting { state }), ..explained };
                let seen = Situation {
                    request: &now,
                    explained,
                    members: &members,
                    reader: &reader,
                    names: &names,
                    when,
                };
                let what = format!("{state} {refusal:?}");
                let said = refused(&EngineError::Refused(refusal), &seen);
                assert_eq!(said.head, "This was not recorded.");
                said.lines.iter().for_each(|line| assert_plain(line, &what));
            }
        }
    }
    for why in [
        Unavailable::QueueFull,
        Unavailable::Held,
        Unavailable::Away,
        Unavailable::Unread,
        Unavailable::Unsure,
    ] {
        assert_plain(super::refused::try_again(why), &format!("{why:?}"));
    }
    every_reason_not_to_settle()
        .iter()
        .for_each(|why| assert_plain(&why_not_settle(why), &format!("{why:?}")));
}

#[test]
fn what_was_recorded_says_what_it_waits_for() {
    let (reader, names, when) = (account("chen"), names(), sample::when());
    let members = [GroupMembers { group: "Risk".into(), names: vec!["Uwe Haas".into()] }];
    let rejected = [decision("chen", Verdict::Rejected, "No.")];
    for state in State::ALL {
        let now = request(state, &rejected);
        let explained = &nothing(Some(so_far(&now, &approval())));
        let seen =
            Situation { request: &now, explained, members: &members, reader: &reader, names: &names, when };
        let said =
            [Some(approval_recorded(&seen)), Some(rejection_recorded(&seen)), submission_recorded(&seen)];
        for (head, lines) in said.into_iter().flatten() {
            lines.iter().map(String::as_str).chain([head]).for_each(|line| assert_plain(line, head));
            assert!(state.is_undecided() || lines.is_empty(), "{state}: {lines:?}");
        }
    }
    let now = request(State::AdminTask, &rejected);
    let explained = &nothing(Some(so_far(&now, &approval())));
    let seen =
        Situation { request: &now, explained, members: &members, reader: &reader, names: &names, when };
    let (head, lines) = rejection_recorded(&seen);
    assert_eq!(head, "Your rejection is recorded.");
    assert_eq!(lines, ["One more rejection ends it; until then it may still be approved and sent."]);
    let (head, lines) = submission_recorded(&seen).unwrap();
    assert_eq!(head, "Submitted.");
    assert_eq!(lines, ["It waits for two of Finance, Loyalty or Risk. Risk: Uwe Haas."]);
}

#[test]
fn every_step_says_what_it_does() {
    let waiting = request(State::AdminTask, &[]);
    let explained = nothing(Some(so_far(&waiting, &approval())));
    for step in [Step::Approve, Step::Reject, Step::SendBack, Step::Withdraw] {
        let StepWords { heading, what, button, label, .. } = step.words(&waiting, &explained, &names());
        assert!(what.ends_with(':') && !heading.is_empty() && !button.is_empty() && !label.is_empty());
        for word in NOT_FOR_PEOPLE {
            assert!(!format!("{heading} {what} {button} {label}").contains(word), "{what}: {word}");
        }
    }
}
