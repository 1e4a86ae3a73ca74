//! The target of a request: what truly happens to the calls that arrive there. Nobody in the protocol sees this; it
//! is what the properties compare with.

use countersign::domain::attempt::AttemptOutcome;

use crate::time::Tick;

/// What a target is like. A request keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It does the work once more for each call, and can't be asked.
    Blind,
    /// It does the work once more for each call, and can be asked what became of one.
    Probed,
    /// It recognises a repeat by an id in the call.
    Recognising,
    /// It recognises a repeat, and has had this id before from somebody outside. That must not happen, and
    /// the documents say so; what can still be told apart is told apart.
    Stolen,
    /// It recognises a repeat, and may have had this id before from another request of the org.
    Shared,
}

/// One call that was handed over, and that the target is still to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The attempt that it is sent in.
    pub attempt: u8,
    /// When it was sent.
    pub sent: Tick,
}

/// The target's own book about one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What it is like.
    pub kind: Kind,
    /// How often it has done the work.
    pub done: u8,
    /// The last attempt of which bytes arrived.
    pub last_attempt: u8,
    /// The calls that it is still to work on.
    pub in_flight: Vec<Call>,
}

/// What a target makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// It does what is asked, unless it recognises the call.
    Done,
    /// It refuses the call for good.
    Refused,
    /// It says that it did nothing and may be asked again.
    Busy,
}

impl Work {
    /// Everything that a target may make of a call.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Busy];
}

impl Kind {
    /// Whether the type of the request says that the target recognises a repeat.
    pub fn recognises_repeat(self) -> bool {
        match self {
            Self::Recognising | Self::Stolen | Self::Shared => true,
            Self::Blind | Self::Probed => false,
        }
    }

    /// Whether no other request with the same id can have made the target say that it had the call.
    pub fn is_only_user(self) -> bool {
        match self {
            Self::Shared => false,
            Self::Blind | Self::Probed | Self::Recognising | Self::Stolen => true,
        }
    }

    /// Whether the type of the request says how to ask the target.
    pub fn has_probe(self) -> bool {
        match self {
            Self::Probed => true,
            Self::Blind | Self::Recognising | Self::Stolen | Self::Shared => false,
        }
    }
}

impl Target {
    /// A target that has had no call of this request.
    pub fn new(kind: Kind) -> Self {
        Self { kind, done: 0, last_attempt: 0, in_flight: Vec::new() }
    }

    /// Works on the call of an attempt; the answer, if it arrives, says this.
    pub fn work(&mut self, attempt: u8, work: Work) -> AttemptOutcome {
        let had_it = match self.kind {
            Kind::Stolen | Kind::Shared => true,
            Kind::Recognising => self.done > 0,
            Kind::Blind | Kind::Probed => false,
        };
        self.in_flight.retain(|call| call.attempt != attempt);
        match work {
            Work::Done if had_it => AttemptOutcome::AlreadyDone,
            Work::Done => {
                self.done += 1;
                AttemptOutcome::Executed
            }
            Work::Refused => AttemptOutcome::Failed,
            Work::Busy => AttemptOutcome::NotDone,
        }
    }

    /// The call of an attempt arrives.
    pub fn take(&mut self, call: Call) {
        self.last_attempt = self.last_attempt.max(call.attempt);
        self.in_flight.push(call);
    }
}
