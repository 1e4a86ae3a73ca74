//! What trying a type out has shown is told with its line.

use super::*;

/// The warnings of this type, each with its line.
fn warned(text: &str) -> Vec<(usize, String)> {
    let loaded = load(&[("a.toml", text)]);
    assert_eq!(loaded.files.len(), 1, "it can be used");
    let told = |fault: &FileFault| (fault.line.unwrap(), fault.message.clone());
    loaded.warnings.iter().map(told).collect()
}

#[test]
fn what_could_not_be_tried_and_what_is_dear_are_warnings_with_their_lines() {
    assert!(warned(POINTS).is_empty());
    let rule =
        |when: &str| format!("{POINTS}\n[[policy]]\nname = \"a\"\nwhen = '{when}'\nauto_approve = true\n");
    let no_sample = POINTS.replace("[body.properties]", "[body]\nminProperties = 3\n\n[body.properties]");
    let list = "items = { type = \"array\", items = { type = \"integer\" } }\n";
    let asks: Vec<String> = (1..60).map(|number| format!("i == -{number}")).collect();
    let dear = format!("request.body.items.exists(i, {})", asks.join(" || "));
    let dear = rule(&dear).replace("points = { type = \"number\" }\n", list);
    for (text, line, what) in [
        (rule("request.body.gone > 1"), 13, "can't be evaluated"),
        (no_sample, 8, "o sample could be"),
        (dear, 11, "Ask less of each item"),
    ] {
        let found = warned(&text);
        let is_told = |(at, message): &(usize, String)| *at == line && message.contains(what);
        assert!(found.iter().any(is_told), "{line} {what}: {found:?}\n{text}");
    }
}
