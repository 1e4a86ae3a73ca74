//! A page as its reader has it: elements found by CSS selector, words as a browser shows them.

use scraper::{ElementRef, Html, Node, Selector};

use super::client::Reply;

/// A page, parsed as browsers parse it.
pub struct Page {
    html: Html,
}

impl Reply {
    /// The page that was answered.
    pub fn page(&self) -> Page {
        Page { html: Html::parse_document(&self.text) }
    }
}

impl Page {
    /// Every element that the selector fits, in the order of the page.
    pub fn select(&self, css: &str) -> Vec<ElementRef<'_>> {
        let selector = Selector::parse(css).unwrap_or_else(|error| panic!("{css}: {error}"));
        self.html.select(&selector).collect()
    }

    /// The only element that the selector fits.
    #[track_caller]
    pub fn one(&self, css: &str) -> ElementRef<'_> {
        let found = self.select(css);
        assert_eq!(found.len(), 1, "{css}: {}", self.html.html());
        found[0]
    }

    pub fn has(&self, css: &str) -> bool {
        !self.select(css).is_empty()
    }

    pub fn count(&self, css: &str) -> usize {
        self.select(css).len()
    }

    /// The words of the only element that the selector fits.
    #[track_caller]
    pub fn text_of(&self, css: &str) -> String {
        words(self.one(css))
    }

    /// The words of each element that the selector fits.
    pub fn texts(&self, css: &str) -> Vec<String> {
        self.select(css).into_iter().map(words).collect()
    }

    /// This attribute of each element that the selector fits and that has it.
    pub fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        self.select(css).into_iter().filter_map(|element| element.attr(name)).map(str::to_owned).collect()
    }

    /// This attribute of the only element that the selector fits.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> String {
        let element = self.one(css);
        element.attr(name).unwrap_or_else(|| panic!("no {name}: {}", element.html())).to_owned()
    }

    /// The title in the browser's tab.
    #[track_caller]
    pub fn title(&self) -> String {
        self.text_of("title")
    }

    /// All words of the page.
    pub fn text(&self) -> String {
        words(self.one("body"))
    }

    /// Asserts that each of these is among the words of the page.
    #[track_caller]
    pub fn shows(&self, parts: &[&str]) {
        let text = self.text();
        for part in parts {
            assert!(text.contains(part), "{part:?} is not shown: {text}");
        }
    }

    /// Asserts that none of these is among the words of the page.
    #[track_caller]
    pub fn does_not_show(&self, parts: &[&str]) {
        let text = self.text();
        for part in parts {
            assert!(!text.contains(part), "{part:?} is shown: {text}");
        }
    }

    /// Where the first link with exactly these words leads.
    pub fn link(&self, text: &str) -> Option<String> {
        let link = self.select("a[href]").into_iter().find(|link| words(*link) == text)?;
        link.attr("href").map(str::to_owned)
    }

    /// Whether some link leads there.
    pub fn links_to(&self, url: &str) -> bool {
        self.select("a[href]").into_iter().any(|link| link.attr("href") == Some(url))
    }

    /// The value of the page's first field of this name.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let first = self.fields(name).into_iter().next();
        first.unwrap_or_else(|| panic!("no field {name}: {}", self.html.html()))
    }

    /// The value of each of the page's fields of this name.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let controls = ["input", "textarea", "select"].map(|control| format!("{control}[name={name:?}]"));
        self.select(&controls.join(", ")).into_iter().map(value).collect()
    }
}

/// What a form sends for a field.
fn value(field: ElementRef<'_>) -> String {
    match field.value().name() {
        "textarea" => field.text().collect(),
        "select" => {
            let options = Selector::parse("option").unwrap();
            let chosen = field.select(&options).find(|option| option.attr("selected").is_some());
            let chosen = chosen.or_else(|| field.select(&options).next());
            chosen.and_then(|option| option.attr("value")).unwrap_or_default().to_owned()
        }
        _ => field.attr("value").unwrap_or_default().to_owned(),
    }
}

/// Elements that begin on a line or in a cell of their own, so that their words do not run into others.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "small",
    "table",
    "td",
    "th",
    "ul",
];

/// The words inside an element, with white space as a browser shows it.
fn words(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    gather(element, &mut text);
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn gather(element: ElementRef<'_>, text: &mut String) {
    let name = element.value().name();
    if ["script", "style"].contains(&name) {
        return;
    }
    let edge = if BLOCKS.contains(&name) { " " } else { "" };
    text.push_str(edge);
    for child in element.children() {
        if let Node::Text(part) = child.value() {
            text.push_str(part);
        } else if let Some(element) = ElementRef::wrap(child) {
            gather(element, text);
        }
    }
    text.push_str(edge);
}
