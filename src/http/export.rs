//! Exports: every request that matches the filters, streamed page by page in constant memory.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::FixedOffset;
use futures_util::stream;

use super::HandlerResult;
use super::error::ApiError;
use super::query::{FILTER_PARAMETERS, Parameters};
use super::wire::{Headers, RequestBody, iso_time};
use crate::domain::actor::{Actor, Permission};
use crate::domain::fault::call::ParameterFault;
use crate::engine::queries::{AnsweredRow, Filter, Listing, Position, View};
use crate::engine::{Engine, require};

/// Rows read at once. A page of whole requests ends earlier where it would be too large: that bounds the memory.
const PAGE_ROWS: i64 = 100;

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Jsonl,
}

/// The columns of a CSV export.
pub const CSV_COLUMNS: [&str; 23] = [
    "requestId",
    "requestType",
    "state",
    "userId",
    "userName",
    "startTimeISO",
    "endTimeISO",
    "tillId",
    "storeId",
    "zoneId",
    "conceptId",
    "method",
    "url",
    "host",
    "label",
    "digest",
    "decision",
    "checkerUserId",
    "checkerUserName",
    "decidedAtISO",
    "actionMessage",
    "targetStatus",
    "warnings",
];

/// The export that the query of `request` describes, for the API and the pages.
///
/// # Errors
/// If `actor` may not audit, or a parameter is faulty.
pub async fn answer(
    engine: &Engine,
    actor: Actor,
    request: &HttpRequest,
    offset: FixedOffset,
) -> HandlerResult {
    require(&actor, Permission::Audit)?;
    let known: Vec<&str> = FILTER_PARAMETERS.into_iter().chain(["format"]).collect();
    let mut parameters = Parameters::of(request, &known)?;
    let mut filter = Filter::all(actor.org.clone());
    parameters.narrow(&mut filter, &engine.known_type_names().await?, offset);
    let sort = parameters.sort();
    let format = parameters.word("format", &[("csv", Format::Csv), ("jsonl", Format::Jsonl)]);
    if format.is_none() && parameters.text("format").is_none() {
        parameters.fault("format", ParameterFault::NotAnExport);
    }
    parameters.finish()?;
    let (media_type, name, format) = match format {
        Some(Format::Csv) => ("text/csv; charset=utf-8", "requests.csv", Format::Csv),
        Some(Format::Jsonl) | None => ("application/x-ndjson", "requests.jsonl", Format::Jsonl),
    };
    let listing = Listing { filter, sort, limit: PAGE_ROWS };
    let walk = Walk { engine: engine.clone(), offset, actor, listing, format, next: Next::First };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(stream::try_unfold(walk, |walk| async move { walk.step().await })))
}

enum Next {
    First,
    After(Position),
    End,
}

struct Walk {
    engine: Engine,
    offset: FixedOffset,
    actor: Actor,
    listing: Listing,
    format: Format,
    next: Next,
}

impl Walk {
    /// One page as bytes. After an error in the middle the connection is closed, so that it does not look complete.
    async fn step(mut self) -> Result<Option<(web::Bytes, Self)>, ApiError> {
        let (after, is_first) = match std::mem::replace(&mut self.next, Next::End) {
            Next::First => (None, true),
            Next::After(position) => (Some(position), false),
            Next::End => return Ok(None),
        };
        let listing = self.listing.clone();
        let (bytes, next) = match self.format {
            Format::Csv => {
                let page = self.engine.walk_answered(&self.actor, listing, after).await?;
                (csv(&page.rows, is_first), page.next)
            }
            Format::Jsonl => {
                let page = self.engine.walk(&self.actor, listing, after).await?;
                (self.jsonl(page.views), page.next)
            }
        };
        if let Some(position) = next {
            self.next = Next::After(position);
        }
        Ok(Some((bytes.into(), self)))
    }

    fn jsonl(&self, views: Vec<View>) -> Vec<u8> {
        let mut lines = Vec::new();
        for view in views {
            let body = RequestBody::new(view, Headers::Masked, self.offset);
            serde_json::to_writer(&mut lines, &body).expect("a body is JSON, and memory takes it");
            lines.push(b'\n');
        }
        lines
    }
}

fn csv(rows: &[AnsweredRow], with_head: bool) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_head {
        writer.write_record(CSV_COLUMNS).expect("memory takes it");
    }
    for row in rows {
        writer.write_record(cells(row).iter().map(|cell| guarded(cell))).expect("memory takes it");
    }
    writer.into_inner().expect("memory takes it")
}

fn cells(answered: &AnsweredRow) -> [String; CSV_COLUMNS.len()] {
    let AnsweredRow { row, answer } = answered;
    let (request, line) = (&row.request, &row.request.terms.call);
    let entity = request.entity.clone();
    let decision = request.last_decision();
    let decided = |of: fn(&crate::domain::request::Decision) -> String| decision.map(of).unwrap_or_default();
    let answer = answer.as_ref();
    let warnings = answer.map(|answer| {
        answer.warnings.iter().map(|warning| warning.message.as_str()).collect::<Vec<_>>().join(" ")
    });
    [
        request.id.to_string(),
        request.request_type.to_string(),
        request.state.name().to_owned(),
        request.maker.user_id.clone(),
        request.maker.user_name.clone(),
        iso_time(request.started_at),
        request.ended_at.map(iso_time).unwrap_or_default(),
        entity.till_id,
        entity.store_id,
        entity.zone_id,
        entity.concept_id,
        line.method.clone(),
        row.shown_url().to_owned(),
        request.host.clone(),
        line.label.clone(),
        request.digest.to_string(),
        decided(|decision| decision.verdict.name().to_owned()),
        decided(|decision| decision.checker.user_id.clone()),
        decided(|decision| decision.checker.user_name.clone()),
        decided(|decision| iso_time(decision.at)),
        decided(|decision| decision.message.clone()),
        answer.map(|answer| answer.status.to_string()).unwrap_or_default(),
        warnings.unwrap_or_default(),
    ]
}

/// A spreadsheet evaluates a cell that begins like a formula; an apostrophe makes it text.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_looks_like_a_formula_is_made_text() {
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(guarded("plain = text"), "plain = text");
    }
}
