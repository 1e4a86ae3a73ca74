//! No call leaves for the server itself, however it is addressed.

use std::sync::atomic::{AtomicU16, Ordering};

use crate::support::app::{App, AppOptions, task};
use crate::support::hook::subscription;
use crate::support::target::Target;
use crate::support::{On, journeys};

journeys![no_call_and_no_event_goes_to_our_own_listener];

/// A port that nobody else is given: below those that the system gives out.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if std::net::TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

async fn no_call_and_no_event_goes_to_our_own_listener(on: On) {
    for listens_at in ["127.0.0.1", "0.0.0.0"] {
        let port = free_port();
        let own = format!("127.0.0.1:{port}");
        let hook = Target::start().await;
        let text = subscription("own", &hook, "countersign", "").replace(&hook.address.to_string(), &own);
        let options = AppOptions::stepped()
            .set("server.listen", format!("\"{listens_at}:{port}\""))
            .with_targets([own.parse().unwrap()])
            .with_subscriptions(&text);
        let app = App::with(on, options).await;
        let mut body = app.badge_without_id();
        task(&mut body)["hostname"] = format!("http://{own}").into();
        let request = app.maker().submitted(&body).await;
        app.checker().approve(&request.id).await.data();
        app.run_due_executions().await;
        let read = app.auditor().request(&request.id).await;
        assert_eq!(read["state"], "failed", "{listens_at}");
        let last = app.auditor().history(&request.id).await.pop().unwrap();
        let why = last["message"].as_str().unwrap().to_owned();
        assert!(why.contains("where Countersign itself listens"), "{listens_at}: {why}");
        app.run_due_deliveries().await;
        let sent = app.auditor().get("/deliveries").await.data();
        let reasons: Vec<&str> =
            sent.as_array().unwrap().iter().filter_map(|one| one["attempts"][0]["reason"].as_str()).collect();
        assert!(!reasons.is_empty(), "{sent}");
        for reason in reasons {
            assert!(reason.contains("where Countersign itself listens"), "{listens_at}: {reason}");
        }
        assert_eq!(app.count("SELECT count(*) AS number FROM deliveries WHERE state = 'delivered'"), 0);
    }
}
