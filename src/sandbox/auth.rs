//! Who calls: Basic authentication by till, and the org header.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reply::Refusal;

/// A till with access: its name and the MD5 of its password are the Basic credentials.
pub struct Till {
    /// The user name.
    pub name: &'static str,
    /// The MD5 of its password in lower-case hex, which is sent as the password.
    pub password_md5: &'static str,
    /// The org whose badges and customers it sees.
    pub org_id: u64,
}

/// Every till that the sandbox knows: the one of the examples, the one of the ISSUE-BADGE page, and one of
/// another org. They give access to nothing but the sandbox.
pub const TILLS: [Till; 3] = [
    Till { name: "demo.till", password_md5: "62cc2d8b4bf2d8728120d052163a77df", org_id: 90001 },
    Till { name: "ab124", password_md5: "25d55ad283aa400af464c76d713c07ad", org_id: 90001 },
    Till { name: "other.till", password_md5: "c1e4417d5f5966b07e3f010958cde94b", org_id: 90002 },
];

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
