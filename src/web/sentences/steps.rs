//! What a step says before it is carried out: its title, what will happen, and its button.

use crate::domain::request::Request;
use crate::engine::explain::Explanation;
use crate::web::parts::who::Names;
use crate::web::sentences::boxes::still_needed_after_mine;
use crate::web::sentences::rejecting::Rejecting;

/// What a step is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Approve,
    Reject,
    SendBack,
    Withdraw,
}

/// The words of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepWords {
    pub heading: String,
    /// What happens when it is carried out.
    pub what: String,
    pub button: String,
    /// The label of the field for words.
    pub label: &'static str,
    /// What is said beside the label of a field that may stay empty; empty if it must not.
    pub optional: &'static str,
    pub hint: &'static str,
}

impl Step {
    /// What the step says about this request.
    pub fn words(self, request: &Request, explained: &Explanation, names: &Names) -> StepWords {
        let host = request.host.as_str();
        match self {
            Self::Approve => approve(host, still_needed_after_mine(explained, names)),
            Self::Reject => {
                let rejecting = Rejecting::next(explained.progress.as_ref());
                StepWords {
                    heading: rejecting.title(),
                    what: rejecting.step(host),
                    button: rejecting.button(),
                    label: "Why do you reject it?",
                    optional: "",
                    hint: READ_BY_THE_MAKER,
                }
            }
            Self::SendBack => StepWords {
                heading: "Send back".to_owned(),
                what: "Nothing is sent, and nobody can decide it until its maker has changed it. All who signed \
                       before sign again then. It is about this call:"
                    .to_owned(),
                button: "Send back to its maker".to_owned(),
                label: "What is to be changed?",
                optional: "",
                hint: READ_BY_THE_MAKER,
            },
            Self::Withdraw => StepWords {
                heading: "Withdraw".to_owned(),
                what: "It ends here and nothing is sent. The record stays, with your reason. It is about this call:"
                    .to_owned(),
                button: "Withdraw, send nothing".to_owned(),
                label: "Why do you withdraw it?",
                optional: "(optional)",
                hint: "",
            },
        }
    }
}

const READ_BY_THE_MAKER: &str = "The maker reads these words. They are kept with your name.";

fn approve(host: &str, still_needed: Option<String>) -> StepWords {
    let (heading, what, button) = match still_needed {
        None => (
            "Approve and send",
            "Yours is the last signature. When you approve, Countersign sends this call at once, one time:"
                .to_owned(),
            format!("Approve and send to {host}"),
        ),
        Some(needed) => (
            "Approve",
            format!(
                "You sign it, and nothing is sent now: after you it still needs {needed}. It is about this call:"
            ),
            "Approve, send nothing yet".to_owned(),
        ),
    };
    StepWords {
        heading: heading.to_owned(),
        what,
        button,
        label: "Message",
        optional: "(optional, everybody who can read this request sees it)",
        hint: "",
    }
}
