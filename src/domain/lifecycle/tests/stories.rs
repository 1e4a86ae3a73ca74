//! One story for every state.

use super::revising::send_back;
use super::*;

/// One story for every state that a request can rest in.
pub(super) fn stories() -> Vec<Story> {
    let approved = || vec![approve(anna())];
    let attempted = |outcome| vec![approve(anna()), attempt(), record(outcome)];
    let mut expired = Story::begin();
    expired.now = start() + seconds(WAITS);
    expired.tell(&expire()).unwrap();
    let all = vec![
        Story::begin(),
        Story::after(&[send_back(anna())]),
        Story::after(&approved()),
        Story::after(&attempted(AttemptOutcome::Executed)),
        Story::after(&attempted(AttemptOutcome::Failed)),
        Story::after(&attempted(AttemptOutcome::Ambiguous)),
        Story::after(&[reject(anna())]),
        Story::after(&[withdraw(maker(), "a mistake")]),
        expired,
    ];
    let states: Vec<State> = all.iter().map(|story| story.request.state).collect();
    assert_eq!(states, State::ALL[2..]);
    all
}
