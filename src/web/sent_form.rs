//! A form that a person sent. Whatever is wrong with it, with the session or with the server, what they wrote is
//! shown again on the page that says so.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::sentences::labels::YOUR_WORDS;
use super::session::{is_from_own_page, note_form_page};
use super::{Page, PageError, PageRequest, Web};
use crate::domain::pointer::unescaped;
use crate::domain::request_type::RequestType;
use crate::domain::submission::is_credential;
use crate::http::body::{UnreadBody, form_fields};
use crate::http::error::ApiError;
use crate::http::query::pairs;

/// A form that was read, and who sent it. The body of a form from another site is read by no one.
pub struct SentForm {
    sender: Result<PageRequest, PageError>,
    bytes: Result<web::Bytes, ApiError>,
}

/// One thing that a person wrote into a form that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The words before it on the page.
    pub label: String,
    /// As it was sent.
    pub text: String,
}

impl SentForm {
    /// Who sent it, and its fields.
    ///
    /// # Errors
    /// No one is signed in, or the form can't be read.
    pub fn open<F: serde::de::DeserializeOwned>(self) -> Result<(PageRequest, F), PageError> {
        let (page, bytes) = self.into_parts()?;
        let fields = form_fields(&bytes)?;
        Ok((page, fields))
    }

    /// Who sent it, and its bytes.
    ///
    /// # Errors
    /// No one is signed in, or the form can't be read.
    pub fn into_parts(self) -> Result<(PageRequest, web::Bytes), PageError> {
        let page = self.sender?;
        Ok((page, self.bytes?))
    }

    /// The message of a decision or a withdrawal.
    pub fn message(&self) -> Vec<Typed> {
        self.field("message", YOUR_WORDS)
    }

    /// What was written into one field, with the words before it; nothing if it is empty.
    pub fn field(&self, name: &str, label: &str) -> Vec<Typed> {
        self.fields_of(name, label).into_iter().take(1).collect()
    }

    /// The same for a field that a form may have several times.
    pub fn fields_of(&self, name: &str, label: &str) -> Vec<Typed> {
        let written = self.fields().filter(|(own, text)| own == name && !text.is_empty());
        written.map(|(_, text)| Typed { label: label.to_owned(), text }).collect()
    }

    /// What was written into the fields of a submission, without those that are not public.
    pub fn public_fields(&self, request_type: &RequestType) -> Vec<Typed> {
        public_fields(self.bytes(), request_type)
    }

    fn fields(&self) -> impl Iterator<Item = (String, String)> {
        pairs(self.bytes())
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().map_or(&[][..], |bytes| &bytes[..])
    }
}

/// What was written into the fields of a submission, without those that are not public.
pub fn public_fields(form: &[u8], request_type: &RequestType) -> Vec<Typed> {
    let written: Vec<(String, String)> =
        pairs(form).filter(|(name, text)| name.starts_with('/') && !text.is_empty()).collect();
    let header_of_row = |row: &str| {
        let name = format!("/headers/{row}/name");
        written.iter().find(|(own, _)| *own == name).map_or("", |(_, header)| header.as_str())
    };
    let classes = &request_type.classes;
    let is_open = |header: &str| !is_credential(header) && !classes.hide_header(header);
    let is_public = |name: &str| {
        let steps: Vec<String> = name.split('/').skip(1).map(unescaped).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let is_open = match steps.as_slice() {
            ["headers", row, "value"] => is_open(header_of_row(row)),
            ["headers", header] => is_open(header),
            _ => true,
        };
        is_open && !classes.hide(&steps) && !classes.reach_into(&steps)
    };
    let typed = |(label, text): &(String, String)| Typed { label: label.clone(), text: text.clone() };
    written.iter().filter(|(name, _)| is_public(name)).map(typed).collect()
}

impl FromRequest for SentForm {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = UnreadBody::from_request(http, payload).into_inner();
        let (http, web) = (http.clone(), http.app_data::<web::Data<Web>>().cloned());
        Box::pin(async move {
            let web = web.ok_or_else(|| PageError::broken("the server has no pages".to_owned()))?;
            let is_ours = is_from_own_page(&web, &http);
            let sender = PageRequest::of(web, http.clone()).await;
            let bytes = match body {
                Ok(body) if is_ours => body.read_long_form().await.form(&http),
                Ok(_) => return Err(sender.err().unwrap_or(PageError::Form)),
                Err(_) => return Err(PageError::Unreadable),
            };
            note_form_page(&http, bytes.as_ref().map_or(&[][..], |bytes| &bytes[..]));
            Ok(Self { sender, bytes })
        })
    }
}

/// The page that a form led to; one that says what went wrong shows what was written.
pub fn keeping(typed: Vec<Typed>, page: Page) -> Page {
    page.map_err(
        |error| {
            if typed.is_empty() { error } else { PageError::Kept { error: Box::new(error), typed } }
        },
    )
}
