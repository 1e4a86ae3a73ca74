//! What a person tried that the rules forbid: it changed nothing, and is recorded whole all the same.

use super::Command;
use crate::domain::actor::Person;
use crate::domain::settlement::SettledOutcome;
use crate::domain::state::Verdict;

/// A refused decision, withdrawal or word about an unknown outcome, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        match command {
            Command::Decide(command) => {
                let digest = command.decision.digest.as_deref();
                let shown = |digest: &str| {
                    digest.chars().filter(|c| !c.is_control()).take(Self::DIGEST_CHARS_MAX).collect()
                };
                Some(Self {
                    verdict: Some(command.decision.verdict),
                    words: command.decision.message.as_str().to_owned(),
                    digest: digest.map(shown),
                    outcome: None,
                })
            }
            Command::Withdraw { reason, .. } => {
                Some(Self { verdict: None, words: reason.as_str().to_owned(), digest: None, outcome: None })
            }
            Command::Settle(command) => Some(Self {
                verdict: None,
                words: command.word.evidence.as_str().to_owned(),
                digest: None,
                outcome: Some(command.word.outcome),
            }),
            Command::Expire
            | Command::Lapse
            | Command::StartAttempt
            | Command::EndAttempt { .. }
            | Command::Stop { .. }
            | Command::RecordLateAnswer(_)
            // Kept where refused submissions are.
            | Command::SubmitAgain { .. }
            | Command::AskProbe(_)
            | Command::EndProbe { .. } => None,
        }
    }
}

impl Command<'_> {
    /// Who gives it.
    pub(super) fn by(&self) -> Person {
        match self {
            Self::Decide(command) => command.signer.person.clone(),
            Self::Withdraw { by, .. } | Self::SubmitAgain { by, .. } => by.clone(),
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
