//! Stories: requests that went through commands, for the tests of this folder.
//!
//! Longer than 400 lines because each test tells its story with these commands and people.

mod again;
mod drawn;
mod one_checker;
mod policies;
mod probing;
mod revising;
mod sending;
mod settling;
mod stories;
mod walks;

use std::sync::LazyLock;

use chrono::TimeDelta;

use self::stories::stories;
use super::*;
use crate::domain::actor::{Permission, Signer};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::decision::NewDecision;
use crate::domain::digest::Digest;
use crate::domain::entity::EntityInfo;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::outcome::Outcome;
use crate::domain::policy::bulk::{BulkRules, DecisionMode};
use crate::domain::policy::may_settle::SettlementRules;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{PolicyInForce, progress};
use crate::domain::policy::{Approval, Policy, RuleOutcome};
use crate::domain::request::Terms;
use crate::domain::revision::NewSendBack;
use crate::domain::settlement::NewSettlementWord;
use crate::domain::state::Verdict;
use crate::domain::words::Words;

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
        has_unread_groups: false,
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

/// The digest of the call of a revision that changed it.
fn digest_of(revision: i64) -> Digest {
    if revision == 1 { digest() } else { Digest::of(format!("the call, revision {revision}").as_bytes()) }
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
        repeat_of: None,
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
    Decide {
        signer: Signer,
        decision: NewDecision,
    },
    DecideInBulk {
        signer: Signer,
        decision: NewDecision,
        rules: Option<BulkRules>,
        is_flagged: bool,
    },
    /// The attempt with this number ends; the last one that began if there is none.
    End {
        attempt: Option<i64>,
        outcome: AttemptOutcome,
        repeat: TestRepeat,
    },
    /// How an attempt ended becomes known late.
    Late {
        attempt: i64,
        outcome: AttemptOutcome,
    },
    /// A person says how the outcome ended.
    Say {
        signer: Signer,
        word: NewSettlementWord,
    },
    /// A checker sends it back to its maker.
    SendBack {
        signer: Signer,
        wish: NewSendBack,
    },
    /// The maker resubmits it, with another call or the same one.
    Resubmit {
        by: Person,
        is_changed: bool,
    },
    Other(Command<'static>),
}

/// Whether the target recognises a repeat, and whether another request had the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TestRepeat {
    Unknown,
    Recognised,
    RecognisedButShared,
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
            (Err(refusal), Some(by)) => {
                let command = self.command(command).expect("it was refused");
                let event = refused(&self.request, &command, refusal, self.now);
                assert_eq!(event.by, *by);
                vec![event]
            }
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
        match self.command(command) {
            Some(command) => transition(&self.request, &command, self.now),
            None => Ok(Vec::new()),
        }
    }

    /// The command as the engine gives it; `None` if it would not.
    fn command<'a>(&'a self, command: &'a TestCommand) -> Option<Command<'a>> {
        Some(match command {
            TestCommand::Decide { signer, decision } => self.decide(signer, decision, DecisionMode::Single),
            TestCommand::DecideInBulk { signer, decision, rules, is_flagged } => {
                let mode = DecisionMode::Bulk { rules: *rules, is_flagged: *is_flagged };
                self.decide(signer, decision, mode)
            }
            TestCommand::End { attempt, outcome, repeat } => {
                let end = ended(attempt.unwrap_or(self.request.sending.attempts), *outcome);
                Command::EndAttempt { end, rules: sending::sending_rules(&sending::RETRY, *repeat) }
            }
            TestCommand::Late { attempt, outcome } => {
                let known = sending::outcomes_by_attempt(&self.events).get(attempt).copied().flatten();
                if known.is_some_and(|known| known != AttemptOutcome::Ambiguous) {
                    // The engine asks only about attempts of which nobody knows how they ended.
                    return None;
                }
                Command::RecordLateAnswer(ended(*attempt, *outcome))
            }
            TestCommand::Say { signer, word } => {
                let approval = (!self.charter.is_auto).then_some(&self.charter.approval);
                let rules = SettlementRules { approval, people: &self.charter.people };
                Command::Settle(SettlementCommand { signer, word, rules })
            }
            TestCommand::SendBack { signer, wish } => {
                Command::SendBack(SendBackCommand { signer, wish, policy: self.charter.in_force() })
            }
            TestCommand::Resubmit { by, is_changed } => self.resubmit(by, *is_changed),
            TestCommand::Other(command) => command.clone(),
        })
    }

    fn resubmit(&self, by: &Person, is_changed: bool) -> Command<'_> {
        let it = &self.request;
        let digest = if is_changed { digest_of(it.revision + 1) } else { it.digest };
        let fresh = Request { state: State::AdminTask, decisions: Vec::new(), ..it.clone() };
        let waits_for = progress(&fresh.context(), &self.charter.in_force()).waits_for().to_vec();
        let new = NewRevision {
            type_version: it.type_version.clone(),
            entity: it.entity.clone(),
            digest,
            host: it.host.clone(),
            terms: it.terms.clone(),
            waits_for,
        };
        let people = &self.charter.people;
        Command::Resubmit { by: by.clone(), people, new: Box::new(new), auto_approved: None }
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
        TestCommand::Decide { signer, .. }
        | TestCommand::DecideInBulk { signer, .. }
        | TestCommand::SendBack { signer, .. }
        | TestCommand::Say { signer, .. } => Some(&signer.person),
        TestCommand::Resubmit { by, .. } => Some(by),
        TestCommand::Other(Command::SendBack(command)) => Some(&command.signer.person),
        TestCommand::Other(Command::Settle(command)) => Some(&command.signer.person),
        TestCommand::Other(Command::AskProbe(wish)) => Some(&wish.signer.person),
        TestCommand::Other(Command::Decide(command)) => Some(&command.signer.person),
        TestCommand::Other(
            Command::Withdraw { by, .. } | Command::Comment { by, .. } | Command::Resubmit { by, .. },
        ) => Some(by),
        TestCommand::End { .. }
        | TestCommand::Late { .. }
        | TestCommand::Other(
            Command::Expire
            | Command::Lapse
            | Command::StartAttempt
            | Command::EndAttempt { .. }
            | Command::Stop { .. }
            | Command::RecordLateAnswer(_)
            | Command::SubmitAgain { .. }
            | Command::EndProbe { .. },
        ) => None,
    }
}

fn decide(checker: Person, verdict: Verdict, message: &str, digest: Option<&str>) -> TestCommand {
    let decision = NewDecision {
        verdict,
        message: Words::new(message).unwrap(),
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

static NO_FILE: LazyLock<People> = LazyLock::new(People::none);

fn withdraw(by: Person, reason: &str) -> TestCommand {
    TestCommand::Other(Command::Withdraw { by, people: &NO_FILE, reason: Words::new(reason).unwrap() })
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

/// The attempt under way ends; its target does not recognise a repeat.
fn record(outcome: AttemptOutcome) -> TestCommand {
    TestCommand::End { attempt: None, outcome, repeat: TestRepeat::Unknown }
}

/// The attempt under way ends; its target recognises a repeat by an id that nobody else used.
fn record_recognised(outcome: AttemptOutcome) -> TestCommand {
    TestCommand::End { attempt: None, outcome, repeat: TestRepeat::Recognised }
}

fn late(attempt: i64, outcome: AttemptOutcome) -> TestCommand {
    TestCommand::Late { attempt, outcome }
}

fn stop() -> TestCommand {
    TestCommand::Other(Command::Stop { reason: "It must not leave.".to_owned(), unsent: None })
}

fn ended(attempt: i64, outcome: AttemptOutcome) -> AttemptEnd {
    AttemptEnd { attempt, outcome, reason: "It ended.".to_owned(), retry_after: None }
}
