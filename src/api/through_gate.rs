//! Every call under the base path comes through here, before its handler and before any route is chosen: a handler
//! can't forget the gate.

use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};

use super::{Api, BASE};
use crate::domain::client::{AskedCall, CallKind, TypeScope};
use crate::domain::code::Code;
use crate::gateway::KnownClient;
use crate::http::error::{ApiError, GateRefusal};

/// The client that a call came through; only this module makes one.
#[derive(Clone)]
struct Passed(Arc<KnownClient>);

/// Lets a call on if there is no gate, or if the gate knows its client and the client may make the call.
pub(super) async fn through_gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    // Without application data no handler runs either.
    let gate = request.app_data::<web::Data<Api>>().and_then(|api| api.gate.clone());
    let Some(gate) = gate else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let address = request.peer_addr().map(|address| address.ip());
    // As routes are matched: decoded.
    let call = asked(request.method(), request.match_info().as_str());
    match gate.check(request.headers(), address, call).await {
        Ok(known) => {
            tracing::Span::current().record("via", known.client().name.as_str());
            request.extensions_mut().insert(Passed(known));
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => Ok(request.error_response(error).map_into_right_body()),
    }
}

/// The client that a call came through; `None` if there is no gate.
///
/// # Errors
/// If there is a gate and the call did not come through it.
pub(super) fn client(api: &Api, request: &HttpRequest) -> Result<Option<Arc<KnownClient>>, ApiError> {
    if api.gate.is_none() {
        return Ok(None);
    }
    let passed = request.extensions().get::<Passed>().map(|passed| Arc::clone(&passed.0));
    let refused = || ApiError::gate(GateRefusal::Unauthorized(Code::ClientMissing));
    passed.map(Some).ok_or_else(refused)
}

/// Refuses a submission of this type, whose path names no type, if the client's groups do not allow it.
pub(super) fn may_submit(api: &Api, request: &HttpRequest, request_type: &str) -> Result<(), ApiError> {
    match (&api.gate, client(api, request)?) {
        (Some(gate), Some(known)) => {
            gate.check_call(&known, AskedCall::Known(CallKind::Submit, TypeScope::One(request_type)))
        }
        (None, _) | (_, None) => Ok(()),
    }
}

/// What a call asks for, as access groups tell calls apart. A test compares it with the table of routes.
fn asked<'a>(method: &Method, path: &'a str) -> AskedCall<'a> {
    let Some(rest) = path.strip_prefix(BASE).and_then(|rest| rest.strip_prefix('/')) else {
        return AskedCall::Unknown;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let on = |kind| AskedCall::Known(kind, TypeScope::None);
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["requests", "export"] | ["refusals" | "trail" | "target-hosts" | "deliveries"])
        | ("POST", ["deliveries", _, "redeliver"]) => on(CallKind::Audit),
        (
            "GET",
            ["requests"] | ["requests", _] | ["requests", _, "history"] | ["requests", _, "revisions", _],
        ) => on(CallKind::Read),
        ("POST", ["requests", _, "comments"]) => on(CallKind::Comment),
        ("POST", ["requests", _, "withdraw"]) => on(CallKind::Withdraw),
        // The path names no type, so the client must be allowed to decide requests of every type.
        ("PUT", ["bulk-decisions"]) | ("POST", ["requests", _, "settle" | "probe" | "send-back"]) => {
            AskedCall::Known(CallKind::Decide, TypeScope::Every)
        }
        // Its type is not in its path; the handler asks for it.
        ("POST", ["requests", _, "submit-again" | "resubmit"]) => on(CallKind::Submit),
        ("POST", [name]) => AskedCall::Known(CallKind::Submit, TypeScope::One(name)),
        ("PUT", [name]) => AskedCall::Known(CallKind::Decide, TypeScope::One(name)),
        _ => AskedCall::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_under_the_base_path_is_known() {
        let mut calls = Vec::new();
        for (path, methods) in crate::api::table() {
            for (method, _) in methods.into_iter().filter(|_| path.starts_with(BASE)) {
                let AskedCall::Known(kind, scope) = asked(&method, &path) else { panic!("{method} {path}") };
                let scope = match scope {
                    TypeScope::One(name) => name,
                    TypeScope::Every => "every type",
                    TypeScope::None => "",
                };
                calls.push(
                    format!("{method} {} {} {scope}", &path[BASE.len()..], kind.name()).trim_end().to_owned(),
                );
            }
        }
        insta::assert_snapshot!(calls.join("\n"), @r"
        GET /requests read
        GET /requests/export audit
        GET /requests/search read
        GET /requests/{requestId} read
        GET /requests/{requestId}/history read
        GET /requests/{requestId}/revisions/{revision} read
        POST /requests/{requestId}/comments comment
        POST /requests/{requestId}/send-back decide every type
        POST /requests/{requestId}/resubmit submit
        POST /requests/{requestId}/withdraw withdraw
        POST /requests/{requestId}/settle decide every type
        POST /requests/{requestId}/submit-again submit
        POST /requests/{requestId}/probe decide every type
        PUT /bulk-decisions decide every type
        GET /refusals audit
        GET /trail audit
        GET /deliveries audit
        POST /deliveries/{deliveryId}/redeliver audit
        GET /target-hosts audit
        POST /{requestType} submit {requestType}
        PUT /{requestType} decide {requestType}
        ");
    }

    #[test]
    fn what_is_no_route_is_unknown() {
        for (method, path) in
            [("HEAD", "/requests"), ("GET", "/a/b"), ("POST", "/requests/1/history"), ("GET", "")]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(asked(&method, &format!("{BASE}{path}")), AskedCall::Unknown, "{method} {path}");
        }
        assert_eq!(asked(&Method::GET, "/metrics"), AskedCall::Unknown);
    }
}
