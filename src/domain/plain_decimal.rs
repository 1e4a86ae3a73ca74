//! Numbers as text: however a number is written, it has one spelling.

/// The most digits before the point, and after it.
pub const DIGITS_MAX: usize = 64;

/// The shortest plain decimal of the number that `text` writes: no exponent, no plus sign, no zeros that say nothing.
/// `None` if it writes none, or one that is too long.
pub fn plain_decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, whole(exponent)?),
        None => (text, 0),
    };
    let is_negative = mantissa.starts_with('-');
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (before, after) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{before}{after}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // How many digits stand before the point, of those that say something.
    let point =
        i64::try_from(before.len()).ok()?.checked_sub(i64::try_from(leading).ok()?)?.checked_add(exponent)?;
    let count = i64::try_from(significant.len()).ok()?;
    let longest = i64::try_from(DIGITS_MAX).ok()?;
    if point > longest || count.checked_sub(point)? > longest {
        return None;
    }
    let zeros = |number: i64| "0".repeat(usize::try_from(number).unwrap_or(0));
    let sign = if is_negative { "-" } else { "" };
    Some(match usize::try_from(point) {
        Ok(0) | Err(_) => format!("{sign}0.{}{significant}", zeros(-point)),
        Ok(before) => match significant.split_at_checked(before) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, rest)) => format!("{sign}{whole}.{rest}"),
            None => format!("{sign}{significant}{}", zeros(point - count)),
        },
    })
}

/// A whole number of the size of an exponent.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, spelling) in [
            ("4711", "4711"),
            ("4711e0", "4711"),
            ("4711.0", "4711"),
            ("+4711", "4711"),
            ("04711", "4711"),
            ("47.11e2", "4711"),
            ("471100E-2", "4711"),
            ("0.4711e+4", "4711"),
            ("4711.50", "4711.5"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            ("0e99999999999", "0"),
            ("-0.00120", "-0.0012"),
            ("12e-5", "0.00012"),
            (".5", "0.5"),
        ] {
            assert_eq!(plain_decimal(text).as_deref(), Some(spelling), "{text}");
        }
        for text in
            ["", "-", "e", "4711 ", "1e", "1e+", "0x1267", "1_000", "1,5", "NaN", "٤٧١١", "1e65", "1e-65"]
        {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
        for text in ["1e99999999999999999999", "1e9223372036854775807", "1e-9223372036854775808"] {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_number_is_the_same_subject(number: i64, shift in 0..20_usize, zeros in 0..9_usize) {
            let plain = plain_decimal(&number.to_string()).unwrap();
            prop_assert_eq!(&plain, &number.to_string());
            let zeros = "0".repeat(zeros);
            let shifted = format!("{number}{}e-{shift}", "0".repeat(shift));
            for other in [format!("{number}.{zeros}"), format!("{number}.{zeros}e0"), format!("{number}e+0"), shifted] {
                prop_assert_eq!(plain_decimal(&other), Some(plain.clone()), "{}", other);
            }
        }

        #[test]
        fn two_numbers_never_share_a_spelling(a: i32, b: i32, scale_a in 0..5_i32, scale_b in 0..5_i32) {
            let spelling = |number: i32, scale: i32| plain_decimal(&format!("{number}e-{scale}")).unwrap();
            let at_four = |number: i32, scale: i32| i128::from(number) * 10_i128.pow(u32::try_from(4 - scale).unwrap());
            prop_assert_eq!(
                spelling(a, scale_a) == spelling(b, scale_b),
                at_four(a, scale_a) == at_four(b, scale_b)
            );
        }
    }
}
