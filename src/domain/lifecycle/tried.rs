//! What a person tried that the rules forbid: it changed nothing, and is recorded whole all the same.

use super::Command;
use crate::domain::actor::Person;
use crate::domain::settlement::SettledOutcome;
use crate::domain::state::Verdict;
use crate::domain::words::Words;

/// A refused decision, withdrawal, comment, wish for changes or word about an unknown outcome, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Approved or rejected; `None` if it was no decision.
    pub verdict: Option<Verdict>,
    /// Their words; empty if they wrote none.
    pub words: String,
    /// The digest that they named, as far as it could be one.
    pub digest: Option<String>,
    /// How they said that an unknown outcome ended; `None` if it was no such word.
    pub outcome: Option<SettledOutcome>,
}

impl Tried {
    /// The longest digest that is kept: the caller wrote it, and a true one has 71 characters.
    pub const DIGEST_CHARS_MAX: usize = 128;

    /// What the command wanted; `None` if no person gave it.
    pub(super) fn of(command: &Command<'_>) -> Option<Self> {
        let said = |words: &Words| Self { words: words.as_str().to_owned(), ..Self::default() };
        match command {
            Command::Decide(command) => Some(Self {
                verdict: Some(command.decision.verdict),
                digest: command.decision.digest.as_deref().map(shown),
                ..said(&command.decision.message)
            }),
            Command::Withdraw { reason, .. } => Some(said(reason)),
            Command::Comment { words, .. } => Some(said(words)),
            Command::SendBack(command) => Some(Self {
                digest: command.wish.digest.as_deref().map(shown),
                ..said(&command.wish.message)
            }),
            Command::Settle(command) => {
                Some(Self { outcome: Some(command.word.outcome), ..said(&command.word.evidence) })
            }
            Command::Expire
            | Command::Lapse
            | Command::StartAttempt
            | Command::EndAttempt { .. }
            | Command::Stop { .. }
            | Command::RecordLateAnswer(_)
            // Kept where refused submissions are.
            | Command::SubmitAgain { .. }
            | Command::Resubmit { .. }
            | Command::AskProbe(_)
            | Command::EndProbe { .. } => None,
        }
    }
}

fn shown(digest: &str) -> String {
    digest.chars().filter(|c| !c.is_control()).take(Tried::DIGEST_CHARS_MAX).collect()
}

impl Command<'_> {
    /// Who gives it.
    pub(super) fn by(&self) -> Person {
        match self {
            Self::Decide(command) => command.signer.person.clone(),
            Self::Withdraw { by, .. }
            | Self::Comment { by, .. }
            | Self::Resubmit { by, .. }
            | Self::SubmitAgain { by, .. } => by.clone(),
            Self::SendBack(command) => command.signer.person.clone(),
            Self::Settle(command) => command.signer.person.clone(),
            Self::AskProbe(wish) => wish.signer.person.clone(),
            Self::Expire
            | Self::Lapse
            | Self::StartAttempt
            | Self::EndAttempt { .. }
            | Self::Stop { .. }
            | Self::RecordLateAnswer(_)
            | Self::EndProbe { .. } => Person::system(),
        }
    }
}
