//! Values and templates that some server reads as another path.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn naming(characters: &str) -> NamedCharacters {
    NamedCharacters(characters.chars().collect::<BTreeSet<char>>())
}

fn check(value: &str) -> Result<(), ValueFault> {
    check_value(value, &NamedCharacters::default())
}

#[test]
fn a_value_has_letters_and_digits_of_any_script_and_a_few_marks() {
    for good in [
        "4711",
        "a-._~!$&'()*+,;=:@z",
        "...",
        "a..b",
        ".well-known",
        "..a",
        "a;b",
        "a;..",
        "é",
        "e\u{301}",
        "Ελλάδα",
        "हिन्दी",
        "ภาษาไทย",
        "日本語",
        "\u{663}\u{664}",
        "\u{ff11}\u{ff12}",
        "\u{fb01}",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    assert_eq!(check(&"a".repeat(VALUE_BYTES_MAX)), Ok(()));
}

#[test]
fn a_value_that_a_server_may_read_as_another_path_is_refused() {
    for bad in [
        ".",
        "..",
        "../admin",
        "a/b",
        "/",
        "..;/admin",
        "..;x",
        ".;",
        ";x",
        ";",
        "%2e%2e",
        ".%2e",
        "..%2fadmin",
        "%252e%252e%252fadmin",
        "a%2fb",
        "a%5Cb",
        "a\\b",
        "..\\b",
        "a\0b",
        "a%00b",
        "a\r\nb",
        "\t..\t",
        "a\tb",
        " ",
        "a b",
        "%c0%ae%c0%ae",
        "%",
        "100%",
        "%zz",
        "a?b",
        "a#b",
        "{id}",
        "\u{ff0e}\u{ff0e}",
        "\u{2024}\u{2024}",
        "\u{2025}",
        "a\u{ff0f}b",
        "a\u{2044}b",
        "a\u{2215}b",
        "a\u{29f8}b",
        "\u{2488}",
        "\u{2100}",
        "a\u{ff3c}b",
        "a\u{ff05}2fb",
        "a\u{200b}",
        "\u{202e}a",
        "a\u{ad}b",
        "\u{feff}",
        "\u{85}",
        "\u{a0}",
        "\u{3000}",
        "\u{fdfa}",
        "\u{3164}",
        "\u{bd}",
        "\u{1f600}",
        "a|b",
        "a\"b",
        "a<b",
        "a^b",
        "a`b",
        "[a]",
    ] {
        assert!(check(bad).is_err(), "{bad:?} was taken");
    }
    assert_eq!(check(""), Err(ValueFault::Shape));
    assert_eq!(check(&"a".repeat(VALUE_BYTES_MAX + 1)), Err(ValueFault::Shape));
    assert_eq!(check(&"é".repeat(VALUE_BYTES_MAX / 2 + 1)), Err(ValueFault::Shape));
    assert_eq!(check("a/b"), Err(ValueFault::Character('/')));
}

#[test]
fn a_type_may_name_a_character_but_no_step_and_no_control_character() {
    for (good, named) in [
        ("a/b", "/"),
        ("a b", " "),
        ("x?y", "?"),
        ("100%", "%"),
        ("a%20b", "% "),
        ("a%2Fb", "%/"),
        ("\u{1f600}", "\u{1f600}"),
        ("a\u{ff0e}b", "\u{ff0e}"),
        ("می\u{200c}خواهم", "\u{200c}"),
    ] {
        assert_eq!(check_value(good, &naming(named)), Ok(()), "{good}");
    }
    for (bad, named) in [
        ("../admin", "/"),
        ("a/../b", "/"),
        ("a/..;x/b", "/"),
        ("a//b", "/"),
        ("/a", "/"),
        ("a/", "/"),
        ("a\\..", "\\"),
        ("%2e%2e", "%"),
        ("%252e%252e", "%"),
        ("%2525252e%2525252e", "%"),
        ("a%2fb", "%"),
        ("a%00b", "%"),
        ("%ff", "%"),
        ("%c0%ae", "%"),
        (" .. ", " "),
        (" ", " "),
        ("\u{ff0e}\u{ff0e}", "\u{ff0e}"),
        ("a\u{2100}b", "\u{2100}"),
        ("a\0b", "\0"),
        ("a\rb", "\r"),
        ("a\u{85}b", "\u{85}"),
    ] {
        assert!(check_value(bad, &naming(named)).is_err(), "{bad:?} was taken");
    }
}

const BAD_TEMPLATES: [&str; 57] = [
    "",
    "a",
    "users/1",
    "//evil.test/x",
    "/a//b",
    "/a//",
    "///",
    "/../admin",
    "/a/../b",
    "/a/..",
    "/a/.",
    "/./a",
    "/a/%2e%2e/b",
    "/a/.%2E/b",
    "/a/..%2fb",
    "/a%2fb",
    "/a%5Cb",
    "/a%3Bb",
    "/a%3fb",
    "/a%23b",
    "/a%2525b",
    "/\\evil.test",
    "/a\\b",
    "/a?x=1",
    "/a#f",
    "/a b",
    "/a\tb",
    "/%",
    "/a%",
    "/a/%zz",
    "/a%2",
    "/a/%00",
    "/a%0d%0ab",
    "/a%7f",
    "/%c0%ae%c0%ae/b",
    "/%ff",
    "/%EF%BC%8E%EF%BC%8E",
    "/%EF%BC%8F",
    "/{id",
    "/id}",
    "/{}",
    "/{id}/{id}",
    "/{a b}",
    "/{id}{id2}",
    "/a/{x}{y}{z}",
    "/a;jsessionid=1",
    "/{id};v=1",
    "/..;/a",
    "@evil.test/",
    ":8443/admin",
    "https://evil.test/",
    "/é",
    "/a|b",
    "/a\"b",
    "/<a>",
    "/{{id}}",
    "/a/%E2%80%8B",
];

#[test]
fn a_template_is_a_path_that_is_read_in_one_way_only() {
    for good in [
        "/",
        "/a",
        "/a/",
        "/v2/badges/{id}/claim",
        "/a/{x}/{y}",
        "/a/{x}-{y}",
        "/a/{x}.json",
        "/a:b/@c",
        "/%C3%A9",
        "/a%20b",
        "/.well-known/x",
        "/a..b",
        "/(a)/b,c",
        "/{a.b_c-1}",
    ] {
        assert_eq!(template_fault(good), None, "{good}");
    }
    for bad in BAD_TEMPLATES {
        assert!(template_fault(bad).is_some(), "{bad:?} was taken");
    }
    assert!(template_fault(&format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX))).is_some());
}

#[test]
fn a_character_is_shown_by_its_number_where_one_does_not_see_it() {
    assert_eq!((shown('/'), shown(' '), shown('\u{200b}')), ("/".into(), "U+0020".into(), "U+200B".into()));
}

proptest! {
    #[test]
    fn what_is_taken_has_no_step_and_nothing_to_decode(value in ".{0,12}|[.;/%2eEfF\\\\]{0,8}") {
        if check(&value).is_ok() {
            prop_assert!(!value.contains(['/', '\\', '%', '?', '#', '\0']));
            let name = value.split(';').next().unwrap();
            prop_assert!(!["", ".", ".."].contains(&name));
        }
    }

    #[test]
    fn a_template_with_sound_values_is_a_sound_template(a in "[a-z0-9_~.-]{1,6}", b in "[a-z0-9]{1,6}") {
        if check(&a).is_ok() {
            prop_assert_eq!(template_fault(&format!("/x/{a}/{b}")), None);
        }
    }

    #[test]
    fn any_text_is_a_template_or_has_a_fault(path in "(/|[{}%.;a2e]|.){0,12}") {
        if template_fault(&path).is_none() {
            let bare = placeholders(&path).fold(path.clone(), |path, name| path.replacen(&format!("{{{name}}}"), "v", 1));
            prop_assert!(bare.split('/').skip(1).all(|segment| ![".", ".."].contains(&segment)));
        }
    }
}
