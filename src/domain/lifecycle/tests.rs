//! The rules one by one, and what holds whatever people, clocks and the executor do.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

const ISSUER: &str = "https://idp.example";

/// How long the requests of these tests wait, in seconds.
const WAITS: i64 = 100;

fn person(iss: &str, sub: &str, user_id: &str) -> Person {
    Person {
        iss: iss.to_owned(),
        sub: sub.to_owned(),
        user_id: user_id.to_owned(),
        user_name: format!("{sub}@example.com"),
    }
}

fn maker() -> Person {
    person(ISSUER, "sub-maker", "400001")
}

fn anna() -> Person {
    person(ISSUER, "sub-anna", "400002")
}

fn bob() -> Person {
    person(ISSUER, "sub-bob", "400003")
}

/// Everybody who takes part: the maker under three accounts, two checkers, one of them under three
/// accounts, and a stranger whose ids are the maker's but who comes from elsewhere.
fn everybody() -> Vec<Person> {
    vec![
        maker(),
        person(ISSUER, "sub-maker", "400009"),
        person(ISSUER, "sub-other", "400001"),
        anna(),
        person(ISSUER, "sub-anna", "400008"),
        person(ISSUER, "sub-else", "400002"),
        bob(),
        person("https://elsewhere.example", "sub-maker", "400001"),
    ]
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn seconds(number: i64) -> TimeDelta {
    TimeDelta::seconds(number)
}

fn digest() -> Digest {
    Digest::of(b"the call")
}

fn birth() -> Birth {
    Birth {
        org: OrgId::new("100"),
        id: RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap(),
        request_type: RequestTypeName::new("ISSUE-BADGE"),
        type_version: "1".to_owned(),
        maker: maker(),
        entity: EntityInfo::default(),
        digest: digest(),
        host: "api.example.com".to_owned(),
        expires_at: start() + seconds(WAITS),
    }
}

/// A request with its history and its clock.
#[derive(Clone, Debug)]
struct Story {
    request: Request,
    events: Vec<Event>,
    now: DateTime<Utc>,
}

impl Story {
    fn begin() -> Self {
        let events = submit(birth(), start());
        Self { request: Request::fold(&events).unwrap(), events, now: start() }
    }

    /// One that went through these commands, none of which was refused.
    fn after(commands: &[Command]) -> Self {
        let mut story = Self::begin();
        for command in commands {
            story.tell(command).unwrap();
        }
        story
    }

    /// Does a command; a refusal is kept as an event, as the engine keeps it.
    fn tell(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let said = transition(&self.request, command, self.now);
        let events = match (&said, asker(command)) {
            (Ok(happened), _) => happened.clone(),
            (Err(refusal), Some(by)) => vec![refused(&self.request, by, refusal, self.now)],
            (Err(_), None) => Vec::new(),
        };
        for event in &events {
            self.request = self.request.clone().apply(event);
        }
        self.events.extend(events);
        said
    }

    /// What a command would do.
    fn ask(&self, command: &Command) -> Result<Vec<Event>, Refusal> {
        transition(&self.request, command, self.now)
    }

    fn refusal(&self, command: &Command) -> Refusal {
        self.ask(command).unwrap_err()
    }
}

fn asker(command: &Command) -> Option<&Person> {
    match command {
        Command::Decide { checker, .. } => Some(checker),
        Command::Withdraw { by, .. } => Some(by),
        Command::Expire | Command::StartAttempt | Command::RecordOutcome { .. } => None,
    }
}

fn decide(checker: Person, verdict: Verdict, message: &str, digest: Option<&str>) -> Command {
    let ballot = Ballot { verdict, message: message.to_owned(), digest: digest.map(str::to_owned) };
    Command::Decide { checker, ballot }
}

fn approve(checker: Person) -> Command {
    decide(checker, Verdict::Approved, "fine", None)
}

fn reject(checker: Person) -> Command {
    decide(checker, Verdict::Rejected, "no", None)
}

fn withdraw(by: Person, reason: &str) -> Command {
    Command::Withdraw { by, reason: reason.to_owned() }
}

fn record(outcome: Outcome) -> Command {
    Command::RecordOutcome { outcome, reason: "It ended.".to_owned() }
}

/// One story for every state that a request can rest in.
fn stories() -> Vec<Story> {
    let approved = || vec![approve(anna())];
    let attempted = |outcome| vec![approve(anna()), Command::StartAttempt, record(outcome)];
    let mut expired = Story::begin();
    expired.now = start() + seconds(WAITS);
    expired.tell(&Command::Expire).unwrap();
    let all = vec![
        Story::begin(),
        Story::after(&approved()),
        Story::after(&attempted(Outcome::Executed)),
        Story::after(&attempted(Outcome::Failed)),
        Story::after(&attempted(Outcome::Unknown)),
        Story::after(&[reject(anna())]),
        Story::after(&[withdraw(maker(), "a mistake")]),
        expired,
    ];
    let states: Vec<State> = all.iter().map(|story| story.request.state).collect();
    assert_eq!(states, State::ALL[2..]);
    all
}

#[test]
fn a_submission_passes_both_checks_and_rests_waiting_for_a_checker() {
    let story = Story::begin();
    let moves: Vec<_> = story.events.iter().map(|event| (event.seq, event.from, event.to)).collect();
    assert_eq!(
        moves,
        [
            (1, None, State::ValidateMakerAccess),
            (2, Some(State::ValidateMakerAccess), State::ValidatePayload),
            (3, Some(State::ValidatePayload), State::AdminTask),
        ]
    );
    assert!(story.events.iter().all(|event| event.by == maker() && event.at == start()));
    assert_eq!((story.request.version, story.request.attempts), (3, 0));
    assert_eq!((story.request.ended_at, &story.request.decision), (None, &None));
}

#[test]
fn nobody_decides_his_own_request_whatever_stands_and_whatever_he_sends() {
    for story in stories() {
        for own in &everybody()[..3] {
            for verdict in [Verdict::Approved, Verdict::Rejected] {
                for digest in [None, Some("sha256:wrong")] {
                    let command = decide(own.clone(), verdict, "fine", digest);
                    assert_eq!(story.refusal(&command), Refusal::MakerIsChecker, "{}", story.request.state);
                }
            }
        }
    }
}

#[test]
fn equal_ids_under_another_issuer_are_another_person() {
    let mut story = Story::begin();
    let stranger = everybody().pop().unwrap();
    assert_eq!(story.refusal(&withdraw(stranger.clone(), "")), Refusal::NotTheMaker);
    story.tell(&approve(stranger.clone())).unwrap();
    assert_eq!(story.request.decision.unwrap().checker, stranger);
}

#[test]
fn a_decision_is_kept_with_who_what_and_when() {
    for (verdict, state, ended_at) in
        [(Verdict::Approved, State::Approved, None), (Verdict::Rejected, State::Rejected, Some(start()))]
    {
        let right = digest().to_string();
        let story = Story::after(&[decide(anna(), verdict, "my words", Some(&right))]);
        assert_eq!((story.request.state, story.request.ended_at), (state, ended_at));
        let decision = Decision { checker: anna(), verdict, message: "my words".to_owned(), at: start() };
        assert_eq!(story.request.decision, Some(decision));
    }
}

#[test]
fn ones_own_repeat_changes_nothing_however_late_and_whatever_digest_comes_with_it() {
    for mut story in stories() {
        let Some(standing) = story.request.decision.clone() else { continue };
        story.now += seconds(10 * WAITS);
        for repeater in everybody().iter().filter(|person| person.is_same_person(&anna())) {
            for digest in [None, Some("sha256:wrong")] {
                let repeat = decide(repeater.clone(), standing.verdict, &standing.message, digest);
                assert_eq!(story.ask(&repeat), Ok(Vec::new()), "{}", story.request.state);
            }
        }
    }
}

#[test]
fn the_same_person_with_other_words_or_another_verdict_is_no_repeat() {
    let story = Story::after(&[approve(anna())]);
    for other in [
        decide(anna(), Verdict::Approved, "fine.", None),
        decide(anna(), Verdict::Rejected, "fine", None),
        decide(bob(), Verdict::Approved, "fine", None),
    ] {
        assert!(matches!(story.refusal(&other), Refusal::AlreadyDecided { .. }));
    }
}

#[test]
fn what_stands_is_told_before_the_digest_is_looked_at() {
    for story in stories() {
        let late = decide(bob(), Verdict::Approved, "", Some("sha256:wrong"));
        let code = match story.request.state {
            State::AdminTask => "digest_mismatch",
            State::Withdrawn => "request_closed",
            State::Expired => "request_expired",
            State::Approved | State::Executed | State::Failed | State::Unknown | State::Rejected => {
                "already_decided"
            }
            State::ValidateMakerAccess | State::ValidatePayload => unreachable!("no story rests here"),
        };
        assert_eq!(story.refusal(&late).code(), code);
    }
}

#[test]
fn a_refused_decision_names_the_decision_and_the_state_that_stand() {
    let story = Story::after(&[approve(anna()), Command::StartAttempt, record(Outcome::Unknown)]);
    let decision = Box::new(story.request.decision.clone().unwrap());
    let refusal = story.refusal(&reject(bob()));
    assert_eq!(refusal, Refusal::AlreadyDecided { decision, state: State::Unknown });
    assert_eq!(
        refusal.sentence(),
        "sub-anna@example.com approved this request at 2027-01-15T08:00:00Z; its state is unknown. \
         Your call changed nothing."
    );
}

#[test]
fn only_the_very_digest_that_is_stored_is_accepted() {
    let right = digest().to_string();
    let story = Story::begin();
    for wrong in ["", "sha256:", &right.to_uppercase(), &format!(" {right}"), &right[7..]] {
        let refusal = story.refusal(&decide(anna(), Verdict::Rejected, "no", Some(wrong)));
        assert_eq!(refusal, Refusal::DigestMismatch, "{wrong}");
    }
    assert!(story.ask(&decide(anna(), Verdict::Approved, "", Some(&right))).is_ok());
}

#[test]
fn a_request_is_decided_up_to_its_deadline_and_not_at_it() {
    let mut story = Story::begin();
    let tick = TimeDelta::microseconds(1);
    let wrong_digest = decide(anna(), Verdict::Approved, "", Some("sha256:wrong"));
    story.now = story.request.expires_at - tick;
    for command in [approve(anna()), reject(anna()), withdraw(maker(), "")] {
        assert_eq!(story.ask(&command).unwrap().len(), 1);
    }
    assert_eq!(story.ask(&Command::Expire), Ok(Vec::new()));
    for late in [TimeDelta::zero(), tick, seconds(10 * WAITS)] {
        story.now = story.request.expires_at + late;
        for command in [approve(anna()), reject(anna()), withdraw(maker(), ""), wrong_digest.clone()] {
            assert_eq!(story.refusal(&command), Refusal::Expired { expires_at: story.request.expires_at });
        }
        assert_eq!(story.refusal(&approve(maker())), Refusal::MakerIsChecker);
    }
    let events = story.tell(&Command::Expire).unwrap();
    assert_eq!((events.len(), &events[0].by, events[0].to), (1, &Person::system(), State::Expired));
    assert_eq!(story.request.ended_at, Some(story.now));
}

#[test]
fn a_deadline_means_nothing_once_somebody_decided() {
    for mut story in stories().into_iter().skip(1) {
        story.now = start() + seconds(10 * WAITS);
        assert_eq!(story.ask(&Command::Expire), Ok(Vec::new()), "{}", story.request.state);
    }
}

#[test]
fn only_the_maker_withdraws_whichever_of_his_accounts_he_uses() {
    for by in everybody() {
        let said = Story::begin().ask(&withdraw(by.clone(), "a mistake"));
        if by.is_same_person(&maker()) {
            let events = said.unwrap();
            assert_eq!((events.len(), &events[0].by, events[0].to), (1, &by, State::Withdrawn));
            assert_eq!(events[0].kind, EventKind::Withdrawn { reason: "a mistake".to_owned() });
        } else {
            assert_eq!(said, Err(Refusal::NotTheMaker));
        }
    }
}

#[test]
fn a_withdrawal_again_changes_nothing_and_one_after_a_decision_is_refused() {
    for story in stories() {
        let code = story.ask(&withdraw(maker(), "another reason")).map_err(|refusal| refusal.code());
        match story.request.state {
            State::AdminTask => assert_eq!(code.unwrap().len(), 1),
            State::Withdrawn => assert_eq!(code, Ok(Vec::new())),
            State::Expired => assert_eq!(code, Err("request_expired")),
            State::Approved | State::Executed | State::Failed | State::Unknown | State::Rejected => {
                assert_eq!(code, Err("already_decided"));
            }
            State::ValidateMakerAccess | State::ValidatePayload => unreachable!("no story rests here"),
        }
        assert_eq!(story.refusal(&withdraw(anna(), "")), Refusal::NotTheMaker);
    }
}

#[test]
fn only_an_approved_request_is_attempted_and_only_once() {
    for story in stories() {
        let state = story.request.state;
        if state == State::Approved {
            let kind = EventKind::AttemptStarted { attempt: 1 };
            assert_eq!(story.ask(&Command::StartAttempt).unwrap()[0].kind, kind);
        } else {
            assert_eq!(story.refusal(&Command::StartAttempt), Refusal::NotExecutable { state });
        }
    }
    let begun = Story::after(&[approve(anna()), Command::StartAttempt]);
    let again = begun.refusal(&Command::StartAttempt);
    assert_eq!(again, Refusal::NotExecutable { state: State::Approved });
}

#[test]
fn without_an_attempt_an_execution_can_only_have_failed() {
    let story = Story::after(&[approve(anna())]);
    let nothing = Refusal::NotExecutable { state: State::Approved };
    assert_eq!(story.refusal(&record(Outcome::Executed)), nothing);
    assert_eq!(story.refusal(&record(Outcome::Unknown)), nothing);
    let failed = &story.ask(&record(Outcome::Failed)).unwrap()[0];
    assert!(matches!(failed.kind, EventKind::Ended { attempt: None, outcome: Outcome::Failed, .. }));
}

#[test]
fn an_end_is_recorded_once_and_an_unknown_outcome_has_no_end_time() {
    for outcome in [Outcome::Executed, Outcome::Failed, Outcome::Unknown] {
        let story = Story::after(&[approve(anna()), Command::StartAttempt, record(outcome)]);
        assert_eq!(story.request.state, outcome.state());
        assert_eq!(story.request.ended_at.is_none(), outcome == Outcome::Unknown);
        for again in [Outcome::Executed, Outcome::Failed, Outcome::Unknown] {
            let state = outcome.state();
            assert_eq!(story.refusal(&record(again)), Refusal::NotExecutable { state });
        }
    }
    for story in stories().into_iter().filter(|story| story.request.state != State::Approved) {
        let state = story.request.state;
        assert_eq!(story.refusal(&record(Outcome::Failed)), Refusal::NotExecutable { state });
    }
}

#[test]
fn a_history_that_does_not_begin_with_a_submission_folds_to_nothing() {
    let events = Story::begin().events;
    assert_eq!(Request::fold(&[]), None);
    assert_eq!(Request::fold(&events[1..]), None);
}

fn commands() -> impl Strategy<Value = Command> {
    let people = || proptest::sample::select(everybody());
    let verdicts = proptest::sample::select(vec![Verdict::Approved, Verdict::Rejected]);
    let words = || proptest::sample::select(vec!["fine", "no"]);
    let digests =
        proptest::sample::select(vec![None, Some(digest().to_string()), Some("sha256:wrong".to_owned())]);
    let outcomes = proptest::sample::select(vec![Outcome::Executed, Outcome::Failed, Outcome::Unknown]);
    prop_oneof![
        5 => (people(), verdicts, words(), digests).prop_map(|(checker, verdict, message, digest)| {
            decide(checker, verdict, message, digest.as_deref())
        }),
        1 => (people(), words()).prop_map(|(by, reason)| withdraw(by, reason)),
        1 => Just(Command::Expire),
        3 => Just(Command::StartAttempt),
        3 => outcomes.prop_map(record),
    ]
}

/// Commands, each with the seconds that pass before it; some stories stay before the deadline.
fn steps() -> impl Strategy<Value = Vec<(i64, Command)>> {
    let steps = |pause: i64| proptest::collection::vec((0..=pause, commands()), 0..24);
    prop_oneof![steps(2), steps(WAITS / 4), steps(WAITS)]
}

/// Where a state may lead; no other move exists.
fn leads_to(from: State, to: State) -> bool {
    let next: &[State] = match from {
        State::ValidateMakerAccess => &[State::ValidatePayload],
        State::ValidatePayload => &[State::AdminTask],
        State::AdminTask => &[State::Approved, State::Rejected, State::Withdrawn, State::Expired],
        State::Approved => &[State::Executed, State::Failed, State::Unknown],
        State::Executed
        | State::Failed
        | State::Unknown
        | State::Rejected
        | State::Withdrawn
        | State::Expired => &[],
    };
    from == to || next.contains(&to)
}

/// Runs the steps, and shows `check` every story before and after each of them.
fn walk(
    steps: &[(i64, Command)],
    mut check: impl FnMut(&Story, &Command, &Result<Vec<Event>, Refusal>, &Story),
) -> Story {
    let mut story = Story::begin();
    for (pause, command) in steps {
        story.now += seconds(*pause);
        let before = story.clone();
        let said = story.tell(command);
        check(&before, command, &said, &story);
    }
    story
}

#[test]
fn the_arbitrary_stories_reach_every_state_in_which_a_request_rests() {
    let mut runner = TestRunner::deterministic();
    let mut ends = || walk(&steps().new_tree(&mut runner).unwrap().current(), |_, _, _, _| {});
    let reached: Vec<State> = (0..500).map(|_| ends().request.state).collect();
    for state in &State::ALL[2..] {
        assert!(reached.contains(state), "{state}");
    }
}

proptest! {
    #[test]
    fn a_maker_never_decides_his_own_request(steps in steps()) {
        let end = walk(&steps, |before, command, said, _| {
            let Command::Decide { checker, .. } = command else { return };
            let is_own = checker.is_same_person(&before.request.maker);
            assert_eq!(is_own, *said == Err(Refusal::MakerIsChecker));
        });
        if let Some(decision) = end.request.decision {
            assert!(!decision.checker.is_same_person(&maker()));
        }
    }

    #[test]
    fn there_is_at_most_one_decision_one_attempt_and_one_end(steps in steps()) {
        let end = walk(&steps, |_, _, said, _| assert!(said.as_ref().map_or(0, Vec::len) <= 1));
        let count = |is: fn(&EventKind) -> bool| end.events.iter().filter(|event| is(&event.kind)).count();
        let approvals = count(|kind| matches!(kind, EventKind::Approved { .. }));
        let rejections = count(|kind| matches!(kind, EventKind::Rejected { .. }));
        let attempts = count(|kind| matches!(kind, EventKind::AttemptStarted { .. }));
        let ends = count(|kind| matches!(kind, EventKind::Ended { .. }));
        assert!(approvals + rejections <= 1);
        assert!(attempts <= approvals && ends <= approvals);
        assert_eq!(end.request.attempts, i64::try_from(attempts).unwrap());
        assert_eq!(end.request.decision.is_some(), approvals + rejections == 1);
    }

    #[test]
    fn a_state_leads_only_where_the_machine_says_and_a_final_one_nowhere(steps in steps()) {
        walk(&steps, |before, _, _, after| {
            let (from, to) = (&before.request, &after.request);
            assert!(leads_to(from.state, to.state), "{} to {}", from.state, to.state);
            assert_eq!(to.state.is_final(), to.ended_at.is_some());
            if from.state.is_final() {
                let version = from.version;
                assert_eq!(&Request { version, ..to.clone() }, from);
            }
        });
    }

    #[test]
    fn folding_the_events_gives_exactly_the_stepped_request(steps in steps()) {
        let end = walk(&steps, |_, _, _, after| {
            assert_eq!(Request::fold(&after.events).as_ref(), Some(&after.request));
        });
        let mut state = None;
        for (event, seq) in end.events.iter().zip(1..) {
            assert_eq!((event.seq, event.from), (seq, state));
            state = Some(event.to);
        }
        assert_eq!(end.request.version, i64::try_from(end.events.len()).unwrap());
    }

    #[test]
    fn a_refusal_changes_nothing_but_the_number_of_events(steps in steps()) {
        walk(&steps, |before, _, said, after| {
            if said.is_err() {
                let version = before.request.version;
                assert_eq!(Request { version, ..after.request.clone() }, before.request);
                assert!(after.events[before.events.len()..].iter().all(|event| {
                    matches!(event.kind, EventKind::Refused { .. }) && event.from == Some(event.to)
                }));
            }
        });
    }

    #[test]
    fn a_standing_decision_can_be_repeated_at_any_time_and_does_nothing(steps in steps()) {
        let end = walk(&steps, |_, _, _, _| {});
        if let Some(standing) = &end.request.decision {
            let repeat = decide(standing.checker.clone(), standing.verdict, &standing.message, Some("wrong"));
            assert_eq!(end.ask(&repeat), Ok(Vec::new()));
        }
    }

    #[test]
    fn nothing_is_decided_or_withdrawn_at_or_after_the_deadline(steps in steps()) {
        walk(&steps, |before, command, said, _| {
            let is_late = before.now >= before.request.expires_at;
            if is_late && asker(command).is_some() {
                assert!(said.as_ref().map_or(true, Vec::is_empty));
            }
        });
    }

    #[test]
    fn time_in_a_history_never_runs_backwards(steps in steps()) {
        let end = walk(&steps, |_, _, _, _| {});
        assert!(end.events.is_sorted_by_key(|event| event.at));
    }
}
