//! A maker submits a request.

use std::sync::Arc;

use super::admission::{AdmissionRefusal, ClientKey, PreparedSubmission, StoredContext};
use super::decider::{WriteCommand, WriteReply};
use super::queries::View;
use super::{Engine, EngineError, RefusedSubmission, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::domain::request::{Request, State};
use crate::domain::submission::validate;
use crate::store::calls::CallRow;
use crate::store::events::Origin;
use crate::store::submissions::NewSubmission;
use crate::store::{StoreError, submission_keys};

/// What a maker sends.
pub struct SubmissionInput<'a> {
    /// Who submits.
    pub actor: &'a Actor,
    /// The type's name as the path spells it.
    pub type_name: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// The client's own key for this submission.
    pub idempotency_key: Option<&'a str>,
    /// The id under which the log has the call.
    pub reference: &'a str,
}

/// A submission that was taken.
#[derive(Debug)]
pub struct Submitted {
    /// The request: right after the submission, or as it stands by now if this was a repeat.
    pub view: View,
    /// Whether the client's key had been used for just this before.
    pub is_replay: bool,
}

impl Engine {
    /// Checks and stores a submission; it rests in `AdminTask`, or is approved if its rule asks for
    /// nobody, when this returns.
    ///
    /// # Errors
    /// Every fault at once; the refusal is kept before this returns.
    pub async fn submit(&self, submitting: SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        let submitted = match self.submit_or_replay(&submitting).await {
            Ok(submitted) => submitted,
            Err(error) => {
                self.keep_refused(&submitting, &error).await?;
                return Err(error);
            }
        };
        if !submitted.is_replay {
            self.note_submitted(&submitted.view.request);
        }
        Ok(submitted)
    }

    async fn submit_or_replay(&self, submitting: &SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        if let Some(view) = self.replayed(submitting).await? {
            return Ok(Submitted { view, is_replay: true });
        }
        let prepared = self.check(submitting)?;
        if prepared.needs_locks() {
            self.submit_locked(submitting, prepared).await
        } else {
            self.submit_alone(prepared).await
        }
    }

    /// Everything about a submission but the write, where nothing stored has a say in it.
    pub fn prepare(&self, submitting: &SubmissionInput<'_>) -> Result<(View, NewSubmission), EngineError> {
        self.admit(self.check(submitting)?)
    }

    /// What the client's key stands for already, before anything is checked anew: types may have changed
    /// since.
    async fn replayed(&self, submitting: &SubmissionInput<'_>) -> Result<Option<View>, EngineError> {
        let Some(client_key) = client_key(submitting) else { return Ok(None) };
        require(submitting.actor, Permission::Make)?;
        let org = submitting.actor.org.to_string();
        let key = client_key.key.clone();
        let read = move |conn: &mut _| submission_keys::find(conn, &org, &key);
        let Some(row) = self.inner.store.read(read).await? else { return Ok(None) };
        let id = client_key.stands_for(&row, &submitting.actor.person)?;
        Ok(Some(self.find(submitting.actor, id).await?))
    }

    /// Everything about a submission that needs nothing but its body and the rules in force.
    pub(super) fn check(
        &self,
        submitting: &SubmissionInput<'_>,
    ) -> Result<Box<PreparedSubmission>, EngineError> {
        require(submitting.actor, Permission::Make)?;
        let rules = self.inner.book.current();
        let request_type = Arc::clone(rules.types.find(submitting.type_name).ok_or(EngineError::NotFound)?);
        let submission =
            validate(&request_type, &self.inner.targets, submitting.body).map_err(EngineError::Invalid)?;
        if !rules.people.is_active(&submitting.actor.person, &submitting.actor.act) {
            let message = "Your account is not active in the people file. Ask whoever keeps it.".to_owned();
            return Err(EngineError::NotAdmitted(AdmissionRefusal { code: Code::PersonInactive, message }));
        }
        Ok(Box::new(PreparedSubmission {
            maker: submitting.actor.signer(),
            origin: Origin::of(submitting.actor, submitting.reference),
            id: RequestId::new(self.inner.clock.new_id()),
            now: self.inner.clock.now(),
            request_type,
            submission,
            rules,
            deadlines: self.inner.deadlines,
            client_key: client_key(submitting),
        }))
    }

    fn admit(&self, mut prepared: Box<PreparedSubmission>) -> Result<(View, NewSubmission), EngineError> {
        let admitted =
            prepared.admit(&StoredContext::default(), &self.inner.clock).map_err(EngineError::NotAdmitted)?;
        let call_bytes = std::mem::take(&mut prepared.submission.call_bytes);
        let call = call_row(&prepared, call_bytes);
        let (request, rows) = admitted.with_call(call);
        Ok((View::of_submission(request, prepared.submission, prepared.request_type), rows))
    }

    async fn submit_alone(&self, prepared: Box<PreparedSubmission>) -> Result<Submitted, EngineError> {
        let (view, rows) = self.admit(prepared)?;
        self.inner.writer.write(WriteCommand::Submit(Box::new(rows))).await?;
        Ok(Submitted { view, is_replay: false })
    }

    async fn submit_locked(
        &self,
        submitting: &SubmissionInput<'_>,
        prepared: Box<PreparedSubmission>,
    ) -> Result<Submitted, EngineError> {
        let (submission, request_type) = (prepared.submission.clone(), Arc::clone(&prepared.request_type));
        match self.inner.writer.write(WriteCommand::SubmitLocked(prepared)).await? {
            WriteReply::Stands { request, .. } => {
                let view = View::of_submission(*request, submission, request_type);
                Ok(Submitted { view, is_replay: false })
            }
            WriteReply::Replayed(id) => {
                Ok(Submitted { view: self.find(submitting.actor, id).await?, is_replay: true })
            }
            WriteReply::NotAdmitted(why) => Err(EngineError::NotAdmitted(why)),
            WriteReply::Done
            | WriteReply::NotFound
            | WriteReply::Refused(_)
            | WriteReply::Claimed(_)
            | WriteReply::Fenced => {
                Err(EngineError::Store(StoreError::Corrupt("an answer to another command".to_owned())))
            }
        }
    }

    fn note_submitted(&self, request: &Request) {
        self.inner.metrics.submitted(request.request_type.as_str());
        tracing::info!(
            request.id = %request.id,
            request.type = %request.request_type,
            digest = %request.digest,
            state = %request.state,
            "a request was submitted"
        );
        if request.state == State::Approved {
            self.inner.due.notify_one();
        }
    }

    async fn keep_refused(
        &self,
        submitting: &SubmissionInput<'_>,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let is_kept = match error {
            EngineError::Invalid(_)
            | EngineError::PermissionMissing(_)
            | EngineError::NotFound
            | EngineError::NotAdmitted(_) => true,
            EngineError::Refused(_) | EngineError::Store(_) => false,
        };
        if !is_kept {
            return Ok(());
        }
        self.keep_refusal(RefusedSubmission {
            actor: submitting.actor,
            type_name: submitting.type_name,
            codes: &error.codes(),
            digest: Some(Digest::of(submitting.body)),
            reference: submitting.reference,
        })
        .await
    }
}

fn client_key(submitting: &SubmissionInput<'_>) -> Option<ClientKey> {
    let key = submitting.idempotency_key?.to_owned();
    let digest = Digest::of(&[submitting.type_name.as_bytes(), b"\n", submitting.body].concat());
    Some(ClientKey { key, digest })
}

/// The call's row, with its bytes handed over.
pub(super) fn call_row(prepared: &PreparedSubmission, call: Vec<u8>) -> CallRow {
    CallRow {
        org_id: prepared.maker.org.to_string(),
        request_id: prepared.id.to_string(),
        call,
        echo: json::write(&prepared.submission.task),
        label: prepared.submission.label.clone(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::actor::Person;
    use crate::domain::ids::OrgId;
    use crate::domain::policy::people::People;
    use crate::domain::request_type::{RequestType, RequestTypes};
    use crate::domain::rules::Rules;
    use crate::domain::target::{Scheme, Target, Targets};
    use crate::engine::decider::{Decider, Shared};
    use crate::engine::sessions::SessionLimits;
    use crate::engine::{Deadlines, EngineSettings};
    use crate::metrics::Metrics;
    use crate::store::Store;
    use crate::store::writer::{Batch, WriterLimits};

    /// One in a day, and one on a subject: a second look at itself would refuse it twice over.
    fn settings() -> EngineSettings {
        let definition = json!({
            "name": "ONE", "title": "One", "subject": "/body/to", "duplicates": "block",
            "call": { "method": "POST", "path": "/one" },
            "body": { "type": "object", "properties": { "to": { "type": "string" } } },
            "usage": [{ "name": "day", "by": "maker", "window": "1d" }],
            "policy": [{ "name": "first", "when": "usage.day.count < 1", "auto_approve": true }],
        });
        let target = Target {
            scheme: Scheme::Https,
            host: "api.example.com".to_owned(),
            ports: vec![443],
            label: "Example".to_owned(),
            allow_cidrs: Vec::new(),
            ca_file: None,
        };
        let types = RequestTypes::new([RequestType::from_definition(&definition).unwrap()]);
        let (pending_ttl, approval_ttl) = (TimeDelta::days(1), TimeDelta::hours(1));
        EngineSettings {
            deadlines: Deadlines { pending_ttl, approval_ttl },
            rules: Rules { types, people: People::none() },
            targets: Arc::new(Targets(vec![target])),
            writer: WriterLimits { queue_max: 8, batch_max: 8 },
            sessions: SessionLimits { idle: TimeDelta::hours(1), max: TimeDelta::hours(8) },
        }
    }

    fn mara() -> Actor {
        let [iss, sub, user_id, user_name] = ["iss", "mara", "mara", "mara"].map(str::to_owned);
        Actor {
            person: Person { iss, sub, user_id, user_name },
            org: OrgId::new("100"),
            permissions: vec![Permission::Make],
            groups: vec![],
            act: vec![],
            token_id: None,
            signed_in_at: None,
            source_address: None,
        }
    }

    #[test]
    fn a_submission_whose_commit_was_not_told_stands_when_it_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.path().join("test.db").display()), 1).unwrap();
        let clock = Clock::fixed(chrono::DateTime::UNIX_EPOCH);
        let (engine, _) =
            Engine::start(store.clone(), clock.clone(), Arc::new(Metrics::new()), settings()).unwrap();
        let inner = &engine.inner;
        let mut decider = Decider::new(Shared {
            feed: Arc::clone(&inner.feed),
            clock,
            book: inner.book.clone(),
            deadlines: inner.deadlines,
            metrics: Arc::clone(&inner.metrics),
            due: Arc::clone(&inner.due),
        });
        let body = json!({
            "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
            "payload": { "IntouchAPITask-Payload": {
                "hostname": "https://api.example.com", "path": "/one", "method": "POST", "headers": {},
                "body": { "to": "c-1" },
            }},
        });
        let (actor, body) = (mara(), body.to_string());
        let submitting = SubmissionInput {
            actor: &actor,
            type_name: "ONE",
            body: body.as_bytes(),
            idempotency_key: Some("key"),
            reference: "ref",
        };
        let command = WriteCommand::SubmitLocked(engine.check(&submitting).unwrap());
        let conn = &mut store.open_writer().unwrap();
        for is_retry in [false, true, true] {
            let answer = decider.run(conn, &[&command], is_retry).unwrap().remove(0);
            let WriteReply::Stands { request, is_new: true } = answer else {
                panic!("{is_retry}: {answer:?}")
            };
            assert_eq!(request.state, State::Approved);
        }
        let again = WriteCommand::SubmitLocked(engine.check(&submitting).unwrap());
        let answer = decider.run(conn, &[&again], true).unwrap().remove(0);
        assert!(matches!(answer, WriteReply::Replayed(_)), "{answer:?}");
    }
}
