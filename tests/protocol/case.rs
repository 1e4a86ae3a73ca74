//! One request with everything that belongs to it: the rows in the store, and what is true at its target.

use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::ExecutionState;
use countersign::domain::outcome::Outcome;
use countersign::domain::probe::ProbeVerdict;
use countersign::domain::request::State;
use countersign::domain::settlement::SettledOutcome;

use crate::charter::Charter;
use crate::faults::{Bits, Fault};
use crate::people::Account;
use crate::rows::{AttemptRow, Rows};
use crate::target::{Kind, Target, Work};
use crate::time::{Tick, tick_from};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A checker approves; the first attempt begins with that or not.
    Approve { begins: bool, is_paused: bool },
    /// Its deadline is looked at.
    Expire,
    /// The maker withdraws it.
    Withdraw,
    /// A worker claims its execution.
    Claim { is_paused: bool },
    /// A worker renews its lease.
    Renew { token: u8 },
    /// A worker wants to begin an attempt.
    Begin { token: u8 },
    /// A worker sends the call in its attempt.
    HandOver { token: u8, attempt: u8 },
    /// The target works on a call.
    Work { attempt: u8, work: Work },
    /// A worker records how its attempt ended.
    End { token: u8, attempt: u8, outcome: AttemptOutcome },
    /// A worker puts back what it claimed.
    PutBack { token: u8 },
    /// A worker refuses to send.
    Stop { token: u8, unsent: Option<u8> },
    /// The sweep looks at its lease.
    Recover,
    /// A worker records what the target said.
    EndProbe { token: u8, told: ProbeVerdict },
    /// Somebody wants the target to be asked now.
    AskProbe,
    /// Somebody says how it ended.
    Say { by: Account, outcome: SettledOutcome },
    /// The last commit is lost, and every lease ends.
    PowerCut,
    /// Nobody holds it any more: what only holders compare is forgotten.
    Rest,
}

impl Op {
    /// Everything about it in a number.
    pub fn code(self) -> u32 {
        let pack = |kind: u32, token: u8, attempt: u8, rest: u32| {
            kind | u32::from(token) << 8 | u32::from(attempt) << 16 | rest << 20
        };
        match self {
            Self::Approve { begins, is_paused } => pack(0, begins.into(), is_paused.into(), 0),
            Self::Expire => 1,
            Self::Withdraw => 2,
            Self::Claim { is_paused } => pack(3, is_paused.into(), 0, 0),
            Self::Renew { token } => pack(4, token, 0, 0),
            Self::Begin { token } => pack(5, token, 0, 0),
            Self::HandOver { token, attempt } => pack(6, token, attempt, 0),
            Self::Work { attempt, work } => pack(7, 0, attempt, work as u32),
            Self::End { token, attempt, outcome } => pack(8, token, attempt, outcome as u32),
            Self::PutBack { token } => pack(9, token, 0, 0),
            Self::Stop { token, unsent } => pack(10, token, unsent.unwrap_or(0), 0),
            Self::Recover => 11,
            Self::EndProbe { token, told } => pack(12, token, 0, told as u32),
            Self::AskProbe => 13,
            Self::Say { by, outcome } => pack(14, by as u8, 0, outcome as u32),
            Self::PowerCut => 15,
            Self::Rest => 16,
        }
    }
}

/// A request, its rows and its target.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rows.
    pub rows: Rows,
    /// The rows before the last commit, where a power cut can bring them back.
    pub before: Option<Box<Rows>>,
    /// What is true.
    pub target: Target,
    /// What went wrong.
    pub faults: Bits,
}

/// As much of a request as tells it from others: what rules, workers and properties look at. What is only kept for
/// people to read, such as sentences, times in the trail and numbers of events, is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// It has ended for good, and nobody and nothing can come back to it.
    Over { state: State, faults: Bits },
    /// Everything else.
    Live(Box<LiveKey>),
}

/// What tells a request from others that something may still happen to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LiveKey {
    rows: RowsKey,
    before: Option<RowsKey>,
    target: Target,
    faults: Bits,
}

/// [`Rows`], as far as they matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowsKey {
    state: State,
    sending: (i64, bool, i64, bool, i64),
    deadline: Option<i64>,
    words: Vec<(Account, SettledOutcome, bool)>,
    execution: Option<(i64, ExecutionKey, Option<i64>)>,
    attempts: Vec<AttemptRow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ExecutionKey {
    Queued(i64),
    Claimed(i64),
    Ended(Outcome),
}

/// What the world needs to know of a request to see what may happen next.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub state: State,
    /// From when on the execution may be claimed, if it is queued.
    pub due: Option<Tick>,
    /// Until when it is leased, if it is claimed.
    pub leased_until: Option<Tick>,
    pub token: u8,
    pub is_probe: bool,
    pub has_probe: bool,
    /// By when the call must be sent, or the request decided.
    pub deadline: Tick,
    pub words: u8,
    pub probes: u8,
    /// When the calls were sent, by attempt, on which the target is still to work.
    pub in_flight: [Option<Tick>; 3],
    pub is_done: bool,
    /// Whether nothing would be forgotten of it if nobody held it.
    pub is_rested: bool,
    pub faults: Bits,
}

impl Case {
    /// A request that waits for its decision.
    pub fn new(charter: &Charter, kind: Kind) -> Self {
        let rows = Rows { request: charter.submitted(), execution: None, attempts: Vec::new() };
        Self { rows, before: None, target: Target::new(kind), faults: Bits::default() }
    }

    /// Whether nothing can happen to it any more once nobody holds it.
    pub fn is_over(&self) -> bool {
        self.rows.request.state.is_final() && self.target.in_flight.is_empty()
    }

    /// Forgets what only the holders of a claim compare; there is none.
    pub fn rest(&mut self) {
        let Rows { request, execution, attempts } = &mut self.rows;
        attempts.iter_mut().for_each(|row| row.token = 0);
        if let Some(execution) = execution {
            execution.token = 0;
        }
        if request.state == State::Unknown && self.target.in_flight.is_empty() {
            // No answer can come any more, and no attempt: how many there were is for people to read.
            attempts.clear();
            self.target.last_attempt = 1;
            (request.sending.attempts, request.sending.ambiguous) = (1, 1);
        }
    }

    /// What tells it from others.
    pub fn key(&self) -> Key {
        Key::Live(Box::new(LiveKey {
            rows: RowsKey::of(&self.rows),
            before: self.before.as_deref().map(RowsKey::of),
            target: self.target.clone(),
            faults: self.faults,
        }))
    }

    /// What tells its rows from others.
    pub fn rows_key(&self) -> RowsKey {
        RowsKey::of(&self.rows)
    }

    /// What tells one that is over from others.
    pub fn key_when_over(&self) -> Key {
        Key::Over { state: self.rows.request.state, faults: self.faults }
    }

    /// What the world needs to know of it.
    pub fn view(&self) -> View {
        let Rows { request, execution, .. } = &self.rows;
        let (mut due, mut leased_until) = (None, None);
        match execution.as_ref().map(|execution| (&execution.state, execution.due_at)) {
            Some((ExecutionState::Queued, at)) => due = Some(tick_from(at)),
            Some((ExecutionState::Claimed { until, .. }, _)) => leased_until = Some(tick_from(*until)),
            Some((ExecutionState::Ended { .. }, _)) | None => {}
        }
        let mut in_flight = [None; 3];
        for call in &self.target.in_flight {
            in_flight[usize::from(call.attempt - 1)] = Some(call.sent);
        }
        View {
            state: request.state,
            due,
            leased_until,
            token: execution.as_ref().map_or(0, |execution| small(execution.token)),
            is_probe: execution.as_ref().is_some_and(|execution| execution.probe_until().is_some()),
            has_probe: self.target.kind.has_probe(),
            deadline: tick_from(request.execute_before.unwrap_or(request.expires_at)),
            words: u8::try_from(request.settlement.len()).expect("there are few words"),
            probes: small(request.sending.probes),
            in_flight,
            is_done: self.target.done > 0,
            is_rested: false,
            faults: self.faults,
        }
    }

    /// Notes that something went wrong.
    pub fn note(&mut self, fault: Fault) {
        self.faults.note(fault as u32);
    }
}

impl RowsKey {
    fn of(rows: &Rows) -> Self {
        let Rows { request, execution, attempts } = rows;
        let sending = &request.sending;
        let is_approved = request.state == State::Approved;
        let words = request.settlement.iter();
        let execution = execution.as_ref().map(|execution| {
            let state = match &execution.state {
                ExecutionState::Queued => ExecutionKey::Queued(execution.due_at.timestamp_millis()),
                ExecutionState::Claimed { until, .. } => ExecutionKey::Claimed(until.timestamp_millis()),
                ExecutionState::Ended { outcome, .. } => ExecutionKey::Ended(*outcome),
            };
            (execution.token, state, execution.probe_until().map(|until| until.timestamp_millis()))
        });
        Self {
            state: request.state,
            sending: (sending.attempts, sending.is_open, sending.ambiguous, sending.inferred, sending.probes),
            deadline: request.execute_before.filter(|_| is_approved).map(|until| until.timestamp_millis()),
            words: words.map(|word| (Account::of(&word.by), word.outcome, word.settles)).collect(),
            execution,
            attempts: attempts.iter().map(AttemptRow::as_it_matters).collect(),
        }
    }
}

/// A number of the store, which is small in the model.
pub fn small(number: i64) -> u8 {
    u8::try_from(number).expect("it is small in the model")
}
