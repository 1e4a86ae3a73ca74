//! What pages of errors say, and what the page of a new request says of a form.

use super::*;
use crate::domain::ids::OrgId;
use crate::domain::request_type::Duplicates;
use crate::web::sentences::errors::{self, NotDone, WayOn};
use crate::web::sentences::submitting::{self, Becomes, Tried};

fn org() -> OrgId {
    OrgId::new("90001")
}

/// What is true, and what it means; the second may be empty.
fn assert_both((title, text): (&str, &str), what: &str) {
    assert_plain(title, what);
    if !text.is_empty() {
        assert_plain(text, what);
    }
}

#[test]
fn every_page_of_an_error_says_what_is_true_and_what_to_do() {
    for words in [
        errors::SIGNED_OUT,
        errors::FOREIGN_FORM,
        errors::NOT_FOUND,
        errors::UNREADABLE,
        errors::NO_PAGES,
        errors::TOO_MANY_STREAMS,
        errors::NOTHING_TICKED,
        errors::NO_PERMISSION,
    ] {
        assert_both(words, words.0);
    }
    // These have a straight apostrophe.
    for (title, text) in [errors::NO_COOKIE, (submitting::NOT_NOW, "")] {
        assert_both((&title.replace('\'', "’"), &text.replace('\'', "’")), title);
    }
    for why in [NotDone::NotNow, NotDone::Broken, NotDone::NotYourPage, NotDone::Refused] {
        assert_plain(errors::not_done(why), &format!("{why:?}"));
    }
    for (title, text) in [
        errors::not_for_org(None, "90002"),
        errors::not_for_org(Some(&org()), "90002"),
        errors::not_for_person(None),
        errors::not_for_person(Some("Mara Lind")),
    ] {
        assert_both((&title, &text), &title);
    }
    for way in [WayOn::SignIn, WayOn::Start, WayOn::List("Needs me")] {
        let words = errors::way_on(way);
        assert!(!words.is_empty() && !words.ends_with('.'), "{words}");
    }
}

#[test]
fn whoever_holds_no_permission_is_told_the_names_of_all() {
    let (title, text) = errors::no_maker();
    assert_plain(title, "no maker");
    // Whoever grants permissions knows them by their names.
    let told = errors::without_permission(&org(), "mara");
    for permission in Permission::ALL {
        assert!(told.contains(permission.name()), "{told}");
    }
    assert!(text.contains(Permission::Make.name()) && text.ends_with('.') && told.ends_with('.'));
}

#[test]
fn a_form_says_what_it_becomes() {
    let rule = "everything else";
    for becomes in [
        Becomes::KnownStages,
        Becomes::Unknown,
        Becomes::Waits { rule },
        Becomes::SentAtOnce { rule },
        Becomes::Refused,
    ] {
        let (call, agree) = (becomes.over_the_call(), becomes.who_must_agree());
        assert!(call.ends_with(':'), "{call}");
        // Stages follow it, or nothing does.
        let has_stages = matches!(becomes, Becomes::KnownStages | Becomes::Waits { .. });
        assert!(agree.ends_with(if has_stages { ':' } else { '.' }), "{agree}");
    }
    for hides_any in [false, true] {
        for key in [None, Some("Idempotent-Id")] {
            let note = submitting::draft_differs(hides_any, key);
            assert_eq!(note.is_empty(), !hides_any && key.is_none());
            if !note.is_empty() {
                assert_plain(&note, "draft");
            }
        }
    }
    for duplicates in [Duplicates::Allow, Duplicates::Warn, Duplicates::Block] {
        let note = submitting::second_request(duplicates);
        assert_eq!(note.is_none(), duplicates == Duplicates::Allow);
        note.iter().for_each(|note| assert_plain(note, "second request"));
    }
}

#[test]
fn a_form_that_was_not_carried_out_says_so() {
    for words in [
        submitting::SENT_BEFORE,
        submitting::CHECKED,
        submitting::HIDDEN_IS_EMPTY,
        submitting::FIELDS_ARE_EMPTY,
    ] {
        assert_both(words, words.0);
    }
    for is_json in [true, false] {
        assert_plain(submitting::not_rewritten(is_json), "rewritten");
    }
    for tried in [Tried::Check, Tried::Submit] {
        assert_plain(&submitting::refused(tried, "Nobody refunds more."), "refused");
    }
    for line in [
        submitting::STILL_HERE,
        submitting::NOT_STORED,
        submitting::NOT_SUBMITTED,
        submitting::NOT_REWRITTEN,
        submitting::READ_IT_AGAIN,
        submitting::NO_CALL_YET,
        &submitting::submitted_now("Mara Lind", &org()),
        &submitting::back_in_org(&org()),
    ] {
        assert_plain(line, "kept");
    }
}
