//! Which calls a node claims: every org and every host in its turn, and nothing that is paused.

use countersign::domain::actor::{Actor, Permission};
use countersign::domain::slots::{HostSlots, Slots};
use countersign::engine::Engine;
use countersign::engine::pauses::{EVERY_HOST, PauseChange, change_pause};
use diesel::prelude::*;

use crate::on_both_stores;
use crate::support::claims::{claim_all, claim_some, room_for};
use crate::support::node::{Node, actor, maker};
use crate::support::stores::Database;

on_both_stores![
    orgs_that_wait_for_one_host_take_its_slots_in_turn,
    hosts_that_never_answer_leave_a_slot_for_another,
    each_node_has_its_own_limits,
    nothing_is_claimed_for_a_paused_host_on_any_node,
    a_pause_of_all_hosts_stops_every_node,
    pauses_are_events_of_the_engine_with_a_reason,
];

const HOST: &str = "api.example.com";

fn maker_of(org: &str) -> Actor {
    actor(org, "maker", &[Permission::Make])
}

async fn approve(node: &Node, org: &str, host: &str, calls: usize) {
    for _ in 0..calls {
        node.approved_at(&maker_of(org), &format!("https://{host}")).await;
    }
}

/// The org of each call that is claimed with one slot after the other.
async fn orgs_in_turn(engine: &Engine) -> Vec<String> {
    let mut slots = room_for(1);
    let mut orgs = Vec::new();
    loop {
        slots.free = room_for(1).free;
        let claimed = engine.claim(&mut slots).await.unwrap();
        let Some(one) = claimed.first() else { return orgs };
        orgs.push(one.held.key.0.to_string());
    }
}

async fn orgs_that_wait_for_one_host_take_its_slots_in_turn(database: Database) {
    let node = Node::open(database);
    // The first one's backlog is older than every call of the others.
    approve(&node, "100", HOST, 5).await;
    approve(&node, "300", HOST, 1).await;
    approve(&node, "200", HOST, 2).await;
    let turns = ["100", "200", "300", "100", "200", "100", "100", "100"];
    assert_eq!(orgs_in_turn(&node.engine).await, turns);
}

async fn hosts_that_never_answer_leave_a_slot_for_another(database: Database) {
    let node = Node::open(database);
    let silent: Vec<String> = (1..=8).map(|number| format!("silent-{number}.example.com")).collect();
    for host in &silent {
        approve(&node, "100", host, 3).await;
    }
    let mut slots = Slots { free: 16, per_host: 8, hosts: std::collections::BTreeMap::new() };
    let claimed = node.engine.claim(&mut slots).await.unwrap();
    for host in &silent {
        let under_way = claimed.iter().filter(|one| one.request.host == *host).count();
        assert!((1..=2).contains(&under_way), "{host} got {under_way}");
        slots.hosts.insert(host.clone(), HostSlots { under_way, ..HostSlots::default() });
    }
    assert_eq!((claimed.len(), slots.free), (15, 1));
    assert!(node.engine.claim(&mut slots).await.unwrap().is_empty(), "they hold as many as are free");
    approve(&node, "100", HOST, 1).await;
    let claimed = node.engine.claim(&mut slots).await.unwrap();
    assert_eq!(claimed.iter().map(|one| one.request.host.as_str()).collect::<Vec<_>>(), [HOST]);
    assert_eq!(slots.free, 0);
}

async fn each_node_has_its_own_limits(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    approve(&node, "100", HOST, 5).await;
    assert_eq!(claim_some(&node.engine, 2).await.len(), 2);
    assert_eq!(claim_some(&other, 2).await.len(), 2);
    assert_eq!(claim_all(&other).await.len(), 1);
}

/// As the command does it, beside the nodes.
fn set_pause(node: &Node, host: &str, begins: bool) {
    let reason = if begins { "The target is being moved." } else { "The target was moved." };
    let change =
        PauseChange { host: host.to_owned(), reason: reason.to_owned(), by: "olga".to_owned(), begins };
    change_pause(&mut node.conn(), change, &node.clock).unwrap();
}

async fn nothing_is_claimed_for_a_paused_host_on_any_node(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    approve(&node, "100", HOST, 2).await;
    approve(&node, "200", "other.example.com", 1).await;
    set_pause(&node, HOST, true);
    let claimed = claim_all(&other).await;
    assert_eq!(
        claimed.iter().map(|one| one.request.host.as_str()).collect::<Vec<_>>(),
        ["other.example.com"]
    );
    assert!(claim_all(&node.engine).await.is_empty());
    // What has been claimed may still be sent: a pause calls nothing back.
    assert_eq!(other.start_attempt(&claimed[0].held).await.unwrap(), Some(1));
    set_pause(&node, HOST, false);
    assert_eq!(claim_all(&node.engine).await.len(), 2);
}

async fn a_pause_of_all_hosts_stops_every_node(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    approve(&node, "100", HOST, 1).await;
    approve(&node, "100", "other.example.com", 1).await;
    for _ in 0..2 {
        // A second pause only has another reason.
        set_pause(&node, EVERY_HOST, true);
    }
    assert!(claim_all(&node.engine).await.is_empty() && claim_all(&other).await.is_empty());
    // The end of another pause does not end this one.
    set_pause(&node, HOST, false);
    assert!(claim_all(&node.engine).await.is_empty());
    set_pause(&node, EVERY_HOST, false);
    assert_eq!(claim_all(&other).await.len(), 2);
}

async fn pauses_are_events_of_the_engine_with_a_reason(database: Database) {
    use countersign::store::schema::events;
    let node = Node::open(database);
    node.submit(&maker()).await;
    set_pause(&node, HOST, true);
    set_pause(&node, HOST, false);
    let recorded: Vec<(String, String)> = events::table
        .filter(events::request_id.is_null())
        .order(events::event_id)
        .select((events::event_type, events::data))
        .load(&mut node.conn())
        .unwrap();
    let types: Vec<&str> = recorded.iter().map(|(event_type, _)| event_type.as_str()).collect();
    assert_eq!(types, ["sending_paused", "sending_resumed"]);
    for ((_, data), reason) in recorded.iter().zip(["The target is being moved.", "The target was moved."]) {
        for part in [HOST, reason, "olga"] {
            assert!(data.contains(part), "{data}");
        }
    }
}
