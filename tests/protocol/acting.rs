//! What each action does to a world.

use countersign::domain::attempt::AttemptOutcome;

use crate::book::Step;
use crate::case::Op;
use crate::engine::Answer;
use crate::target::Work;
use crate::worker::{At, Worker};
use crate::world::{Action, Protocol, World};

impl Protocol {
    /// Does something to one request.
    pub fn step(&self, world: &mut World, case: u8, op: Op) -> Step {
        let held = &mut world.cases[usize::from(case)];
        let step = self.book.step(*held, op, world.clock);
        *held = step.held;
        step
    }

    /// A worker claims a request, for its call or for a probe.
    pub fn claim(&self, world: &mut World, worker: u8, case: u8) {
        let is_paused = world.is_paused;
        let claimed = self.step(world, case, Op::Claim { is_paused }).held.view;
        let at = if claimed.is_probe { At::Probing } else { At::Claimed };
        world.workers[usize::from(worker)] = Worker { at, case, token: claimed.token, ..Worker::IDLE };
    }

    /// A checker approves; an idle worker may begin with that.
    pub fn approve(&self, world: &mut World, case: u8, begins: bool) {
        let is_paused = world.is_paused;
        let step = self.step(world, case, Op::Approve { begins, is_paused });
        if let Answer::Begun(attempt) = step.answer {
            let (token, began) = (step.held.view.token, world.clock);
            world.workers[0] = Worker { at: At::Begun, case, token, attempt, began };
        }
    }

    /// The target works on a call, and whoever waits for the answer gets it, or sees the connection break.
    pub fn work(&self, world: &mut World, (case, attempt): (u8, u8), (work, is_lost): (Work, bool)) {
        let told = self.step(world, case, Op::Work { attempt, work }).told;
        let outcome = told.filter(|_| !is_lost).unwrap_or(AttemptOutcome::Ambiguous);
        for worker in &mut world.workers {
            if worker.has(case) && worker.at == At::Sent && worker.attempt == attempt {
                worker.at = At::Answered(outcome);
            }
        }
    }

    /// A worker does something.
    pub fn act_as(&self, world: &mut World, place: usize, action: Action) {
        let mut worker = world.workers[place];
        let Worker { case, token, attempt, .. } = worker;
        match action {
            Action::Begin(_) => match self.step(world, case, Op::Begin { token }).answer {
                Answer::Begun(attempt) => {
                    worker = Worker { at: At::Begun, attempt, began: world.clock, ..worker };
                }
                Answer::Fenced | Answer::Over | Answer::Recorded => worker = Worker::IDLE,
            },
            Action::HandOver(_) => {
                self.step(world, case, Op::HandOver { token, attempt });
                worker = Worker { at: At::Sent, began: 0, ..worker };
            }
            Action::Miss(_) => {
                worker = Worker { at: At::Answered(AttemptOutcome::NotSent), began: 0, ..worker };
            }
            Action::Cut(_) => worker.at = At::Answered(AttemptOutcome::Ambiguous),
            Action::Ask(_, told) => worker.at = At::Told(told),
            Action::Renew(_) => drop(self.step(world, case, Op::Renew { token })),
            Action::PutBack(_) => {
                self.step(world, case, Op::PutBack { token });
                worker = Worker::IDLE;
            }
            Action::Stop(_) => {
                let unsent = (worker.at == At::Begun).then_some(attempt);
                self.step(world, case, Op::Stop { token, unsent });
                worker = Worker::IDLE;
            }
            Action::Record(_) => {
                self.record(world, &worker);
                worker = Worker::IDLE;
            }
            Action::Crash(_) => worker = Worker::IDLE,
            Action::Tick
            | Action::TogglePause
            | Action::Restart
            | Action::Claim(..)
            | Action::Work { .. }
            | Action::Approve { .. }
            | Action::Other(..) => {}
        }
        world.workers[place] = worker;
    }

    fn record(&self, world: &mut World, worker: &Worker) {
        let Worker { case, token, attempt, .. } = *worker;
        match worker.at {
            At::Answered(outcome) => drop(self.step(world, case, Op::End { token, attempt, outcome })),
            At::Told(told) => drop(self.step(world, case, Op::EndProbe { token, told })),
            At::Idle | At::Claimed | At::Begun | At::Sent | At::Probing => {}
        }
    }

    /// Brings what is the same into one form.
    pub fn tidy(&self, world: &mut World) {
        for case in [0, 1] {
            let is_rested = world.cases[usize::from(case)].view.is_rested;
            if !is_rested && !world.is_held(case) {
                self.step(world, case, Op::Rest);
            }
        }
        // Sorted by hand: this runs for every state.
        let [one, two, three] = &world.workers;
        let mut codes = [one.code(), two.code(), three.code()];
        for (left, right) in [(0, 1), (1, 2), (0, 1)] {
            if codes[left] > codes[right] {
                world.workers.swap(left, right);
                codes.swap(left, right);
            }
        }
    }
}
