//! One request's trail: every event with its digest and state names as on the wire, for auditors and printers.

use actix_web::http::header::HOST;
use actix_web::web;
use askama::Template;

use crate::domain::call::Call;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::EventKind;
use crate::domain::request::Request;
use crate::engine::queries::View;
use crate::engine::trail::{Trail, TrailEntry};
use crate::web::html::filters;
use crate::web::pages::request_types::version_url;
use crate::web::parts::answer_view::AnswerBox;
use crate::web::parts::call_view::CallView;
use crate::web::parts::event_text::{EventWords, describe_event};
use crate::web::parts::format::{self, DigestWords, StateWord, Time, When, state_label, summary};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::revision_list::RevisionLine;
use crate::web::parts::who::Names;
use crate::web::sentences::calls::heading;
use crate::web::sentences::policies::who_agrees;
use crate::web::sentences::{Look, odd_looks, trails};
use crate::web::{BASE, Page, PageError, PageRequest, ok};

#[derive(Template)]
#[template(path = "trail.html")]
struct TrailTemplate {
    shell: Shell,
    printed_at: Time,
    printed_from: String,
    version: &'static str,
    id: String,
    url: String,
    state: StateWord,
    wire_state: &'static str,
    title: String,
    /// Why it was submitted, in the maker's words.
    reason: String,
    type_name: String,
    type_title: String,
    type_url: String,
    type_version: DigestWords,
    rule: String,
    rule_words: String,
    byline: String,
    head: &'static str,
    call: CallView,
    digest: DigestWords,
    compared: Vec<Compared>,
    /// What is odd about how it was decided.
    odd: Vec<Look>,
    is_same: bool,
    revisions: Vec<RevisionLine>,
    entity: Vec<(&'static str, String)>,
    subject: String,
    events: Vec<TrailLine>,
    answer: Option<AnswerBox>,
}

impl TrailTemplate {
    /// Whether something about how it was decided is more than good to know.
    fn is_odd(&self) -> bool {
        self.odd.iter().any(|look| !look.is_note)
    }
}

/// A digest that a person or the engine named, compared with that of the request.
struct Compared {
    what: String,
    digest: DigestWords,
    is_same: bool,
}

/// One event.
struct TrailLine {
    seq: i64,
    at: Time,
    words: EventWords,
    user_id: String,
    via: Option<String>,
    reference: String,
}

/// `GET /ui/requests/{id}/trail`
pub async fn page(page: PageRequest, id: web::Path<String>) -> Page {
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    let Trail { view, entries, odd_decisions } = page.engine().trail(page.actor(), id).await?;
    let shell = Shell::of(&page, Nav::History).await?;
    let odd = odd_looks(&odd_decisions, &view.request, &shell.names);
    let template = trail(&view, &entries, shell);
    ok(&TrailTemplate { printed_from: server_name(&page), odd, ..template })
}

/// The address under which the reader knows this server.
fn server_name(page: &PageRequest) -> String {
    let named = page.http.headers().get(HOST).and_then(|host| host.to_str().ok());
    page.web.public_origin.as_deref().or(named).unwrap_or_default().to_owned()
}

fn trail(view: &View, entries: &[TrailEntry], shell: Shell) -> TrailTemplate {
    let (it, when) = (&view.request, shell.when);
    let names = &shell.names.clone();
    let rule = view.pinned.policy.rule(&it.terms.rule);
    let compared = compared(view, entries, names);
    TrailTemplate {
        printed_at: when.to_the_millisecond(when.now()),
        printed_from: String::new(),
        version: env!("CARGO_PKG_VERSION"),
        id: it.id.to_string(),
        url: format!("{BASE}/requests/{}", it.id),
        state: state_label(it),
        wire_state: it.state.name(),
        title: summary(it),
        reason: format::reason(it),
        type_name: it.request_type.to_string(),
        type_title: view.pinned.title.clone(),
        type_url: version_url(it),
        type_version: DigestWords::of(&it.type_version),
        rule: it.terms.rule.clone(),
        rule_words: rule.map(|rule| who_agrees(&rule.outcome)).unwrap_or_default(),
        byline: trails::byline(view, names, when),
        head: heading(it.state),
        call: CallView::of(view),
        digest: DigestWords::of(&it.digest.to_string()),
        odd: Vec::new(),
        is_same: compared.iter().all(|one| one.is_same),
        compared,
        revisions: RevisionLine::all(it, names, when),
        entity: entity(it),
        subject: it.terms.subject.clone().unwrap_or_default(),
        events: entries.iter().map(|entry| trail_line(entry, names, when)).collect(),
        answer: view.answer.as_ref().map(AnswerBox::of),
        shell,
    }
}

/// Every place that names a digest, and the digest computed again now.
fn compared(view: &View, entries: &[TrailEntry], names: &Names) -> Vec<Compared> {
    let own = view.request.digest.to_string();
    let compared = |what: String, digest: String| Compared {
        what,
        is_same: digest == own,
        digest: DigestWords::of(&digest),
    };
    let again = Call::from_task(&view.task).map(|call| call.digest());
    let again = again.as_ref().map_or_else(|_| trails::NO_DIGEST.to_owned(), Digest::to_string);
    let mut all = vec![compared(trails::WORKED_OUT.into(), again)];
    for decision in &view.request.decisions {
        all.push(compared(trails::decided(decision, names), decision.digest.to_string()));
    }
    for earlier in &view.request.earlier {
        for decision in &earlier.decisions {
            let what = trails::decided_before(earlier.number, decision, names);
            let digest = decision.digest.to_string();
            let is_same = decision.digest == earlier.digest;
            all.push(Compared { what, digest: DigestWords::of(&digest), is_same });
        }
    }
    for entry in entries {
        if let Some(EventKind::AttemptStarted { attempt }) = entry.kind {
            let digest = entry.digest.to_string();
            all.push(compared(trails::sent_in(attempt), digest));
        }
    }
    all
}

fn entity(request: &Request) -> Vec<(&'static str, String)> {
    let entity = &request.entity;
    let all = [
        ("Concept", &entity.concept_id),
        ("Zone", &entity.zone_id),
        ("Store", &entity.store_id),
        ("Till", &entity.till_id),
    ];
    all.into_iter().filter(|(_, id)| !id.is_empty()).map(|(name, id)| (name, id.clone())).collect()
}

fn trail_line(entry: &TrailEntry, names: &Names, when: When) -> TrailLine {
    let words = describe_event(entry, names, when);
    TrailLine {
        seq: entry.seq,
        at: when.to_the_millisecond(entry.at),
        user_id: if words.is_by_engine { String::new() } else { entry.actor.user_id.clone() },
        words,
        via: entry.via.clone(),
        reference: entry.reference.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    fn page(view: &View) -> String {
        let printed_from = "approve.example.com".to_owned();
        let template = trail(view, &sample::entries(), sample::shell());
        TrailTemplate { printed_from, ..template }.render().unwrap()
    }

    #[test]
    fn an_auditor_reads_every_event_with_its_time_its_states_and_its_digest() {
        let view = sample::view();
        let html = page(&view);
        assert_eq!(html.matches("<h1").count(), 1);
        for part in [
            "ValidateMakerAccess",
            "ValidatePayload",
            "AdminTask",
            "approved it for Risk",
            "began attempt 1 to send it",
            "The target answered 201.",
            "2026-11-22 10:00:00.007",
        ] {
            assert!(html.contains(part), "{part}");
        }
        let full = DigestWords::of(&view.request.digest.to_string()).full().to_string();
        // In the events, and beside each that named it.
        assert!(html.matches(&full).count() >= 6 + 4, "{}", html.matches(&full).count());
        assert!(html.contains("One digest all the way"));
        assert!(html.contains("any two of Finance, all checkers"));
    }

    #[test]
    fn what_is_hostile_is_harmless_in_words_answer_and_names() {
        sample::assert_harmless(&page(&sample::view()));
    }

    #[test]
    fn a_digest_that_differs_is_told_first() {
        let mut view = sample::view();
        view.request.decisions[0].digest = Digest::of(b"another call");
        let html = page(&view);
        assert!(html.contains("note-bad") && html.contains("These digests differ"), "{html}");
        assert!(!html.contains("One digest all the way"));
    }

    #[test]
    fn a_task_that_is_not_the_stored_call_is_found_out() {
        let mut view = sample::view();
        view.task["body"]["amount"] = 13.into();
        assert!(page(&view).contains("These digests differ"));
    }

    #[test]
    fn a_printed_trail_says_who_printed_it_when_and_where() {
        let html = page(&sample::view());
        let line = html.split("print-only").nth(1).unwrap();
        let line = &line[..line.find("</p>").unwrap()];
        for part in [
            "Ruth Adeyemi",
            "org 90001",
            "2026-11-22 12:00:00.000",
            "approve.example.com",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }

    #[test]
    fn masked_fields_stay_masked_for_a_reader_who_does_not_decide() {
        let mut view = sample::view();
        view.sees_masked = false;
        let html = page(&view);
        assert!(!html.contains("4711"), "a secret");
        assert!(html.contains("One digest all the way"), "the digest is of the whole call");
    }
}
