//! Who calls: Basic authentication by till, and the org header.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reply::Refusal;
use super::till::{TILLS, Till};

const ORG_HEADER: &str = "x-cap-api-auth-org-id";

/// Why nobody is authenticated.
pub(super) enum Unknown {
    /// `Authorization` is not what any till sends.
    Malformed(Refusal),
    /// It is, but not of a till that may make this call.
    Refused(Refusal),
}

/// The till that these headers authenticate for the org that they name.
pub(super) fn authenticate(headers: &HeaderMap) -> Result<&'static Till, Unknown> {
    let unauthorized = || Refusal::new(401, 401, "Unauthorized");
    let (name, password_md5) = credentials(headers).ok_or_else(|| Unknown::Malformed(unauthorized()))?;
    let till = TILLS.iter().find(|till| till.name == name && till.password_md5 == password_md5);
    let till = till.ok_or_else(|| Unknown::Refused(unauthorized()))?;
    let is_own = headers.get_all(ORG_HEADER).all(|org| org.as_bytes() == till.org_id.to_string().as_bytes());
    if is_own {
        Ok(till)
    } else {
        let message = "Client doesn't have access to the requested resource";
        Err(Unknown::Refused(Refusal::new(403, 403, message)))
    }
}

/// Name and MD5 of a till: `Basic base64(name:32 lower-case hex digits)`.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (name, password_md5) = decoded.split_once(':')?;
    let is_md5 = password_md5.len() == 32
        && password_md5.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (!name.is_empty() && is_md5).then(|| (name.to_owned(), password_md5.to_owned()))
}
