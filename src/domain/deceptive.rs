//! Characters that people do not see, or that change how they read what is around them.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// Whether a character is invisible, breaks the line or turns the reading direction, so that a person
/// would read something other than what is sent.
pub fn is_deceptive(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        // Those are no default ignorables, and yet nobody sees them as they are.
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::is_deceptive;

    #[test]
    fn what_nobody_sees_is_deceptive_and_what_people_write_is_not() {
        for c in "\0\n\t\u{7f}\u{85}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{180f}\u{200b}\
                  \u{200d}\u{200f}\u{2028}\u{2029}\u{202e}\u{2060}\u{2065}\u{206f}\u{2800}\u{3164}\u{fe00}\u{fe0f}\u{feff}\
                  \u{ffa0}\u{fff0}\u{fff9}\u{fffb}\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}\u{e0001}\u{e0041}\u{e0fff}"
            .chars()
        {
            assert!(is_deceptive(c), "{:04X}", u32::from(c));
        }
        for c in "a Z9-é日本אب👍\u{301}\u{a0}\u{2003}\u{3000}\u{fffd}".chars() {
            assert!(!is_deceptive(c), "{:04X}", u32::from(c));
        }
    }
}
