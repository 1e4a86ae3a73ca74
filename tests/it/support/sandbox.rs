//! The crate's stand-in for the targets, on its own port.

use std::net::{SocketAddr, TcpListener};

use countersign::clock::Clock;
use countersign::sandbox;
use serde_json::{Value, json};

use crate::support::client::Call;

/// The crate's stand-in for the targets, on its own port.
pub struct Sandbox {
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

impl Sandbox {
    pub fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = sandbox::start(listener, clock).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Afterwards connections are refused.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }

    /// Its whole state.
    pub async fn holds(&self) -> Value {
        Call::new(self.address, "GET", "/sandbox").send().await.expect(200)
    }

    /// The ledger: every call that arrived.
    pub async fn calls(&self) -> Value {
        self.holds().await["calls"].take()
    }

    /// How often a customer was enrolled for the badge of [`App::badge`].
    pub async fn enrolments_of(&self, body: &Value) -> usize {
        let customer = &body["payload"]["IntouchAPITask-Payload"]["body"]["customers"];
        let held = self.holds().await;
        held["enrolments"].as_array().unwrap().iter().filter(|one| one["customerId"] == *customer).count()
    }

    /// What goes wrong with the next call.
    pub async fn fault(&self, fault: Value) {
        Call::new(self.address, "POST", "/sandbox/faults").json(&fault).send().await.expect(201);
    }

    pub async fn cuts_after_work(&self) {
        self.fault(json!({ "close": "after" })).await;
    }
}
