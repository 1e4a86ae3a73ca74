//! The rows of the history.

use super::filter_query::FilterQuery;
use crate::engine::queries::{RowView, Sort, SortBy};
use crate::web::BASE;
use crate::web::parts::amounts::{AmountCell, Places};
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::format::{RiskMark, StateWord, Time, When, reason_line, state_label, summary};
use crate::web::parts::who::Names;
use crate::web::sentences::listing::flag;

/// One request.
pub struct Line {
    pub url: String,
    pub title: String,
    /// The beginning of why it was submitted.
    pub reason: String,
    pub call: CallView,
    pub state: StateWord,
    pub risk: RiskMark,
    /// What a checker was warned of.
    pub flags: Vec<&'static str>,
    pub amount: AmountCell,
    pub maker: String,
    pub maker_url: String,
    pub decided_by: String,
    pub at: Option<Time>,
}

/// What the rows of one page have in common.
pub struct Lines {
    /// What people are called.
    pub names: Names,
    pub sort: Sort,
    pub when: When,
    pub query: FilterQuery,
    /// The list that the rows' pages lead back to.
    pub from: CameFrom,
}

impl Lines {
    /// The rows of a page.
    pub fn all(&self, rows: &[RowView]) -> Vec<Line> {
        let places = Places::of(rows.iter().map(|row| &row.request));
        rows.iter().map(|row| self.line(row, places)).collect()
    }

    /// One row.
    fn line(&self, row: &RowView, places: Places) -> Line {
        let request = &row.request;
        let decided: Vec<String> =
            request.decisions.iter().map(|decision| self.names.name(&decision.checker)).collect();
        let nobody = if request.state.waits() { "nobody yet" } else { "nobody" };
        let at = if self.sort.by == SortBy::End { request.ended_at } else { Some(request.started_at) };
        Line {
            url: self.from.onto(&format!("{BASE}/requests/{}", request.id)),
            title: summary(request),
            reason: reason_line(request),
            call: CallView::for_list(row),
            state: state_label(request),
            risk: RiskMark(request.terms.risk),
            flags: request.terms.warnings.iter().map(|warning| flag(warning.code.as_finding())).collect(),
            amount: AmountCell::of(&request.terms, places),
            maker: self.names.name(&request.maker),
            maker_url: self.query.with("userId", Some(request.maker.user_id.clone())).url(),
            decided_by: if decided.is_empty() { nobody.into() } else { decided.join(", ") },
            at: at.map(|at| self.when.exact(at)),
        }
    }
}
