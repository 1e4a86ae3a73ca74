//! The properties: what must never happen, and what has to be reached.

use stateright::Property;

use crate::faults::Fault;
use crate::world::{Protocol, World};

/// All of them.
pub fn properties() -> Vec<Property<Protocol>> {
    let never = Fault::ALL.into_iter().zip(NEVER);
    never.map(|(fault, holds)| Property::always(fault.rule(), holds)).collect()
}

type Condition = fn(&Protocol, &World) -> bool;

/// A property is a plain function, so each number gets one of its own.
macro_rules! conditions {
    ($($number:literal)*) => { [$(|_, world| is_without(world, $number)),*] };
}

const NEVER: [Condition; Fault::ALL.len()] = conditions!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);

fn is_without(world: &World, number: u32) -> bool {
    let [one, other] = &world.cases;
    (one.view.faults.0 | other.view.faults.0) & (1 << number) == 0
}
