//! Which page a form is on. Its own address often has none.

use actix_web::{HttpMessage, HttpRequest};

use crate::domain::request::Verdict;
use crate::http::query::pairs;
use crate::web::BASE;

use super::ReturnTo;

/// The page of the form that an HTTP request brings, where the form's fields were needed to tell.
struct FormPage(ReturnTo);

/// Notes which page the form is on.
pub fn note_form_page(request: &HttpRequest, fields: &[u8]) {
    let page = page_with(request, fields);
    request.extensions_mut().insert(FormPage(page));
}

/// The page of the form that `request` brings.
pub fn form_page(request: &HttpRequest) -> ReturnTo {
    let noted = request.extensions().get::<FormPage>().map(|page| page.0.clone());
    noted.unwrap_or_else(|| page_with(request, b""))
}

/// The page with what the form's own address says of the way there.
fn page_with(request: &HttpRequest, fields: &[u8]) -> ReturnTo {
    let (page, query) = (page_of(request.path(), fields), request.query_string());
    let joint = if page.as_str().contains('?') { '&' } else { '?' };
    let whole = ReturnTo::read(&format!("{page}{joint}{query}"));
    if page.is_home() || query.is_empty() || whole.is_home() { page } else { whole }
}

fn page_of(path: &str, fields: &[u8]) -> ReturnTo {
    let below = path.strip_prefix(BASE).unwrap_or_default();
    let steps: Vec<&str> = below.split('/').skip(1).collect();
    let to = match steps.as_slice() {
        ["requests", id, "decide"] => format!("{BASE}/requests/{id}{}", step_of(fields)),
        ["requests", id, "comments" | "settle" | "probe"] => format!("{BASE}/requests/{id}"),
        ["deliveries", _, "redeliver"] => format!("{BASE}/deliveries"),
        ["bulk"] => review_of(fields),
        ["requests", ..] | ["new", _] => path.to_owned(),
        _ => BASE.to_owned(),
    };
    ReturnTo::read(&to)
}

/// The step with the button that was pressed.
fn step_of(fields: &[u8]) -> &'static str {
    let decision = pairs(fields).find(|(name, _)| name == "decision").map(|(_, value)| value);
    match decision.as_deref().and_then(Verdict::parse) {
        Some(Verdict::Approved) => "/approve",
        Some(Verdict::Rejected) => "/reject",
        None => "",
    }
}

/// The review of the same requests, or the list if they are too many for an address.
fn review_of(fields: &[u8]) -> String {
    let ids: Vec<String> = pairs(fields)
        .filter(|(name, _)| name == "shown")
        .map(|(_, id)| format!("id={}", id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "")))
        .collect();
    let review = format!("{BASE}/bulk?{}", ids.join("&"));
    if ids.is_empty() || ReturnTo::read(&review).is_home() { format!("{BASE}/needs-me") } else { review }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn every_form_leads_back_to_its_page() {
        let many: String = (0..40).map(|_| "shown=0190b6f2-7a3c-7cc0-8000-000000000001&").collect();
        for (path, fields, page) in [
            ("/ui/requests/1/decide", "message=a&decision=approved", "/ui/requests/1/approve"),
            ("/ui/requests/1/decide", "decision=rejected", "/ui/requests/1/reject"),
            ("/ui/requests/1/decide", "decision=else", "/ui/requests/1"),
            ("/ui/requests/1/withdraw", "", "/ui/requests/1/withdraw"),
            ("/ui/requests/1/send-back", "", "/ui/requests/1/send-back"),
            ("/ui/requests/1/submit-again", "", "/ui/requests/1/submit-again"),
            ("/ui/requests/1/resubmit", "", "/ui/requests/1/resubmit"),
            ("/ui/requests/1/comments", "", "/ui/requests/1"),
            ("/ui/requests/1/settle", "", "/ui/requests/1"),
            ("/ui/requests/1/probe", "", "/ui/requests/1"),
            ("/ui/new/GIFT", "", "/ui/new/GIFT"),
            ("/ui/bulk", "shown=a-1&item=x&shown=b-2", "/ui/bulk?id=a-1&id=b-2"),
            ("/ui/bulk", many.as_str(), "/ui/needs-me"),
            ("/ui/bulk", "", "/ui/needs-me"),
            ("/ui/deliveries/1/redeliver", "", "/ui/deliveries"),
            ("/ui/sign-out", "", "/ui"),
            ("/ui/org", "", "/ui"),
            ("/ui/theme", "", "/ui"),
            ("/elsewhere", "", "/ui"),
        ] {
            assert_eq!(page_of(path, fields.as_bytes()).as_str(), page, "{path} {fields}");
        }
    }

    #[test]
    fn the_way_there_stays_in_the_address() {
        let page = |address: &str, fields: &[u8]| {
            let request = TestRequest::with_uri(address).to_http_request();
            note_form_page(&request, fields);
            form_page(&request).to_string()
        };
        let reject = b"decision=rejected";
        assert_eq!(page("/ui/requests/1/decide?from=%2Fmine", reject), "/ui/requests/1/reject?from=%2Fmine");
        assert_eq!(page("/ui/bulk?a=b", b"shown=1"), "/ui/bulk?id=1&a=b");
        assert_eq!(page("/ui/sign-out?a=b", b""), "/ui");
        let long = format!("/ui/requests/1/comments?from={}", "a".repeat(2_000));
        assert_eq!(page(&long, b""), "/ui/requests/1");
    }
}
