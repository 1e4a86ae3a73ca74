//! Stories that are drawn: under what a request is admitted, and what happens to it.

use proptest::prelude::*;

use super::again::submit_again;
use super::policies::{checkers, entry, group, stage};
use super::probing::probed;
use super::revising::{comment, send_back, send_revision_back};
use super::*;
use crate::domain::policy::people::PersonEntry;
use crate::domain::policy::{Mode, Stage};
use crate::domain::probe::ProbeVerdict;
use crate::domain::settlement::SettledOutcome;

fn stages() -> impl Strategy<Value = Stage> {
    let modes = proptest::sample::select(vec![Mode::All, Mode::All, Mode::Any(1), Mode::Any(2)]);
    let whos = proptest::sample::subsequence(vec![group("Risk"), group("Finance"), checkers()], 1..=2);
    let counts = proptest::sample::select(vec![1, 1, 2]);
    (modes, whos, counts).prop_map(|(mode, whos, count)| {
        let count = if mode == Mode::All { count } else { 1 };
        let seats: Vec<_> = whos.into_iter().map(|who| (who, count)).collect();
        stage("Stage", mode, &seats)
    })
}

fn approvals() -> impl Strategy<Value = Approval> {
    let stages = proptest::collection::vec(stages(), 1..=3);
    let numbers = (1..=2_u32, 1..=4_u32);
    (stages, numbers).prop_map(|(stages, (rejections, min_distinct_people))| Approval {
        stages,
        rejections,
        min_distinct_people,
        fresh_sign_in: None,
    })
}

/// No file, or one in which accounts of the maker and of checkers are linked and one is switched off.
fn files() -> impl Strategy<Value = People> {
    let of_risk = PersonEntry {
        groups: vec!["Risk".to_owned()],
        ..entry("Bob", &["sub-bob", "400003", "sub-dora"], true)
    };
    let linked = vec![
        entry("Maker", &["sub-other", "400001", "sub-carl"], true),
        of_risk,
        entry("Anna long ago", &["sub-else"], false),
    ];
    prop_oneof![3 => Just(People::none()), 1 => Just(People::new(linked).unwrap())]
}

fn charters() -> impl Strategy<Value = Charter> {
    let stages =
        (approvals(), files()).prop_map(|(approval, people)| Charter { approval, people, is_auto: false });
    let auto =
        (approvals(), files()).prop_map(|(approval, people)| Charter { approval, people, is_auto: true });
    prop_oneof![3 => Just(Charter::one_checker()), 6 => stages, 1 => auto]
}

fn commands() -> impl Strategy<Value = TestCommand> {
    use Verdict::{Approved, Rejected};
    let people = || proptest::sample::select(everybody());
    let speakers = proptest::sample::select(vec![maker(), anna(), bob(), carl(), dora()]);
    let verdicts = proptest::sample::select(vec![Approved, Approved, Approved, Rejected]);
    let words = || proptest::sample::select(vec!["fine", "no"]);
    let known = |revision| Some(digest_of(revision).to_string());
    let digests =
        proptest::sample::select(vec![None, known(1), known(2), known(2), Some("sha256:wrong".to_owned())]);
    let outcomes = || proptest::sample::select(AttemptOutcome::ALL.to_vec());
    let repeats = [TestRepeat::Unknown, TestRepeat::Recognised, TestRepeat::RecognisedButShared];
    let lost_and_found = [AttemptOutcome::Ambiguous, AttemptOutcome::AlreadyDone];
    let repeated = proptest::sample::select(lost_and_found.to_vec()).prop_map(record_recognised);
    let ends = (outcomes(), proptest::sample::select(repeats.to_vec()))
        .prop_map(|(outcome, repeat)| TestCommand::End { attempt: None, outcome, repeat });
    prop_oneof![
        18 => (people(), verdicts, words(), digests).prop_map(|(checker, verdict, message, digest)| {
            decide(checker, verdict, message, digest.as_deref())
        }),
        1 => (people(), words()).prop_map(|(by, reason)| withdraw(by, reason)),
        1 => (people(), words()).prop_map(|(by, words)| comment(by, words)),
        1 => people().prop_map(send_back),
        1 => people().prop_map(|by| send_revision_back(by, 2)),
        1 => (people(), any::<bool>()).prop_map(|(by, is_changed)| TestCommand::Resubmit { by, is_changed }),
        5 => any::<bool>().prop_map(|is_changed| TestCommand::Resubmit { by: maker(), is_changed }),
        1 => people().prop_map(submit_again),
        1 => Just(expire()),
        1 => Just(lapse()),
        4 => Just(attempt()),
        4 => ends,
        2 => repeated,
        1 => Just(stop()),
        1 => (1..4_i64, outcomes()).prop_map(|(attempt, outcome)| late(attempt, outcome)),
        1 => proptest::sample::select(ProbeVerdict::ALL.to_vec()).prop_map(|verdict| probed(verdict, None)),
        3 => (speakers, proptest::sample::select(SettledOutcome::ALL.to_vec())).prop_map(|(by, outcome)| {
            TestCommand::Say { signer: signer(by), word: NewSettlementWord::new(outcome, "seen", None).unwrap() }
        }),
    ]
}

pub(super) type Steps = Vec<(i64, TestCommand)>;

/// Commands, each with the seconds that pass before it; some stories stay before the deadline.
fn steps() -> impl Strategy<Value = Steps> {
    let steps = |pause: i64| proptest::collection::vec((0..=pause, commands()), 0..40);
    prop_oneof![steps(2), steps(WAITS / 4), steps(WAITS)]
}

/// What a request is admitted under, and what happens to it.
pub(super) fn plans() -> impl Strategy<Value = (Charter, Steps)> {
    (charters(), steps())
}
