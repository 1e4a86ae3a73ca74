//! Cookies that hold a secret of the browser's own.
//!
//! **Invariant:** every one has the prefix `__Host-`, so that no neighbour's subdomain and no unencrypted
//! page can plant it, and is out of reach of scripts. What a browser sent before a sign-in never becomes
//! the name of a session.

use std::fmt;

use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::digest::Digest;
use crate::engine::sessions::SessionId;

/// The cookie of somebody who is signed in.
pub const SESSION: &str = "__Host-countersign";
/// The cookie of a browser that looks at the sign-in page.
pub const START: &str = "__Host-countersign-start";
/// The cookie of a browser that is on its way to the identity provider and back.
pub const FLOW: &str = "__Host-countersign-flow";

/// How long a sign-in may take, in seconds.
pub const FLOW_SECONDS: i64 = 600;

const SECRET_BYTES: usize = 32;

/// 256 random bits as text. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserSecret(String);

impl BrowserSecret {
    /// One that nobody had before.
    pub fn new() -> Self {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes).expect("the system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// One as [`BrowserSecret::new`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == SECRET_BYTES).then(|| Self(text.to_owned()))
    }

    /// The one in the cookie of this name.
    pub fn of(request: &HttpRequest, name: &str) -> Option<Self> {
        Self::parse(&read(request, name)?)
    }

    /// The text, for a cookie or for the identity provider.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a form carries to show that it was made for this browser. It does not tell the secret.
    pub fn form_token(&self) -> String {
        Digest::of(format!("countersign-csrf\n{}", self.0).as_bytes()).to_string()
    }

    /// The session that this secret opens.
    pub fn session_id(&self) -> SessionId {
        SessionId::of_secret(&self.0)
    }
}

impl fmt::Debug for BrowserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether two texts are the same, in a time that tells nothing of where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// The cookie's value; `None` also if the browser sent several of the name.
pub fn read(request: &HttpRequest, name: &str) -> Option<String> {
    let cookies = request.cookies().ok()?;
    let mut values = cookies.iter().filter(|cookie| cookie.name() == name);
    let value = values.next()?.value().to_owned();
    values.next().is_none().then_some(value)
}

/// Sets a cookie, for `seconds` or for as long as the browser runs.
pub fn set(response: &mut HttpResponse, name: &str, value: &str, seconds: Option<i64>) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    let value = HeaderValue::from_str(&text).expect("names and values here are plain text");
    response.headers_mut().append(SET_COOKIE, value);
}

/// Takes a cookie away.
pub fn clear(response: &mut HttpResponse, name: &str) {
    set(response, name, "", Some(0));
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_secret_is_never_the_same_twice_and_never_printed() {
        let (one, other) = (BrowserSecret::new(), BrowserSecret::new());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 43);
        assert_eq!(BrowserSecret::parse(one.expose()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "***");
        assert!(!one.form_token().contains(one.expose()));
        assert_ne!(one.form_token(), other.form_token());
    }

    #[test]
    fn what_no_secret_of_ours_looks_like_is_none() {
        let good = BrowserSecret::new();
        let short = &good.expose()[1..];
        for text in ["", "a", short, &format!("{}=", good.expose()), &format!("{}A", good.expose()), "fixed"]
        {
            assert_eq!(BrowserSecret::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_cookies_of_one_name_are_none() {
        let one =
            TestRequest::default().insert_header(("cookie", "a=1; __Host-countersign=x")).to_http_request();
        assert_eq!(read(&one, SESSION).as_deref(), Some("x"));
        let both = "__Host-countersign=x; __Host-countersign=y";
        let both = TestRequest::default().insert_header(("cookie", both)).to_http_request();
        assert_eq!(read(&both, SESSION), None);
    }

    #[test]
    fn a_cookie_has_every_attribute() {
        let mut response = HttpResponse::Ok().finish();
        set(&mut response, SESSION, "x", None);
        clear(&mut response, FLOW);
        let told: Vec<_> =
            response.headers().get_all(SET_COOKIE).map(|value| value.to_str().unwrap()).collect();
        assert_eq!(
            told,
            [
                "__Host-countersign=x; Path=/; Secure; HttpOnly; SameSite=Lax",
                "__Host-countersign-flow=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
