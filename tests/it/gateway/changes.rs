//! A change of a client holds on every server within a second.

use std::net::SocketAddr;
use std::thread;

use countersign::clock::Clock;
use countersign::engine::clients;
use countersign::engine::pauses::{PauseChange, change_pause};
use countersign::server::ExecutorMode;
use diesel::connection::SimpleConnection;

use crate::support::app::App;
use crate::support::client::Call;
use crate::support::clients::{TestClient, gated, oauth, required, till};
use crate::support::people::{BASE, sign};
use crate::support::{On, eventually, journeys};

journeys![
    revoking_holds_on_another_server_too,
    rotating_ends_the_old_secret_and_its_tokens_and_begins_the_new_one,
    clients_that_are_known_stay_known_while_the_database_is_away,
    commands_at_one_time_wait_for_each_other,
];

fn list(app: &App, at: SocketAddr, header: &str, credential: &str) -> Call {
    let token = sign(&app.checker().person.claims(app.clock.now()));
    let call = Call::new(at, "GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", &token);
    call.header(header, credential)
}

/// Asks until it is refused.
async fn until_refused(app: &App, at: SocketAddr, header: &str, credential: &str) {
    eventually("the client is refused", async || {
        let status = list(app, at, header, credential).send().await.status;
        assert!(status == 200 || status == 401, "{status}");
        (status == 401).then_some(())
    })
    .await;
}

async fn revoking_holds_on_another_server_too(on: On) {
    let (till, oauth) = (till("till.one"), oauth("app.one"));
    let app = gated(on, required(), &[&till, &oauth]).await;
    // A SQLite database has one server.
    let another = match on {
        On::Postgres => Some(app.another_server(ExecutorMode::Stepped).await),
        On::Sqlite => None,
    };
    let at = another.as_ref().map_or(app.server().address(), |server| server.address());
    let token = oauth.token(&app).await;
    list(&app, at, "authorization", &till.basic()).send().await.expect(200);
    list(&app, at, "x-cap-api-oauth-token", &token).send().await.expect(200);
    till.revoke(&app);
    oauth.revoke(&app);
    until_refused(&app, at, "authorization", &till.basic()).await;
    until_refused(&app, at, "x-cap-api-oauth-token", &token).await;
    if let Some(another) = another {
        another.stop().await.unwrap();
    }
}

async fn rotating_ends_the_old_secret_and_its_tokens_and_begins_the_new_one(on: On) {
    let (mut till, mut oauth) = (till("till.one"), oauth("app.one"));
    let app = gated(on, required(), &[&till, &oauth]).await;
    let at = app.server().address();
    let (old, token): (TestClient, String) = (till.clone(), oauth.token(&app).await);
    list(&app, at, "authorization", &old.basic()).send().await.expect(200);
    list(&app, at, "x-cap-api-oauth-token", &token).send().await.expect(200);
    till.rotate(&app);
    oauth.rotate(&app);
    until_refused(&app, at, "authorization", &old.basic()).await;
    until_refused(&app, at, "x-cap-api-oauth-token", &token).await;
    list(&app, at, "authorization", &till.basic()).send().await.expect(200);
    let token = oauth.token(&app).await;
    list(&app, at, "x-cap-api-oauth-token", &token).send().await.expect(200);
}

async fn clients_that_are_known_stay_known_while_the_database_is_away(on: On) {
    let till = till("till.one");
    let app = gated(on, required(), &[&till]).await;
    let at = app.server().address();
    list(&app, at, "authorization", &till.basic()).send().await.expect(200);
    app.tamper("ALTER TABLE clients RENAME TO clients_away");
    eventually("the clients can't be read", async || {
        (app.metric("countersign_clients_stale").await.as_deref() == Some("1")).then_some(())
    })
    .await;
    list(&app, at, "authorization", &till.basic()).send().await.expect(200);
    app.tamper("ALTER TABLE clients_away RENAME TO clients");
    eventually("the clients can be read", async || {
        (app.metric("countersign_clients_stale").await.as_deref() == Some("0")).then_some(())
    })
    .await;
}

/// Each command reads before it writes. On SQLite the second of two would be refused, without any wait, if it took the
/// lock only when it writes.
async fn commands_at_one_time_wait_for_each_other(on: On) {
    let app = gated(on, required(), &[]).await;
    thread::scope(|scope| {
        for command in 0..4 {
            let mut conn = app.database();
            if on == On::Postgres {
                // How long they wait is the machine's affair.
                conn.batch_execute("SET lock_timeout = '60s'").unwrap();
            }
            scope.spawn(move || {
                for number in 0..8 {
                    let client = till(&format!("till.{command}.{number}"));
                    client.add(&mut conn).unwrap();
                    let change = PauseChange { begins: number % 2 == 0, ..pause(&format!("host{command}")) };
                    change_pause(&mut conn, change, &Clock::system()).unwrap();
                    clients::revoke_client(&mut conn, &client.client.name, &Clock::system()).unwrap();
                }
            });
        }
    });
    let changes = "SELECT count(DISTINCT changed) AS number FROM clients WHERE revoked_at IS NOT NULL";
    assert_eq!(app.count(changes), 32);
}

fn pause(host: &str) -> PauseChange {
    PauseChange {
        host: host.to_owned(),
        reason: "moving".to_owned(),
        by: "operator".to_owned(),
        begins: true,
    }
}
