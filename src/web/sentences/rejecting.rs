//! What a rejection does. Where a rule asks for several, one alone ends nothing.

use crate::domain::policy::progress::Progress;
use crate::domain::request::{Decision, Request, Verdict};
use crate::engine::explain::Explanation;
use crate::web::parts::who::Names;
use crate::web::sentences::policies::number_word;
use crate::web::sentences::seats::signed_as;

/// One more rejection of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejecting {
    /// Which one it is, from 1.
    pub number: u32,
    /// How many end the request.
    pub needed: u32,
}

impl Rejecting {
    /// The next one.
    pub fn next(progress: Option<&Progress>) -> Self {
        progress.map_or(Self { number: 1, needed: 1 }, |progress| Self {
            number: progress.rejections + 1,
            needed: progress.rejections_needed,
        })
    }

    /// The last one that is recorded.
    fn last(progress: &Progress) -> Self {
        Self { number: progress.rejections, needed: progress.rejections_needed }
    }

    /// Whether it ends the request.
    pub fn ends_it(self) -> bool {
        self.number >= self.needed
    }

    /// `Reject`, `Reject (1 of 2)`.
    pub fn title(self) -> String {
        if self.ends_it() {
            "Reject".to_owned()
        } else {
            format!("Reject ({} of {})", self.number, self.needed)
        }
    }

    /// What the button does.
    pub fn button(self) -> String {
        if self.ends_it() { "Reject, send nothing".to_owned() } else { self.title() }
    }

    /// What the step says.
    pub fn step(self, host: &str) -> String {
        if self.ends_it() {
            let last = if self.needed > 1 { "Yours is the last rejection that it takes. " } else { "" };
            return format!(
                "{last}Nothing is sent to {host}, and you can’t undo it. The maker may submit a new one. It is about \
                 this call:"
            );
        }
        format!("You reject it, and can’t undo that. {} It is about this call:", self.more())
    }

    /// `One more rejection ends it; until then it may still be approved and sent.`
    pub fn more(self) -> String {
        let ends = match self.needed.saturating_sub(self.number) {
            0 => return "It ends the request, and nothing is sent.".to_owned(),
            1 => "One more rejection ends it".to_owned(),
            more => format!("{} more rejections end it", capital(&number_word(more))),
        };
        format!("{ends}; until then it may still be approved and sent.")
    }
}

fn capital(word: &str) -> String {
    crate::domain::wording::capitalised(word)
}

/// Who rejected a request that waits all the same, in their words, and what is still missing to end it.
pub fn earlier_rejections(request: &Request, progress: Option<&Progress>, names: &Names) -> Vec<String> {
    let Some(progress) = progress.filter(|_| request.state.waits()) else { return Vec::new() };
    let counted = progress.stages.iter().flat_map(|stage| &stage.decisions);
    let rejected = counted.filter_map(|at| request.decisions.get(*at));
    let rejected: Vec<&Decision> = rejected.filter(|one| one.verdict == Verdict::Rejected).collect();
    let line = |(at, decision): (usize, &&Decision)| {
        let who = names.name(&decision.checker);
        let seats = signed_as(&decision.capacities, names);
        let more = Rejecting::last(progress).more();
        let more = if at + 1 == rejected.len() { format!("\n{more}") } else { String::new() };
        format!("{who} rejected it{seats}: “{}”{more}", decision.message)
    };
    rejected.iter().enumerate().map(line).collect()
}

/// What rejecting several requests together does: the words of the button after `Reject`, and a line beside it where
/// one rejection does not end every one of them.
pub fn reject_many<'e>(all: impl Iterator<Item = &'e Explanation>) -> (&'static str, Option<&'static str>) {
    let (mut some_end, mut some_go_on) = (false, false);
    for explained in all {
        let ends = Rejecting::next(explained.progress.as_ref()).ends_it();
        some_end |= ends;
        some_go_on |= !ends;
    }
    match (some_end, some_go_on) {
        (_, false) => (", send nothing", None),
        (false, true) => {
            let line = "One rejection does not end these. Until there are more, they may still be approved and sent.";
            ("", Some(line))
        }
        (true, true) => {
            let line = "One rejection does not end every one of these. Those that it does not end may still be \
                        approved and sent.";
            ("", Some(line))
        }
    }
}
