//! What is said about how people decided, to auditors and to whoever checks in the org.

use chrono::TimeDelta;

use crate::domain::conduct::{OddDecision, Oddity};
use crate::domain::request::{Request, Verdict};
use crate::web::html::Markup;
use crate::web::parts::format::span;
use crate::web::parts::who::Names;
use crate::web::sentences::looks::Look;

/// What is odd about the decisions on a request, a line each.
pub fn odd_looks(odd: &[OddDecision], request: &Request, names: &Names) -> Vec<Look> {
    let look = |odd: &OddDecision| {
        let line = odd_line(odd, request, names);
        Look { is_note: is_only_to_know(&odd.oddity), ..Look::warning(Markup::text(&line)) }
    };
    odd.iter().map(look).collect()
}

/// Whether it is only good to know: behind a proxy everybody has one address, and many decide together every day.
fn is_only_to_know(oddity: &Oddity) -> bool {
    match oddity {
        Oddity::AtOnce(_) | Oddity::SameToken => false,
        Oddity::NotOpened | Oddity::SameAddress(_) => true,
    }
}

fn odd_line(odd: &OddDecision, request: &Request, names: &Names) -> String {
    let (checker, maker) = (names.name(&odd.checker), names.name(&request.maker));
    let did = match odd.verdict {
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
    };
    let line = match &odd.oddity {
        Oddity::AtOnce(after) => format!("{checker} {did} it {} opening it.", soon_after(*after)),
        Oddity::NotOpened => {
            format!("{checker} {did} it together with others, and had not opened its page.")
        }
        Oddity::SameAddress(address) => {
            format!("{maker} submitted it and {checker} {did} it from the same address, {address}.")
        }
        Oddity::SameToken => format!("{maker} submitted it and {checker} {did} it with the same token."),
    };
    if odd.revision == request.revision { line } else { format!("Revision {}: {line}", odd.revision) }
}

/// `3 s after`, or `within a second of`.
fn soon_after(after: TimeDelta) -> String {
    if after < TimeDelta::seconds(1) {
        "within a second of".to_owned()
    } else {
        format!("{} after", span(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    #[test]
    fn each_oddity_is_one_sentence_with_everybody_by_name() {
        let view = sample::view();
        let names = Names::as_spelled();
        let odd = |oddity| OddDecision {
            checker: sample::person("Chen Wei"),
            verdict: Verdict::Rejected,
            revision: view.request.revision,
            oddity,
        };
        let maker = &view.request.maker.user_name;
        for (oddity, expected) in [
            (
                Oddity::AtOnce(TimeDelta::milliseconds(900)),
                "Chen Wei rejected it within a second of opening it.".to_owned(),
            ),
            (
                Oddity::AtOnce(TimeDelta::milliseconds(4_900)),
                "Chen Wei rejected it 4 s after opening it.".to_owned(),
            ),
            (
                Oddity::NotOpened,
                "Chen Wei rejected it together with others, and had not opened its page.".to_owned(),
            ),
            (
                Oddity::SameAddress("10.0.0.7".to_owned()),
                format!("{maker} submitted it and Chen Wei rejected it from the same address, 10.0.0.7."),
            ),
            (
                Oddity::SameToken,
                format!("{maker} submitted it and Chen Wei rejected it with the same token."),
            ),
        ] {
            assert_eq!(odd_line(&odd(oddity), &view.request, &names), expected);
        }
        let earlier = OddDecision { revision: 0, ..odd(Oddity::NotOpened) };
        assert!(odd_line(&earlier, &view.request, &names).starts_with("Revision 0: Chen Wei "));
    }
}
