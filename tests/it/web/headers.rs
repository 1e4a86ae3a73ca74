//! The headers of every page: what a browser may load, frame and keep.

use super::{signed_in, start_with_deciders};
use crate::support::app::AppOptions;
use crate::support::{On, journeys};

journeys![every_page_forbids_what_it_does_not_need,];

const CHEN: &str = "400002";

async fn every_page_forbids_what_it_does_not_need(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let chen = signed_in(&app, CHEN).await;
    for path in ["/ui/needs-me", "/ui/sign-in", "/ui/nowhere", "/ui/history/export", "/ui"] {
        let reply = chen.get(path).await;
        let policy = reply.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    }
    let page = chen.page("/ui/needs-me").await;
    let sheet = chen.get(&page.attribute("link[rel='stylesheet']", "href")).await;
    assert!(sheet.header("cache-control").unwrap().contains("immutable"));
    assert!(!page.has("style"));
    assert_eq!((page.count("script"), page.count("script[src^='/ui/assets/']")), (1, 1));
    for element in page.select("*") {
        for (name, value) in element.value().attrs() {
            assert!(name != "style" && !name.starts_with("on"), "{}", element.html());
            let elsewhere = ["javascript:", "http://", "https://"].iter().any(|part| value.contains(part));
            assert!(!elsewhere, "{}", element.html());
        }
    }
}
