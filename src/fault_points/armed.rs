//! The fault points of a debug build.
//!
//! `kill` sends SIGKILL to the own process and `stop` SIGSTOP: the kernel ends or halts every thread before
//! the call returns, as after `kill -9` from outside. `abort` would differ: SIGABRT can be caught, and may
//! write a core file first.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use rustix::process::{Signal, getpid, kill_process};

use super::{FaultPoint, Sabotage};

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    Stop,
    Panic,
    Hold(Duration),
}

/// At which passing of a point it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passing {
    Only(u64),
    Every,
}

/// One entry of `COUNTERSIGN_FAULT_POINTS`.
#[derive(Debug)]
struct Entry {
    point: FaultPoint,
    fault: Fault,
    at: Passing,
    passed: AtomicU64,
}

impl Entry {
    /// Reads `point=fault` or `point=fault@passing`. The error says what is wrong.
    fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('=').ok_or_else(|| format!("{text}: expected point=fault"))?;
        let point = FaultPoint::ALL.into_iter().find(|point| point.name() == name);
        let (fault, at) = rest.split_once('@').unwrap_or((rest, "1"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} is not a number"));
        Ok(Self {
            point: point.ok_or_else(|| format!("{name} is not a fault point"))?,
            fault: match fault.split_once(':') {
                Some(("hold", ms)) => Fault::Hold(Duration::from_millis(number(ms)?)),
                None if fault == "kill" => Fault::Kill,
                None if fault == "stop" => Fault::Stop,
                None if fault == "panic" => Fault::Panic,
                Some(_) | None => return Err(format!("{fault}: expected kill, stop, panic or hold:MS")),
            },
            at: if at == "*" { Passing::Every } else { Passing::Only(number(at)?) },
            passed: AtomicU64::new(0),
        })
    }

    /// Counts one passing; `true` if the fault is due at it.
    fn is_due(&self) -> bool {
        let passing = self.passed.fetch_add(1, Ordering::Relaxed) + 1;
        match self.at {
            Passing::Every => true,
            Passing::Only(at) => at == passing,
        }
    }
}

fn parse_entries(text: &str) -> Result<Vec<Entry>, String> {
    text.split(',').filter(|entry| !entry.is_empty()).map(Entry::parse).collect()
}

fn parse_sabotages(text: &str) -> Result<Vec<Sabotage>, String> {
    let find = |name: &str| Sabotage::ALL.into_iter().find(|sabotage| sabotage.name() == name);
    let names = text.split(',').filter(|name| !name.is_empty());
    names.map(|name| find(name).ok_or_else(|| format!("{name} is not a sabotage"))).collect()
}

/// Reads a variable; an unreadable one ends the process, or a test would try nothing and pass.
fn read<T>(variable: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
    let text = std::env::var(variable).unwrap_or_default();
    parse(&text).unwrap_or_else(|fault| {
        eprintln!("{variable}: {fault}");
        std::process::exit(2)
    })
}

fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| read("COUNTERSIGN_FAULT_POINTS", parse_entries))
}

/// Passes a point; the process may die, halt, panic or wait here.
///
/// # Panics
/// If a test asked for it.
pub fn pass(point: FaultPoint) {
    for entry in entries().iter().filter(|entry| entry.point == point) {
        if entry.is_due() {
            strike(entry);
        }
    }
}

fn strike(entry: &Entry) {
    eprintln!("fault point {}: {:?}", entry.point.name(), entry.fault);
    let signal = |signal| kill_process(getpid(), signal).expect("a process may signal itself");
    match entry.fault {
        Fault::Kill => signal(Signal::KILL),
        Fault::Stop => signal(Signal::STOP),
        Fault::Panic => panic!("fault point {}", entry.point.name()),
        Fault::Hold(time) => std::thread::sleep(time),
    }
}

/// Whether a fault waits at the point.
pub fn is_armed(point: FaultPoint) -> bool {
    entries().iter().any(|entry| entry.point == point)
}

/// Whether a rule is switched off.
pub fn sabotage(sabotage: Sabotage) -> bool {
    static SABOTAGES: OnceLock<Vec<Sabotage>> = OnceLock::new();
    SABOTAGES.get_or_init(|| read("COUNTERSIGN_SABOTAGE", parse_sabotages)).contains(&sabotage)
}

/// How far the clock of this process is ahead of the system's.
pub fn clock_offset() -> TimeDelta {
    static OFFSET: OnceLock<TimeDelta> = OnceLock::new();
    let parse = |text: &str| match text {
        "" => Ok(TimeDelta::zero()),
        ms => ms.parse().map(TimeDelta::milliseconds).map_err(|_| format!("{ms} is not a number")),
    };
    *OFFSET.get_or_init(|| read("COUNTERSIGN_CLOCK_OFFSET_MS", parse))
}

/// How far the writing of one call came.
#[derive(Default)]
pub struct CallWrites {
    has_begun: bool,
    is_whole: bool,
}

impl CallWrites {
    /// The part of `bytes` to write now: half of a call's first bytes while a fault waits there.
    pub fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        if self.has_begun || !is_armed(FaultPoint::CallHalfWritten) {
            return bytes;
        }
        &bytes[..bytes.len().div_ceil(2)]
    }

    /// Some bytes left. After the first ones, the call is half written.
    pub fn note_bytes(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            pass(FaultPoint::CallHalfWritten);
        }
    }

    /// Everything that was given to write left. hyper flushes once the call is whole, and then again.
    pub fn note_flush(&mut self) {
        if self.has_begun && !std::mem::replace(&mut self.is_whole, true) {
            pass(FaultPoint::CallWritten);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Entry {
        Entry::parse(text).unwrap()
    }

    #[test]
    fn a_point_is_struck_at_the_passing_that_was_asked_for() {
        let third = entry("outcome_before_commit=kill@3");
        assert_eq!((third.point, third.fault), (FaultPoint::OutcomeBeforeCommit, Fault::Kill));
        assert_eq!([(); 4].map(|()| third.is_due()), [false, false, true, false]);
        let first = entry("call_written=stop");
        assert_eq!([(); 2].map(|()| first.is_due()), [true, false]);
        let every = entry("lease_renewal=hold:20@*");
        assert_eq!(every.fault, Fault::Hold(Duration::from_millis(20)));
        assert_eq!([(); 2].map(|()| every.is_due()), [true, true]);
    }

    #[test]
    fn what_names_no_point_or_no_fault_is_refused() {
        for text in ["call_written", "call_writen=kill", "wake_up=die", "wake_up=kill@x", "wake_up=hold:"] {
            assert!(Entry::parse(text).is_err(), "{text}");
        }
        assert!(parse_sabotages("no_fencing,no_fence").is_err());
        assert_eq!(parse_sabotages("").unwrap(), []);
    }

    #[test]
    fn every_point_and_every_sabotage_is_found_by_its_name() {
        for point in FaultPoint::ALL {
            assert_eq!(entry(&format!("{}=panic", point.name())).point, point);
        }
        for sabotage in Sabotage::ALL {
            assert_eq!(parse_sabotages(sabotage.name()).unwrap(), [sabotage]);
        }
    }
}
