//! A world: a clock, a pause, three workers and two requests; and what may happen next in it.

use std::hash::{Hash, Hasher};

use countersign::domain::probe::ProbeVerdict;
use countersign::domain::request::State;
use countersign::domain::settlement::SettledOutcome;
use stateright::{Model, Property};

use crate::book::{Book, Held};
use crate::case::Op;
use crate::faults::Mark;
use crate::mutants::Mutant;
use crate::people::Account;
use crate::properties::properties;
use crate::room::Room;
use crate::target::{Kind, Work};
use crate::time::{CALL_LIMIT, LEASE, Tick};
use crate::worker::{At, Worker};

/// How many workers there are.
pub const WORKERS: usize = 3;

/// Everything at one moment.
#[derive(Clone, Debug)]
pub struct World {
    /// The clock.
    pub clock: Tick,
    /// Whether sending to the host is paused.
    pub is_paused: bool,
    /// The workers, in the order of their codes: which one is which makes no difference.
    pub workers: [Worker; WORKERS],
    /// The requests.
    pub cases: [Held; 2],
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for number in self.numbers() {
            state.write_u64(number);
        }
    }
}

impl World {
    /// Everything about it.
    fn numbers(&self) -> [u64; 3] {
        let [one, two, three] = &self.workers;
        let [first, second] = &self.cases;
        [
            u64::from(one.code()) | u64::from(two.code()) << 32,
            u64::from(three.code()) | u64::from(self.clock) << 32 | u64::from(self.is_paused) << 40,
            u64::from(first.number) | u64::from(second.number) << 32,
        ]
    }

    /// Whether a worker holds a request.
    pub fn is_held(&self, case: u8) -> bool {
        let [one, two, three] = &self.workers;
        one.has(case) || two.has(case) || three.has(case)
    }

    /// Whether the execution of a request waits to be claimed.
    fn is_due(&self, case: u8) -> bool {
        matches!(self.cases[usize::from(case)].view.due, Some(due) if due <= self.clock)
    }

    /// Whether a target would still be at work on a call after the next tick.
    fn is_at_work(&self) -> bool {
        for held in &self.cases {
            for sent in &held.view.in_flight {
                // A target works on a call no longer than the call may take.
                if matches!(sent, Some(sent) if sent + CALL_LIMIT <= self.clock + 1) {
                    return true;
                }
            }
        }
        false
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.numbers() == other.numbers()
    }
}

impl Eq for World {}

/// What may happen next. Workers and requests are named by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// Sending is paused, or goes on.
    TogglePause,
    /// All processes end, and one that starts ends their leases. A mutant loses commits with that.
    Restart,
    /// A worker ends without a word.
    Crash(u8),
    /// A worker claims a request.
    Claim(u8, u8),
    /// A worker renews its lease.
    Renew(u8),
    /// A worker puts back what it claimed.
    PutBack(u8),
    /// A worker refuses to send.
    Stop(u8),
    /// A worker begins an attempt.
    Begin(u8),
    /// A worker sends its call.
    HandOver(u8),
    /// A worker can't send its call: no byte leaves.
    Miss(u8),
    /// The connection breaks while a worker waits for the answer.
    Cut(u8),
    /// A worker asks the target what became of a call.
    Ask(u8, ProbeVerdict),
    /// A worker records what it knows.
    Record(u8),
    /// The target of a request works on the call of an attempt; its answer arrives or is lost.
    Work { case: u8, attempt: u8, work: Work, is_lost: bool },
    /// A checker approves; an idle worker may begin at once.
    Approve { case: u8, begins: bool },
    /// Something else happens to a request.
    Other(u8, Op),
}

/// The model: the rules, and the requests with which it starts.
pub struct Protocol {
    /// The requests that were reached.
    pub book: Book,
    /// What each of the two targets is like; one request alone if the second is none.
    pub starts: Vec<(Kind, Option<Kind>)>,
    /// What there is room for.
    pub room: Room,
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        self.starts.iter().map(|start| self.start(*start)).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.actions_of_all(world, actions);
        for place in 0..WORKERS {
            // Of workers in the same place the first one stands for all.
            if place == 0 || world.workers[place] != world.workers[place - 1] {
                self.actions_of_worker(world, place, actions);
            }
        }
        for case in [0, 1] {
            self.actions_of_target(world, case, actions);
            self.actions_of_people(world, case, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.act(&mut next, action);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }
}

impl Protocol {
    fn start(&self, (one, other): (Kind, Option<Kind>)) -> World {
        let cases =
            [self.book.submit(one), other.map_or_else(|| self.no_case(one), |kind| self.book.submit(kind))];
        World { clock: 0, is_paused: false, workers: [Worker::IDLE; WORKERS], cases }
    }

    /// In the place of a second request: one that has expired.
    fn no_case(&self, kind: Kind) -> Held {
        let expired =
            self.book.step(self.book.submit(kind), Op::Expire, self.book.charter.bounds.decide_before);
        self.book.step(expired.held, Op::Rest, 0).held
    }

    fn breaks(&self, mutant: Mutant) -> bool {
        self.book.charter.breaks(mutant)
    }

    fn actions_of_all(&self, world: &World, actions: &mut Vec<Action>) {
        if world.clock < self.book.charter.bounds.last_tick && !world.is_at_work() {
            actions.push(Action::Tick);
        }
        if self.book.charter.bounds.has_pauses {
            actions.push(Action::TogglePause);
        }
        if world.workers[WORKERS - 1].at != At::Idle {
            actions.push(Action::Restart);
        }
    }

    fn actions_of_worker(&self, world: &World, place: usize, actions: &mut Vec<Action>) {
        let worker = &world.workers[place];
        let bounds = &self.book.charter.bounds;
        let number = u8::try_from(place).expect("there are three workers");
        let held = &world.cases[usize::from(worker.case)].view;
        if worker.at != At::Idle {
            actions.push(Action::Crash(number));
            let is_held = held.token == worker.token;
            let gets_longer = held.leased_until.is_some_and(|until| until < world.clock + LEASE);
            if bounds.has_renewals && is_held && gets_longer {
                actions.push(Action::Renew(number));
            }
        }
        match worker.at {
            At::Idle => self.claims(world, number, actions),
            At::Claimed => {
                actions.push(Action::Begin(number));
                if bounds.has_ways_out {
                    actions.extend([Action::PutBack(number), Action::Stop(number)]);
                }
            }
            At::Begun => {
                let is_in_time = world.clock < worker.began + CALL_LIMIT;
                if is_in_time || self.breaks(Mutant::SendsHoweverLate) {
                    actions.push(Action::HandOver(number));
                }
                actions.push(Action::Miss(number));
                if bounds.has_ways_out && worker.attempt == 1 {
                    actions.push(Action::Stop(number));
                }
            }
            At::Sent => actions.push(Action::Cut(number)),
            At::Probing => {
                let truth = if held.is_done { ProbeVerdict::Happened } else { ProbeVerdict::DidNotHappen };
                actions.extend([truth, ProbeVerdict::CannotTell].map(|told| Action::Ask(number, told)));
            }
            At::Answered(_) | At::Told(_) => actions.push(Action::Record(number)),
        }
    }

    fn claims(&self, world: &World, worker: u8, actions: &mut Vec<Action>) {
        let due = usize::from(world.is_due(0)) + usize::from(world.is_due(1));
        if !self.room.is_granted(due) {
            return;
        }
        if world.is_paused && !self.breaks(Mutant::PauseIsIgnored) {
            self.book.mark(Mark::HeldBackByAPause);
            return;
        }
        for case in [0, 1] {
            if world.is_due(case) {
                actions.push(Action::Claim(worker, case));
            }
        }
    }

    fn actions_of_target(&self, world: &World, case: u8, actions: &mut Vec<Action>) {
        let view = &world.cases[usize::from(case)].view;
        if view.in_flight == [None; 3] {
            return;
        }
        for (attempt, _) in (1..).zip(view.in_flight).filter(|(_, sent)| sent.is_some()) {
            let waits =
                |worker: &Worker| worker.has(case) && worker.at == At::Sent && worker.attempt == attempt;
            let is_awaited = world.workers.iter().any(waits);
            for work in Work::ALL {
                if is_awaited {
                    actions.push(Action::Work { case, attempt, work, is_lost: false });
                }
                // To those who don't hear it, one "no" is like another.
                if work != Work::Busy {
                    actions.push(Action::Work { case, attempt, work, is_lost: true });
                }
            }
        }
    }

    fn actions_of_people(&self, world: &World, case: u8, actions: &mut Vec<Action>) {
        let bounds = &self.book.charter.bounds;
        let view = &world.cases[usize::from(case)].view;
        let other = |op| Action::Other(case, op);
        match view.state {
            State::AdminTask if world.clock >= view.deadline => actions.push(other(Op::Expire)),
            State::AdminTask => {
                actions.push(Action::Approve { case, begins: false });
                let is_kept = world.is_paused && !self.breaks(Mutant::PauseIsIgnored);
                let has_room = world.workers[0].at == At::Idle && self.room.is_granted(1);
                if has_room && !is_kept && !world.is_due(0) && !world.is_due(1) {
                    actions.push(Action::Approve { case, begins: true });
                }
            }
            State::Approved => {
                if world.clock >= view.deadline {
                    actions.push(other(Op::Expire));
                }
                if bounds.has_ways_out {
                    actions.push(other(Op::Withdraw));
                }
            }
            State::Unknown => {
                if view.has_probe && view.probes < bounds.probes_max {
                    actions.push(other(Op::AskProbe));
                }
                if usize::from(view.words) < bounds.words_max {
                    actions.extend(words(bounds.speakers).map(other));
                }
            }
            State::Executed
            | State::Failed
            | State::Rejected
            | State::Withdrawn
            | State::Expired
            // Nobody sends back in the model: no call leaves before the last decision.
            | State::SentBack
            | State::ValidateMakerAccess
            | State::ValidatePayload => {}
        }
        if view.leased_until.is_some_and(|until| until <= world.clock) {
            actions.push(other(Op::Recover));
        }
    }

    fn act(&self, world: &mut World, action: Action) {
        match action {
            Action::Tick => world.clock += 1,
            Action::TogglePause => world.is_paused = !world.is_paused,
            Action::Restart => {
                world.workers = [Worker::IDLE; WORKERS];
                for case in [0, 1] {
                    self.step(world, case, Op::PowerCut);
                }
            }
            Action::Work { case, attempt, work, is_lost } => {
                self.work(world, (case, attempt), (work, is_lost));
            }
            Action::Approve { case, begins } => self.approve(world, case, begins),
            Action::Other(case, op) => drop(self.step(world, case, op)),
            Action::Claim(worker, case) => self.claim(world, worker, case),
            Action::Crash(worker)
            | Action::Renew(worker)
            | Action::PutBack(worker)
            | Action::Stop(worker)
            | Action::Begin(worker)
            | Action::HandOver(worker)
            | Action::Miss(worker)
            | Action::Cut(worker)
            | Action::Ask(worker, _)
            | Action::Record(worker) => self.act_as(world, usize::from(worker), action),
        }
        self.tidy(world);
    }
}

fn words(speakers: &[Account]) -> impl Iterator<Item = Op> {
    let both = |by: &Account| SettledOutcome::ALL.map(|outcome| Op::Say { by: *by, outcome });
    speakers.iter().flat_map(both)
}
