//! Who makes an API call: from its headers to an [`Actor`].

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use super::{Api, through_gate};
use crate::auth::Claims;
use crate::domain::actor::{Actor, Signer};
use crate::domain::code::Code;
use crate::domain::ids::OrgId;
use crate::http::error::ApiError;

/// The header with the user's token.
pub const TOKEN_HEADER: &str = "x-cap-ui-auth-token";
/// The header that names the org.
pub const ORG_HEADER: &str = "x-cap-api-auth-org-id";

/// Whether an API call may leave the org out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrgHeader {
    /// Reads may, if the token grants exactly one org.
    Optional,
    /// Changes may not.
    Required,
}

/// The person and the org of an API call.
///
/// # Errors
/// 401 `token_invalid`, then 403 `org_not_granted`, then the gate's 403 if the client is of another org.
pub fn actor(api: &Api, request: &HttpRequest, org_header: OrgHeader) -> Result<Actor, ApiError> {
    let through = through_gate::client(api, request)?;
    let bearer = if through.is_some() { Bearer::Ignored } else { Bearer::Read };
    let token = token(request.headers(), bearer).ok_or_else(no_token)?;
    let claims = api.verifier.verify(token, api.engine.clock().now()).map_err(|fault| {
        tracing::info!(kind = fault.kind(), "a token was not accepted");
        ApiError::at(Code::TokenInvalid, "X-CAP-UI-AUTH-TOKEN", api.verifier.sentence(fault))
    })?;
    let org = org(request.headers(), &claims, org_header)?;
    if let (Some(gate), Some(through)) = (&api.gate, &through) {
        gate.check_org(through, &org)?;
    }
    let span = tracing::Span::current();
    span.record("org", org.as_str());
    span.record("actor", claims.person.user_id.as_str());
    Ok(Actor {
        signer: Signer {
            person: claims.person,
            org,
            permissions: claims.permissions,
            groups: claims.groups,
            has_unread_groups: claims.has_unread_groups,
            act: claims.act,
            signed_in_at: claims.signed_in_at,
        },
        token_id: claims.token_id,
        source_address: request.peer_addr().map(|address| address.ip().to_string()),
        via: through.map(|through| through.client().name.clone()),
    })
}

fn no_token() -> ApiError {
    ApiError::at(Code::TokenInvalid, "X-CAP-UI-AUTH-TOKEN", "Send a token in X-CAP-UI-AUTH-TOKEN.")
}

/// Whether the person's token may come in `Authorization`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bearer {
    /// There is no gate.
    Read,
    /// `Authorization` is the client's.
    Ignored,
}

/// The contract's own samples send the token header empty, so empty means absent.
fn token(headers: &HeaderMap, bearer: Bearer) -> Option<&str> {
    let own = only(headers, TOKEN_HEADER)?;
    if !own.is_empty() {
        return Some(own);
    }
    if bearer == Bearer::Ignored {
        return None;
    }
    let (scheme, token) = only(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The header's value, or "" if it is absent; `None` if it is repeated or not text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next().map_or(Some(""), |value| value.to_str().ok())?;
    values.next().is_none().then(|| first.trim())
}

fn org(headers: &HeaderMap, claims: &Claims, org_header: OrgHeader) -> Result<OrgId, ApiError> {
    let not_granted =
        |message: &str| Err(ApiError::at(Code::OrgNotGranted, "X-CAP-API-AUTH-ORG-ID", message));
    let Some(named) = only(headers, ORG_HEADER) else {
        return not_granted("Name one org, once, in X-CAP-API-AUTH-ORG-ID.");
    };
    if !named.is_empty() {
        let granted = claims.orgs.iter().find(|org| org.as_str() == named);
        return granted.cloned().map_or_else(|| not_granted("Name an org that your token grants."), Ok);
    }
    match (org_header, claims.orgs.as_slice()) {
        (OrgHeader::Optional, [org]) => Ok(org.clone()),
        _ => not_granted("Name the org in X-CAP-API-AUTH-ORG-ID."),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::domain::actor::Person;

    fn named(orgs: &[&'static str], org_header: OrgHeader) -> Option<String> {
        let mut headers = HeaderMap::new();
        for org in orgs {
            headers.append(HeaderName::from_static(ORG_HEADER), HeaderValue::from_static(org));
        }
        let granted = vec![OrgId::new("90001")];
        let claims = Claims {
            person: Person::system(),
            orgs: granted,
            permissions: vec![],
            groups: vec![],
            has_unread_groups: false,
            act: vec![],
            token_id: None,
            signed_in_at: None,
        };
        org(&headers, &claims, org_header).ok().map(|org| org.to_string())
    }

    #[test]
    fn only_a_call_that_reads_may_leave_the_org_out() {
        assert_eq!(named(&[], OrgHeader::Optional).as_deref(), Some("90001"));
        assert_eq!(named(&[""], OrgHeader::Optional).as_deref(), Some("90001"));
        assert_eq!(named(&[], OrgHeader::Required), None);
        assert_eq!(named(&["90001"], OrgHeader::Required).as_deref(), Some("90001"));
    }

    #[test]
    fn an_org_that_is_not_granted_or_named_twice_is_refused() {
        for org_header in [OrgHeader::Optional, OrgHeader::Required] {
            for orgs in [["7"].as_slice(), &["90001", "7"], &["90001", "90001"]] {
                assert_eq!(named(orgs, org_header), None, "{orgs:?}");
            }
        }
    }
}
