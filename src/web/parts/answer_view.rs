//! What the target answered, as a page shows it.

use crate::domain::json;
use crate::engine::queries::AnswerView;
use crate::web::html::Markup;
use crate::web::parts::format::size;
use crate::web::parts::json_view::{Body, SHOWN_BYTES_MAX};
use crate::web::sentences::calls::NO_TEXT;

/// What the target answered; drawn by `_answer.html`.
pub struct AnswerBox {
    pub status: i64,
    /// Names and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// A body that is JSON.
    pub body: Option<Body>,
    /// Any other body.
    pub text: String,
    /// `214 bytes`.
    pub size: Markup,
    /// Whether the answer was longer than what is kept.
    pub is_cut: bool,
    /// Whether the page shows only the beginning.
    pub is_beginning: bool,
    /// Parts that did not work although the whole did.
    pub warnings: Vec<String>,
}

impl AnswerBox {
    /// The answer of a request that was read whole.
    pub fn of(answer: &AnswerView) -> Self {
        let bytes = answer.body.as_deref().unwrap_or_default();
        let body = json::read(bytes).ok().filter(|_| !answer.cut).map(|value| Body::of(&value, bytes.len()));
        let text = if body.is_some() { String::new() } else { beginning(bytes) };
        let headers = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        Self {
            status: answer.status,
            headers: headers.collect(),
            is_beginning: body.as_ref().map_or(bytes.len() > SHOWN_BYTES_MAX, |body| body.is_cut),
            body,
            text,
            size: size(usize::try_from(answer.body_bytes).unwrap_or_default()),
            is_cut: answer.cut,
            warnings: answer.warnings.iter().map(|warning| warning.message.clone()).collect(),
        }
    }

    /// Whether there is no body at all.
    pub fn is_empty(&self) -> bool {
        self.body.is_none() && self.text.is_empty()
    }
}

fn beginning(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    match std::str::from_utf8(shown) {
        Ok(text) => text.to_owned(),
        // A character that the end of the page's part cuts in two.
        Err(error) if error.error_len().is_none() && bytes.len() > shown.len() => {
            String::from_utf8_lossy(&shown[..error.valid_up_to()]).into_owned()
        }
        Err(_) => NO_TEXT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &[u8], cut: bool) -> AnswerBox {
        AnswerBox::of(&AnswerView {
            status: 200,
            headers: Vec::new(),
            body: Some(body.to_vec()),
            body_bytes: i64::try_from(body.len()).unwrap(),
            cut,
            warnings: Vec::new(),
        })
    }

    #[test]
    fn an_answer_in_json_keeps_its_digits_and_any_other_text_is_text() {
        let json = shown(br#"{"id":1.50}"#, false);
        assert!(json.body.unwrap().to_string().contains("1.50"));
        let html = shown(b"<h1>no</h1>", false);
        assert_eq!(html.text, "<h1>no</h1>");
        assert!(shown(b"", false).is_empty());
        assert_eq!(shown(&[0xff, 0], false).text, "The answer’s body is no text.");
    }

    #[test]
    fn a_long_answer_shows_its_beginning_and_says_so() {
        let long = shown("é".repeat(SHOWN_BYTES_MAX).as_bytes(), false);
        assert!(long.is_beginning);
        assert!(long.text.len() <= SHOWN_BYTES_MAX && long.text.ends_with('é'));
        let cut = shown(br#"{"a":"#, true);
        assert!(cut.is_cut && cut.body.is_none() && cut.text == r#"{"a":"#);
    }
}
