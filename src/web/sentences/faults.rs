//! What is wrong with a field of a form, for people who see fields and no members.

use crate::domain::fault::FaultKind;
use crate::domain::fault::wanted::{self, Limit, Wanted};
use crate::web::sentences::hints::example_of_format;

/// Said where nothing was chosen, or what there is not.
pub const CHOOSE: &str = "Choose one.";

/// Said where nothing was written.
pub const FILL_IN: &str = "Fill this in.";

/// Said where several requests are to be decided, and none is ticked.
pub const TICK_ONE: &str = "Tick at least one request.";

/// What people who fill in a form call a string.
const A_STRING: &str = "a text";

/// What to do at a list, as a whole.
pub fn of_list(fault: &FaultKind) -> String {
    if let FaultKind::Limit(Limit::ItemsMin(least)) = fault {
        format!("Fill in at least {least} of them.")
    } else if let FaultKind::Limit(Limit::ItemsMax(most)) = fault {
        format!("Fill in at most {most} of them, and remove the others.")
    } else if let FaultKind::Limit(Limit::UniqueItems) = fault {
        "Fill in each of them once.".to_owned()
    } else if let FaultKind::Missing { .. } | FaultKind::Wrong { .. } = fault {
        "Fill in at least one.".to_owned()
    } else {
        anywhere(fault)
    }
}

/// What to do, wherever it is.
pub fn anywhere(fault: &FaultKind) -> String {
    if let FaultKind::Missing { wanted } = fault {
        let is_text = *wanted == Wanted::a(wanted::Kind::Text);
        let more = if is_text { String::new() } else { format!(" {}", wish(wanted)) };
        format!("{FILL_IN}{more}")
    } else if let FaultKind::Wrong { wanted } = fault {
        wish(wanted)
    } else if let FaultKind::Limit(Limit::Pattern(pattern)) = fault {
        format!("Write it in the form {pattern}.")
    } else if let FaultKind::Limit(Limit::Format(format)) = fault {
        let written = example_of_format(format).map(|example| format!("Write it in this form: {example}."));
        written.unwrap_or_else(|| format!("Write it in the format {format}."))
    } else if let FaultKind::Unknown { allowed } = fault {
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        format!("Leave this out. The type takes here: {allowed}.")
    } else {
        fault.sentence_calling(A_STRING)
    }
}

fn wish(wanted: &Wanted) -> String {
    if *wanted == Wanted::a(wanted::Kind::Number) {
        return "Write a number such as 1240.00: digits, a point, no spaces.".to_owned();
    }
    if *wanted == Wanted::Unclear {
        return "It is none of what this type takes here. “The whole policy” says what it takes.".to_owned();
    }
    wanted.sentence(A_STRING)
}

/// The same of one item of a list that has one field; `index` counts from 0.
pub fn of_item(index: usize, sentence: &str) -> String {
    format!("Item {}: {sentence}", index + 1)
}
