//! Everything that one must see to decide many requests at once: for each its call, its body, what to look at
//! twice and what will happen to it; and what they come to together.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::{FormInput, list_of};
use crate::domain::call_line::HeaderLine;
use crate::domain::ids::RequestId;
use crate::domain::person_key::PersonKey;
use crate::domain::policy::Risk;
use crate::engine::Engine;
use crate::engine::explain::{Explanation, ReadTogether};
use crate::web::html::{Markup, filters};
use crate::web::parts::amounts::{Addend, AmountCell, Places, Total, totals};
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{RiskMark, StateWord, number_of, reason_line, summary};
use crate::web::parts::icons::Icon;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::who::Names;
use crate::web::sentences::{Situation, looks, reject_many, still_needed_after_mine, together};
use crate::web::{BASE, Page, PageError, PageRequest, show};

#[derive(Template)]
#[template(path = "bulk.html")]
struct ReviewTemplate {
    shell: Shell,
    heading: String,
    /// What is wrong with the form that was sent.
    fault: String,
    rows: Vec<Row>,
    /// How many may be decided.
    count: usize,
    /// Of those: how many makers and hosts.
    sums: String,
    /// Of those: what their amounts come to.
    totals: Vec<Total>,
    /// Subjects that are there more than once.
    repeated: String,
    host: String,
    /// Whether any of them is sent with this signature.
    is_sending: bool,
    /// What the button says after the number of those that are rejected.
    reject: &'static str,
    /// What is said where one rejection does not end every one of them.
    reject_line: Option<&'static str>,
    message: String,
    list: &'static str,
    list_url: String,
    action: String,
}

/// One request before it is decided.
struct Row {
    id: String,
    url: String,
    title: String,
    /// The beginning of why it was submitted.
    reason: String,
    call: CallView,
    maker: String,
    risk: RiskMark,
    amount: AmountCell,
    addend: Addend,
    /// What to look at twice.
    looks: Vec<Markup>,
    /// What the form carries of it: id, version and digest; nothing if it is left out.
    item: Option<String>,
    is_ticked: bool,
    what: StateWord,
}

/// The page of these requests, with what a form brought.
pub(super) async fn review_page(page: &PageRequest, ids: Vec<RequestId>, input: FormInput) -> Page {
    let known = page.engine().explain_many(page.actor(), ids).await?;
    if known.is_empty() {
        return Err(PageError::NotFound);
    }
    let shell = Shell::of(page, Nav::NeedsMe).await?;
    let from = list_of(page);
    let may: Vec<&ReadTogether> = known.iter().filter(|one| left_out(page, one).is_none()).collect();
    let hosts: BTreeSet<&str> = may.iter().map(|one| one.row.request.host.as_str()).collect();
    let places = Places::of(known.iter().map(|one| &one.row.request));
    let row = |one| Row { url: from.onto(&url_of(one)), ..row(page, one, (input.ticked.as_ref(), places)) };
    let (reject, reject_line) = reject_many(may.iter().map(|one| &one.explained));
    let template = ReviewTemplate {
        heading: together::review(known.len()),
        fault: input.fault,
        rows: known.iter().map(row).collect(),
        count: may.len(),
        sums: summed(&may, page.engine(), hosts.len()),
        totals: totals(may.iter().map(|one| (&one.row.request.terms, one.row.pinned.title.as_str()))),
        repeated: repeated(&may),
        host: hosts.into_iter().collect::<Vec<_>>().join(" and "),
        is_sending: may.iter().any(|one| goes_on_to(&one.explained, &shell.names).is_none()),
        reject,
        reject_line,
        message: input.message,
        list: from.nav().name(),
        list_url: from.url(),
        action: from.onto(&format!("{BASE}/bulk")),
        shell,
    };
    show(input.status, &template)
}

/// Why this one is not decided with the others.
fn left_out(page: &PageRequest, ReadTogether { row, view, explained }: &ReadTogether) -> Option<String> {
    if !explained.can_decide {
        let (names, reader, when) = (&page.names(), &page.actor().person, page.when);
        let seen = Situation { request: &row.request, explained, members: &[], reader, names, when };
        return Some(seen.answer().sentence);
    }
    if let Some(why) = row.alone_because(&explained.findings) {
        return Some(together::alone(why));
    }
    // Who signs must have seen all of it.
    if row.request.terms.call.headers.iter().any(HeaderLine::is_cut) {
        return Some(together::LONG_HEADER.to_owned());
    }
    let is_unread = view.is_none();
    is_unread.then(|| together::TOO_LONG.to_owned())
}

/// The stages that must still agree after this signature.
fn goes_on_to(explained: &Explanation, names: &Names) -> Option<String> {
    still_needed_after_mine(explained, names)
}

fn url_of(one: &ReadTogether) -> String {
    format!("{BASE}/requests/{}", one.row.request.id)
}

fn row(
    page: &PageRequest,
    one: &ReadTogether,
    (ticked, places): (Option<&BTreeSet<RequestId>>, Places),
) -> Row {
    let ReadTogether { row: found, view, explained } = one;
    let it = &found.request;
    let names = page.names();
    let why = left_out(page, one);
    let what = match (&why, goes_on_to(explained, &names)) {
        (Some(why), _) => word(Icon::No, "off", together::left_out(why)),
        (None, None) => word(Icon::Send, "wait", together::if_approved(None)),
        (None, Some(needed)) => word(Icon::Wait, "wait", together::if_approved(Some(&needed))),
    };
    let looks = warnings(page, one, &names);
    // Whoever has seen the warnings ticks it.
    let is_plain = looks.is_empty() && it.terms.risk != Some(Risk::High);
    Row {
        id: it.id.to_string(),
        url: String::new(),
        title: summary(it),
        reason: reason_line(it),
        call: view.as_ref().map_or_else(|| CallView::for_list(found), CallView::of),
        maker: names.name(&it.maker),
        risk: RiskMark(it.terms.risk),
        amount: AmountCell::of(&it.terms, places),
        addend: Addend::of(&it.terms, &found.pinned.title),
        looks,
        item: why.is_none().then(|| format!("{} {} {}", it.id, it.version, it.digest)),
        is_ticked: ticked.map_or(is_plain, |ticked| ticked.contains(&it.id)),
        what,
    }
}

/// What to look at twice, in sentences.
fn warnings(page: &PageRequest, one: &ReadTogether, names: &Names) -> Vec<Markup> {
    let found = looks((&one.row.request, &one.explained), &[], (names, page.when));
    found.into_iter().filter(|look| !look.is_note).map(|look| look.html).collect()
}

fn word(icon: Icon, kind: &'static str, words: String) -> StateWord {
    StateWord { icon, kind, words }
}

/// `3 requests, 2 makers, 1 host`.
fn summed(may: &[&ReadTogether], engine: &Engine, hosts: usize) -> String {
    let makers: BTreeSet<PersonKey> = may.iter().map(|one| engine.key_of(&one.row.request.maker)).collect();
    format!(
        "{}, {}, {}",
        number_of(may.len(), "request", "requests"),
        number_of(makers.len(), "maker", "makers"),
        number_of(hosts, "host", "hosts"),
    )
}

/// The most repeated subjects that are named.
const REPEATED_SHOWN: usize = 5;

/// `5001 (3 times), 5002 (2 times)`; empty if each subject is there once.
fn repeated(may: &[&ReadTogether]) -> String {
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for request in may.iter().map(|one| &one.row.request) {
        if let Some(subject) = request.terms.subject.as_deref() {
            *times.entry((request.request_type.as_str(), subject)).or_default() += 1;
        }
    }
    let repeated: Vec<String> = times
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|((_, subject), times)| together::times(subject, times))
        .collect();
    let more = repeated.len().saturating_sub(REPEATED_SHOWN);
    together::and_more(&repeated[..repeated.len() - more].join(", "), more)
}
