//! In which order a list of waiting requests is read.
//!
//! The databases hold what waits by when it is due. Any other order is made here, of at most as many requests as
//! somebody looks at: no index over amounts or names has to be kept for every submission.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::caseless::fold;
use crate::domain::ids::RequestId;
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::domain::unit::Unit;
use crate::domain::waiting::WaitingRequest;

/// An order of waiting requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InboxOrder {
    /// What is due first comes first.
    #[default]
    Due,
    /// By unit, those without one first, and in each the largest amount first; those without an amount come last.
    Largest,
    /// The same with the smallest amount first.
    Smallest,
    /// What was submitted last comes first.
    Newest,
    /// What was submitted first comes first.
    Oldest,
    /// By the maker's name.
    Maker,
}

impl InboxOrder {
    /// Every order.
    pub const ALL: [Self; 6] =
        [Self::Due, Self::Largest, Self::Smallest, Self::Newest, Self::Oldest, Self::Maker];

    /// Its word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Largest => "largest",
            Self::Smallest => "smallest",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Maker => "maker",
        }
    }

    /// The order that [`InboxOrder::word`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// What narrows an inbox by the amounts of its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AmountFilter {
    /// The smallest amount.
    pub from: Option<Amount>,
    /// The largest amount.
    pub to: Option<Amount>,
    /// What the amount counts.
    pub unit: Option<Unit>,
}

impl AmountFilter {
    /// Whether it lets a request through. One without an amount passes only where nothing is asked.
    pub fn fits(&self, waiting: &WaitingRequest) -> bool {
        let Some(amount) = waiting.amount else { return *self == Self::default() };
        self.from.is_none_or(|from| amount >= from)
            && self.to.is_none_or(|to| amount <= to)
            && (self.unit.is_none() || self.unit == waiting.unit)
    }
}

/// The place of a request in an order. Requests that are alike in it are in the order of what is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboxPlace {
    first: First,
    sort_at: DateTime<Utc>,
    id: RequestId,
}

/// What an order looks at first. A list has one kind of it only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum First {
    Alike,
    Amount(Option<Unit>, Amount),
    AmountDown(Option<Unit>, Reverse<Amount>),
    At(DateTime<Utc>),
    AtDown(Reverse<DateTime<Utc>>),
    Name(String),
    /// Has nothing to look at, and comes last.
    Nothing,
}

/// What every order looks at.
struct Looks<'a> {
    id: RequestId,
    sort_at: DateTime<Utc>,
    started_at: DateTime<Utc>,
    amount: Option<Amount>,
    unit: Option<&'a Unit>,
    maker: &'a Person,
}

/// Says where requests stand in one order.
pub struct InboxSorter<'a> {
    order: InboxOrder,
    people: &'a People,
    names: HashMap<Person, String>,
}

impl<'a> InboxSorter<'a> {
    /// A sorter that calls people as `people` does.
    pub fn new(order: InboxOrder, people: &'a People) -> Self {
        Self { order, people, names: HashMap::new() }
    }

    /// The place of a waiting request.
    pub fn place(&mut self, waiting: &WaitingRequest) -> InboxPlace {
        self.place_of(&Looks {
            id: waiting.id,
            sort_at: waiting.sort_at(),
            started_at: waiting.started_at,
            amount: waiting.amount,
            unit: waiting.unit.as_ref(),
            maker: &waiting.maker,
        })
    }

    /// The place that a request has, or had before it left the list.
    pub fn place_of_request(&mut self, request: &Request) -> InboxPlace {
        self.place_of(&Looks {
            id: request.id,
            sort_at: request.sort_at(),
            started_at: request.started_at,
            amount: request.terms.amount,
            unit: request.terms.unit.as_ref(),
            maker: &request.maker,
        })
    }

    /// The requests with their places, in the order.
    pub fn sorted<'w>(
        &mut self,
        waiting: impl IntoIterator<Item = &'w WaitingRequest>,
    ) -> Vec<(InboxPlace, &'w WaitingRequest)> {
        let mut all: Vec<_> = waiting.into_iter().map(|waiting| (self.place(waiting), waiting)).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    fn place_of(&mut self, looks: &Looks<'_>) -> InboxPlace {
        let unit = looks.unit.cloned();
        let first = match self.order {
            InboxOrder::Due => First::Alike,
            InboxOrder::Smallest => looks.amount.map_or(First::Nothing, |amount| First::Amount(unit, amount)),
            InboxOrder::Largest => {
                looks.amount.map_or(First::Nothing, |amount| First::AmountDown(unit, Reverse(amount)))
            }
            InboxOrder::Newest => First::AtDown(Reverse(looks.started_at)),
            InboxOrder::Oldest => First::At(looks.started_at),
            InboxOrder::Maker => First::Name(self.name(looks.maker)),
        };
        InboxPlace { first, sort_at: looks.sort_at, id: looks.id }
    }

    /// What lists call the maker, without differences of letter case.
    fn name(&mut self, maker: &Person) -> String {
        if let Some(known) = self.names.get(maker) {
            return known.clone();
        }
        let name = fold(self.people.name_of(maker).unwrap_or(&maker.user_name));
        self.names.insert(maker.clone(), name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::{OrgId, RequestTypeName};

    /// A waiting request; the number says when it was submitted, and in which order they are due.
    pub fn waiting(number: i64, amount: Option<&str>, unit: Option<&str>, maker: &str) -> WaitingRequest {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        WaitingRequest {
            org: OrgId::new("100"),
            id: RequestId::parse(&format!("0190b6f2-7a3c-7cc0-8000-{number:012}")).unwrap(),
            request_type: RequestTypeName::new("ONE"),
            type_version: String::new(),
            rule: String::new(),
            risk: None,
            maker: Person { user_name: maker.to_owned(), user_id: maker.to_owned(), ..Person::system() },
            maker_act: Vec::new(),
            started_at: start - TimeDelta::seconds(number),
            amount: amount.map(|amount| Amount::parse(amount).unwrap()),
            unit: unit.map(|unit| Unit::parse(unit).unwrap()),
            due_at: None,
            expires_at: start + TimeDelta::seconds(number),
            decisions: Vec::new(),
        }
    }

    fn sorted(order: InboxOrder, all: &[WaitingRequest]) -> Vec<usize> {
        let people = People::none();
        let found = InboxSorter::new(order, &people).sorted(all);
        found.iter().map(|(_, one)| all.iter().position(|known| known.id == one.id).unwrap()).collect()
    }

    #[test]
    fn each_order_looks_at_its_own_first_and_then_at_what_is_due() {
        let all = [
            waiting(0, Some("12.5"), Some("EUR"), "mara"),
            waiting(1, None, None, "Anna"),
            waiting(2, Some("-3"), Some("EUR"), "zoe"),
            waiting(3, Some("900"), Some("points"), "Mara"),
            waiting(4, Some("100"), Some("EUR"), "anna"),
            waiting(5, Some("7"), None, "mara"),
        ];
        assert_eq!(sorted(InboxOrder::Due, &all), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sorted(InboxOrder::Newest, &all), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sorted(InboxOrder::Oldest, &all), [5, 4, 3, 2, 1, 0]);
        assert_eq!(sorted(InboxOrder::Maker, &all), [1, 4, 0, 3, 5, 2]);
        // Never one unit among another.
        assert_eq!(sorted(InboxOrder::Largest, &all), [5, 4, 0, 2, 3, 1]);
        assert_eq!(sorted(InboxOrder::Smallest, &all), [5, 2, 0, 4, 3, 1]);
    }

    #[test]
    fn an_order_is_read_back_from_its_word() {
        for order in InboxOrder::ALL {
            assert_eq!(InboxOrder::parse(order.word()), Some(order));
        }
        assert_eq!(InboxOrder::parse("-amount"), None);
    }

    proptest! {
        #[test]
        fn amounts_are_in_the_order_of_their_values_however_they_are_written(
            amounts in prop::collection::vec("-?[0-9]{1,12}(\\.[0-9]{1,9})?", 0..20)
        ) {
            let all: Vec<WaitingRequest> = (0..)
                .zip(&amounts)
                .map(|(number, amount)| waiting(number, Some(amount), Some("EUR"), "mara"))
                .collect();
            let of = |order| -> Vec<Amount> {
                sorted(order, &all).into_iter().map(|at| Amount::parse(&amounts[at]).unwrap()).collect()
            };
            let (mut expected, largest) = (of(InboxOrder::Smallest), of(InboxOrder::Largest));
            prop_assert!(expected.is_sorted());
            expected.reverse();
            prop_assert_eq!(expected, largest);
        }
    }
}
