//! A target as fast as can be, and a subscriber: constant answers, nothing kept.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::types::ISSUE_PATH;

/// What the badge API answers when the customer was enrolled.
const DONE: &str = r#"{"data":{"badgeMetaId":"650000000000000000000001","triggeredBy":{"ownerType":"Goodwill_Module","referenceId":"134"},"expiresOn":1893456000.000000000,"issuedBadges":[{"customerId":113460811,"issuedId":"0190d0f7a3c87a6e9e54f3d2c1b0a998","error":null}],"requestId":"bench"},"errors":[],"warnings":[]}"#;

/// Both, in this process, with one thread.
pub struct Target {
    pub address: SocketAddr,
    pub subscriber: SocketAddr,
    handle: ServerHandle,
}

impl Target {
    pub fn start() -> anyhow::Result<Self> {
        let (calls, events) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
        let (address, subscriber) = (calls.local_addr()?, events.local_addr()?);
        let done = || async { HttpResponse::Ok().content_type("application/json").body(DONE) };
        let taken = || async { HttpResponse::NoContent().finish() };
        let server = HttpServer::new(move || {
            App::new().route(ISSUE_PATH, web::post().to(done)).route("/events", web::post().to(taken))
        });
        let server = server.workers(1).disable_signals().listen(calls)?.listen(events)?.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { address, subscriber, handle })
    }

    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}
