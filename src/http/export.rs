//! Exports: every request that matches the filters, streamed page by page in constant memory.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::FixedOffset;
use futures_util::stream;

use super::HandlerResult;
use super::error::ApiError;
use super::query::{FILTER_PARAMETERS, Parameters};
use super::spreadsheet::guarded;
use super::wire::{ExportedLists, ExportedRequest, iso_time, outcome, via};
use crate::domain::actor::{Actor, Permission};
use crate::domain::fault::call::ParameterFault;
use crate::domain::zone::Zone;
use crate::engine::queries::{AnsweredRow, Filter, Listing, Position, View};
use crate::engine::trail::RecordedTrail;
use crate::engine::{Engine, require};

/// Rows read at once. A page of whole requests ends earlier where it would be too large: that bounds the memory.
const PAGE_ROWS: i64 = 100;

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Jsonl,
}

/// The columns of a CSV export.
pub const CSV_COLUMNS: [&str; 44] = [
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
    "typeVersion",
    "summary",
    "subject",
    "amount",
    "rule",
    "risk",
    "outcome",
    "via",
    "stages",
    "decisions",
    "attempts",
    "refusedAttempts",
    "historyOmitted",
    "settlement",
    "repeatOf",
    "repeatedBy",
    "reason",
    "revision",
    "revisions",
    "comments",
    "unit",
];

/// The export that the query of `request` describes, for the API and the pages: with the contract's times in `offset`,
/// and the days of the query in `zone`.
///
/// # Errors
/// If `actor` may not audit, or a parameter is faulty.
pub async fn answer(
    engine: &Engine,
    actor: Actor,
    request: &HttpRequest,
    (offset, zone): (FixedOffset, Zone),
) -> HandlerResult {
    require(&actor, Permission::Audit)?;
    let known: Vec<&str> = FILTER_PARAMETERS.into_iter().chain(["format", "bom"]).collect();
    let mut parameters = Parameters::of(request, &known)?;
    let mut filter = Filter::all(actor.org.clone());
    parameters.narrow(&mut filter, &engine.known_type_names().await?, zone);
    let sort = parameters.sort();
    let format = parameters.word("format", &[("csv", Format::Csv), ("jsonl", Format::Jsonl)]);
    if format.is_none() && parameters.text("format").is_none() {
        parameters.fault("format", ParameterFault::NotAnExport);
    }
    let has_mark = parameters.word("bom", &[("true", true), ("false", false)]);
    if has_mark.is_some() && matches!(format, Some(Format::Jsonl)) {
        parameters.fault("bom", ParameterFault::OnlyForCsv);
    }
    parameters.finish()?;
    let (media_type, ending, format) = match format {
        Some(Format::Csv) => ("text/csv; charset=utf-8", "csv", Format::Csv),
        Some(Format::Jsonl) | None => ("application/x-ndjson", "jsonl", Format::Jsonl),
    };
    let day = zone.day(engine.clock().now()).format("%F");
    let name = format!("requests-{}-{day}.{ending}", file_word(actor.org.as_str()));
    let listing = Listing { filter, sort, limit: PAGE_ROWS };
    let has_mark = has_mark.unwrap_or(false);
    let walk = Walk { engine: engine.clone(), offset, actor, listing, format, has_mark, next: Next::First };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(stream::try_unfold(walk, |walk| async move { walk.step().await })))
}

/// A CSV file of a few rows, named after what it has, its org and its day.
pub fn csv_file<const N: usize>(
    org: &str,
    (what, day): (&str, &str),
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> HttpResponse {
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(columns).expect("memory takes it");
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell))).expect("memory takes it");
    }
    let name = format!("{what}-{}-{day}.csv", file_word(org));
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(writer.into_inner().expect("memory takes it"))
}

/// A word that is the same in the name of a file everywhere.
fn file_word(word: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    word.chars().map(plain).collect()
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
    /// Whether a CSV file begins with a byte order mark.
    has_mark: bool,
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
                let page = self.engine.walk_recorded_rows(&self.actor, listing, after).await?;
                (csv(&page.rows, is_first.then_some(self.has_mark)), page.next)
            }
            Format::Jsonl => {
                let page = self.engine.walk_recorded(&self.actor, listing, after).await?;
                (self.jsonl(page.rows), page.next)
            }
        };
        if let Some(position) = next {
            self.next = Next::After(position);
        }
        Ok(Some((bytes.into(), self)))
    }

    fn jsonl(&self, rows: Vec<(View, RecordedTrail)>) -> Vec<u8> {
        let mut lines = Vec::new();
        for (view, trail) in rows {
            let body = ExportedRequest::new(view, &trail, self.offset);
            serde_json::to_writer(&mut lines, &body).expect("a body is JSON, and memory takes it");
            lines.push(b'\n');
        }
        lines
    }
}

/// The rows; the first page has a head, and before it a byte order mark if that is asked for.
fn csv(rows: &[(AnsweredRow, RecordedTrail)], head: Option<bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if head == Some(true) {
        bytes.extend("\u{feff}".as_bytes());
    }
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(bytes);
    if head.is_some() {
        writer.write_record(CSV_COLUMNS).expect("memory takes it");
    }
    for (row, trail) in rows {
        writer.write_record(cells(row, trail).iter().map(|cell| guarded(cell))).expect("memory takes it");
    }
    writer.into_inner().expect("memory takes it")
}

fn cells(answered: &AnsweredRow, trail: &RecordedTrail) -> [String; CSV_COLUMNS.len()] {
    let AnsweredRow { row, answer } = answered;
    let (request, line) = (&row.request, &row.request.terms.call);
    let ExportedLists { stages, decisions, attempts, refused, settlement, revisions, comments } =
        ExportedLists::of(request, &row.pinned, trail);
    let terms = &request.terms;
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
        request.type_version.clone(),
        terms.summary.clone(),
        terms.subject.clone().unwrap_or_default(),
        terms.amount.map(|amount| amount.to_string()).unwrap_or_default(),
        terms.rule.clone(),
        terms.risk.map(|risk| risk.name().to_owned()).unwrap_or_default(),
        outcome(request.state).map(|outcome| outcome.name().to_owned()).unwrap_or_default(),
        via(trail).unwrap_or_default(),
        stages,
        decisions,
        attempts,
        refused,
        trail.is_cut.to_string(),
        settlement,
        request.repeat_of.map(|id| id.to_string()).unwrap_or_default(),
        request.repeated_by.map(|id| id.to_string()).unwrap_or_default(),
        terms.reason.clone().unwrap_or_default(),
        request.revision.to_string(),
        revisions,
        comments,
        terms.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}
