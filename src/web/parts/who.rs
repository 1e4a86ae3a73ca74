//! People on a page: the name that the people file gives them, with their account beside it.

use std::fmt;
use std::sync::Arc;

use askama::filters::HtmlSafe;

use crate::domain::actor::Person;
use crate::domain::rules::Rules;
use crate::engine::Engine;
use crate::web::html::{in_attribute, write_text};

/// The one place where a page learns what somebody is called.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<Rules>);

/// Somebody by name, with the account that they used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The name of the people file, or the one that their sign-in brought.
    pub name: String,
    /// What their sign-in calls them; empty if that is the name.
    pub account: String,
}

impl Names {
    /// As the people file in force has them.
    pub fn of(engine: &Engine) -> Self {
        Self(engine.rules())
    }

    /// As sign-ins and policies spell them, without a people file.
    pub fn as_spelled() -> Self {
        Self::default()
    }

    /// As these rules have them.
    #[cfg(test)]
    pub fn under(rules: Rules) -> Self {
        Self(Arc::new(rules))
    }

    /// What pages call a person: as the people file does, else as their sign-in does.
    pub fn name(&self, person: &Person) -> String {
        let people = &self.0.people;
        match people.name_of(person) {
            Some(name) => name.to_owned(),
            // Whoever the file does not list must not pass for somebody whom it lists.
            None if people.has_name_like(&person.user_name) => {
                format!("{} ({})", person.user_name, person.user_id)
            }
            None => person.user_name.clone(),
        }
    }

    /// The same with their account.
    pub fn who(&self, person: &Person) -> Who {
        let name = self.name(person);
        let accounts = [&person.user_name, &person.user_id];
        let account =
            accounts.into_iter().find(|account| **account != name).filter(|_| name != person.user_name);
        Who { account: account.cloned().unwrap_or_default(), name }
    }

    /// What pages call the owner of an account that a policy names.
    pub fn name_of_account(&self, account: &str) -> String {
        self.0.people.name_of_account(account).unwrap_or(account).to_owned()
    }

    /// Whether both are one human being.
    pub fn is_one_person(&self, one: &Person, other: &Person) -> bool {
        self.0.people.is_one_person(one, other)
    }
}

impl Who {
    /// The engine itself, or a name without an account.
    pub fn called(name: impl Into<String>) -> Self {
        Self { name: name.into(), account: String::new() }
    }

    /// `Chen Wei (chen@example.com)`.
    pub fn with_account(&self) -> String {
        if self.account.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.account) }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.account.is_empty() {
            return write_text(f, &self.name);
        }
        write!(f, r#"<span title="{}">"#, in_attribute(&self.account))?;
        write_text(f, &self.name)?;
        f.write_str("</span>")
    }
}

impl HtmlSafe for Who {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::people::{People, PersonEntry};
    use crate::web::sample::{HOSTILE, assert_harmless, person};

    fn names() -> Names {
        let entry = |name: &str, account: &str| PersonEntry {
            name: name.to_owned(),
            accounts: vec![account.to_owned()],
            groups: Vec::new(),
            active: true,
            owners: Vec::new(),
        };
        let people = People::new(vec![entry("Chen Wei", "id-chen"), entry("Uwe Haas", "id-uwe")]).unwrap();
        Names::under(Rules { people, ..Rules::default() })
    }

    #[test]
    fn a_person_is_called_as_the_people_file_calls_them() {
        let chen = Person { user_name: "chen@example.com".to_owned(), ..person("Chen") };
        let who = names().who(&chen);
        assert_eq!((who.name.as_str(), who.account.as_str()), ("Chen Wei", "chen@example.com"));
        assert_eq!(who.with_account(), "Chen Wei (chen@example.com)");
        assert_eq!(who.to_string(), r#"<span title="chen@example.com">Chen Wei</span>"#);
    }

    #[test]
    fn without_an_entry_they_are_called_as_their_sign_in_calls_them() {
        let mara = person("Mara Okafor");
        assert_eq!(names().who(&mara), Who::called("Mara Okafor"));
        assert_eq!(names().who(&mara).to_string(), "Mara Okafor");
    }

    #[test]
    fn no_one_passes_for_somebody_whom_the_file_lists() {
        for name in ["Chen Wei", "chen wei", "Ch\u{435}n Wei"] {
            let other = Person { user_id: "400099".to_owned(), ..person(name) };
            assert_eq!(names().name(&other), format!("{name} (400099)"));
        }
        let spelled = Person { user_id: "ID-CHEN".to_owned(), sub: "x".to_owned(), ..person("Chen Wei") };
        assert_eq!(
            names().name(&spelled),
            "Chen Wei (ID-CHEN)",
            "another spelling is not what the file lists"
        );
    }

    #[test]
    fn an_account_that_two_entries_list_in_part_has_no_name_of_theirs() {
        let both = Person { sub: "id-chen".to_owned(), user_id: "id-uwe".to_owned(), ..person("Somebody") };
        assert_eq!(names().name(&both), "Somebody");
    }

    #[test]
    fn a_hostile_name_is_text() {
        let who = Who { name: HOSTILE.to_owned(), account: HOSTILE.to_owned() };
        assert_harmless(&who.to_string().replace("[U+202E]", "").replace("[U+200B]", ""));
        assert!(who.to_string().contains(r#"title="&lt;script&gt;"#), "{who}");
    }
}
