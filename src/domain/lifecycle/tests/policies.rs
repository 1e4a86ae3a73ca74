//! The rules one by one for policies that ask for more than one checker, or for nobody.
//!
//! Longer than 400 lines because each rule is one case over the same policies.

use std::collections::BTreeSet;

use super::*;
use crate::domain::policy::bulk::AloneBecause;
use crate::domain::policy::people::PersonEntry;
use crate::domain::policy::{Capacity, Mode, Risk, Seat, Stage};

pub(super) fn group(name: &str) -> Capacity {
    Capacity::Group(name.to_owned())
}

pub(super) fn checkers() -> Capacity {
    Capacity::Permission(Permission::Check)
}

pub(super) fn stage(name: &str, mode: Mode, seats: &[(Capacity, u32)]) -> Stage {
    let seat = |(who, count): &(Capacity, u32)| Seat { who: who.clone(), count: *count };
    Stage { name: name.to_owned(), mode, seats: seats.iter().map(seat).collect() }
}

/// First Risk agrees, then Finance.
fn risk_then_finance() -> Charter {
    let one = |name| stage(name, Mode::All, &[(group(name), 1)]);
    let stages = vec![one("Risk"), one("Finance")];
    Charter::of(Approval { stages, rejections: 1, min_distinct_people: 2, fresh_sign_in: None })
}

/// Two stages, each with a seat for any checker.
fn two_checkers() -> Charter {
    let one = |name| stage(name, Mode::All, &[(checkers(), 1)]);
    let stages = vec![one("First"), one("Second")];
    Charter::of(Approval { stages, rejections: 1, min_distinct_people: 2, fresh_sign_in: None })
}

fn two_rejections() -> Charter {
    let mut charter = Charter::one_checker();
    charter.approval.rejections = 2;
    charter
}

/// One whose rule asks for nobody.
fn auto() -> Charter {
    Charter { is_auto: true, ..Charter::one_checker() }
}

pub(super) fn entry(name: &str, accounts: &[&str], is_active: bool) -> PersonEntry {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    PersonEntry {
        name: name.to_owned(),
        accounts: texts(accounts),
        groups: Vec::new(),
        active: is_active,
        owners: Vec::new(),
    }
}

/// A refusal is kept as an event, and nothing else changes.
fn assert_refused(story: &mut Story, command: &TestCommand, code: &str) {
    let before = story.request.clone();
    assert_eq!(story.tell(command).unwrap_err().code().name(), code);
    let kept = story.events.last().unwrap();
    assert!(matches!(&kept.kind, EventKind::Refused { code: kept, .. } if kept.name() == code));
    assert_eq!(story.request, Request { version: before.version + 1, ..before });
}

#[test]
fn what_was_tried_is_recorded_with_its_verdict_its_words_and_the_digest_that_was_named() {
    let tried = |story: &Story| {
        let EventKind::Refused { tried, .. } = &story.events.last().unwrap().kind else {
            panic!("no refusal")
        };
        tried.as_deref().cloned().unwrap()
    };
    let mut story = Story::begin();
    let is_wanted = |verdict, words: &str, digest: Option<&str>| Tried {
        verdict,
        words: words.to_owned(),
        digest: digest.map(str::to_owned),
        outcome: None,
    };
    // A maker decides, a stranger withdraws, and somebody comes too late.
    story.tell(&decide(maker(), Verdict::Approved, "my own", None)).unwrap_err();
    assert_eq!(tried(&story), is_wanted(Some(Verdict::Approved), "my own", None));
    story.tell(&withdraw(anna(), "not mine")).unwrap_err();
    assert_eq!(tried(&story), is_wanted(None, "not mine", None));
    let long = format!("\0{}", "x".repeat(1_000));
    story.tell(&decide(anna(), Verdict::Approved, "", Some(&long))).unwrap_err();
    assert_eq!(
        tried(&story),
        is_wanted(Some(Verdict::Approved), "", Some(&long[1..=Tried::DIGEST_CHARS_MAX]))
    );
    story.now = story.request.expires_at;
    story.tell(&TestCommand::Other(Command::Expire)).unwrap();
    story.tell(&decide(anna(), Verdict::Rejected, "too late", Some("sha256:old"))).unwrap_err();
    assert_eq!(tried(&story), is_wanted(Some(Verdict::Rejected), "too late", Some("sha256:old")));
}

#[test]
fn a_request_with_two_stages_waits_until_the_last_approval_and_every_event_says_where_it_leads() {
    let mut story = Story::under(risk_then_finance());
    assert_eq!(story.request.waits_for, [group("Risk")]);
    story.now += seconds(10);
    let signed = |stage, name: &str| {
        let capacities = vec![Capacity::ClaimedGroup(name.to_owned())];
        Box::new(Signature { message: "fine".to_owned(), stage, capacities, act: Vec::new() })
    };
    let first = Event {
        seq: 4,
        at: story.now,
        by: anna(),
        revision: 1,
        from: Some(State::AdminTask),
        to: State::AdminTask,
        kind: EventKind::Decided {
            verdict: Verdict::Approved,
            signature: signed(0, "Risk"),
            leads_to: State::AdminTask,
            waits_for: vec![group("Finance")],
            execute_before: None,
        },
    };
    assert_eq!(story.tell(&approve(anna())), Ok(vec![first]));
    assert_eq!((story.request.state, story.request.execute_before), (State::AdminTask, None));
    assert_eq!(story.request.waits_for, [group("Finance")]);
    story.now += seconds(10);
    let until = Some(story.now + seconds(LEAVES_WITHIN));
    let second = Event {
        seq: 5,
        at: story.now,
        by: bob(),
        revision: 1,
        from: Some(State::AdminTask),
        to: State::Approved,
        kind: EventKind::Decided {
            verdict: Verdict::Approved,
            signature: signed(1, "Finance"),
            leads_to: State::Approved,
            waits_for: Vec::new(),
            execute_before: until,
        },
    };
    assert_eq!(story.tell(&approve(bob())), Ok(vec![second]));
    assert_eq!((story.request.state, story.request.execute_before), (State::Approved, until));
    let signers: Vec<_> = story.request.decisions.iter().map(|one| (&one.checker, one.stage)).collect();
    assert_eq!(signers, [(&anna(), 0), (&bob(), 1)]);
}

#[test]
fn a_request_that_still_waits_for_finance_is_not_executed_and_expires() {
    let mut story = Story::under(risk_then_finance());
    story.tell(&approve(anna())).unwrap();
    assert_eq!(story.refusal(&attempt()), Refusal::NotExecutable { state: State::AdminTask });
    story.now = start() + seconds(WAITS);
    assert_eq!(story.ask(&lapse()), Ok(Vec::new()));
    assert_eq!(story.refusal(&approve(bob())), Refusal::Expired { expires_at: story.request.expires_at });
    story.tell(&expire()).unwrap();
    assert_eq!((story.request.state, story.request.execute_before), (State::Expired, None));
    assert_eq!((story.request.decisions.len(), &story.request.waits_for), (1, &Vec::new()));
}

#[test]
fn the_maker_withdraws_what_risk_approved_until_finance_has_approved() {
    let mut story = Story::under(risk_then_finance());
    story.tell(&approve(anna())).unwrap();
    story.tell(&withdraw(maker(), "a mistake")).unwrap();
    assert_eq!(story.request.state, State::Withdrawn);
    assert_eq!(story.refusal(&approve(bob())), Refusal::Closed { state: State::Withdrawn });
}

#[test]
fn somebody_who_approved_cannot_approve_again_under_any_account_and_nothing_changes() {
    let anna_and_dora = vec![entry("Anna", &["sub-anna", "sub-dora"], true)];
    let linked = Charter { people: People::new(anna_and_dora).unwrap(), ..two_checkers() };
    for charter in [two_checkers(), linked] {
        let has_file = !charter.people.is_empty();
        let mut story = Story::under(charter);
        story.tell(&approve(anna())).unwrap();
        let mut accounts = everybody();
        accounts.retain(|account| account.is_same_person(&anna()) || has_file && *account == dora());
        assert_eq!(accounts.len(), if has_file { 4 } else { 3 });
        for account in accounts {
            for verdict in [Verdict::Approved, Verdict::Rejected] {
                let again = decide(account.clone(), verdict, "once more", None);
                assert_refused(&mut story, &again, "already_decided_by_you");
            }
        }
        assert_eq!((story.request.state, story.request.decisions.len()), (State::AdminTask, 1));
        story.tell(&approve(carl())).unwrap();
        assert_eq!(story.request.state, State::Approved);
    }
}

#[test]
fn repeating_the_same_decision_does_nothing_while_it_waits_and_after() {
    let mut story = Story::under(two_checkers());
    story.tell(&approve(anna())).unwrap();
    for state in [State::AdminTask, State::Approved] {
        assert_eq!(story.request.state, state);
        for digest in [None, Some("sha256:wrong")] {
            for account in everybody().into_iter().filter(|account| account.is_same_person(&anna())) {
                let before = story.request.clone();
                let repeat = decide(account, Verdict::Approved, "fine", digest);
                assert_eq!(story.tell(&repeat), Ok(Vec::new()));
                assert_eq!(story.request, before);
            }
        }
        // Not the last decision any more, and still a repeat.
        story.tell(&approve(bob())).unwrap();
    }
    assert_eq!(story.events.len(), 5);
}

#[test]
fn the_first_of_two_rejections_keeps_a_request_waiting_and_the_second_ends_it() {
    let mut story = Story::under(two_rejections());
    let first = story.tell(&reject(anna())).unwrap();
    assert!(matches!(
        &first[0].kind,
        EventKind::Decided { verdict: Verdict::Rejected, leads_to: State::AdminTask, waits_for, .. }
            if *waits_for == [checkers()]
    ));
    assert_eq!((first[0].from, first[0].to), (Some(State::AdminTask), State::AdminTask));
    assert_eq!((story.request.state, story.request.ended_at), (State::AdminTask, None));
    assert_eq!(story.request.waits_for, [checkers()]);
    assert_eq!(story.ask(&reject(anna())), Ok(Vec::new()));
    assert_refused(&mut story, &decide(anna(), Verdict::Rejected, "no!", None), "already_decided_by_you");
    let mut approved = story.clone();
    story.tell(&reject(bob())).unwrap();
    assert_eq!((story.request.state, story.request.ended_at), (State::Rejected, Some(story.now)));
    assert_eq!((story.request.decisions.len(), &story.request.waits_for), (2, &Vec::new()));
    approved.tell(&approve(bob())).unwrap();
    assert_eq!((approved.request.state, approved.request.decisions.len()), (State::Approved, 2));
}

#[test]
fn one_rejection_in_the_second_stage_ends_a_request_that_risk_approved() {
    let mut story = Story::under(risk_then_finance());
    story.tell(&approve(anna())).unwrap();
    story.tell(&reject(bob())).unwrap();
    assert_eq!((story.request.state, story.request.execute_before), (State::Rejected, None));
    let decision = Box::new(story.request.last_decision().cloned().unwrap());
    let refusal = story.refusal(&approve(carl()));
    assert_eq!(refusal, Refusal::AlreadyDecided { decision, state: State::Rejected });
}

#[test]
fn what_the_policy_forbids_is_refused_with_its_sentence_and_changes_nothing() {
    let two_of_risk = stage("Both", Mode::All, &[(group("Risk"), 1), (group("Finance"), 1)]);
    let approval =
        Approval { stages: vec![two_of_risk], rejections: 1, min_distinct_people: 2, fresh_sign_in: None };
    let file = People::new(vec![entry("Carl", &["sub-carl"], false)]).unwrap();
    let mut story = Story::under(Charter { people: file, ..Charter::of(approval) });
    story.tell(&approve(anna())).unwrap();
    let risk_too = || Signer { groups: vec!["Risk".to_owned()], ..signer(dora()) };
    for (who, code) in [
        (Signer { org: OrgId::new("200"), ..signer(bob()) }, "not_found"),
        (Signer { permissions: vec![Permission::Make], ..signer(bob()) }, "permission_missing"),
        (signer(carl()), "person_inactive"),
        (signer(dora()), "not_in_stage"),
        (risk_too(), "not_needed"),
    ] {
        let decision = NewDecision::new(Verdict::Approved, "fine", Some("sha256:wrong".to_owned())).unwrap();
        assert_refused(&mut story, &TestCommand::Decide { signer: who, decision }, code);
    }
    let decision = NewDecision::new(Verdict::Rejected, "no", None).unwrap();
    story.tell(&TestCommand::Decide { signer: risk_too(), decision }).unwrap();
    assert_eq!(story.request.state, State::Rejected);
}

#[test]
fn a_request_that_has_changed_since_it_was_read_is_not_decided() {
    let mut story = Story::under(two_checkers());
    let seen = story.request.version;
    let on = |checker: Person, version| {
        let decision = NewDecision::new(Verdict::Approved, "fine", None).unwrap().on_version(Some(version));
        TestCommand::Decide { signer: signer(checker), decision }
    };
    for wrong in [0, -1, seen - 1, seen + 1] {
        let refusal = story.refusal(&on(anna(), wrong));
        assert_eq!(refusal, Refusal::Moved { seen: wrong, version: seen });
    }
    story.tell(&on(anna(), seen)).unwrap();
    let refusal = story.refusal(&on(bob(), seen));
    assert_eq!(refusal, Refusal::Moved { seen, version: seen + 1 });
    assert_eq!(
        refusal.sentence(),
        "You read version 3 of this request, and by now it is version 4. Your call changed nothing. Read the \
         request again before you decide."
    );
    assert_eq!(story.ask(&on(anna(), seen)), Ok(Vec::new()), "one's own decision again is a repeat");
    story.tell(&on(bob(), seen + 1)).unwrap();
    assert_eq!(story.refusal(&on(carl(), seen)).code().name(), "already_decided");
}

#[test]
fn only_an_approval_needs_a_fresh_sign_in() {
    let approval = Approval { fresh_sign_in: Some(seconds(600)), ..two_checkers().approval };
    let story = Story::under(Charter::of(approval));
    let says = |verdict, signed_in: Option<i64>| {
        let signed_in_at = signed_in.map(|before| story.now - seconds(before));
        let signer = Signer { signed_in_at, ..signer(anna()) };
        let decision = NewDecision::new(verdict, "words", Some(digest().to_string())).unwrap();
        story.ask(&TestCommand::Decide { signer, decision })
    };
    let refusal = Refusal::FreshSignInRequired { within: seconds(600) };
    for (signed_in, is_fresh) in [
        (None, false),
        (Some(601), false),
        (Some(600), true),
        (Some(0), true),
        (Some(-60), true),
        (Some(-61), false),
        (Some(i64::from(u32::MAX)), false),
    ] {
        let said = says(Verdict::Approved, signed_in);
        assert_eq!(said.is_ok(), is_fresh, "{signed_in:?}: {said:?}");
        assert!(said.is_ok() || said == Err(refusal.clone()));
        assert!(says(Verdict::Rejected, signed_in).is_ok(), "{signed_in:?}");
    }
    assert_eq!(
        refusal.sentence(),
        "To approve this request you must have signed in at most 10 minutes ago. Your call changed nothing. \
         Sign in again, and then approve it."
    );
}

#[test]
fn a_fresh_sign_in_is_asked_for_last_and_does_not_help_who_may_not_decide() {
    let approval = Approval { fresh_sign_in: Some(seconds(600)), ..two_checkers().approval };
    let mut story = Story::under(Charter::of(approval));
    let fresh = |person: Person| Signer { signed_in_at: Some(start()), ..signer(person) };
    let approval = |digest: Option<String>| NewDecision::new(Verdict::Approved, "fine", digest).unwrap();
    let wrong = approval(Some("sha256:wrong".to_owned()));
    for (wish, code) in [
        (TestCommand::Decide { signer: signer(maker()), decision: approval(None) }, "maker_is_checker"),
        (TestCommand::Decide { signer: fresh(maker()), decision: approval(None) }, "maker_is_checker"),
        (TestCommand::Decide { signer: signer(anna()), decision: wrong }, "digest_mismatch"),
        (
            TestCommand::Decide { signer: signer(anna()), decision: approval(None).on_version(Some(1)) },
            "request_moved",
        ),
        (TestCommand::Decide { signer: signer(anna()), decision: approval(None) }, "fresh_sign_in_required"),
    ] {
        assert_refused(&mut story, &wish, code);
    }
    story.tell(&TestCommand::Decide { signer: fresh(anna()), decision: approval(None) }).unwrap();
    let repeat = TestCommand::Decide { signer: signer(anna()), decision: approval(None) };
    assert_eq!(story.ask(&repeat), Ok(Vec::new()), "a repeat records nothing, so it asks for nothing");
}

/// A checker's decision about many, under these rules of the type.
fn in_bulk(signer: Signer, verdict: Verdict, rules: Option<BulkRules>, is_flagged: bool) -> TestCommand {
    let decision = NewDecision::new(verdict, "all of these", None).unwrap();
    TestCommand::DecideInBulk { signer, decision, rules, is_flagged }
}

#[test]
fn what_is_decided_with_others_is_what_its_type_lets_in() {
    let just_now = || Signer { signed_in_at: Some(start()), ..signer(anna()) };
    let fresh = Approval { fresh_sign_in: Some(seconds(600)), ..two_checkers().approval };
    let plain = || Story::under(two_checkers());
    let risky = |risk| {
        let mut story = plain();
        story.request.terms.risk = Some(risk);
        story
    };
    let rules = |high_risk, flagged| Some(BulkRules { high_risk, flagged });
    let (nothing_odd, flagged) = (false, true);
    for (what, story, rules, is_flagged, why) in [
        ("a type that says nothing", plain(), None, nothing_odd, Some(AloneBecause::Type)),
        ("plain", plain(), rules(false, false), nothing_odd, None),
        ("low risk", risky(Risk::Low), rules(false, false), nothing_odd, None),
        ("medium risk", risky(Risk::Medium), rules(false, false), nothing_odd, None),
        ("high risk", risky(Risk::High), rules(false, true), nothing_odd, Some(AloneBecause::HighRisk)),
        ("high risk that is let in", risky(Risk::High), rules(true, false), nothing_odd, None),
        ("flagged", plain(), rules(true, false), flagged, Some(AloneBecause::Flagged)),
        ("flagged and let in", plain(), rules(false, true), flagged, None),
        (
            "high risk and flagged",
            risky(Risk::High),
            rules(true, false),
            flagged,
            Some(AloneBecause::Flagged),
        ),
        ("both let in", risky(Risk::High), rules(true, true), flagged, None),
        (
            "a fresh sign-in, whatever is let in",
            Story::under(Charter::of(fresh)),
            rules(true, true),
            nothing_odd,
            Some(AloneBecause::FreshSignIn),
        ),
    ] {
        for verdict in [Verdict::Approved, Verdict::Rejected] {
            let said = story.ask(&in_bulk(just_now(), verdict, rules, is_flagged));
            assert_eq!(said.err(), why.map(Refusal::BulkNotAllowed), "{what}, {verdict:?}");
        }
        let own = in_bulk(signer(maker()), Verdict::Approved, rules, is_flagged);
        assert_eq!(story.ask(&own), Err(Refusal::MakerIsChecker), "{what}");
    }
}

#[test]
fn each_reason_to_decide_alone_has_its_own_words() {
    let sentences: BTreeSet<String> =
        AloneBecause::ALL.map(|why| Refusal::BulkNotAllowed(why).sentence()).into_iter().collect();
    assert_eq!(sentences.len(), AloneBecause::ALL.len());
}

#[test]
fn no_one_decides_the_request_of_a_maker_through_whose_token_they_acted() {
    let mut story = Story::under(two_checkers());
    story.request.terms.maker_act = vec![anna()];
    assert_eq!(story.refusal(&approve(anna())), Refusal::MakerIsChecker);
    let through = Signer { act: vec![anna()], ..signer(bob()) };
    let decision = NewDecision::new(Verdict::Approved, "fine", None).unwrap();
    assert_eq!(story.refusal(&TestCommand::Decide { signer: through, decision }), Refusal::MakerIsChecker);
    let through = Signer { act: vec![dora()], ..signer(bob()) };
    let decision = NewDecision::new(Verdict::Approved, "fine", None).unwrap();
    story.tell(&TestCommand::Decide { signer: through, decision }).unwrap();
    assert_eq!(story.request.last_decision().unwrap().act, [dora()]);
}

#[test]
fn an_approved_call_that_was_not_begun_in_time_lapses_at_its_deadline_and_not_before() {
    for mut story in [Story::after(&[approve(anna())]), Story::under(auto())] {
        let until = start() + seconds(LEAVES_WITHIN);
        assert_eq!(story.request.execute_before, Some(until));
        story.now = until - TimeDelta::microseconds(1);
        assert_eq!(story.ask(&lapse()), Ok(Vec::new()));
        assert_eq!(story.ask(&attempt()).unwrap().len(), 1);
        story.now = until;
        let events = story.tell(&lapse()).unwrap();
        let moved = (events[0].from, events[0].to, &events[0].kind);
        assert_eq!(moved, (Some(State::Approved), State::Expired, &EventKind::Expired));
        assert_eq!((events.len(), &events[0].by), (1, &Person::system()));
        assert_eq!((story.request.state, story.request.ended_at), (State::Expired, Some(until)));
        assert_eq!(story.request.execute_before, Some(until));
        assert_eq!(story.ask(&lapse()), Ok(Vec::new()));
        assert_eq!(story.refusal(&attempt()), Refusal::NotExecutable { state: State::Expired });
    }
}

#[test]
fn a_call_that_was_begun_never_lapses_and_its_end_is_recorded_however_late() {
    let mut story = Story::after(&[approve(anna()), attempt()]);
    for late in [0, LEAVES_WITHIN, 10 * WAITS] {
        story.now = start() + seconds(late);
        assert_eq!(story.ask(&lapse()), Ok(Vec::new()));
    }
    story.tell(&record(AttemptOutcome::Executed)).unwrap();
    assert_eq!(story.request.state, State::Executed);
    for mut story in stories() {
        if story.request.state != State::Approved {
            story.now += seconds(10 * WAITS);
            assert_eq!(story.ask(&lapse()), Ok(Vec::new()), "{}", story.request.state);
        }
    }
}

#[test]
fn the_executor_begins_no_call_whose_time_has_passed() {
    let mut story = Story::after(&[approve(anna())]);
    for late in [0, 1, 10 * WAITS] {
        story.now = start() + seconds(LEAVES_WITHIN + late);
        assert_eq!(story.refusal(&attempt()), Refusal::NotExecutable { state: State::Approved });
    }
}

#[test]
fn after_a_lapse_refusals_name_the_deadline_that_passed() {
    for mut story in [Story::after(&[approve(anna())]), Story::under(auto())] {
        let until = start() + seconds(LEAVES_WITHIN);
        story.now = until;
        story.tell(&lapse()).unwrap();
        for late in [approve(bob()), reject(anna()), withdraw(maker(), "too late")] {
            assert_eq!(story.refusal(&late), Refusal::Expired { expires_at: until });
        }
    }
}

#[test]
fn a_request_whose_rule_asks_for_no_one_starts_approved_with_four_events_and_no_decision() {
    let mut story = Story::under(auto());
    let until = start() + seconds(LEAVES_WITHIN);
    let moves: Vec<_> = story.events.iter().map(|event| (event.seq, event.from, event.to)).collect();
    assert_eq!(
        moves,
        [
            (1, None, State::ValidateMakerAccess),
            (2, Some(State::ValidateMakerAccess), State::ValidatePayload),
            (3, Some(State::ValidatePayload), State::ValidatePayload),
            (4, Some(State::ValidatePayload), State::Approved),
        ]
    );
    let by: Vec<_> = story.events.iter().map(|event| event.by.clone()).collect();
    assert_eq!(by, [maker(), maker(), maker(), Person::system()]);
    let kind = EventKind::AutoApproved { rule: "default".to_owned(), execute_before: until };
    assert_eq!(story.events[3].kind, kind);
    let request = &story.request;
    assert_eq!((request.state, request.version, request.sending.attempts), (State::Approved, 4, 0));
    assert_eq!((&request.decisions, &request.waits_for), (&Vec::new(), &Vec::new()));
    assert_eq!((request.execute_before, request.ended_at), (Some(until), None));
    let stands = Refusal::Closed { state: State::Approved };
    assert_eq!(story.refusal(&approve(anna())), stands);
    assert!(story.ask(&withdraw(maker(), "")).is_ok(), "nothing of it has left");
    story.tell(&attempt()).unwrap();
    story.tell(&record(AttemptOutcome::Executed)).unwrap();
    assert_eq!((story.request.state, story.request.decisions.len()), (State::Executed, 0));
}

#[test]
fn an_expired_request_keeps_until_when_its_call_had_to_leave_only_if_it_was_approved() {
    let mut undecided = Story::under(two_checkers());
    undecided.tell(&approve(anna())).unwrap();
    undecided.now = start() + seconds(WAITS);
    undecided.tell(&expire()).unwrap();
    let mut lapsed = Story::after(&[approve(anna())]);
    lapsed.now = start() + seconds(LEAVES_WITHIN);
    lapsed.tell(&lapse()).unwrap();
    let kept = [undecided, lapsed].map(|story| (story.request.state, story.request.execute_before));
    let until = start() + seconds(LEAVES_WITHIN);
    assert_eq!(kept, [(State::Expired, None), (State::Expired, Some(until))]);
}

#[test]
fn no_capacity_is_waited_for_unless_a_request_waits_for_checkers() {
    for story in stories() {
        let waits_for = if story.request.state == State::AdminTask { vec![checkers()] } else { Vec::new() };
        assert_eq!(story.request.waits_for, waits_for, "{}", story.request.state);
    }
}
