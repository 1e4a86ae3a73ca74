//! An exact decimal: money and points are never floating-point numbers here.

use std::fmt;

use rust_decimal::Decimal;
use serde_json::Value;

/// Maximum length of an amount's text.
const CHARS_MAX: usize = 64;

/// An exact decimal number of at most 28 digits. Equal amounts have one spelling.
///
/// **Invariant:** nothing is ever rounded: what can't be represented exactly is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(Decimal);

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads a plain decimal such as `-1000.50`: digits, at most one point, no exponent.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > CHARS_MAX || !is_plain(text) {
            return Err(r#"Write a plain decimal number such as 1000 or "1000.50"."#.to_owned());
        }
        let exact = Decimal::from_str_exact(text);
        exact.map(Self::of).map_err(|_| "Write a number of at most 28 digits.".to_owned())
    }

    /// Reads a JSON number or a string that holds one, digit by digit as it was sent.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::String(text) => Self::parse(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err("Write a number, or a string that holds one.".to_owned())
            }
        }
    }

    /// The exact sum; `None` if it can't be represented exactly.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        // The decimal's own addition rounds a sum of too many digits.
        let scale = self.0.scale().max(other.0.scale());
        let sum = self.mantissa_at(scale)?.checked_add(other.mantissa_at(scale)?)?;
        let (mut sum, mut scale) = (sum, scale);
        while scale > 0 && sum % 10 == 0 {
            (sum, scale) = (sum / 10, scale - 1);
        }
        Decimal::try_from_i128_with_scale(sum, scale).ok().map(Self::of)
    }

    /// The exact difference; `None` if it can't be represented exactly.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self::of(-other.0))
    }

    /// The absolute value; `None` if it can't be represented exactly.
    pub fn size(self) -> Option<Self> {
        if self.is_negative() { Self::ZERO.checked_sub(self) } else { Some(self) }
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self < Self::ZERO
    }

    fn of(decimal: Decimal) -> Self {
        Self(decimal.normalize())
    }

    fn mantissa_at(self, scale: u32) -> Option<i128> {
        let more = scale.checked_sub(self.0.scale())?;
        self.0.mantissa().checked_mul(10_i128.checked_pow(more)?)
    }
}

impl From<i64> for Amount {
    fn from(number: i64) -> Self {
        Self::of(Decimal::from(number))
    }
}

impl From<u64> for Amount {
    fn from(number: u64) -> Self {
        Self::of(Decimal::from(number))
    }
}

/// The one spelling: no exponent and no trailing zeros.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is_plain(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn equal_amounts_have_one_spelling() {
        for (text, spelling) in
            [("1000.50", "1000.5"), ("0100", "100"), ("-0.00", "0"), ("-7", "-7"), ("0.10", "0.1")]
        {
            assert_eq!(amount(text).to_string(), spelling);
        }
        assert_eq!(amount("100"), amount("100.00"));
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in
            ["", "-", "+1", "1e3", "1E3", ".5", "5.", "1_000", "1,5", " 1", "NaN", "0x10", "1.2.3", "١"]
        {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
        assert!(Amount::parse(&"0".repeat(CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn more_digits_than_are_held_exactly_are_refused_and_never_rounded() {
        assert!(Amount::parse("0.00000000000000000000000000001").is_err());
        assert!(Amount::parse("99999999999999999999999999999").is_err());
        assert!(Amount::parse("1.23456789012345678901234567890123").is_err());
        let large = amount("79228162514264337593543950335");
        assert_eq!(large.checked_add(amount("0.1")), None);
        assert_eq!(large.checked_add(amount("1")), None);
        assert_eq!(large.checked_sub(large), Some(Amount::ZERO));
    }

    #[test]
    fn a_json_number_is_read_digit_by_digit_and_a_string_like_it() {
        let value = serde_json::from_str("12345678901234567890.123456").unwrap();
        assert_eq!(Amount::from_json(&value).unwrap().to_string(), "12345678901234567890.123456");
        assert_eq!(Amount::from_json(&json!("0.10")), Ok(amount("0.1")));
        for other in [json!(null), json!(true), json!([1]), json!({}), json!(1e30)] {
            assert!(Amount::from_json(&other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn sums_are_exact_and_can_be_taken_back(a: i64, b: i64, scale_a in 0..10_u32, scale_b in 0..10_u32) {
            let (a, b) = (Amount::of(Decimal::new(a, scale_a)), Amount::of(Decimal::new(b, scale_b)));
            if let Some(sum) = a.checked_add(b) {
                prop_assert_eq!(sum.checked_sub(b), Some(a));
                prop_assert_eq!(Amount::parse(&sum.to_string()), Ok(sum));
            }
        }
    }
}
