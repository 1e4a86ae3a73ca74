//! Whether and why the reader can decide a request: the sentences of the panel beside it.

use chrono::{DateTime, Utc};

use crate::domain::actor::Person;
use crate::domain::policy::capacities::SeatHint;
use crate::domain::policy::may_decide::WhyNot;
use crate::domain::policy::outlook::GroupMembers;
use crate::domain::request::{Decision, Request, State, Verdict};
use crate::engine::explain::Explanation;
use crate::web::parts::format::{When, either};
use crate::web::parts::who::Names;
use crate::web::sentences::boxes::{still_needed_after_mine, waits_for};
use crate::web::sentences::rejecting::Rejecting;
use crate::web::sentences::seats::{or_list, seat_names, signed_as};

/// Said to whoever may do nothing at all.
pub const SWITCHED_OFF: &str = "The people file has switched your account off, so you can’t decide anything. Ask whoever keeps that file.";

/// A request as one reader sees it.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    pub request: &'a Request,
    pub explained: &'a Explanation,
    /// Who could still sign it, by group.
    pub members: &'a [GroupMembers],
    pub reader: &'a Person,
    pub names: &'a Names,
    pub when: When,
}

/// Whether and why the reader can decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The one sentence that matters most.
    pub sentence: String,
    /// What else there is to know.
    pub more: Vec<String>,
}

impl Answer {
    fn of(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), more: Vec::new() }
    }
}

impl Situation<'_> {
    /// Whether and why the reader can decide.
    pub fn answer(&self) -> Answer {
        let mut answer = match self.request.state {
            State::ValidateMakerAccess | State::ValidatePayload => {
                Answer::of("It is still being checked, and can’t be decided yet.")
            }
            State::AdminTask => self.waiting(),
            State::SentBack => Answer::of(self.sent_back()),
            State::Approved
            | State::Executed
            | State::Failed
            | State::Unknown
            | State::Rejected
            | State::Withdrawn
            | State::Expired => self.closed(),
        };
        answer.more.retain(|line| !line.is_empty());
        answer
    }

    fn waiting(&self) -> Answer {
        if self.explained.can_decide {
            return Answer::of(self.may_decide());
        }
        let Some(why) = &self.explained.forbidden else {
            return Answer::of("Nothing is left to decide: its rule asks for nobody.");
        };
        let sentence = self.why_not(why);
        match why {
            WhyNot::OtherOrg | WhyNot::Expired { .. } | WhyNot::NotWaiting { .. } => Answer::of(sentence),
            WhyNot::PermissionMissing
            | WhyNot::PersonInactive
            | WhyNot::MakerIsChecker
            | WhyNot::AlreadyDecidedByYou
            | WhyNot::NotInStage { .. }
            | WhyNot::NotNeeded { .. } => Answer { sentence, more: vec![self.waits_for()] },
        }
    }

    /// `It waits for Risk: Chen Wei, Uwe Haas.`
    pub fn waits_for(&self) -> String {
        let progress = self.explained.progress.as_ref();
        progress.map(|progress| waits_for(progress, self.members, self.names)).unwrap_or_default()
    }

    fn may_decide(&self) -> String {
        let seats = self.explained.seat.as_ref().map(|seat| signed_as(&seat.capacities, self.names));
        let after = match still_needed_after_mine(self.explained, self.names) {
            None => "Yours is the last signature.".to_owned(),
            Some(needed) => format!("After you it still needs {needed}: nothing is sent when you approve."),
        };
        format!("You may decide it{}, and you have no part in it. {after}", seats.unwrap_or_default())
    }

    fn why_not(&self, why: &WhyNot) -> String {
        match why {
            WhyNot::OtherOrg => "It belongs to another org. A checker of that org can decide it.".to_owned(),
            WhyNot::PermissionMissing => {
                "You can read this, but not decide it: your sign-in does not make you a checker.".to_owned()
            }
            WhyNot::PersonInactive => SWITCHED_OFF.to_owned(),
            WhyNot::MakerIsChecker => self.own(),
            WhyNot::AlreadyDecidedByYou => self.decided_before(),
            WhyNot::Expired { expires_at } => self.too_late(*expires_at),
            WhyNot::NotWaiting { .. } => "Nothing is left to decide.".to_owned(),
            WhyNot::NotInStage { hint, .. } => self.not_in_stage(hint.as_ref()),
            WhyNot::NotNeeded { seat, .. } => {
                let names = or_list(&seat.capacities, self.names);
                format!("Nobody else of {names} is needed to approve it. You can still reject it.")
            }
        }
    }

    fn own(&self) -> String {
        let Self { request, reader, .. } = self;
        let withdraw = if self.explained.can_withdraw { " You can withdraw it." } else { "" };
        if request.maker.is_same_person(reader) {
            return format!("You submitted this request, so you can’t decide it.{withdraw}");
        }
        let maker = self.names.who(&request.maker).with_account();
        if self.names.is_one_person(&request.maker, reader) {
            return format!(
                "You can’t decide it: {maker} submitted it, and that account is yours.{withdraw}"
            );
        }
        format!("You can’t decide it: {maker} submitted it, and one of you answers for the other.")
    }

    fn decided_before(&self) -> String {
        let Some(own) = &self.explained.my_decision else {
            return "You can’t decide it: somebody for whom you answer, or who answers for you, has decided it. Nobody \
                    signs twice."
                .to_owned();
        };
        let did = self.did(own, "You");
        match own.verdict {
            Verdict::Approved => format!("{did}. Nobody signs twice."),
            Verdict::Rejected => {
                let progress = self.explained.progress.as_ref();
                let more = progress.map(|progress| Rejecting {
                    number: progress.rejections,
                    needed: progress.rejections_needed,
                });
                format!("{did}. {} Nobody signs twice.", more.map(Rejecting::more).unwrap_or_default())
            }
        }
    }

    fn not_in_stage(&self, hint: Option<&SeatHint>) -> String {
        match hint {
            Some(SeatHint::Spelling(spelling)) => {
                return format!(
                    "You can read this, but not decide it: the people file spells your account {spelling}, not as your \
                     sign-in does, so it gives you no group. Ask whoever keeps that file."
                );
            }
            Some(SeatHint::ServiceAccount) => {
                return "You can read this, but not decide it: a service account signs only where the policy names it."
                    .to_owned();
            }
            None => {}
        }
        if self.explained.later_seat.is_empty() {
            return "You can read this, but not decide it: you are not among those for whom it waits."
                .to_owned();
        }
        let turn = either(&seat_names(&self.explained.later_seat, self.names));
        format!("You can’t decide it yet: {turn} comes later, and others must agree before.")
    }

    fn sent_back(&self) -> String {
        if let Some(WhyNot::Expired { expires_at }) = &self.explained.forbidden {
            return self.too_late(*expires_at);
        }
        if self.explained.can_resubmit {
            return "It came back to you. Change and resubmit it, or withdraw it.".to_owned();
        }
        let request = self.request;
        if self.names.is_one_person(&request.maker, self.reader) {
            let withdraw = if self.explained.can_withdraw { " You can withdraw it." } else { "" };
            return format!("It came back to you, but you can’t resubmit it now.{withdraw}");
        }
        let by = request
            .sent_back
            .as_ref()
            .map_or_else(|| "a checker".to_owned(), |sent_back| self.you_or(&sent_back.by));
        let maker = self.names.name(&request.maker);
        format!("Nobody can decide it now: {by} sent it back, and {maker} has not resubmitted it yet.")
    }

    fn too_late(&self, at: DateTime<Utc>) -> String {
        format!("Nothing is left to decide: the time for it ended {}.", self.time(at))
    }

    /// Nobody can decide it any more: by whom, and when.
    fn closed(&self) -> Answer {
        let request = self.request;
        let ended = request.ended_at.map(|at| format!(" {}", self.time(at))).unwrap_or_default();
        let how = match request.state {
            State::Withdrawn => format!("{} withdrew it{ended}", self.you_or(&request.maker)),
            State::Expired if request.execute_before.is_some() => {
                format!("it was approved, but expired{ended} before it could be sent")
            }
            State::Expired => format!("it expired{ended}"),
            State::Rejected => match request.last_decision() {
                Some(last) => self.did(last, &self.you_or(&last.checker)),
                None => "it was rejected".to_owned(),
            },
            State::Approved | State::Executed | State::Failed | State::Unknown => match request
                .last_decision()
            {
                Some(last) => {
                    let (who, seats) = (self.you_or(&last.checker), signed_as(&last.capacities, self.names));
                    format!("everybody needed has agreed, lastly {who}{seats} {}", self.time(last.at))
                }
                None => "its rule asks for nobody".to_owned(),
            },
            State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask | State::SentBack => {
                "it does not wait".to_owned()
            }
        };
        let again = if self.explained.can_submit_again { "You can submit it again." } else { "" };
        let own = self.explained.my_decision.as_ref().filter(|own| request.last_decision() != Some(*own));
        let own = own.map(|own| format!("{}.", self.did(own, "You"))).unwrap_or_default();
        Answer { sentence: format!("Nothing is left to decide: {how}."), more: vec![own, again.to_owned()] }
    }

    /// `you approved it for Risk on 28 Nov 2026, 18:06 UTC`.
    fn did(&self, decision: &Decision, who: &str) -> String {
        let verb = match decision.verdict {
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
        };
        let seats = signed_as(&decision.capacities, self.names);
        format!("{who} {verb} it{seats} {}", self.time(decision.at))
    }

    fn you_or(&self, person: &Person) -> String {
        if self.names.is_one_person(person, self.reader) { "you".to_owned() } else { self.names.name(person) }
    }

    /// `on 28 Nov 2026, 18:06 UTC`, in the reader's zone.
    fn time(&self, at: DateTime<Utc>) -> String {
        format!("on {}", self.when.moment(at).words())
    }
}
