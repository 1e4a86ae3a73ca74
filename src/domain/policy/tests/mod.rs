//! The policy language word by word, and what holds whatever policies, people and clocks do.

mod accounts;
mod choice;
mod conditions;
mod deciding;
mod outlook;
mod properties;
mod shortage;
mod words;

use chrono::{DateTime, TimeDelta, Utc};

use super::may_decide::{SigningSeat, WhyNot, may_say};
use super::people::{People, PersonEntry};
use super::progress::{DecisionContext, PolicyInForce, Progress, progress};
use super::{Approval, Capacity, Mode, Seat, Stage};
use crate::domain::actor::{Permission, Person, Signer};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::ids::OrgId;
use crate::domain::state::{State, Verdict};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn person(name: &str) -> Person {
    Person {
        iss: "idp".to_owned(),
        sub: format!("sub-{name}"),
        user_id: format!("id-{name}"),
        user_name: name.to_owned(),
    }
}

/// A checker whose token names no groups.
fn checker(name: &str) -> Signer {
    Signer {
        person: person(name),
        act: Vec::new(),
        permissions: vec![Permission::Check],
        groups: Vec::new(),
        has_unread_groups: false,
        org: OrgId::new("100"),
        signed_in_at: None,
    }
}

/// A checker whose token names these groups.
fn member(name: &str, groups: &[&str]) -> Signer {
    Signer { groups: groups.iter().map(|group| (*group).to_owned()).collect(), ..checker(name) }
}

/// An entry of the people file.
fn entry(name: &str, groups: &[&str]) -> PersonEntry {
    PersonEntry {
        name: name.to_owned(),
        accounts: vec![format!("sub-{name}")],
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        active: true,
        owners: Vec::new(),
    }
}

fn service(name: &str, owners: &[&str]) -> PersonEntry {
    PersonEntry { owners: owners.iter().map(|owner| (*owner).to_owned()).collect(), ..entry(name, &[]) }
}

fn group(name: &str, count: u32) -> Seat {
    Seat { who: Capacity::Group(name.to_owned()), count }
}

fn anyone(count: u32) -> Seat {
    Seat { who: Capacity::Permission(Permission::Check), count }
}

fn all(name: &str, seats: Vec<Seat>) -> Stage {
    Stage { name: name.to_owned(), mode: Mode::All, seats }
}

fn any(name: &str, number: u32, seats: Vec<Seat>) -> Stage {
    Stage { name: name.to_owned(), mode: Mode::Any(number), seats }
}

fn approval(stages: Vec<Stage>) -> Approval {
    let approval = Approval { stages, rejections: 1, min_distinct_people: 1, fresh_sign_in: None };
    Approval { min_distinct_people: approval.people_needed(), ..approval }
}

/// A decision, and what it was signed as.
#[derive(Clone, Debug)]
struct Said {
    by: Signer,
    verdict: Verdict,
    seat: SigningSeat,
}

/// A request under a policy, and what was decided so far.
#[derive(Clone, Debug)]
struct Case {
    maker: Signer,
    approval: Approval,
    people: People,
    state: State,
    said: Vec<Said>,
}

impl Case {
    fn new(approval: Approval, entries: Vec<PersonEntry>) -> Self {
        let people = People::new(entries).unwrap();
        Self { maker: checker("maker"), approval, people, state: State::AdminTask, said: Vec::new() }
    }

    fn with<T>(&self, look: impl FnOnce(&DecisionContext<'_>, &PolicyInForce<'_>) -> T) -> T {
        let decisions: Vec<Decision> = self.said.iter().map(Said::decision).collect();
        let context = DecisionContext {
            org: &self.maker.org,
            maker: &self.maker.person,
            maker_act: &self.maker.act,
            state: self.state,
            expires_at: start() + TimeDelta::hours(1),
            decisions: &decisions,
        };
        look(&context, &PolicyInForce { approval: &self.approval, people: &self.people })
    }

    fn progress(&self) -> Progress {
        self.with(progress)
    }

    fn may(&self, by: &Signer, verdict: Verdict) -> Result<SigningSeat, WhyNot> {
        self.with(|context, policy| may_say(verdict, by, context, policy, start()))
    }

    fn say(&mut self, by: &Signer, verdict: Verdict) -> Result<(), WhyNot> {
        let seat = self.may(by, verdict)?;
        self.said.push(Said { by: by.clone(), verdict, seat });
        let progress = self.progress();
        if progress.approved {
            self.state = State::Approved;
        }
        if progress.rejected {
            self.state = State::Rejected;
        }
        Ok(())
    }

    fn approve(&mut self, by: &Signer) -> Result<(), WhyNot> {
        self.say(by, Verdict::Approved)
    }

    fn reject(&mut self, by: &Signer) -> Result<(), WhyNot> {
        self.say(by, Verdict::Rejected)
    }

    /// The code of the refusal of an approval.
    fn code(&self, by: &Signer) -> &'static str {
        self.may(by, Verdict::Approved).map_or_else(|why| why.code().name(), |_| "may")
    }
}

impl Said {
    fn decision(&self) -> Decision {
        Decision {
            checker: self.by.person.clone(),
            act: self.by.act.clone(),
            verdict: self.verdict,
            message: String::new(),
            at: start(),
            digest: Digest::of(b"the call"),
            stage: self.seat.stage,
            capacities: self.seat.capacities.clone(),
        }
    }
}
