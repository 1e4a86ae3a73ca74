//! A person says on the request's page how an unknown outcome ended.
//!
//! The form carries the version that was on the screen. If the request moved, nothing is recorded, the words are kept,
//! and the page shows what others said.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;

use crate::domain::settlement::{NewSettlementWord, SettledOutcome};
use crate::engine::{EngineError, SettlementInput};
use crate::web::pages::request::{PageForms, load, render_with};
use crate::web::parts::came_from::recorded_url;
use crate::web::parts::notices::Note;
use crate::web::parts::recorded::{SAID_HOW_IT_ENDED, SAID_TO_ASK, situation};
use crate::web::parts::settlement_view::SettlementForm;
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::refused as refused_because;
use crate::web::sentences::settling::{NO_OUTCOME, OUTCOME_LABEL};
use crate::web::{Page, PageError, PageRequest, see_other};

/// The form of a word about an outcome.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WordForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    outcome: String,
    /// The evidence. It has the name of every form's words, so that a script and an error page keep it.
    #[serde(default)]
    message: String,
    #[serde(default)]
    version: String,
}

/// `POST /ui/requests/{id}/settle`
pub async fn settle(id: web::Path<String>, form: SentForm) -> Page {
    let words = [form.field("outcome", OUTCOME_LABEL), form.message()].concat();
    keeping(words, settle_one(&id, form).await)
}

async fn settle_one(id: &str, form: SentForm) -> Page {
    let (page, form): (PageRequest, WordForm) = form.open()?;
    page.check_form(&form.csrf)?;
    // Without what was on the screen, it is not known what this person read.
    let version = form.version.parse().map_err(|_| PageError::Unreadable)?;
    let snapshot = load(&page, id).await?;
    let word = match read_word(&form, version) {
        Ok(word) => word,
        Err(faulty) => {
            let answer = (StatusCode::UNPROCESSABLE_ENTITY, Vec::new());
            return render_with(&page, snapshot, answer, with(faulty));
        }
    };
    let (actor, id_read, origin) = (page.actor().clone(), snapshot.view.request.id, page.origin());
    match page.engine().settle(SettlementInput { actor, id: id_read, word, origin }).await {
        Ok(_) => Ok(see_other(&recorded_url(&page.http, id, SAID_HOW_IT_ENDED))),
        Err(error) => refused(&page, id, &form, error).await,
    }
}

/// The form of a wish that the target is asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ProbeForm {
    #[serde(default)]
    csrf: String,
}

/// `POST /ui/requests/{id}/probe`
pub async fn probe(id: web::Path<String>, form: SentForm) -> Page {
    let (page, form): (PageRequest, ProbeForm) = form.open()?;
    page.check_form(&form.csrf)?;
    let request = load(&page, &id).await?.view.request.id;
    match page.engine().ask_probe(page.actor(), request, page.origin()).await {
        Ok(_) => Ok(see_other(&recorded_url(&page.http, id, SAID_TO_ASK))),
        Err(error) => refused(&page, &id, &WordForm::default(), error).await,
    }
}

/// The word, or the form again with what is wrong with it.
fn read_word(form: &WordForm, version: i64) -> Result<NewSettlementWord, SettlementForm> {
    let outcome = SettledOutcome::parse(&form.outcome);
    // The evidence is checked also if there is no outcome, so that all that is wrong is said at once.
    let word =
        NewSettlementWord::new(outcome.unwrap_or(SettledOutcome::Failed), &form.message, Some(version));
    match (outcome, word) {
        (Some(_), Ok(word)) => Ok(word),
        (_, word) => Err(SettlementForm {
            outcome,
            evidence: form.message.clone(),
            outcome_fault: if outcome.is_none() { NO_OUTCOME.to_owned() } else { String::new() },
            evidence_fault: word.err().map(|fault| fault.sentence()).unwrap_or_default(),
        }),
    }
}

/// What the engine refused: the request as it is now, with the words kept.
async fn refused(page: &PageRequest, id: &str, form: &WordForm, error: EngineError) -> Page {
    let snapshot = load(page, id).await?;
    let names = page.names();
    let why = refused_because(&error, &situation(page, &snapshot, &names));
    let (_, status) = page.take_refusal(error, "a word about an outcome was refused on a page")?;
    let note = Note::answering("warn", why.icon, why.head, why.lines);
    let can_settle = snapshot.explained.settling_forbidden.is_none();
    let note = if can_settle { note } else { Note { kept: form.message.clone(), ..note } };
    let again = SettlementForm {
        outcome: SettledOutcome::parse(&form.outcome),
        evidence: form.message.clone(),
        ..SettlementForm::default()
    };
    render_with(page, snapshot, (status, vec![note]), with(again))
}

fn with(settlement: SettlementForm) -> PageForms {
    PageForms { settlement, ..PageForms::default() }
}
