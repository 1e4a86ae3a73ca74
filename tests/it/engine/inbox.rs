//! What a person may decide now.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::RequestId;
use countersign::engine::inbox::InboxPage;
use countersign::engine::queries::Listing;
use countersign::store::listing::{Sort, SortBy};

use crate::on_both_stores;
use crate::support::node::{Node, actor, approval, auditor, checker, maker};
use crate::support::pay_out::{RISK_THEN_FINANCE, type_file};
use crate::support::payments::{
    PEOPLE, decide_payment, in_group, payment, payment_body, payment_rules, submit_payment,
};
use crate::support::stores::Database;

on_both_stores![
    an_inbox_holds_exactly_what_its_reader_may_decide,
    the_inbox_of_a_crowd_is_walked_by_cursor,
    an_id_of_another_issuer_is_another_person,
    whoever_is_switched_off_is_told_so_and_finds_nothing,
    the_accounts_of_one_person_share_limit_and_keys,
    what_a_person_decided_is_found_under_every_account,
];

fn shown(page: &InboxPage) -> Vec<RequestId> {
    page.views.iter().map(|view| view.request.id).collect()
}

async fn an_inbox_holds_exactly_what_its_reader_may_decide(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", RISK_THEN_FINANCE), Some(PEOPLE)));
    let mine = submit_payment(
        &node.engine,
        &actor("100", "rita-two", &[Permission::Make]),
        &payment_body("a", 1),
        None,
    )
    .await
    .unwrap();
    let waits = payment(&node, "b", 1).await;
    let signed = payment(&node, "c", 1).await;
    decide_payment(&node.engine, &checker("rob"), signed.id, approval()).await.unwrap();
    let badge = node.submit(&maker()).await;
    let needs = async |by: &Actor| node.engine.needs_me(by, None, 10).await.unwrap();
    // What is due first comes first; the badge has no due time.
    let rita = needs(&checker("rita")).await;
    assert_eq!((shown(&rita), rita.count), (vec![waits.id, badge.id], Some(2)));
    let rob = needs(&checker("rob")).await;
    assert_eq!(shown(&rob), [mine.view.request.id, waits.id, badge.id]);
    let fay = needs(&in_group("fay", "Finance")).await;
    assert_eq!(shown(&fay), [signed.id, badge.id]);
    let abroad = actor("200", "rita", &[Permission::Check]);
    assert_eq!(needs(&abroad).await.count, Some(0));
    assert!(node.engine.needs_me(&auditor(), None, 10).await.is_err());
    let decided = node.engine.decided_by_me(&checker("rob"), None, 10).await.unwrap();
    assert_eq!(shown(&decided), [signed.id]);
    for view in &rita.views {
        assert!(node.engine.explain(&checker("rita"), view).await.unwrap().can_decide);
    }
}

async fn the_inbox_of_a_crowd_is_walked_by_cursor(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), None));
    for number in 0..25 {
        if number % 5 == 0 {
            node.clock.advance(TimeDelta::seconds(1));
        }
        payment(&node, &format!("c{number}"), 1).await;
    }
    let anna = checker("anna");
    let mut page = node.engine.needs_me(&anna, None, 10).await.unwrap();
    assert_eq!(page.count, Some(25));
    let mut walked = shown(&page);
    while let Some(next) = page.next {
        page = node.engine.needs_me(&anna, Some(next), 10).await.unwrap();
        assert!(page.count.is_none());
        walked.extend(shown(&page));
    }
    let mut once = walked.clone();
    once.sort_by_key(ToString::to_string);
    once.dedup();
    assert_eq!((walked.len(), once.len()), (25, 25));
    for id in walked.iter().take(3) {
        decide_payment(&node.engine, &anna, *id, approval()).await.unwrap();
    }
    assert_eq!(node.engine.needs_me(&anna, None, 10).await.unwrap().count, Some(22));
    let decided = node.engine.decided_by_me(&anna, None, 2).await.unwrap();
    assert_eq!(decided.views.len(), 2);
    let rest = node.engine.decided_by_me(&anna, decided.next, 2).await.unwrap();
    assert_eq!((rest.views.len(), rest.next), (1, None));
}

async fn an_id_of_another_issuer_is_another_person(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), Some(PEOPLE)));
    let own = payment(&node, "a", 1).await;
    let listed =
        submit_payment(&node.engine, &actor("100", "rita", &[Permission::Make]), &payment_body("b", 1), None)
            .await
            .unwrap();
    let from = |name: &str, issuer: &str| {
        let mut reader = checker(name);
        reader.signer.person.iss = issuer.to_owned();
        reader
    };
    let needs = async |by: &Actor| shown(&node.engine.needs_me(by, None, 10).await.unwrap());
    // An account of the file is its person's under every issuer.
    assert_eq!(needs(&from("rita", "https://other.test")).await, [own.id]);
    assert_eq!(needs(&from("rita-two", "https://other.test")).await, [own.id]);
    let strangers = submit_payment(
        &node.engine,
        &actor("100", "nobody", &[Permission::Make]),
        &payment_body("c", 1),
        None,
    )
    .await
    .unwrap();
    let same_id = from("nobody", "https://other.test");
    let all = [own.id, listed.view.request.id, strangers.view.request.id];
    assert_eq!(needs(&same_id).await, all);
    assert!(node.engine.explain(&same_id, &strangers.view).await.unwrap().can_decide);
    assert_eq!(needs(&checker("nobody")).await, all[..2]);
}

async fn whoever_is_switched_off_is_told_so_and_finds_nothing(database: Database) {
    let off = PEOPLE.replacen("groups = [\"Risk\"]", "groups = [\"Risk\"]\nactive = false", 1);
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), Some(&off)));
    let bodies: Vec<String> = (0..300).map(|number| payment_body(&format!("c{number}"), 1)).collect();
    let author = maker();
    node.all_at_once(bodies.iter().map(|body| submit_payment(&node.engine, &author, body, None))).await;
    for reader in [checker("rita"), checker("RITA"), checker("rita-two")] {
        let page = node.engine.needs_me(&reader, None, 10).await.unwrap();
        assert_eq!((page.views.len(), page.count, page.next), (0, Some(0), None), "one page says it all");
        let why = node.engine.why_nothing_needs(&reader).unwrap();
        assert_eq!(why.code.name(), "person_inactive");
    }
    assert!(node.engine.why_nothing_needs(&checker("rob")).is_none());
}

async fn the_accounts_of_one_person_share_limit_and_keys(database: Database) {
    let limited = type_file("[[usage]]\nname = \"day\"\nby = \"maker\"\nwindow = \"1d\"", "");
    let node = Node::with_rules(database, payment_rules(&limited, None));
    let makes = |name: &str| actor("100", name, &[Permission::Make]);
    let first =
        submit_payment(&node.engine, &makes("rita"), &payment_body("a", 1), Some("k-1")).await.unwrap();
    let again =
        submit_payment(&node.engine, &makes("rita"), &payment_body("a", 1), Some("k-1")).await.unwrap();
    assert_eq!(again.view.request.id, first.view.request.id);
    let spelled = submit_payment(&node.engine, &makes("RITA"), &payment_body("a", 1), Some("k-1")).await;
    assert!(spelled.is_err(), "another spelling gets no answer that is not its own");
    // From now on the file joins two accounts; what was counted and kept before still counts.
    let joined = node.start_other_with(payment_rules(&limited, Some(PEOPLE)));
    let twice =
        submit_payment(&joined, &makes("rita-two"), &payment_body("a", 1), Some("k-1")).await.unwrap();
    assert_eq!(twice.view.request.id, first.view.request.id, "another account");
    assert!(submit_payment(&joined, &makes("rob"), &payment_body("a", 1), Some("k-1")).await.is_err());
    let once_more = submit_payment(&joined, &makes("rita-two"), &payment_body("b", 1), None).await.unwrap();
    let again = submit_payment(&joined, &makes("Rita"), &payment_body("c", 1), None).await.unwrap();
    let who = |found: &countersign::domain::request::Request| found.terms.counted[0].who.clone();
    assert_eq!(who(&once_more.view.request), who(&again.view.request));
}

async fn what_a_person_decided_is_found_under_every_account(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), Some(PEOPLE)));
    let account = |iss: &str, sub: &str, user_id: &str| {
        let mut by = actor("100", "anybody", &[Permission::Make, Permission::Check]);
        let person = &mut by.signer.person;
        (person.iss, person.sub, person.user_id) = (iss.to_owned(), sub.to_owned(), user_id.to_owned());
        by
    };
    let (own, other) = ("https://idp.example", "https://other.test");
    let stranger = checker("stranger");
    for (number, (one, again)) in [
        (account(own, "s-1", "u-1"), account(own, "s-1", "u-2")),
        (account(own, "S-3", "u-3"), account(own, "s-3", "u-4")),
        (account(own, "s-5", "U-5"), account(own, "s-6", "u-5")),
        (account(own, "sub-rita", "id-rita"), account(own, "sub-rita-two", "id-rita-two")),
        (account(other, "sub-rita-two", "x-1"), account(own, "sub-rita", "id-rita")),
        (account(other, "x-2", "sub-rob"), account(own, "sub-rob", "id-rob")),
    ]
    .into_iter()
    .enumerate()
    {
        let request = payment(&node, &format!("c{number}"), 1).await;
        decide_payment(&node.engine, &one, request.id, approval()).await.unwrap();
        let made =
            submit_payment(&node.engine, &one, &payment_body(&format!("m{number}"), 1), None).await.unwrap();
        for by in [&one, &again] {
            let told = format!("{:?}", by.person);
            let decided = node.engine.decided_by_me(by, None, 100).await.unwrap();
            assert!(shown(&decided).contains(&request.id), "{told}");
            let first = node.engine.decided_by_me(by, None, 1).await.unwrap();
            assert_eq!(shown(&first), shown(&decided)[..1], "{told}");
            let view = node.engine.find(by, request.id).await.unwrap();
            assert!(node.engine.explain(by, &view).await.unwrap().my_decision.is_some(), "{told}");
            assert!(mine(&node, by).await.contains(&made.view.request.id), "{told}");
        }
        assert!(shown(&node.engine.decided_by_me(&stranger, None, 100).await.unwrap()).is_empty());
    }
}

async fn mine(node: &Node, by: &Actor) -> Vec<RequestId> {
    let mut filter = node.engine.scope(by).unwrap();
    filter.maker = Some(node.engine.accounts_of(by));
    let listing = Listing { filter, sort: Sort { by: SortBy::Start, descending: true }, limit: 100 };
    let listed = node.engine.walk(by, listing, None).await.unwrap();
    listed.views.iter().map(|view| view.request.id).collect()
}
