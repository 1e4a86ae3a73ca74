//! The escaper, the filters, and the rule that every template obeys.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use askama::Template;
use proptest::prelude::*;

use super::*;

/// A value in every place where a template can put one.
#[derive(Template)]
#[template(
    source = r#"<p title="{{ text|attr }}"><input value="{{ text|verbatim }}"><textarea>{{ text|area }}</textarea>{{ text }}</p>"#,
    ext = "html"
)]
struct Everywhere<'a> {
    text: &'a str,
}

#[derive(Template)]
#[template(source = "{{ value }}", ext = "html")]
struct Between<T: fmt::Display>
where
    for<'a> &'a T: fmt::Display,
{
    value: T,
}

fn between(text: &str) -> String {
    let mut out = String::new();
    write_text(&mut out, text).unwrap();
    out
}

/// A word that is written character by character.
struct Spelled(&'static str);

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| f.write_char(c))
    }
}

#[test]
fn markup_is_text() {
    let page = Between { value: r#"<script>alert("x")</script>&'"# }.to_string();
    assert_eq!(page, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
}

#[test]
fn invisible_characters_are_drawn_with_their_code_point() {
    let page = Between { value: "pay\u{200b}pal\u{202e}\u{7}".to_owned() }.to_string();
    assert_eq!(
        page,
        "pay<span class=\"odd-char\">U+200B zero width space</span>pal\
         <span class=\"odd-char\">U+202E right-to-left override</span><span class=\"odd-char\">U+0007</span>"
    );
}

#[test]
fn a_value_is_written_as_its_place_in_the_page_demands() {
    let page = Everywhere { text: "\na\u{200b}\"" }.to_string();
    assert_eq!(
        page,
        "<p title=\"\na[U+200B]&quot;\"><input value=\"\na\u{200b}&quot;\"><textarea>\n\na\u{200b}&quot;</textarea>\
         \na<span class=\"odd-char\">U+200B zero width space</span>&quot;</p>"
    );
}

#[test]
fn right_to_left_words_are_isolated_once_whatever_type_holds_them() {
    let word = "שלום";
    let isolated = format!("<bdi>{word}</bdi>");
    assert_eq!(Between { value: word }.to_string(), isolated);
    assert_eq!(Between { value: word.to_owned() }.to_string(), isolated);
    assert_eq!(Between { value: Cow::from(word) }.to_string(), isolated);
    assert_eq!(Between { value: Box::<str>::from(word) }.to_string(), isolated);
    assert_eq!(Between { value: &&word }.to_string(), isolated);
    assert_eq!(Between { value: format_args!("{word}") }.to_string(), isolated);
    // In parts: the word alone, so that what is around it stays in place.
    assert_eq!(Between { value: format_args!("<{word}> 1") }.to_string(), format!("&lt;{isolated}&gt; 1"));
    // In pieces: never a character alone.
    assert_eq!(Between { value: Spelled(word) }.to_string(), word);
    assert_eq!(Between { value: Spelled("<\u{200b}") }.to_string(), between("<\u{200b}"));
    assert_eq!(Between { value: 12_i64 }.to_string(), "12");
    assert_eq!(Between { value: "Zoë 日本語 🎉" }.to_string(), "Zoë 日本語 🎉");
}

#[test]
fn html_of_our_own_is_text_too_unless_the_template_says_otherwise() {
    #[derive(Template)]
    #[template(source = "{{ value }}{{ value|html }}", ext = "html")]
    struct Twice {
        value: Markup,
    }
    let page = Twice { value: Markup::new("<b>x</b>".to_owned()) }.to_string();
    assert_eq!(page, "&lt;b&gt;x&lt;/b&gt;<b>x</b>");
}

proptest! {
    #[test]
    fn no_text_brings_an_element_or_ends_an_attribute(text in "\\PC{0,40}|.{0,40}") {
        let own = |html: &str| html.replace("<bdi>", "").replace("</bdi>", "").replace("</span>", "")
            .replace("<span class=\"odd-char\">", "");
        let page = Everywhere { text: &text }.to_string();
        let rest = page.strip_prefix("<p title=\"").unwrap();
        let (attr, rest) = rest.split_once("\"><input value=\"").unwrap();
        let (verbatim, rest) = rest.split_once("\"><textarea>\n").unwrap();
        let (area, between) = rest.split_once("</textarea>").unwrap();
        let between = own(between.strip_suffix("</p>").unwrap());
        for part in [attr, verbatim, area, &between] {
            prop_assert!(!part.contains(['<', '>', '"', '\'']), "{part}");
        }
        prop_assert!(!between.chars().chain(attr.chars()).any(is_odd));
        // A browser sends back what was there.
        prop_assert_eq!(read(verbatim), text.as_str());
        prop_assert_eq!(read(area), text.as_str());
    }

    #[test]
    fn every_character_is_shown_as_it_is_shown_alone(text in "\\PC{0,40}|.{0,40}|[ -~\u{200b}<&\n]{0,40}") {
        let mut whole = String::new();
        write_html(&mut whole, &text).unwrap();
        let mut alone = String::new();
        for c in text.chars() {
            HtmlEscaper.write_escaped_char(&mut alone, c).unwrap();
        }
        prop_assert_eq!(whole, alone);
    }
}

/// What a browser reads.
fn read(html: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[test]
fn every_template_says_how_a_value_is_written_where_no_element_can_stand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        assert_eq!(mistakes(&source), Vec::<String>::new(), "{name}");
        seen += printed(&source).len();
    }
    assert!(seen > 300, "only {seen} values were found");
}

#[test]
fn the_rule_of_the_templates_finds_what_it_forbids() {
    for (source, is_wrong) in [
        (r#"<a href="{{ url|attr }}" class="x {{ kind|attr }}">{{ words }}</a>"#, false),
        (r#"<a href="/x/{{ url }}">"#, true),
        (r#"<a href={{ url|attr }}>"#, true),
        (r#"<a{% if is_x %} title="{{ words|html }}"{% endif %}>"#, true),
        (r#"{% macro m() %} title="{{ words }}"{% endmacro %}"#, true),
        (r#"{% if theme == "dark" %}{{ words }}{% endif %}"#, false),
        (r#"<input value="{{ words|verbatim }}">"#, false),
        (r#"<input placeholder="{{ words|verbatim }}">"#, true),
        ("<textarea>{{ words|area }}</textarea>", false),
        ("<textarea>{{ words }}</textarea>", true),
        ("<title>{{ words }}</title>", true),
        ("<option>{{ words }}</option>", true),
        ("{% block title %}{{ words }}{% endblock %}", true),
        ("{% block title %}{{ words|attr }}{% endblock %}", false),
        ("{{ words|safe }}", true),
        ("{{ words|attr }}", true),
    ] {
        assert_eq!(!mistakes(source).is_empty(), is_wrong, "{source}");
    }
}

/// Where a template prints a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Between,
    /// Inside a tag, outside of any quotes.
    Tag,
    /// In the value of the attribute of this name.
    Attribute(String),
    /// In an element that holds text only: `title`, `option`, `textarea`.
    TextOnly(&'static str),
}

/// Values that are printed with the wrong filter for their place.
fn mistakes(source: &str) -> Vec<String> {
    let is_right = |at: &At, filter: &str| match at {
        At::Between => filter.is_empty() || filter == "html",
        At::Tag => false,
        At::Attribute(name) => {
            filter == "attr" || (filter == "verbatim" && ["value", "name"].contains(&name.as_str()))
        }
        At::TextOnly("textarea") => filter == "area",
        At::TextOnly(_) => filter == "attr",
    };
    let wrong = |(value, at): (String, At)| {
        let filter = value.split_once('|').map_or("", |(_, filter)| filter.trim());
        (!is_right(&at, filter)).then(|| format!("{{{{ {value} }}}} in {at:?}"))
    };
    printed(source).into_iter().filter_map(wrong).collect()
}

/// Every value that a template prints, and where.
fn printed(source: &str) -> Vec<(String, At)> {
    let mut found = Vec::new();
    let (mut tag, mut quoted, mut element) = (false, None::<usize>, None::<&'static str>);
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let until = |end: &str| rest.find(end).unwrap() + end.len();
        if rest.starts_with("{#") {
            at += until("#}");
        } else if rest.starts_with("{%") {
            let length = until("%}");
            if rest[..length].contains("block title") {
                element = Some("title");
            } else if rest[..length].contains("endblock") {
                element = None;
            }
            at += length;
            if rest[..length].contains("block title") && rest[..length].contains("endblock") {
                element = None;
            }
        } else if rest.starts_with("{{") {
            let length = until("}}");
            let place = match (quoted, tag, element) {
                (Some(from), ..) => {
                    let name = source[..from].trim_end_matches('=');
                    let start =
                        name.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-').map_or(0, |at| at + 1);
                    At::Attribute(name[start..].to_owned())
                }
                (None, true, _) => At::Tag,
                (None, false, Some(element)) => At::TextOnly(element),
                (None, false, None) => At::Between,
            };
            found.push((rest[2..length - 2].trim().to_owned(), place));
            at += length;
        } else {
            let next = rest.chars().next().unwrap();
            match next {
                '"' if quoted.is_some() => quoted = None,
                '"' if source[..at].ends_with('=') => quoted = Some(at),
                '<' if quoted.is_none() => {
                    tag = true;
                    for name in ["title", "option", "textarea"] {
                        if rest[1..].starts_with(name) {
                            element = Some(name);
                        } else if rest[1..].strip_prefix('/').is_some_and(|rest| rest.starts_with(name)) {
                            element = None;
                        }
                    }
                }
                '>' if quoted.is_none() => tag = false,
                _ => {}
            }
            at += next.len_utf8();
        }
    }
    found
}
