//! A form that was made for another org or person: nothing is stored, and it is shown again, filled in.

use actix_web::ResponseError;

use super::NewRequest;
use super::result::FormResult;
use crate::domain::ids::OrgId;
use crate::web::form::Entries;
use crate::web::page_error::ErrorWords;
use crate::web::parts::notices::Note;
use crate::web::sentences::submitting;
use crate::web::{Icon, Page, PageError, PageRequest};

impl NewRequest<'_> {
    /// The form as it was sent, for whoever is signed in now, with why it was not carried out.
    pub(super) async fn keep(&self, is_json: bool, mut entries: Entries, why: PageError) -> Page {
        entries.remember_typed();
        let ErrorWords { icon, title, mut lines } = why.words(&self.page.http, Some(self.page));
        lines.push(self.what_now(&why));
        let result = FormResult {
            status: why.status_code(),
            is_refused: true,
            notice: Some(Note::answering("warn", icon, title, lines)),
            // A request that is changed is of one org: its page leads back there.
            org: self.page.org_of_form(&why).filter(|_| self.sent_back.is_none()),
            ..FormResult::default()
        };
        self.page(&self.form(is_json), &entries, self.new_key(), result).await
    }

    fn what_now(&self, why: &PageError) -> String {
        if let PageError::NotFor(_) = why {
            let actor = self.page.actor();
            let (name, org) = (self.page.name_of(&actor.person), &actor.org);
            return submitting::submitted_now(&name, org);
        }
        submitting::READ_IT_AGAIN.to_owned()
    }

    /// The form as it was sent, after the org was changed back to that of its page.
    pub(super) async fn show_again(&self, is_json: bool, entries: &Entries, key: String) -> Page {
        let head = submitting::back_in_org(&self.page.actor().org);
        let notice = Some(Note::answering("ink", Icon::Info, head, Vec::new()));
        self.page(&self.form(is_json), entries, key, FormResult { notice, ..FormResult::default() }).await
    }
}

/// The same person in another org of their session.
///
/// # Errors
/// The session has no such org.
pub(super) async fn in_org(page: PageRequest, org: &str) -> Result<PageRequest, PageError> {
    page.change_org(&OrgId::new(org)).await?;
    PageRequest::of(page.web, page.http).await
}
