//! Who calls: Basic authentication by till, and the org header.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reply::Refusal;
use super::till::{TILLS, Till};

const ORG_HEADER: &str = "x-cap-api-auth-org-id";

/// The till that these headers authenticate for the org that they name.
pub(super) fn authenticate(headers: &HeaderMap) -> Result<&'static Till, Refusal> {
    let till = till_of(headers).ok_or_else(|| Refusal::new(401, 401, "Unauthorized"))?;
    let is_own = headers.get_all(ORG_HEADER).all(|org| org.as_bytes() == till.org_id.to_string().as_bytes());
    if is_own {
        Ok(till)
    } else {
        Err(Refusal::new(403, 403, "Client doesn't have access to the requested resource"))
    }
}

fn till_of(headers: &HeaderMap) -> Option<&'static Till> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (name, password_md5) = decoded.split_once(':')?;
    TILLS.iter().find(|till| till.name == name && till.password_md5 == password_md5)
}
