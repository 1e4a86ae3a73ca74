//! Submitting again: who may, after which end, and what the old request keeps of it.

use std::collections::BTreeSet;

use super::*;

/// The request as which another one is submitted again.
pub(super) fn newer() -> RequestId {
    RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000002").unwrap()
}

pub(super) fn submit_again(by: Person) -> TestCommand {
    TestCommand::Other(Command::SubmitAgain { by, people: &NO_FILE, newer: newer() })
}

#[test]
fn only_the_maker_submits_again_and_only_what_certainly_was_not_carried_out() {
    for mut story in stories() {
        let (state, version) = (story.request.state, story.request.version);
        for by in everybody() {
            let (is_own, said) = (by.is_same_person(&maker()), story.ask(&submit_again(by)));
            match state {
                _ if !is_own => assert_eq!(said, Err(Refusal::NotTheMakerAgain)),
                State::Failed | State::Rejected | State::Withdrawn | State::Expired => assert!(said.is_ok()),
                State::AdminTask | State::SentBack | State::Approved | State::Executed | State::Unknown => {
                    assert_eq!(said, Err(Refusal::NotRepeatable(NotRepeatable::State(state))));
                }
                State::ValidateMakerAccess | State::ValidatePayload => unreachable!("no story rests here"),
            }
        }
        let Ok(events) = story.tell(&submit_again(maker())) else { continue };
        assert_eq!((events.len(), &events[0].by, events[0].to), (1, &maker(), state));
        assert_eq!((story.request.state, story.request.version), (state, version + 1));
        assert_eq!(story.request.repeated_by, Some(newer()));
        let repeated = Refusal::NotRepeatable(NotRepeatable::Repeated { by: newer() });
        assert_eq!(story.refusal(&submit_again(maker())), repeated);
        assert_eq!(story.refusal(&submit_again(anna())), Refusal::NotTheMakerAgain);
    }
}

#[test]
fn each_reason_against_submitting_again_has_its_own_sentence_and_one_code() {
    let states = [State::AdminTask, State::SentBack, State::Approved, State::Executed, State::Unknown]
        .map(NotRepeatable::State);
    let others =
        [NotRepeatable::Repeated { by: newer() }, NotRepeatable::CarriedOut, NotRepeatable::TypeGone];
    let refusals: Vec<Refusal> = states.into_iter().chain(others).map(Refusal::NotRepeatable).collect();
    let sentences: BTreeSet<String> = refusals.iter().map(Refusal::sentence).collect();
    assert_eq!(sentences.len(), refusals.len());
    assert!(sentences.iter().any(|sentence| sentence.contains(&newer().to_string())));
    assert!(refusals.iter().all(|refusal| refusal.code().name() == "not_repeatable"));
}
