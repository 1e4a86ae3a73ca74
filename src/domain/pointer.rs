//! JSON pointers (RFC 6901): writing them and taking them apart.

/// Appends one member name or index to a JSON pointer, escaped.
pub fn pointer_to(parent: &str, member: &str) -> String {
    format!("{parent}/{}", member.replace('~', "~0").replace('/', "~1"))
}

/// The member names and indexes of a JSON pointer, unescaped. None for the whole document.
pub fn steps_of(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescaped).collect()
}

/// One step of a JSON pointer as the member is named.
pub fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pointer_escapes_tilde_and_slash() {
        assert_eq!(pointer_to("/body", "a/b~c"), "/body/a~1b~0c");
        assert_eq!(steps_of("/body/a~1b~0c"), ["body", "a/b~c"]);
        assert_eq!(steps_of("/~01"), ["~1"]);
        assert_eq!(steps_of(""), [""; 0]);
    }

    proptest! {
        #[test]
        fn steps_are_what_a_pointer_was_made_of(steps in proptest::collection::vec("[a/~01]{0,4}", 0..5)) {
            let pointer = steps.iter().fold(String::new(), |pointer, step| pointer_to(&pointer, step));
            prop_assert_eq!(steps_of(&pointer), steps);
        }
    }
}
