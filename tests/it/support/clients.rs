//! Clients of the gate, and servers that have one.

use countersign::clock::Clock;
use countersign::domain::client::{Client, ClientKind, DEFAULT_GROUP};
use countersign::domain::ids::OrgId;
use countersign::engine::clients::{self, ClientFault};
use countersign::gateway::credentials::{ClientSecret, HashCost, basic};
use countersign::store::{AnyConnection, migrate};
use serde_json::json;

use super::On;
use super::app::{App, AppOptions};
use super::client::{Call, Reply};
use super::people::{BASE, ORG, Person, sign};

pub const TOKEN_PATH: &str = "/v3/oauth/token/generate";

/// A client with its secret.
#[derive(Clone, Debug)]
pub struct TestClient {
    pub client: Client,
    pub secret: ClientSecret,
}

/// A till of the usual org and the default group.
pub fn till(name: &str) -> TestClient {
    let client = Client {
        id: Clock::system().new_id().to_string(),
        org: OrgId::new(ORG),
        name: name.to_owned(),
        kind: ClientKind::Till,
        groups: vec![DEFAULT_GROUP.to_owned()],
    };
    TestClient { client, secret: ClientSecret::random().md5() }
}

/// An OAuth client of the usual org and the default group.
pub fn oauth(name: &str) -> TestClient {
    let mut made = till(name);
    made.client.kind = ClientKind::Oauth;
    made
}

impl TestClient {
    pub fn of_org(mut self, org: &str) -> Self {
        self.client.org = OrgId::new(org);
        self
    }

    pub fn in_groups(mut self, groups: &[&str]) -> Self {
        self.client.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self
    }

    /// `Authorization` of a till.
    pub fn basic(&self) -> String {
        basic(&self.client.name, &self.secret)
    }

    pub fn add(&self, conn: &mut AnyConnection) -> Result<(), ClientFault> {
        let hash = self.secret.hash(HashCost::LEAST).unwrap();
        clients::add_client(conn, &self.client, &hash, &Clock::system())
    }

    /// A new secret, in the database.
    pub fn rotate(&mut self, app: &App) {
        self.secret = ClientSecret::random().md5();
        let hash = self.secret.hash(HashCost::LEAST).unwrap();
        clients::rotate_client(&mut app.database(), &self.client.name, &hash, &Clock::system()).unwrap();
    }

    pub fn revoke(&self, app: &App) {
        clients::revoke_client(&mut app.database(), &self.client.name, &Clock::system()).unwrap();
    }

    /// Asks for a token.
    pub async fn ask_token(&self, app: &App) -> Reply {
        let body = json!({ "key": self.client.id, "secret": self.secret.expose() });
        app.call("POST", TOKEN_PATH).json(&body).send().await
    }

    pub async fn token(&self, app: &App) -> String {
        self.ask_token(app).await.expect(200)["data"]["accessToken"].as_str().unwrap().to_owned()
    }
}

/// The usual configuration with a gate.
pub fn required() -> AppOptions {
    AppOptions::default().set("gateway.mode", "\"required\"")
}

/// A server with a gate that knows these clients from its start.
pub async fn gated(on: On, options: AppOptions, clients: &[&TestClient]) -> App {
    let mut app = App::prepared(on, options).await;
    let mut conn = app.database();
    migrate::run(&mut conn).unwrap();
    for client in clients {
        client.add(&mut conn).unwrap();
    }
    drop(conn);
    app.start_server().await;
    app
}

/// A call under the base path by a person who may everything, without a client.
pub fn call(app: &App, method: &str, path: &str) -> Call {
    let rights = ["CanMakeRequest", "CanCheckRequest", "CanAuditRequest"];
    call_by(app, &Person::new(400_009, "everybody@example.com", &rights), method, path)
}

/// A call under the base path by this person, without a client.
pub fn call_by(app: &App, person: &Person, method: &str, path: &str) -> Call {
    let token = sign(&person.claims(app.clock.now()));
    let call = app.call(method, &format!("{BASE}{path}")).header("x-cap-ui-auth-token", &token);
    if person.org.is_empty() { call } else { call.header("x-cap-api-auth-org-id", &person.org) }
}
