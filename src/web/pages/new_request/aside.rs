//! What is beside the form: the call that it becomes, and who must agree.

use crate::domain::allowed_targets::Targets;
use crate::domain::policy::RuleOutcome;
use crate::domain::request_type::RequestType;
use crate::engine::DryRun;
use crate::web::parts::approval_view::{ApprovalView, StageLine};
use crate::web::parts::call_view::CallView;
use crate::web::sentences::submitting::{Becomes, NO_CALL_YET, draft_differs, second_request};
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
        let note = second_request(request_type.duplicates);
        match tried {
            Some(tried) => Self { note, ..Self::of_tried(tried) },
            None => {
                let (becomes, stages) = of_policy(request_type);
                let call_note = if is_faulty { NO_CALL_YET } else { "" };
                Self {
                    why: becomes.over_the_call(),
                    call: CallView::of_type(request_type, targets),
                    call_note: call_note.to_owned(),
                    summary: None,
                    agree: becomes.who_must_agree(),
                    stages,
                    findings: Vec::new(),
                    note,
                }
            }
        }
    }

    fn of_tried(tried: &DryRun) -> Self {
        let progress = tried.admission.as_ref().ok().and_then(|draft| draft.progress.as_ref());
        let becomes = match &tried.admission {
            Ok(draft) if progress.is_some() => Becomes::Waits { rule: &draft.request.terms.rule },
            Ok(draft) => Becomes::SentAtOnce { rule: &draft.request.terms.rule },
            Err(_) => Becomes::Refused,
        };
        let stages = progress
            .map(|progress| ApprovalView::so_far(progress).stages.iter().map(StageLine::for_maker).collect());
        Self {
            why: becomes.over_the_call(),
            call: CallView::of_draft(tried),
            call_note: draft_differs(tried.request_type.hides_any(), tried.request_type.key_header()),
            summary: Some(tried.summary.clone()),
            agree: becomes.who_must_agree(),
            stages: stages.unwrap_or_default(),
            findings: draft_looks(&tried.findings),
            note: None,
        }
    }
}

/// What the policy says before anything is written: the stages, if they never depend on it.
fn of_policy(request_type: &RequestType) -> (Becomes<'static>, Vec<StageLine>) {
    if let [rule] = request_type.policy.rules.as_slice()
        && let RuleOutcome::Stages(approval) = &rule.outcome
    {
        let stages = ApprovalView::unsigned(approval).stages;
        return (Becomes::KnownStages, stages.iter().map(StageLine::for_maker).collect());
    }
    (Becomes::Unknown, Vec::new())
}
