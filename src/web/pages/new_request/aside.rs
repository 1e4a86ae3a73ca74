//! What is beside the form: the call that it becomes, and who must agree.

use crate::domain::allowed_targets::Targets;
use crate::domain::policy::RuleOutcome;
use crate::domain::request_type::{Duplicates, RequestType};
use crate::engine::DryRun;
use crate::web::parts::approval_view::{ApprovalView, StageLine};
use crate::web::parts::call_view::CallView;
use crate::web::sentences::{Look, draft_looks};

/// What is beside the form.
pub struct Aside {
    pub why: &'static str,
    pub call: CallView,
    pub call_note: String,
    pub summary: Option<String>,
    pub agree: String,
    pub stages: Vec<StageLine>,
    pub findings: Vec<Look>,
    pub note: Option<&'static str>,
}

impl Aside {
    /// What a form becomes: as the dry run says, or as far as the type says it before anything is written.
    pub fn of(
        request_type: &RequestType,
        targets: &Targets,
        tried: Option<&DryRun>,
        is_faulty: bool,
    ) -> Self {
        let note = match request_type.duplicates {
            Duplicates::Allow => None,
            Duplicates::Warn => {
                Some("If another request is open on the same subject, those who decide see it.")
            }
            Duplicates::Block => {
                Some("One at a time: while a request is open on a subject, a second one on it is refused.")
            }
        };
        match tried {
            Some(tried) => Self { note, ..Self::of_tried(tried) },
            None => {
                let (agree, stages) = of_policy(request_type);
                let call_note =
                    if is_faulty { "There are faults, so the call isn’t built yet." } else { "" };
                Self {
                    why: "Once everybody who must has agreed, this is sent, once:",
                    call: CallView::of_type(request_type, targets),
                    call_note: call_note.to_owned(),
                    summary: None,
                    agree,
                    stages,
                    findings: Vec::new(),
                    note,
                }
            }
        }
    }

    fn of_tried(tried: &DryRun) -> Self {
        let progress = tried.admission.as_ref().ok().and_then(|draft| draft.progress.as_ref());
        let (why, agree) = match &tried.admission {
            Ok(draft) if progress.is_some() => (
                "Once they have agreed, this is sent, once:",
                format!("By the rule “{}”, for what you wrote:", draft.request.terms.rule),
            ),
            Ok(draft) => (
                "This is sent at once when you submit it:",
                format!("Nobody. The rule “{}” lets it through.", draft.request.terms.rule),
            ),
            Err(_) => ("This would be sent, if it were not refused:", "It would be refused.".to_owned()),
        };
        let stages = progress
            .map(|progress| ApprovalView::so_far(progress).stages.iter().map(StageLine::for_maker).collect());
        Self {
            why,
            call: CallView::of_draft(tried),
            call_note: draft_note(&tried.request_type),
            summary: Some(tried.summary.clone()),
            agree,
            stages: stages.unwrap_or_default(),
            findings: draft_looks(&tried.findings),
            note: None,
        }
    }
}

/// What differs between the draft's call and the one that is sent.
fn draft_note(request_type: &RequestType) -> String {
    let hidden = request_type.hides_any().then(|| "What is not public is hidden here.".to_owned());
    let key = request_type
        .key_header()
        .map(|name| format!("{name} gets the request’s id when you submit it, so the digest will differ."));
    hidden.into_iter().chain(key).collect::<Vec<_>>().join(" ")
}

/// What the policy says before anything is written: the stages, if they never depend on it.
fn of_policy(request_type: &RequestType) -> (String, Vec<StageLine>) {
    if let [rule] = request_type.policy.rules.as_slice()
        && let RuleOutcome::Stages(approval) = &rule.outcome
    {
        let stages = ApprovalView::unsigned(approval).stages;
        return ("Before anything is sent:".to_owned(), stages.iter().map(StageLine::for_maker).collect());
    }
    ("That depends on what you write. “Check only” tells you.".to_owned(), Vec::new())
}
