//! From stored rows to what one person may see of them.

use std::sync::Arc;

use super::Engine;
use super::rule_book::{RuleBook, approval_of};
use super::views::{AnswerView, AnsweredRow, ChangingPart, RowView, View};
use crate::domain::actor::Actor;
use crate::domain::call::Call;
use crate::domain::ids::RequestId;
use crate::domain::policy::masked_fields::sees_masked_fields;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::Rules;
use crate::store::answers::{self, AnswerRow};
use crate::store::records::{self, Record};
use crate::store::{AnyConnection, StoreError, listing};

/// Who reads, and the rules in force while the read runs.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) actor: Actor,
    pub(super) rules: Arc<Rules>,
    pub(super) book: RuleBook,
}

/// The first requests of a page, whole, and those for which it has no room.
pub(super) struct BoundedViews {
    pub(super) views: Vec<View>,
    pub(super) rest: Vec<Request>,
}

impl Engine {
    pub(super) fn reader_for(&self, actor: &Actor) -> Reader {
        Reader { actor: actor.clone(), rules: self.inner.book.current(), book: self.inner.book.clone() }
    }
}

impl Reader {
    /// The requests with these ids that the reader may read, in this order, as rows.
    pub(super) fn find_many(
        &self,
        conn: &mut AnyConnection,
        ids: &[RequestId],
    ) -> Result<Vec<RowView>, StoreError> {
        let mut found = listing::find_all(conn, &self.actor.org, ids)?;
        found.retain(|request| self.actor.may_read(&self.rules.people, &request.org, &request.maker));
        self.rows(conn, found)
    }

    /// These requests, whole, as long as a page has room for them.
    pub(super) fn bounded(
        &self,
        conn: &mut AnyConnection,
        page: Vec<Request>,
    ) -> Result<BoundedViews, StoreError> {
        let page = records::bounded(conn, page)?;
        let views = page.records.into_iter().map(|record| self.view(conn, record));
        Ok(BoundedViews { views: views.collect::<Result<_, _>>()?, rest: page.rest })
    }

    /// These requests as rows.
    pub(super) fn rows(
        &self,
        conn: &mut AnyConnection,
        page: Vec<Request>,
    ) -> Result<Vec<RowView>, StoreError> {
        page.into_iter().map(|request| self.row(conn, request)).collect()
    }

    /// These requests as rows, each with the head of its answer.
    pub(super) fn answered_rows(
        &self,
        conn: &mut AnyConnection,
        page: Vec<Request>,
    ) -> Result<Vec<AnsweredRow>, StoreError> {
        let mut heads = answers::heads(conn, &page)?;
        let answered = |request: Request| {
            let answer = heads.remove(&request.id);
            Ok(AnsweredRow { row: self.row(conn, request)?, answer })
        };
        page.into_iter().map(answered).collect()
    }

    fn row(&self, conn: &mut AnyConnection, request: Request) -> Result<RowView, StoreError> {
        let pinned = self.book.pinned(conn, &request)?;
        Ok(RowView { sees_masked: self.sees_masked(&request, &pinned)?, pinned, request })
    }

    /// The record as this reader gets it.
    pub(super) fn view(&self, conn: &mut AnyConnection, record: Record) -> Result<View, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{}: {what}", record.call.request_id));
        let stored = record.call.unpack()?;
        let call = Call::from_bytes(&stored.call).map_err(|_| corrupt("call"))?;
        let task = stored.task()?;
        let pinned = self.book.pinned(conn, &record.request)?;
        Ok(View {
            sees_masked: self.sees_masked(&record.request, &pinned)?,
            pinned,
            request: record.request,
            task,
            method: call.method,
            url: call.url,
            label: record.call.label,
            answer: record.answer.map(answer_view).transpose()?,
        })
    }

    /// What of a request's view may have changed, read again: its call and its pinned type never change.
    pub(super) fn changing_part(
        &self,
        conn: &mut AnyConnection,
        id: RequestId,
        pinned: &RequestType,
    ) -> Result<Option<ChangingPart>, StoreError> {
        let Some(request) = listing::find_request(conn, &self.actor.org, id)? else { return Ok(None) };
        let answer = answers::shown(conn, &request)?;
        self.changed(request, answer, pinned).map(Some)
    }

    /// The same of a request that is known already.
    pub(super) fn changed(
        &self,
        request: Request,
        answer: Option<AnswerRow>,
        pinned: &RequestType,
    ) -> Result<ChangingPart, StoreError> {
        let sees_masked = self.sees_masked(&request, pinned)?;
        Ok(ChangingPart { request, answer: answer.map(answer_view).transpose()?, sees_masked })
    }

    fn sees_masked(&self, request: &Request, pinned: &RequestType) -> Result<bool, StoreError> {
        let Some(approval) = approval_of(pinned, request)? else { return Ok(false) };
        let policy = PolicyInForce { approval, people: &self.rules.people };
        Ok(sees_masked_fields(&self.actor, &request.context(), &policy))
    }
}

fn answer_view(row: AnswerRow) -> Result<AnswerView, StoreError> {
    Ok(AnswerView {
        status: row.status,
        headers: row.headers()?,
        warnings: row.warnings()?,
        body: row.body()?,
        body_bytes: row.body_bytes,
        cut: row.cut,
    })
}
