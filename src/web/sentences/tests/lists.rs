//! What lists say, what is said about policies and types, and what open pages hear.

use super::*;
use crate::domain::findings::FindingCode;
use crate::domain::outcome::Outcome;
use crate::domain::policy::RuleOutcome;
use crate::domain::policy::bulk::AloneBecause;
use crate::domain::request_type::RequestType;
use crate::domain::settlement::SettledOutcome;
use crate::engine::Deadlines;
use crate::engine::change_feed::ChangeKind;
use crate::engine::queries::SortBy;
use crate::web::parts::nav::Nav;
use crate::web::sentences::listing::{self, List};
use crate::web::sentences::live::just_now;
use crate::web::sentences::pairs::OddWay;
use crate::web::sentences::type_facts::{self, SeenBy};
use crate::web::sentences::{calls, events, labels, pairs, policies, states, together, trails};

/// Words that are no sentence: nothing ends them, and nothing of the wire is in them.
fn assert_words(words: &str, what: &str) {
    assert!(!words.trim().is_empty() && !words.ends_with('.'), "{what}: {words:?}");
    for word in NOT_FOR_PEOPLE {
        assert!(!words.contains(word), "{what}: {words:?} says {word:?}");
    }
}

#[test]
fn every_list_says_what_it_holds() {
    for list in [List::MyGroups, List::Decided, List::Mine, List::Unknown] {
        let words = listing::of_list(list);
        assert_plain(words.lead, "lead");
        assert_words(words.empty_title, "empty");
        assert!(words.empty.is_empty() || words.empty.ends_with('.'));
    }
    for filtered in [None, Some("3+")] {
        assert_plain(&listing::needs_you("12", filtered), "inbox");
    }
    for is_set in [true, false] {
        assert_words(listing::nothing_needs_you(is_set), "inbox");
        assert_eq!(listing::unread("3", is_set), if is_set { "3 unread on this page." } else { "3 unread." });
        assert_words(&listing::select(is_set.then_some(100), "312", is_set), "select");
        assert_plain(&listing::history(is_set), "history");
        assert_plain(&listing::ids_that_begin("0190b6f2", is_set), "ids");
    }
    for by in [SortBy::Start, SortBy::End, SortBy::Maker] {
        for is_descending in [true, false] {
            let (back, on) = listing::turning(by, is_descending);
            assert_words(back, "back");
            assert_words(on, "on");
        }
    }
    for sentence in
        [listing::ELSEWHERE, listing::NOT_SEARCHED, listing::NEWEST_FIRST, &listing::only_the_first(500)]
    {
        assert_plain(sentence, "list");
    }
    for code in [
        FindingCode::HiddenCharacters,
        FindingCode::SubjectPending,
        FindingCode::LimitNearlyUsedUp,
        FindingCode::LateAnswer,
        FindingCode::NobodyCanSign,
        FindingCode::LookAlike,
    ] {
        assert_words(listing::flag(code), code.name());
        assert!(!listing::flag(code).contains('_'));
    }
    for words in [listing::TOO_LONG.to_owned(), listing::more(2), listing::past_type("refund")] {
        assert_words(&words, "row");
    }
    assert_eq!(listing::place(51, 93, "93"), "51–93 of 93");
    assert_eq!(listing::refused_further(1), "1 further one of this person in one minute");
}

#[test]
fn decisions_of_several_are_said_for_each() {
    for why in [
        AloneBecause::Type,
        AloneBecause::SentBack,
        AloneBecause::FreshSignIn,
        AloneBecause::HighRisk,
        AloneBecause::Flagged,
    ] {
        assert_plain(&together::alone(why), &format!("{why:?}"));
    }
    for sentence in [together::LONG_HEADER, together::TOO_LONG, &together::left_out(together::TOO_LONG)] {
        assert_plain(sentence, "left out");
    }
    for needed in [None, Some("Risk")] {
        assert_words(&together::if_approved(needed), "if approved");
    }
    for verdict in [Verdict::Approved, Verdict::Rejected] {
        assert_words(&together::decided(3, verdict, 1), "decided");
    }
    assert_eq!(together::review(1), "Review 1 request");
    assert_eq!(together::and_more(&together::times("5001", 3), 4), "5001 (3 times) and 4 more");
    assert_eq!(together::and_more("5001", 0), "5001");
    assert_eq!(together::next("Needs me", "12"), "Needs me: 12 left");
    for way in [OddWay::AtOnce, OddWay::SameToken, OddWay::NotOpened, OddWay::SameAddress] {
        assert_words(&pairs::odd(3, way), &format!("{way:?}"));
    }
    assert_eq!(pairs::pairs(1, 100), "1 pair");
    assert_words(&pairs::pairs(120, 100), "pairs");
}

#[test]
fn a_policy_is_said_in_words() {
    let refund = sample::refund();
    for rule in &refund.policy.rules {
        assert_words(&policies::who_agrees(&rule.outcome), &rule.name);
        assert_words(policies::how_it_begins(&rule.outcome), &rule.name);
        if let RuleOutcome::Stages(approval) = &rule.outcome {
            policies::approval_notes(approval).iter().for_each(|note| assert_plain(note, &rule.name));
        }
        let within = rule.decide_within.map(policies::decide_within);
        within.iter().for_each(|note| assert_plain(note, &rule.name));
    }
    for rejections in 1..4 {
        let notes = policies::approval_notes(&Approval { rejections, ..approval() });
        notes.iter().for_each(|note| assert_plain(note, "notes"));
    }
    for mode in [Mode::All, Mode::Any(2)] {
        assert_words(&policies::stage_heading(2, "Finance", mode), "stage");
    }
    let capacities =
        [group("Risk"), Capacity::ClaimedGroup("Risk".to_owned()), Capacity::Account("tara".to_owned())];
    for who in capacities.iter().chain([&Capacity::Permission(Permission::Check)]) {
        for count in [1, 2, 7] {
            assert_words(&policies::seat_clause(who, count), "seat");
        }
        assert_words(policies::seat_heading(who), "seat");
    }
    assert_eq!(policies::for_the_maker(2, "Risk"), "2 people from Risk, not you");
    assert_eq!(policies::sent_to(None), "to the host that the request names");
    assert_eq!(policies::sent_to(Some("payments.example.com")), "to payments.example.com");
}

#[test]
fn what_holds_for_a_type_is_said_in_words() {
    let day = TimeDelta::days(1);
    let facts =
        |known: &RequestType| type_facts::facts(known, Deadlines { pending_ttl: day, approval_ttl: day });
    facts(&sample::refund()).iter().for_each(|fact| assert!(!fact.is_empty() && !fact.ends_with('.')));
    for who in [SeenBy::Everybody, SeenBy::Deciders, SeenBy::Nobody] {
        assert_words(type_facts::seen_by(who), &format!("{who:?}"));
    }
    for bits in 0..8_u32 {
        let words = type_facts::used_as(bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        assert_eq!(words.is_empty(), bits == 0);
    }
    for limit in type_facts::LIMITS {
        assert_words(&limit.words("5"), limit.keyword);
    }
    assert_eq!(type_facts::kinds(&[]), "anything");
    assert_eq!(type_facts::kinds(&["integer", "null"]), "whole number or nothing");
    assert_eq!(type_facts::one_of(&["red".to_owned(), "blue".to_owned()], true), "one of red, blue, …");
}

#[test]
fn every_event_goes_on_after_a_name() {
    let states = State::ALL.map(Some).into_iter().chain([None]);
    for from in states {
        for kind in sample::every_kind() {
            let what = events::what_happened(&kind, from, (&names(), sample::when()));
            assert!(what.starts_with(char::is_lowercase) && !what.ends_with('.'), "{what}");
            assert!(!what.contains('_') && !what.contains("AdminTask"), "{what}");
        }
    }
    for verdict in [None, Some(Verdict::Approved), Some(Verdict::Rejected)] {
        for outcome in [None, Some(SettledOutcome::Executed), Some(SettledOutcome::Failed)] {
            assert!(events::tried_to(verdict, outcome).starts_with("to "));
        }
    }
}

#[test]
fn an_open_page_says_what_has_just_happened() {
    for kind in [
        ChangeKind::Submitted,
        ChangeKind::Decided(Verdict::Approved),
        ChangeKind::Decided(Verdict::Rejected),
        ChangeKind::Commented,
        ChangeKind::SentBack,
        ChangeKind::Resubmitted,
        ChangeKind::Withdrawn,
        ChangeKind::Expired,
        ChangeKind::AttemptEnded,
        ChangeKind::LateAnswer,
        ChangeKind::Ended(Outcome::Executed),
        ChangeKind::Ended(Outcome::Failed),
        ChangeKind::Ended(Outcome::Unknown),
        ChangeKind::SettlementProposed,
        ChangeKind::Settled,
        ChangeKind::SubmittedAgain,
        ChangeKind::Probed,
    ] {
        for still_waits in [true, false] {
            let said = just_now(&kind, still_waits, "Chen Wei");
            assert_words(&said, &format!("{kind:?}"));
            assert!(said.contains("just now"), "{said}");
        }
    }
}

#[test]
fn a_trail_tells_a_life_in_one_sentence() {
    for state in State::ALL {
        for answered in [true, false] {
            for settled in [None, Some(SettledOutcome::Executed), Some(SettledOutcome::Failed)] {
                let decisions =
                    [decision("chen", Verdict::Approved, ""), decision("uwe", Verdict::Rejected, "No.")];
                let mut view = sample::view();
                view.request = request(state, &decisions);
                view.request.settlement.extend(settled.map(super::outcomes::word));
                view.answer = view.answer.filter(|_| answered);
                let told = trails::byline(&view, &names(), sample::when());
                assert_plain(&told, state.name());
            }
        }
    }
    let approved = decision("chen", Verdict::Approved, "");
    for words in [
        trails::decided(&approved, &names()),
        trails::decided_before(1, &approved, &names()),
        trails::sent_in(2),
        trails::WORKED_OUT.to_owned(),
    ] {
        assert_words(&words, "digest");
    }
}

#[test]
fn short_words_are_no_sentences() {
    for nav in [
        Nav::NeedsMe,
        Nav::MyGroups,
        Nav::Decided,
        Nav::New,
        Nav::Mine,
        Nav::History,
        Nav::Search,
        Nav::Unknown,
        Nav::OrgTrail,
        Nav::Refusals,
        Nav::Pairs,
        Nav::Deliveries,
        Nav::Types,
        Nav::Settings,
    ] {
        assert_words(labels::of_page(nav), "page");
    }
    for words in [
        labels::BACK_TO_THE_REQUEST,
        labels::BACK_TO_THE_REVISION,
        labels::YOUR_WORDS,
        labels::TO_BE_CHANGED,
        labels::NO_UNIT,
        labels::NO_AMOUNT,
        labels::NO_SUM,
        states::YOUR_BOX,
        &states::signed(1, 2),
        &states::signed_and_needed(1, 2, "Risk"),
        &states::you_are_last(1, 2),
        &labels::servers_zone("UTC"),
        &labels::revision(2, "Refund 12 EUR"),
    ] {
        assert_words(words, "label");
    }
    for values in [1, 2] {
        assert!(calls::hidden_as_dots(values).ends_with("not the call as it is sent."));
    }
    for sentence in [calls::NO_TEXT, calls::NO_ARGUMENT] {
        assert_plain(sentence, "call");
    }
    assert!(calls::FOR_READING.ends_with('.') && calls::NEVER_SENT.ends_with(':'));
}
