//! Bodies of another kind, broken ones, and too large ones.

use crate::support::app::App;
use crate::support::{On, journeys};

journeys![bodies_that_are_not_json_are_refused, a_body_of_256_kib_is_accepted_and_one_byte_more_is_not,];

async fn bodies_that_are_not_json_are_refused(on: On) {
    let app = App::start(on).await;
    let maker = app.maker();
    let post = || maker.call("POST", "/ISSUE-BADGE");
    let text = app.badge().to_string();
    for content_type in
        ["text/plain", "application/json; charset=latin1", "application/xml", "application/jsonp", "json"]
    {
        post().raw(content_type, text.as_bytes()).send().await.refused(415, "unsupported_media_type");
    }
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let call = post().text(&text).header("content-encoding", encoding);
        let body = call.send().await.refused(415, "unsupported_media_type");
        assert_eq!(body["errors"][0]["field"], "Content-Encoding");
    }
    for broken in [&b""[..], b"{", b"\xff\xfe{}", b"{} {}", b"{\"a\": 01}", b"{\"a\": \"\xe9\"}", b"nothing"]
    {
        post().raw("application/json", broken).send().await.refused(400, "unreadable");
    }
    for other in ["[]", "1", "null", "\"text\""] {
        post().text(other).send().await.refused(400, "payload_invalid");
    }
    let good = post().raw("Application/JSON; charset=\"UTF-8\"", text.as_bytes());
    good.header("content-encoding", "identity").send().await.expect(200);
}

async fn a_body_of_256_kib_is_accepted_and_one_byte_more_is_not(on: On) {
    let app = App::start(on).await;
    let text = app.badge().to_string();
    let padded = |bytes: usize| text.clone() + &" ".repeat(bytes - text.len());
    let maker = app.maker();
    maker.call("POST", "/ISSUE-BADGE").text(&padded(256 * 1024)).send().await.expect(200);
    let call = maker.call("POST", "/ISSUE-BADGE").text(&padded(256 * 1024 + 1));
    call.send().await.refused(413, "body_too_large");
    assert_eq!(app.checker().lists("").await.len(), 1);
}
