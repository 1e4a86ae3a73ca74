//! The rules one by one for the policy that asks for one checker.

mod policies;
mod walks;

use super::*;
use crate::domain::actor::{Permission, Signer};
use crate::domain::decision::NewDecision;
use crate::domain::policy::bulk::DecisionMode;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{PolicyInForce, progress};
use crate::domain::policy::{Approval, Policy, RuleOutcome};
use crate::domain::request::VERSION_ON_ARRIVAL;

const ISSUER: &str = "https://idp.example";

/// How long the requests of these tests wait, in seconds.
const WAITS: i64 = 100;

/// How long their approved calls wait, in seconds.
const LEAVES_WITHIN: i64 = 40;

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

fn carl() -> Person {
    person(ISSUER, "sub-carl", "400004")
}

fn dora() -> Person {
    person(ISSUER, "sub-dora", "400005")
}

/// Everybody who takes part: the maker under three accounts, four checkers, one of them under three
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
        carl(),
        dora(),
        person("https://elsewhere.example", "sub-maker", "400001"),
    ]
}

/// What a token says of somebody: all may check, and the maker holds every seat that there is.
fn signer(person: Person) -> Signer {
    let groups: &[&str] = match person.sub.as_str() {
        "sub-anna" | "sub-else" => &["Risk"],
        "sub-bob" => &["Finance"],
        "sub-dora" => &[],
        _ => &["Risk", "Finance"],
    };
    Signer {
        person,
        act: Vec::new(),
        permissions: vec![Permission::Check],
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        org: OrgId::new("100"),
        signed_in_at: None,
    }
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

fn new_request() -> NewRequest {
    NewRequest {
        org: OrgId::new("100"),
        id: RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap(),
        request_type: RequestTypeName::new("ISSUE-BADGE"),
        type_version: "1".to_owned(),
        maker: maker(),
        entity: EntityInfo::default(),
        digest: digest(),
        host: "api.example.com".to_owned(),
        expires_at: start() + seconds(WAITS),
        terms: Terms { rule: "default".to_owned(), ..Terms::default() },
        waits_for: Vec::new(),
    }
}

/// What a request is admitted under: who must agree, and who is who.
#[derive(Clone, Debug)]
struct Charter {
    approval: Approval,
    people: People,
    /// Its rule asks for nobody.
    is_auto: bool,
}

impl Charter {
    fn of(approval: Approval) -> Self {
        Self { approval, people: People::none(), is_auto: false }
    }

    fn one_checker() -> Self {
        let rule = Policy::one_checker().rules.remove(0);
        let RuleOutcome::Stages(approval) = rule.outcome else { unreachable!("it has a stage") };
        Self::of(approval)
    }

    fn in_force(&self) -> PolicyInForce<'_> {
        PolicyInForce { approval: &self.approval, people: &self.people }
    }
}

/// A command that owns what it is made of.
#[derive(Clone, Debug)]
enum TestCommand {
    Decide { signer: Signer, decision: NewDecision },
    DecideInBulk { signer: Signer, decision: NewDecision, is_allowed_by_type: bool },
    Other(Command<'static>),
}

/// A request with its history and its clock.
#[derive(Clone, Debug)]
struct Story {
    charter: Charter,
    request: Request,
    events: Vec<Event>,
    now: DateTime<Utc>,
}

impl Story {
    fn begin() -> Self {
        Self::under(Charter::one_checker())
    }

    fn under(charter: Charter) -> Self {
        let mut new_request = self::new_request();
        let auto_approved = charter.is_auto.then(|| start() + seconds(LEAVES_WITHIN));
        if !charter.is_auto {
            let request = Request::new(new_request.clone(), start());
            new_request.waits_for = progress(&request.context(), &charter.in_force()).waits_for().to_vec();
        }
        let events = submit(new_request, auto_approved, start());
        Self { charter, request: Request::fold(&events).unwrap(), events, now: start() }
    }

    /// One that went through these commands, none of which was refused.
    fn after(commands: &[TestCommand]) -> Self {
        let mut story = Self::begin();
        for command in commands {
            story.tell(command).unwrap();
        }
        story
    }

    /// Does a command; a refusal is kept as an event, as the engine keeps it.
    fn tell(&mut self, command: &TestCommand) -> Result<Vec<Event>, Refusal> {
        let said = self.ask(command);
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
    fn ask(&self, command: &TestCommand) -> Result<Vec<Event>, Refusal> {
        let command = match command {
            TestCommand::Decide { signer, decision } => self.decide(signer, decision, DecisionMode::Single),
            TestCommand::DecideInBulk { signer, decision, is_allowed_by_type } => {
                let mode = DecisionMode::Bulk { is_allowed_by_type: *is_allowed_by_type };
                self.decide(signer, decision, mode)
            }
            TestCommand::Other(command) => command.clone(),
        };
        transition(&self.request, &command, self.now)
    }

    fn decide<'a>(
        &'a self,
        signer: &'a Signer,
        decision: &'a NewDecision,
        mode: DecisionMode,
    ) -> Command<'a> {
        let (policy, approval_ttl) = (self.charter.in_force(), seconds(LEAVES_WITHIN));
        Command::Decide(CheckerDecision { signer, decision, mode, policy, approval_ttl })
    }

    fn refusal(&self, command: &TestCommand) -> Refusal {
        self.ask(command).unwrap_err()
    }
}

fn asker(command: &TestCommand) -> Option<&Person> {
    match command {
        TestCommand::Decide { signer, .. } | TestCommand::DecideInBulk { signer, .. } => Some(&signer.person),
        TestCommand::Other(Command::Decide(command)) => Some(&command.signer.person),
        TestCommand::Other(Command::Withdraw { by, .. }) => Some(by),
        TestCommand::Other(
            Command::Expire | Command::Lapse | Command::StartAttempt | Command::RecordOutcome { .. },
        ) => None,
    }
}

fn decide(checker: Person, verdict: Verdict, message: &str, digest: Option<&str>) -> TestCommand {
    let decision = NewDecision {
        verdict,
        message: message.to_owned(),
        digest: digest.map(str::to_owned),
        version: None,
    };
    TestCommand::Decide { signer: signer(checker), decision }
}

fn approve(checker: Person) -> TestCommand {
    decide(checker, Verdict::Approved, "fine", None)
}

fn reject(checker: Person) -> TestCommand {
    decide(checker, Verdict::Rejected, "no", None)
}

fn withdraw(by: Person, reason: &str) -> TestCommand {
    TestCommand::Other(Command::Withdraw { by, reason: reason.to_owned() })
}

fn expire() -> TestCommand {
    TestCommand::Other(Command::Expire)
}

fn lapse() -> TestCommand {
    TestCommand::Other(Command::Lapse)
}

fn attempt() -> TestCommand {
    TestCommand::Other(Command::StartAttempt)
}

fn record(outcome: Outcome) -> TestCommand {
    TestCommand::Other(Command::RecordOutcome { outcome, reason: "It ended.".to_owned() })
}

/// One story for every state that a request can rest in.
fn stories() -> Vec<Story> {
    let approved = || vec![approve(anna())];
    let attempted = |outcome| vec![approve(anna()), attempt(), record(outcome)];
    let mut expired = Story::begin();
    expired.now = start() + seconds(WAITS);
    expired.tell(&expire()).unwrap();
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
    assert_eq!((story.request.version, story.request.attempts), (VERSION_ON_ARRIVAL, 0));
    assert_eq!((story.request.ended_at, &story.request.decisions), (None, &Vec::new()));
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
    assert_eq!(story.request.last_decision().unwrap().checker, stranger);
}

#[test]
fn a_decision_is_kept_with_who_what_and_when() {
    for (verdict, state, ended_at) in
        [(Verdict::Approved, State::Approved, None), (Verdict::Rejected, State::Rejected, Some(start()))]
    {
        let right = digest().to_string();
        let story = Story::after(&[decide(anna(), verdict, "my words", Some(&right))]);
        assert_eq!((story.request.state, story.request.ended_at), (state, ended_at));
        let decision = Decision {
            checker: anna(),
            verdict,
            message: "my words".to_owned(),
            at: start(),
            digest: digest(),
            stage: 0,
            capacities: vec![Capacity::Permission(Permission::Check)],
            act: Vec::new(),
        };
        assert_eq!(story.request.decisions, [decision]);
    }
}

#[test]
fn ones_own_repeat_changes_nothing_however_late_and_whatever_digest_comes_with_it() {
    for mut story in stories() {
        let Some(standing) = story.request.last_decision().cloned() else { continue };
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
        assert_eq!(story.refusal(&late).code().name(), code);
    }
}

#[test]
fn a_refused_decision_names_the_decision_and_the_state_that_stand() {
    let story = Story::after(&[approve(anna()), attempt(), record(Outcome::Unknown)]);
    let decision = Box::new(story.request.last_decision().cloned().unwrap());
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
    assert_eq!(story.ask(&expire()), Ok(Vec::new()));
    for late in [TimeDelta::zero(), tick, seconds(10 * WAITS)] {
        story.now = story.request.expires_at + late;
        for command in [approve(anna()), reject(anna()), withdraw(maker(), ""), wrong_digest.clone()] {
            assert_eq!(story.refusal(&command), Refusal::Expired { expires_at: story.request.expires_at });
        }
        assert_eq!(story.refusal(&approve(maker())), Refusal::MakerIsChecker);
    }
    let events = story.tell(&expire()).unwrap();
    assert_eq!((events.len(), &events[0].by, events[0].to), (1, &Person::system(), State::Expired));
    assert_eq!(story.request.ended_at, Some(story.now));
}

#[test]
fn a_deadline_means_nothing_once_somebody_decided() {
    for mut story in stories().into_iter().skip(1) {
        story.now = start() + seconds(10 * WAITS);
        assert_eq!(story.ask(&expire()), Ok(Vec::new()), "{}", story.request.state);
    }
}

#[test]
fn only_the_maker_withdraws_with_any_of_their_accounts() {
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
        let code = story.ask(&withdraw(maker(), "another reason")).map_err(|refusal| refusal.code().name());
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
        let is_allowed = |by: Person| may_withdraw(&by, &story.request, story.now).is_ok();
        assert_eq!(
            (is_allowed(maker()), is_allowed(anna())),
            (story.request.state == State::AdminTask, false)
        );
    }
}

#[test]
fn only_an_approved_request_is_attempted_and_only_once() {
    for story in stories() {
        let state = story.request.state;
        if state == State::Approved {
            let kind = EventKind::AttemptStarted { attempt: 1 };
            assert_eq!(story.ask(&attempt()).unwrap()[0].kind, kind);
        } else {
            assert_eq!(story.refusal(&attempt()), Refusal::NotExecutable { state });
        }
    }
    let begun = Story::after(&[approve(anna()), attempt()]);
    let again = begun.refusal(&attempt());
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
        let story = Story::after(&[approve(anna()), attempt(), record(outcome)]);
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
