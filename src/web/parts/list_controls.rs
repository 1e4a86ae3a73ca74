//! What a person arranges a list with: its order, how many lines a row has, and the range of amounts. Each is in the
//! address, and works without script.

use crate::engine::inbox_order::InboxOrder;
use crate::web::html::Markup;
use crate::web::parts::chips::Chip;
use crate::web::parts::inbox_filter::{AmountRange, InboxFilter};
use crate::web::parts::layout::Nav;

/// A link to the same list in another way.
pub struct ListLink {
    pub url: String,
    pub name: &'static str,
    pub is_current: bool,
}

/// The ways in which a list can be arranged.
#[derive(Default)]
pub struct ListControls {
    pub orders: Vec<ListLink>,
    pub rows: Vec<ListLink>,
    pub amounts: Option<AmountForm>,
    /// Everything that fits, to be decided together.
    pub select_all: Option<SelectAll>,
}

/// What amounts are narrowed by: links for their units, and a form for the range.
pub struct AmountForm {
    /// Links for the units; none where there is one only.
    pub units: Vec<Chip>,
    /// Where it leads to.
    pub action: String,
    /// What else the address says, kept.
    pub hidden: Vec<(&'static str, String)>,
    pub min: String,
    pub max: String,
    /// What is wrong with it; empty if nothing is.
    pub problem: String,
    /// The list with any amount, if a range is set.
    pub any: Option<String>,
}

/// The way to decide about everything that fits.
pub struct SelectAll {
    pub url: String,
    pub words: Markup,
}

/// What the link to an order says.
pub fn order_name(order: InboxOrder) -> &'static str {
    match order {
        InboxOrder::Due => "Due first",
        InboxOrder::Largest => "Largest amount",
        InboxOrder::Smallest => "Smallest amount",
        InboxOrder::Newest => "Newest",
        InboxOrder::Oldest => "Oldest",
        InboxOrder::Maker => "Maker",
    }
}

/// Links to these orders of the list; none where there is nothing to choose.
pub fn order_links(
    orders: &[InboxOrder],
    filter: &InboxFilter,
    url: impl Fn(&InboxFilter) -> String,
) -> Vec<ListLink> {
    let link = |order: &InboxOrder| ListLink {
        url: url(&InboxFilter { order: *order, ..filter.clone() }),
        name: order_name(*order),
        is_current: *order == filter.order,
    };
    if orders.len() < 2 { Vec::new() } else { orders.iter().map(link).collect() }
}

/// Links to rows of two lines and of one.
pub fn row_links(filter: &InboxFilter, url: impl Fn(&InboxFilter) -> String) -> Vec<ListLink> {
    let link = |(name, is_dense)| ListLink {
        url: url(&InboxFilter { is_dense, ..filter.clone() }),
        name,
        is_current: is_dense == filter.is_dense,
    };
    [("Two lines", false), ("One line", true)].map(link).into()
}

impl AmountForm {
    /// The form of a list with this filter.
    pub fn of(
        filter: &InboxFilter,
        units: Vec<Chip>,
        problem: String,
        url: impl Fn(&InboxFilter) -> String,
    ) -> Self {
        let hidden = [
            ("due", filter.due_word().to_owned()),
            ("risk", filter.risk_word().to_owned()),
            ("type", filter.type_word().to_owned()),
            ("unit", filter.unit_word().to_owned()),
            (
                "order",
                if filter.order == InboxOrder::Due { String::new() } else { filter.order.word().to_owned() },
            ),
            ("rows", if filter.is_dense { "one".to_owned() } else { String::new() }),
        ];
        let any = InboxFilter { amounts: AmountRange::default(), ..filter.clone() };
        Self {
            units,
            action: Nav::NeedsMe.url(),
            hidden: hidden.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            min: filter.min_word(),
            max: filter.max_word(),
            problem,
            any: filter.amounts.is_set().then(|| url(&any)),
        }
    }
}
