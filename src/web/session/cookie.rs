//! Cookies that hold a secret of the browser's own.
//!
//! **Invariant:** every one has the prefix `__Host-`, so that no neighbour's subdomain and no unencrypted
//! page can plant it, and is out of reach of scripts. What a browser sent before a sign-in never becomes
//! the name of a session.

use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};

use crate::auth::BrowserSecret;
use crate::engine::sessions::SessionId;

/// The cookie of a person who is signed in.
pub const SESSION: &str = "__Host-countersign";
/// The cookie of a browser that is on the sign-in page.
pub const START: &str = "__Host-countersign-start";
/// The cookie of a browser that is on its way to the identity provider and back.
pub const FLOW: &str = "__Host-countersign-flow";

/// The secret in the cookie of this name.
pub fn secret(request: &HttpRequest, name: &str) -> Option<BrowserSecret> {
    BrowserSecret::parse(&read(request, name)?)
}

/// The session that this secret opens.
pub fn session_id(secret: &BrowserSecret) -> SessionId {
    SessionId::of_secret(secret.expose())
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
        let values: Vec<_> =
            response.headers().get_all(SET_COOKIE).map(|value| value.to_str().unwrap()).collect();
        assert_eq!(
            values,
            [
                "__Host-countersign=x; Path=/; Secure; HttpOnly; SameSite=Lax",
                "__Host-countersign-flow=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
