//! What became of each request that was decided with others.

use std::collections::HashMap;

use askama::Template;

use super::list_of;
use crate::domain::ids::RequestId;
use crate::domain::request::Verdict;
use crate::engine::queries::RowView;
use crate::engine::{BulkItemResult, BulkOutcome};
use crate::web::html::filters;
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::format::{StateWord, state_of, summary};
use crate::web::parts::icons::Icon;
use crate::web::parts::layout::{Nav, Shell, counted};
use crate::web::sentences::{not_decided, together};
use crate::web::{BASE, Page, PageError, PageRequest, ok};

#[derive(Template)]
#[template(path = "bulk_result.html")]
struct ResultTemplate {
    shell: Shell,
    heading: String,
    /// Whether any decision was recorded, and so a draft of its message is over.
    is_recorded: bool,
    rows: Vec<ResultRow>,
    list: &'static str,
    list_url: String,
}

impl ResultTemplate {
    fn next(&self) -> String {
        together::next(self.list, &counted(self.shell.waiting.len()))
    }
}

/// What became of one request.
struct ResultRow {
    url: String,
    title: String,
    call: Option<CallView>,
    state: StateWord,
    why: String,
}

/// What the page with the results needs of the store, as it was before the decisions.
pub(super) struct BeforeDecisions {
    rows: Vec<RowView>,
    shell: Shell,
}

impl BeforeDecisions {
    pub(super) async fn read(page: &PageRequest, ids: Vec<RequestId>) -> Result<Self, PageError> {
        let rows = page.engine().find_many(page.actor(), ids).await?;
        Ok(Self { rows, shell: Shell::of(page, Nav::NeedsMe).await? })
    }
}

pub(super) async fn result_page(
    page: &PageRequest,
    verdict: Verdict,
    results: Vec<BulkItemResult>,
    before: BeforeDecisions,
) -> Page {
    let from = list_of(page);
    let is_refused = |one: &&BulkItemResult| matches!(one.outcome, BulkOutcome::Refused { .. });
    let refused = results.iter().filter(is_refused).count();
    let heading = together::decided(results.len() - refused, verdict, refused);
    let is_recorded = refused < results.len();
    let by_id = |row: RowView| (row.request.id, row);
    let mut found: HashMap<RequestId, RowView> = before.rows.into_iter().map(by_id).collect();
    let row = |one: BulkItemResult| {
        let row = found.remove(&one.id);
        result_row(one, row.as_ref(), &from)
    };
    let rows = results.into_iter().map(row).collect();
    let shell = Shell::of(page, Nav::NeedsMe).await.unwrap_or(before.shell);
    ok(&ResultTemplate { heading, is_recorded, rows, list: from.nav().name(), list_url: from.url(), shell })
}

fn result_row(one: BulkItemResult, row: Option<&RowView>, from: &CameFrom) -> ResultRow {
    let (state, why) = match one.outcome {
        BulkOutcome::Recorded { waits_for } | BulkOutcome::Repeated { waits_for } => {
            let word = one.state.map(|state| state_of(state, &waits_for));
            (word.unwrap_or_else(word_of_nothing), String::new())
        }
        BulkOutcome::Refused { code, .. } => {
            let word = StateWord { icon: Icon::No, kind: "off", words: together::NOT_DECIDED.to_owned() };
            (word, not_decided(code))
        }
    };
    ResultRow {
        url: from.onto(&format!("{BASE}/requests/{}", one.id)),
        title: row.map_or_else(|| one.id.to_string(), |row| summary(&row.request)),
        call: row.map(CallView::for_list),
        state,
        why,
    }
}

fn word_of_nothing() -> StateWord {
    StateWord { icon: Icon::Info, kind: "off", words: "Recorded".to_owned() }
}
