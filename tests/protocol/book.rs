//! The book of requests: every one that is reached is kept once, under a number, with what each step makes of it.
//!
//! The two requests of a world meet only in its clock, its workers and its pause. So the product's functions run once
//! for each step of one request, and the worlds, of which there are many more, are made of numbers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use countersign::domain::attempt::AttemptOutcome;

use crate::case::{Case, Key, Op, View};
use crate::charter::Charter;
use crate::engine::Answer;
use crate::faults::{Bits, Mark};
use crate::judge::happen;
use crate::target::Kind;
use crate::time::Tick;

/// A request in the book.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its number.
    pub number: u32,
    /// What can be seen of it.
    pub view: View,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Held {}

impl Hash for Held {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.number);
    }
}

/// What a step makes of a request.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The request after it.
    pub held: Held,
    /// What the worker is told.
    pub answer: Answer,
    /// What the target answers.
    pub told: Option<AttemptOutcome>,
}

/// Every request that was reached, and every step.
pub struct Book {
    /// The rules.
    pub charter: Charter,
    pages: RwLock<Pages>,
    marks: AtomicU32,
}

/// A hasher for numbers that differ in any of their bits: it is asked several times for each state.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed");
    }

    fn write_u64(&mut self, number: u64) {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ spread >> 32;
    }
}

#[derive(Default)]
struct Pages {
    cases: Vec<Arc<Case>>,
    numbers: HashMap<Key, u32>,
    steps: HashMap<u64, Step, BuildHasherDefault<Quick>>,
}

impl Book {
    /// An empty book.
    pub fn new(charter: Charter) -> Self {
        Self { charter, pages: RwLock::default(), marks: AtomicU32::new(0) }
    }

    /// A request that waits for its decision.
    pub fn submit(&self, kind: Kind) -> Held {
        let case = Case::new(&self.charter, kind);
        let key = case.key();
        self.write().keep(key, case)
    }

    /// What `op` makes of a request at `now`.
    pub fn step(&self, held: Held, op: Op, now: Tick) -> Step {
        let asked = u64::from(op.code()) | u64::from(now) << 32 | u64::from(held.number) << 36;
        let case = {
            let pages = self.pages.read().expect("nobody panics with the book");
            if let Some(known) = pages.steps.get(&asked) {
                return *known;
            }
            Arc::clone(&pages.cases[held.number as usize])
        };
        let judged = happen(&self.charter, &case, op, now);
        self.marks.fetch_or(judged.marks.0, Ordering::Relaxed);
        let is_over = op == Op::Rest && judged.case.is_over();
        let key = if is_over { judged.case.key_when_over() } else { judged.case.key() };
        let mut pages = self.write();
        let mut held = pages.keep(key, judged.case);
        held.view.is_rested = op == Op::Rest;
        let step = Step { held, answer: judged.answer, told: judged.told };
        *pages.steps.entry(asked).or_insert(step)
    }

    /// Notes that something was reached.
    pub fn mark(&self, mark: Mark) {
        self.marks.fetch_or(1 << mark as u32, Ordering::Relaxed);
    }

    /// Whether something was reached by now.
    pub fn is_marked(&self, mark: Mark) -> bool {
        Bits(self.marks.load(Ordering::Relaxed)).has(mark as u32)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Pages> {
        self.pages.write().expect("nobody panics with the book")
    }
}

impl Pages {
    fn keep(&mut self, key: Key, case: Case) -> Held {
        let next = u32::try_from(self.cases.len()).expect("there are not so many");
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.cases.push(Arc::new(case));
        }
        Held { number, view: self.cases[number as usize].view() }
    }
}
