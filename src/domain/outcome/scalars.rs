//! Whether two JSON scalars are equal: numbers by their value, everything else by kind and text.

/// Whether two scalars, given as JSON text, are equal. A number is never equal to a string: `809` is
/// `809.0` and `8.09e2`, but not `"809"`. What is no scalar is equal to nothing.
pub(super) fn are_equal(one: &str, other: &str) -> bool {
    match (Scalar::parse(one), Scalar::parse(other)) {
        (Some(one), Some(other)) => one == other,
        (Some(_) | None, _) => false,
    }
}

#[derive(PartialEq, Eq)]
enum Scalar {
    Truth(bool),
    Text(String),
    Number(Decimal),
}

impl Scalar {
    fn parse(json: &str) -> Option<Self> {
        match json {
            "true" => Some(Self::Truth(true)),
            "false" => Some(Self::Truth(false)),
            _ if json.starts_with('"') => serde_json::from_str(json).ok().map(Self::Text),
            _ => Decimal::parse(json).map(Self::Number),
        }
    }
}

/// A number without the zeros at both ends of its digits, so that equal numbers have one form.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a JSON number; `None` for anything else, and for an exponent beyond all reason.
    fn parse(json: &str) -> Option<Self> {
        let is_negative = json.starts_with('-');
        let unsigned = json.strip_prefix('-').unwrap_or(json);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = all.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let places = i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.checked_sub(places)?.checked_add(zeros)?;
        Some(Self { is_negative, digits: digits.trim_start_matches('0').to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value_and_nothing_equals_another_kind() {
        let same = ["809", "809.0", "809.000", "8.09e2", "8.09E+2", "8090e-1", "80900E-2"];
        for one in same {
            assert!(same.iter().all(|other| are_equal(one, other)), "{one}");
            for other in ["\"809\"", "809.1", "-809", "8090", "80.9", "0", "true", "null", "[809]", "{}", ""]
            {
                assert!(!are_equal(one, other) && !are_equal(other, one), "{one} {other}");
            }
        }
        assert!(are_equal("0", "-0.0e9") && are_equal("0.10", "1e-1"));
        assert!(are_equal("\"a\\u0062\"", "\"ab\"") && !are_equal("\"true\"", "true"));
        assert!(are_equal("false", "false") && !are_equal("false", "true"));
        assert!(!are_equal("null", "null") && !are_equal("1e99999999999999999999", "1e99999999999999999999"));
        assert!(!are_equal("9007199254740993", "9007199254740992"));
    }

    proptest! {
        #[test]
        fn a_number_equals_itself_with_more_zeros(whole in 0..1_000_000_u64, fraction in "[0-9]{1,9}", zeros in 0..9_usize) {
            let number = format!("{whole}.{fraction}");
            let more = format!("{number}{}", "0".repeat(zeros));
            prop_assert!(are_equal(&number, &more));
        }

        #[test]
        fn any_two_texts_are_compared_without_panic(one: String, other: String) {
            prop_assert_eq!(are_equal(&one, &other), are_equal(&other, &one));
        }
    }
}
