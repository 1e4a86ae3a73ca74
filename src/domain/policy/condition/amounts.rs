//! Exact amounts as values of the language; floating-point numbers are refused.

use std::any::Any;

use cel::common::functions::Function;
use cel::common::types::{CelBool, CelInt, CelString, DYN_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use crate::domain::amount::Amount;

/// The name under which the functions below report their errors.
pub const AMOUNTS: &str = "amount";

/// The functions of an amount.
pub const FUNCTIONS: [&str; 6] = ["above", "atLeast", "below", "atMost", "equals", "plus"];

static AMOUNT: Type = Type::new_unspecified_type(AMOUNTS);

/// An amount. It has no order: `>` between an amount and a number would depend on their types.
#[derive(Debug)]
pub struct CelAmount(pub Amount);

impl Val for CelAmount {
    fn get_type(&self) -> &Type {
        &AMOUNT
    }

    fn cel_type() -> &'static Type {
        &AMOUNT
    }

    fn equals(&self, other: &dyn Val) -> bool {
        read(other).is_ok_and(|other| other == self.0)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self(self.0))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for CelAmount {}

/// Declares [`FUNCTIONS`]: of an amount, a whole number or a decimal in a string, with another.
pub fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let functions: [Function; 6] = [above, at_least, below, at_most, equals, plus];
    for (name, function) in FUNCTIONS.into_iter().zip(functions) {
        let id = format!("{AMOUNTS}_{name}");
        env.add_member_overload(name, &id, DYN_TYPE.to_owned(), vec![DYN_TYPE.to_owned()], function)?;
    }
    Ok(())
}

/// The amount that a value is.
pub fn read(value: &dyn Val) -> Result<Amount, String> {
    if let Some(amount) = value.downcast_ref::<CelAmount>() {
        Ok(amount.0)
    } else if let Some(number) = value.downcast_ref::<CelInt>() {
        Ok(Amount::from(*number.inner()))
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        Amount::parse(text.inner()).map_err(|_| "a text is no decimal number".to_owned())
    } else {
        Err(format!("{} is no amount", value.get_type().name()))
    }
}

fn above<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compare(&args, |one, other| one > other)
}

fn at_least<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compare(&args, |one, other| one >= other)
}

fn below<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compare(&args, |one, other| one < other)
}

fn at_most<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compare(&args, |one, other| one <= other)
}

fn equals<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compare(&args, |one, other| one == other)
}

fn plus<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (one, other) = both(&args)?;
    let sum = one.checked_add(other);
    let sum = sum.ok_or_else(|| ExecutionError::function_error(AMOUNTS, "a sum has too many digits"))?;
    Ok(CowVal::owned(CelAmount(sum)))
}

fn compare<'b, 'v>(
    args: &[CowVal<'b, 'v>],
    holds: fn(Amount, Amount) -> bool,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (one, other) = both(args)?;
    Ok(CowVal::owned(CelBool::from(holds(one, other))))
}

fn both(args: &[CowVal<'_, '_>]) -> Result<(Amount, Amount), ExecutionError> {
    let [one, other] = args else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let read = |value: &CowVal<'_, '_>| {
        read(value.as_ref()).map_err(|why| ExecutionError::function_error(AMOUNTS, why))
    };
    Ok((read(one)?, read(other)?))
}
