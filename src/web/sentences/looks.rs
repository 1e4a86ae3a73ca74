//! What somebody should look at before they decide: earlier rejections first, then what is odd.

use chrono::TimeDelta;

use crate::domain::amount::Amount;
use crate::domain::findings::{Finding, FindingCode, FindingFacts, Level, UsageReached, WarningCode};
use crate::domain::period;
use crate::domain::request::Request;
use crate::domain::request_type::CountBy;
use crate::engine::explain::Explanation;
use crate::engine::queries::RowView;
use crate::web::BASE;
use crate::web::html::Markup;
use crate::web::parts::amounts::amount_words;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{When, number_of, summary};
use crate::web::parts::who::Names;
use crate::web::sentences::rejecting::earlier_rejections;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it is more than odd.
    pub is_bad: bool,
    /// Whether it is only good to know.
    pub is_note: bool,
    /// The sentence; it may have links.
    pub html: Markup,
    /// The field that it is about; empty if it is about none.
    pub field: String,
}

impl Look {
    pub(super) fn warning(html: Markup) -> Self {
        Self { is_bad: false, is_note: false, html, field: String::new() }
    }

    fn note(sentence: &str) -> Self {
        Self { is_note: true, ..Self::warning(Markup::text(sentence)) }
    }
}

/// What there is to look at.
pub fn looks(
    (request, explained): (&Request, &Explanation),
    open_on_subject: &[RowView],
    (names, when): (&Names, When),
) -> Vec<Look> {
    let rejections = earlier_rejections(request, explained.progress.as_ref(), names).into_iter();
    let rejected = |line: String| Look { is_bad: true, ..Look::warning(Markup::text(&line)) };
    let mut found: Vec<Look> = rejections.map(rejected).collect();
    let maker = names.name(&request.maker);
    let is_open = |finding: &&Finding| finding.code == FindingCode::SubjectPending;
    let open = explained.findings.iter().filter(is_open).count();
    found.extend((open > 0).then(|| Look::warning(open_for_subject(open, open_on_subject, (names, when)))));
    found.extend(explained.findings.iter().filter_map(|finding| odd(finding, &maker)));
    if open == 0 {
        found.extend(request.terms.warnings.iter().map(|warning| match warning.code {
            WarningCode::DuplicatePending => {
                Look::note("When it was submitted, another request for the same subject was open.")
            }
        }));
    }
    found
}

/// What those who decide would look at in a draft, as its maker reads it.
pub fn draft_looks(findings: &[Finding]) -> Vec<Look> {
    let is_open = |finding: &Finding| finding.code == FindingCode::SubjectPending;
    let open = findings
        .iter()
        .any(is_open)
        .then(|| Look::warning(Markup::text("Another request for the same subject is open.")));
    open.into_iter().chain(findings.iter().filter_map(|finding| odd(finding, "You"))).collect()
}

/// What was checked and is as it should be.
pub fn passed_checks(request: &Request) -> Vec<Look> {
    vec![
        Look::note("The maker may submit this type."),
        Look::note("The payload fits the type’s schema."),
        Look::note(&format!("Who must agree: rule {} of the type’s policy.", request.terms.rule)),
    ]
}

/// One line for all of them, each with a link where the reader may read it.
fn open_for_subject(count: usize, readable: &[RowView], (names, when): (&Names, When)) -> Markup {
    let one = |row: &RowView| {
        let (url, title) = (format!("{BASE}/requests/{}", row.request.id), summary(&row.request));
        let maker = Markup::text(&names.name(&row.request.maker));
        let title = Markup::text(&title);
        format!(r#"<a href="{url}">{title}</a> ({maker}, {})"#, when.ago(row.request.started_at))
    };
    let links: Vec<String> = readable.iter().map(one).collect();
    let hidden = count.saturating_sub(links.len());
    let head = if count == 1 {
        "Another request for the same subject is open"
    } else {
        "Other requests for the same subject are open"
    };
    let rest = match (links.len(), hidden) {
        (0, _) | (_, 0) => String::new(),
        (_, more) => format!(" and {more} more"),
    };
    let links = if links.is_empty() { String::new() } else { format!(": {}{rest}", links.join(", ")) };
    Markup::new(format!("{head}{links}."))
}

/// A finding about the request itself; open requests for the same subject have a line together.
fn odd(finding: &Finding, maker: &str) -> Option<Look> {
    let html = match (&finding.facts, finding.code) {
        (Some(FindingFacts::Open(_)), _) | (None, FindingCode::SubjectPending) => return None,
        (Some(FindingFacts::Usage(reached)), _) => usage_reached(reached, maker),
        (
            None,
            FindingCode::HiddenCharacters
            | FindingCode::LimitNearlyUsedUp
            | FindingCode::LateAnswer
            | FindingCode::NobodyCanSign
            | FindingCode::LookAlike,
        ) => Markup::text(&finding.sentence),
    };
    let is_note = match finding.level {
        Level::Note => true,
        Level::Warning => false,
    };
    let field = finding.pointer.as_deref().map(field_label).unwrap_or_default();
    Some(Look { is_note, field, ..Look::warning(html) })
}

/// `Mara Lind asked for 31 291.50 EUR in 6 requests of this type on one day (UTC), with this one. From 20 000 EUR on it is
/// shown here.`
fn usage_reached(reached: &UsageReached, maker: &str) -> Markup {
    let requests = usize::try_from(reached.usage.count).unwrap_or(usize::MAX);
    let requests = number_of(requests, "request", "requests");
    let unit = reached.unit.as_ref();
    let sum = (reached.usage.sum != Amount::ZERO).then(|| amount_words(reached.usage.sum, unit));
    let maker = Markup::text(maker);
    let what = match (reached.by, sum) {
        (CountBy::Maker, Some(sum)) => format!("{maker} asked for {sum} in {requests} of this type"),
        (CountBy::Maker, None) => format!("{maker} submitted {requests} of this type"),
        (CountBy::Subject, Some(sum)) => {
            format!("For this subject {sum} was asked for in {requests} of this type")
        }
        (CountBy::Subject, None) => format!("For this subject {requests} of this type were submitted"),
    };
    let window = window_words(reached.window);
    let sums = reached.warn_sum.map(|sum| amount_words(sum, unit).to_string());
    let counts = reached.warn_count.and_then(|count| usize::try_from(count).ok());
    let counts = counts.map(|count| number_of(count, "request", "requests"));
    let limits: Vec<String> = sums.into_iter().chain(counts).collect();
    Markup::new(format!("{what} {window}, with this one. From {} on it is shown here.", limits.join(" or ")))
}

fn window_words(window: TimeDelta) -> String {
    if window == TimeDelta::days(1) {
        "on one day (UTC)".to_owned()
    } else {
        format!("in one period of {}", period::words(window))
    }
}
