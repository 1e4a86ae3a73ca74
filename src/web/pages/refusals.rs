//! Submissions that were refused, for auditors: who, when, which type, why. Never what was sent.

use askama::Template;

use crate::domain::code::Code;
use crate::engine::{KeptRefusal, RefusalPosition};
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::filters;
use crate::web::pages::inbox::bound_to;
use crate::web::parts::format::{DigestWords, Time, When};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::listing::refused_further;
use crate::web::sentences::why_not_submitted;
use crate::web::{Page, PageRequest, ok};

/// Rows on a page.
const ROWS: i64 = 50;

#[derive(Template)]
#[template(path = "refusals.html")]
struct RefusalsTemplate {
    shell: Shell,
    rows: Vec<RefusalLine>,
    next: Option<String>,
}

/// One refused submission, or those of a person in a minute that are only counted.
struct RefusalLine {
    who: Who,
    request_type: String,
    why: Vec<&'static str>,
    /// `12 further ones of this person in one minute`; empty for a single one.
    more: String,
    digest: Option<DigestWords>,
    reference: String,
    at: Time,
}

/// `GET /ui/refusals`
pub async fn list(page: PageRequest) -> Page {
    let parameters = Parameters::of(&page.http, &["after"])?;
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let bound = cursor::fingerprint(&bound_to(&page.session, Nav::Refusals));
    let after = after.map(|after| cursor::read(&after, &bound)).transpose()?;
    let after = after.map(|(at, id)| RefusalPosition { at: at.unwrap_or_default(), id });
    let mut found = page.engine().refusals(page.actor(), after, ROWS + 1).await?;
    let rows_max = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let has_more = found.len() > rows_max;
    found.truncate(rows_max);
    let next = found.last().filter(|_| has_more).map(|last| {
        let RefusalPosition { at, id } = last.position();
        format!("{}?after={}", Nav::Refusals.url(), cursor::write(&bound, Some(at), &id))
    });
    let names = Names::of(page.engine());
    let rows = found.into_iter().map(|refusal| line(refusal, &names, page.when)).collect();
    ok(&RefusalsTemplate { rows, next, shell: Shell::of(&page, Nav::Refusals).await? })
}

fn line(refusal: KeptRefusal, names: &Names, when: When) -> RefusalLine {
    let why = refusal.codes.iter().filter_map(|code| Code::parse(code)).map(why_not_submitted);
    let count = usize::try_from(refusal.count).unwrap_or_default();
    RefusalLine {
        who: names.who(&refusal.actor),
        why: why.collect(),
        more: if refusal.is_overflow { refused_further(count) } else { String::new() },
        digest: refusal.digest.as_deref().map(DigestWords::of),
        at: when.exact(refusal.at),
        request_type: refusal.request_type,
        reference: refusal.reference,
    }
}
