//! Links that narrow a list, each with the number of requests that it would show.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::html::filters;
use crate::web::parts::inbox_filter::InboxFilter;

/// A number on the page, and which requests it counts: a script keeps it true.
#[derive(Template)]
#[template(path = "_count.html")]
pub struct Count {
    pub words: String,
    pub of: InboxFilter,
}

impl Count {
    /// `7`, or `7+` if there may be more.
    pub fn new(count: usize, has_more: bool, of: InboxFilter) -> Self {
        Self { words: format!("{count}{}", if has_more { "+" } else { "" }), of }
    }

    /// Whether there is nothing to count.
    pub fn is_none(&self) -> bool {
        self.words == "0"
    }
}

impl HtmlSafe for Count {}

/// One way to narrow the list, with a link for each choice.
pub struct ListFilter {
    pub label: &'static str,
    pub chips: Vec<Chip>,
}

/// A link to the list with one filter set.
pub struct Chip {
    pub url: String,
    pub name: String,
    /// How many requests it would show.
    pub count: Count,
    pub is_current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::parts::inbox_filter::Due;

    #[test]
    fn a_number_says_what_it_counts_and_that_there_may_be_more() {
        let request_type = Some("A\"B".to_owned());
        let of = InboxFilter { due: Some(Due::Today), request_type, ..InboxFilter::default() };
        let html = Count::new(7, true, of).to_string();
        assert_eq!(html, r#"<span class="n" data-n data-due="today" data-type="A&quot;B">7+</span>"#);
        assert!(Count::new(0, false, InboxFilter::default()).is_none());
    }
}
