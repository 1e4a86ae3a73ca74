//! Whether a form was sent by a person on one of our own pages.
//!
//! The browser must say that the page was ours (`Origin`, `Sec-Fetch-Site`), and the form carries what only a page
//! made for this browser knows, with the org and the account of that page.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use super::cookie::{self, START};
use super::{NotFor, Session};
use crate::auth::is_same;
use crate::web::sentences::errors;
use crate::web::{PageError, Web};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether a form comes from one of our own pages of this session, and was made for the person and the org that are
/// signed in now.
///
/// # Errors
/// [`PageError::Form`] if it does not, [`PageError::NotFor`] if it was made for somebody else or another org.
pub fn check_form(web: &Web, request: &HttpRequest, session: &Session, csrf: &str) -> Result<(), PageError> {
    if !is_from_own_page(web, request) {
        return Err(PageError::Form);
    }
    session.made_for.check(csrf, &session.token).map_err(|why| match why {
        NotFor::Unknown => PageError::Form,
        NotFor::Account | NotFor::Org { .. } => PageError::NotFor(why),
    })
}

/// The same for a form that is about the session itself, in whatever org it is.
///
/// # Errors
/// As [`check_form`].
pub fn check_person(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    csrf: &str,
) -> Result<(), PageError> {
    match check_form(web, request, session, csrf) {
        Err(PageError::NotFor(NotFor::Org { .. })) => Ok(()),
        checked => checked,
    }
}

/// Whether the browser says that one of our own pages sent this, whoever is signed in.
pub fn is_from_own_page(web: &Web, request: &HttpRequest) -> bool {
    is_own_origin(request.headers(), web.public_origin.as_deref())
}

/// Whether this browser was given the page of a form that is sent before anybody is signed in.
///
/// # Errors
/// A message about cookies if it was not.
pub fn check_browser(request: &HttpRequest) -> Result<(), PageError> {
    cookie::secret(request, START).map(|_| ()).ok_or_else(no_cookie)
}

/// The same as [`check_form`] for a form that is sent before anybody is signed in: it must come from the page that this very
/// browser was given. Otherwise another site could sign a person in as somebody else.
pub fn check_start(web: &Web, request: &HttpRequest, csrf: &str) -> Result<(), PageError> {
    let secret = cookie::secret(request, START).ok_or_else(no_cookie)?;
    check(web, request, &secret.form_token(), csrf)
}

fn check(web: &Web, request: &HttpRequest, wanted: &str, csrf: &str) -> Result<(), PageError> {
    let is_ours = is_from_own_page(web, request) && is_same(wanted, csrf);
    if is_ours { Ok(()) } else { Err(PageError::Form) }
}

fn no_cookie() -> PageError {
    PageError::forbidden(errors::NO_COOKIE)
}

/// A browser names the origin of the page behind every POST. Neither header, or another origin, is not ours.
fn is_own_origin(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = text(ORIGIN.as_str());
    let site = text(SEC_FETCH_SITE);
    let is_own = match (public_origin, origin) {
        (Some(own), Some(origin)) => origin == own,
        (None, Some(origin)) => text(HOST.as_str()).filter(is_no_name).is_some_and(|host| {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        }),
        // An older browser that names no origin still says which site it was.
        (_, None) => site.is_some(),
    };
    is_own && site.is_none_or(|site| site == "same-origin")
}

/// An address or `localhost`: a name that belongs to somebody else could be made to lead here (DNS rebinding),
/// and then their page would be of the same origin.
fn is_no_name(host: &&str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(*host, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_ours(headers: &[(&'static str, &'static str)], public: Option<&str>) -> bool {
        let request =
            headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        is_own_origin(request.to_http_request().headers(), public)
    }

    #[test]
    fn a_form_comes_from_the_public_address_only() {
        let own = Some("https://approve.example.com");
        let here = ("host", "approve.example.com");
        assert!(is_ours(&[here, ("origin", "https://approve.example.com")], own));
        assert!(is_ours(
            &[here, ("origin", "https://approve.example.com"), ("sec-fetch-site", "same-origin")],
            own
        ));
        assert!(is_ours(&[here, ("sec-fetch-site", "same-origin")], own));
        for foreign in [
            "http://approve.example.com",
            "https://approve.example.com:8443",
            "https://approve.example.com.evil.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!is_ours(&[here, ("origin", foreign)], own), "{foreign}");
        }
        assert!(!is_ours(&[here], own));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(
                !is_ours(&[here, ("origin", "https://approve.example.com"), ("sec-fetch-site", site)], own),
                "{site}"
            );
            assert!(!is_ours(&[here, ("sec-fetch-site", site)], own), "{site}");
        }
    }

    #[test]
    fn without_a_public_address_only_a_page_of_the_same_address_counts() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.7", "localhost"] {
            let origin: &'static str = format!("http://{host}").leak();
            assert!(is_ours(&[("host", host), ("origin", origin)], None), "{host}");
        }
        assert!(!is_ours(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8081")], None));
        assert!(!is_ours(&[("host", "localhost:8080"), ("origin", "http://127.0.0.1:8080")], None));
        // A name that somebody else leads here.
        assert!(!is_ours(&[("host", "evil.example:8080"), ("origin", "http://evil.example:8080")], None));
        assert!(!is_ours(&[("origin", "http://127.0.0.1:8080")], None));
    }
}
