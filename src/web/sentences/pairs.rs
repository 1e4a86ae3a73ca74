//! What the page of makers and checkers says: how many there are, and what is odd about how they decided.

use crate::domain::conduct::READ_AT_LEAST;
use crate::web::parts::format::number_of;

/// How many pairs there are, and how many of them are listed.
pub fn pairs(count: usize, listed: usize) -> String {
    if count > listed {
        format!("{count} pairs, of which these {listed} have the most decisions")
    } else {
        number_of(count, "pair", "pairs")
    }
}

/// How a checker decided; a kind of oddity that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddWay {
    AtOnce,
    SameToken,
    NotOpened,
    SameAddress,
}

/// How many decisions were made in an odd way: `3 with the maker’s token`.
pub fn odd(count: usize, way: OddWay) -> String {
    match way {
        OddWay::AtOnce => format!("{count} within {} s of opening it", READ_AT_LEAST.num_seconds()),
        OddWay::SameToken => format!("{count} with the maker’s token"),
        OddWay::NotOpened => format!("{count} together with others, not opened"),
        OddWay::SameAddress => format!("{count} from the maker’s address"),
    }
}
