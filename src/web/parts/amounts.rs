//! Amounts with what they count, as people read them.

use std::collections::BTreeMap;
use std::fmt;

use askama::filters::HtmlSafe;

use crate::domain::amount::Amount;
use crate::domain::request::{Request, Terms};
use crate::domain::unit::Unit;
use crate::web::html::Markup;
use crate::web::parts::format::grouped;
use crate::web::sentences::labels::NO_SUM;

/// `12 500.5 EUR`; without a unit where nothing says what is counted. Its thin spaces are our own: in a text from
/// outside they would be drawn.
pub fn amount_words(amount: Amount, unit: Option<&Unit>) -> Markup {
    let number = grouped(&amount.to_string());
    Markup::new(match unit {
        Some(unit) => format!("{number}\u{a0}{}", Markup::text(unit.as_str())),
        None => number,
    })
}

/// The amount of a request in a sentence or alone; nothing if it has none.
pub fn amount_of(terms: &Terms) -> Markup {
    terms.amount.map(|amount| amount_words(amount, terms.unit.as_ref())).unwrap_or_default()
}

/// More digits after a point than this are not made room for in other rows.
const PLACES_MAX: usize = 6;

/// How many digits after the point the amounts of a list need room for, so that their points stand below each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places(usize);

impl Places {
    /// What the amounts of these requests need.
    pub fn of<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Self {
        let amounts = requests.into_iter().filter_map(|request| request.terms.amount);
        Self(amounts.map(|amount| places(&amount.to_string())).max().unwrap_or_default().min(PLACES_MAX))
    }
}

fn places(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// The amount of a request in a list, aligned at the point with the others.
#[derive(Clone, Debug, Default)]
pub struct AmountCell {
    number: String,
    /// Digits that are not there, which take their room.
    pad: String,
    unit: String,
}

impl AmountCell {
    pub fn of(terms: &Terms, Places(room): Places) -> Self {
        let Some(amount) = terms.amount else { return Self::default() };
        let number = amount.to_string();
        let own = places(&number);
        let missing = "0".repeat(room.saturating_sub(own));
        let pad = if own == 0 && room > 0 { format!(".{missing}") } else { missing };
        let unit = terms.unit.as_ref().map(Unit::to_string).unwrap_or_default();
        Self { number: grouped(&number), pad, unit }
    }
}

impl fmt::Display for AmountCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)?;
        if !self.pad.is_empty() {
            write!(f, r#"<i data-pad="{}"></i>"#, self.pad)?;
        }
        if !self.unit.is_empty() {
            write!(f, " <small>{}</small>", Markup::text(&self.unit))?;
        }
        Ok(())
    }
}

impl HtmlSafe for AmountCell {}

/// An amount for a script that adds up. Amounts of one unit are one sum, whatever their types; where nothing says what
/// is counted, those of one type are.
#[derive(Clone, Debug, Default)]
pub struct Addend {
    pub amount: String,
    pub unit: String,
    pub kind: String,
}

impl Addend {
    pub fn of(terms: &Terms, type_title: &str) -> Self {
        Self {
            amount: terms.amount.map(|amount| amount.to_string()).unwrap_or_default(),
            unit: terms.unit.as_ref().map(Unit::to_string).unwrap_or_default(),
            kind: type_title.to_owned(),
        }
    }
}

/// What amounts come to that may be added up.
pub struct Total {
    /// The unit, or the type where nothing says what is counted.
    pub kind: String,
    pub sum: Markup,
}

/// What the amounts of these requests come to, each with the title of its type: first those with a unit.
pub fn totals<'a>(all: impl IntoIterator<Item = (&'a Terms, &'a str)>) -> Vec<Total> {
    let mut by_unit: BTreeMap<&Unit, Option<Amount>> = BTreeMap::new();
    let mut by_type: BTreeMap<&str, Option<Amount>> = BTreeMap::new();
    for (terms, title) in all {
        let Some(amount) = terms.amount else { continue };
        let sum = match &terms.unit {
            Some(unit) => by_unit.entry(unit).or_insert(Some(Amount::ZERO)),
            None => by_type.entry(title).or_insert(Some(Amount::ZERO)),
        };
        *sum = sum.and_then(|sum| sum.checked_add(amount));
    }
    let words = |sum: Option<Amount>, unit: Option<&Unit>| {
        sum.map_or_else(|| Markup::text(NO_SUM), |sum| amount_words(sum, unit))
    };
    let units =
        by_unit.into_iter().map(|(unit, sum)| Total { kind: unit.to_string(), sum: words(sum, Some(unit)) });
    let types =
        by_type.into_iter().map(|(title, sum)| Total { kind: title.to_owned(), sum: words(sum, None) });
    units.chain(types).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(amount: &str, unit: &str) -> Terms {
        Terms { amount: Amount::parse(amount).ok(), unit: Unit::parse(unit).ok(), ..Terms::default() }
    }

    #[test]
    fn an_amount_is_read_with_its_unit_and_without_one_where_none_is_known() {
        assert_eq!(amount_of(&terms("12500.50", "EUR")).to_string(), "12\u{2009}500.5\u{a0}EUR");
        assert_eq!(amount_of(&terms("-850", "")).to_string(), "−850");
        assert_eq!(amount_of(&terms("", "EUR")).to_string(), "", "no unit alone");
    }

    #[test]
    fn rows_of_a_list_take_as_much_room_after_the_point_as_the_longest() {
        let cell = |amount, room| AmountCell::of(&terms(amount, "EUR"), Places(room)).to_string();
        assert_eq!(
            cell("5000", 2),
            r#"5<i data-pad=".00"></i> <small>EUR</small>"#.replacen('5', "5\u{2009}000", 1)
        );
        assert_eq!(cell("12.5", 2), r#"12.5<i data-pad="0"></i> <small>EUR</small>"#);
        assert_eq!(cell("12.55", 2), "12.55 <small>EUR</small>");
        assert_eq!(cell("1.23456789", 2), "1.23456789 <small>EUR</small>");
        assert_eq!(cell("5", 0), "5 <small>EUR</small>");
        assert_eq!(AmountCell::of(&Terms::default(), Places(2)).to_string(), "");
    }

    #[test]
    fn amounts_are_added_by_unit_and_never_over_units() {
        let all = [
            (terms("0.1", "EUR"), "Pay out"),
            (terms("0.2", "EUR"), "Refund"),
            (terms("7", "USD"), "Pay out"),
            (terms("5", ""), "Pay out"),
            (terms("", ""), "Badge"),
            (terms("79228162514264337593543950335", "points"), "Gift"),
            (terms("1", "points"), "Gift"),
        ];
        let found = totals(all.iter().map(|(terms, title)| (terms, *title)));
        let found: Vec<(String, String)> =
            found.into_iter().map(|total| (total.kind, total.sum.to_string())).collect();
        let expected = [
            ("EUR", "0.3\u{a0}EUR"),
            ("USD", "7\u{a0}USD"),
            ("points", "too large to add up"),
            ("Pay out", "5"),
        ];
        assert_eq!(found, expected.map(|(kind, sum)| (kind.to_owned(), sum.to_owned())));
    }
}
