//! A maker fills in a form on the pages: faults at their fields, checks that store nothing, one request at last.

use serde_json::json;

use crate::support::app::{App, AppOptions, task};
use crate::support::browser::Browser;
use crate::support::client::Reply;
use crate::support::page::Page;
use crate::support::pay_out::{PAY_OUT, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys, read};

journeys![
    a_maker_submits_a_redemption_by_its_form_and_a_checker_reads_the_same_call,
    faults_are_shown_at_their_fields_and_the_input_is_kept,
    a_double_click_is_one_request,
    a_check_stores_nothing,
    a_header_with_the_requests_id_is_named_and_not_asked_for,
    the_form_shows_what_the_policy_will_decide,
    a_maker_writes_the_body_as_json,
    rows_are_added_and_removed_without_script,
    without_the_permission_there_is_no_form,
    a_form_from_elsewhere_or_of_another_kind_is_refused,
    hostile_values_are_only_text,
];

const TRANSFER: &str = "examples/transfers/types/TRANSFER.toml";
const MAKER: &str = "400001";
const CHECKER: &str = "400002";

pub(super) fn people() -> [Person; 2] {
    [
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_002, "checker@example.com", &["CanCheckRequest"]),
    ]
}

async fn started(on: On) -> App {
    App::with(on, AppOptions::stepped().with_pages(&people())).await
}

/// With the example's transfer of money, to any target, and people who may agree to it.
async fn started_with_transfers(on: On) -> App {
    let text = read(TRANSFER)
        .replace("target = \"http://127.0.0.1:8095\"\n", "")
        .replace("credential = \"transfers\"\n", "");
    let people_file = "[[people]]\nname = \"Pia\"\naccounts = [\"400002\"]\ngroups = [\"Payments\"]\n\
                       [[people]]\nname = \"Finn\"\naccounts = [\"400005\"]\ngroups = [\"Finance\"]\n";
    let options = AppOptions::stepped().with_pages(&people()).with_type(&text).with_people(people_file);
    App::with(on, options).await
}

/// A maker's browser with a form open.
pub(super) struct Open<'a> {
    pub(super) browser: Browser<'a>,
    path: String,
    page: Page,
}

impl<'a> Open<'a> {
    pub(super) async fn form(app: &'a App, name: &str) -> Self {
        let browser = app.browser();
        let path = format!("/ui/new/{name}");
        browser.sign_in_to(MAKER, &path).await;
        let page = browser.page(&path).await;
        Self { browser, path, page }
    }

    /// Presses the button `action` with these fields filled in.
    pub(super) async fn press(&self, action: &str, fields: &[(&str, &str)]) -> Reply {
        let (csrf, key) = (self.page.field("csrf"), self.page.field("key"));
        let own = [("csrf", csrf.as_str()), ("key", key.as_str()), ("do", action)];
        let all: Vec<(&str, &str)> = own.into_iter().chain(fields.iter().copied()).collect();
        self.browser.post(&self.path, &all).await
    }
}

/// The entity of the tests' requests.
pub(super) const ENTITY: [(&str, &str); 4] = [
    ("/entityInfo/tillId", "70000001"),
    ("/entityInfo/storeId", "70000002"),
    ("/entityInfo/zoneId", "70000003"),
    ("/entityInfo/conceptId", "70000004"),
];

fn with_entity<'f>(fields: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    fields.iter().copied().chain(ENTITY).collect()
}

/// The number of rows in every table that a submission could write to.
pub(super) fn stored(app: &App) -> [i64; 6] {
    let tables = ["requests", "calls", "events", "refusals", "usage_counters", "submission_keys"];
    tables.map(|table| app.count(&format!("SELECT count(*) AS number FROM {table}")))
}

async fn a_maker_submits_a_redemption_by_its_form_and_a_checker_reads_the_same_call(on: On) {
    let app = started(on).await;
    let open = Open::form(&app, "POINTS-REDEMPTION").await;
    let url = app.sandbox.url();
    let fields = with_entity(&[
        ("/hostname", &url),
        ("/body/root/redeem/points_redeemed", "100"),
        ("/body/root/redeem/customer", r#"{"mobile": "910000000002"}"#),
        ("/body/root/redeem/redemption_time", "2020-04-15 23:01:46"),
        ("/body/root/redeem/transaction_number", "txn-0001"),
        ("/body/root/redeem/notes", "demo note"),
        ("/body/root/redeem/external_reference_number", "EXT-0001"),
        ("/queryParams/skip_validation", "true"),
        ("/queryParams/format", "json"),
        ("/headers/Authorization", "Basic ZGVtbzpkZW1v"),
        ("/headers/x-cap-client-signature", "demo-client"),
        ("rows:/headers", "2"),
        ("/headers/0/name", "Accept"),
        ("/headers/0/value", "application/json"),
        ("/headers/1/name", ""),
        ("/headers/1/value", ""),
    ]);
    let reply = open.press("submit", &fields).await;
    let id = reply.leads_to_page().strip_prefix("/ui/requests/").unwrap().to_owned();
    let request = app.checker().request(&id).await;
    let mut wanted = app.example("POINTS-REDEMPTION");
    assert_eq!(request["state"], "AdminTask");
    let (shown, wanted) = (&request["details"]["IntouchAPITask-Payload"], task(&mut wanted));
    for name in ["hostname", "path", "method", "queryParams", "body"] {
        assert_eq!(shown[name], wanted[name], "{name}");
    }
    assert_eq!(
        shown["headers"],
        json!({
            "Authorization": "Basic ••••", "x-cap-client-signature": "demo-client", "Accept": "application/json",
            "content-type": "application/json",
        })
    );
    // The next form begins with the entity of the last request.
    let next = open.browser.page(&open.path).await;
    assert_eq!(next.field("/entityInfo/zoneId"), "70000003");
}

async fn faults_are_shown_at_their_fields_and_the_input_is_kept(on: On) {
    let app = started_with_transfers(on).await;
    let open = Open::form(&app, "TRANSFER").await;
    let url = app.sandbox.url();
    let fields = with_entity(&[
        ("/hostname", &url),
        ("/pathParams/account", "Travel!"),
        ("/body/iban", "not an IBAN"),
        ("/body/amount", "1 240,00"),
        ("/body/reference", "Hotel \"Seaside\""),
    ]);
    let reply = open.press("submit", &fields).await;
    assert_eq!(reply.status, 400);
    let page = reply.page();
    assert!(page.title().starts_with("Error: New request: Transfer"), "{}", page.title());
    assert_eq!(page.text_of(".errsum h2"), "There are 3 problems. Nothing was stored.");
    let wrong = page.attributes("[aria-invalid='true']", "name");
    assert_eq!(wrong, ["/pathParams/account", "/body/iban", "/body/amount"]);
    assert_eq!(page.field("/pathParams/account"), "Travel!");
    assert_eq!(page.field("/body/amount"), "1 240,00");
    assert_eq!(page.field("/body/reference"), "Hotel \"Seaside\"");
    assert!(!reply.text.contains("not an IBAN"), "what is masked does not come back: {}", reply.text);
    assert_eq!(page.field("key"), open.page.field("key"));
    let kept = app.auditor().get("/refusals").await.data();
    assert_eq!(kept[0]["codes"], json!(["payload_invalid"]));
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 0);
}

fn transfer(url: &str) -> Vec<(&str, &str)> {
    with_entity(&[
        ("/hostname", url),
        ("/pathParams/account", "travel"),
        ("/body/iban", "DE02120300000000202051"),
        ("/body/amount", "1500.50"),
        ("/body/reference", "Hotel"),
    ])
}

async fn a_double_click_is_one_request(on: On) {
    let app = started_with_transfers(on).await;
    let open = Open::form(&app, "TRANSFER").await;
    let url = app.sandbox.url();
    let fields = transfer(&url);
    let (one, two) = tokio::join!(open.press("submit", &fields), open.press("submit", &fields));
    assert_eq!(one.leads_to(), two.leads_to());
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
    // Going back and sending a changed form would be another request, so the page asks first.
    let mut changed = fields.clone();
    changed[3].1 = "12.00";
    let reply = open.press("submit", &changed).await;
    assert_eq!(reply.status, 409);
    let page = reply.page();
    page.shows(&["This form was sent before"]);
    assert_ne!(page.field("key"), open.page.field("key"));
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
}

async fn a_check_stores_nothing(on: On) {
    let app = started_with_transfers(on).await;
    let open = Open::form(&app, "TRANSFER").await;
    let url = app.sandbox.url();
    let before = stored(&app);
    let good = open.press("check", &transfer(&url)).await;
    assert_eq!(good.status, 200);
    good.page().shows(&[
        "Nothing forbids it.",
        "/accounts/travel/transfers",
        "1 person from Payments, not you",
        "1 person from Finance, not you",
        "in 1 request of this type on one day (UTC), with this one.",
    ]);
    assert!(!good.text.contains("DE02120300000000202051"), "{}", good.text);
    let faulty = open.press("check", &[("/body/amount", "x")]).await;
    faulty.page().shows(&["Nothing was stored."]);
    let mut refused = transfer(&url);
    refused[3].1 = "2000.01";
    let refused = open.press("check", &refused).await;
    assert_eq!(refused.status, 200);
    refused.page().shows(&["It would be refused: Nobody transfers more than 2000 a day."]);
    assert_eq!(stored(&app), before);
}

async fn a_header_with_the_requests_id_is_named_and_not_asked_for(on: On) {
    let file = type_file("[repeat]\nkey_header = \"Idempotency-Key\"\n", "");
    let app = App::with(on, AppOptions::stepped().with_pages(&people()).with_type(&file)).await;
    let open = Open::form(&app, PAY_OUT).await;
    open.page.shows(&["Idempotency-Key is filled in with the request’s id."]);
    assert!(!open.page.has("[name*=Idempotency]"));
    let url = app.target.url();
    let fields = with_entity(&[("/hostname", &url), ("/body/customer", "c-1"), ("/body/points", "10")]);
    let checked = open.press("check", &fields).await;
    checked.page().shows(&[
        "Nothing forbids it.",
        "00000000-0000-0000-0000-000000000000",
        "Idempotency-Key gets the request’s id when you submit it, so the digest will differ.",
    ]);
    let own = [("rows:/headers", "1"), ("/headers/0/name", "idempotency-key"), ("/headers/0/value", "mine")];
    let refused = open.press("submit", &[fields.as_slice(), &own].concat()).await;
    assert_eq!(refused.status, 400);
    refused.page().shows(&["Leave this header out; the engine fills it with the request's id"]);
}

async fn the_form_shows_what_the_policy_will_decide(on: On) {
    let app = started_with_transfers(on).await;
    let url = app.sandbox.url();
    let open = Open::form(&app, "TRANSFER").await;
    let reply = open.press("submit", &transfer(&url)).await;
    assert!(reply.leads_to_page().starts_with("/ui/requests/"));
    // The first one counts towards the limit, and is open on the same account.
    let next = Open::form(&app, "TRANSFER").await;
    let mut small = transfer(&url);
    small[3].1 = "20";
    let checked = next.press("check", &small).await;
    checked.page().shows(&["Another request for the same subject is open."]);
    let refused = next.press("submit", &transfer(&url)).await;
    assert_eq!(refused.status, 403);
    let page = refused.page();
    page.shows(&["It was not submitted: Nobody transfers more than 2000 a day."]);
    assert_eq!(page.field("/body/amount"), "1500.50");
    assert_eq!(page.field("/body/reference"), "Hotel");
    assert_eq!(app.auditor().get("/refusals").await.data()[0]["codes"], json!(["refused_by_rule"]));
}

async fn a_maker_writes_the_body_as_json(on: On) {
    let app = started(on).await;
    let open = Open::form(&app, "ISSUE-BADGE").await;
    let url = app.sandbox.url();
    let as_json = open.browser.page("/ui/new/ISSUE-BADGE?as=json").await;
    assert_eq!((as_json.count("textarea[name='/body']"), as_json.field("as")), (1, "json".to_owned()));
    let body = "{\"badgeMetaId\": \"65\", \"customers\": [100200300.0, 7],\n \"requestId\": 12}";
    let mut fields = with_entity(&[("/hostname", &url), ("as", "json"), ("/body", body)]);
    let in_fields = open.press("fields", &fields).await;
    assert_eq!(in_fields.field("/body/customers"), "100200300.0\n7");
    let broken =
        open.press("submit", &with_entity(&[("/hostname", &url), ("as", "json"), ("/body", "{\"a\"")])).await;
    assert_eq!(broken.status, 400);
    broken.page().shows(&["This is not JSON yet"]);
    assert_eq!(app.auditor().get("/refusals").await.data().as_array().unwrap().len(), 1);
    fields.push(("do", "submit"));
    let reply = open.press("submit", &fields[..fields.len() - 1]).await;
    let id = reply.leads_to_page().strip_prefix("/ui/requests/").unwrap().to_owned();
    let request = app.checker().request(&id).await;
    let sent = request["details"]["IntouchAPITask-Payload"]["body"].to_string();
    assert_eq!(sent, r#"{"badgeMetaId":"65","customers":[100200300.0,7],"requestId":12}"#);
}

async fn rows_are_added_and_removed_without_script(on: On) {
    let app = started(on).await;
    let open = Open::form(&app, "ISSUE-BADGE").await;
    let one = open.press("add:/headers", &[("rows:/headers", "0"), ("/body/badgeMetaId", "65")]).await;
    assert_eq!(one.field("/headers/0/name"), "");
    assert_eq!(one.field("/body/badgeMetaId"), "65");
    let fields = [
        ("rows:/headers", "2"),
        ("/headers/0/name", "X-A"),
        ("/headers/0/value", "1"),
        ("/headers/1/name", "X-B"),
        ("/headers/1/value", "2"),
    ];
    let left = open.press("remove:/headers/0", &fields).await.page();
    assert_eq!((left.field("/headers/0/name"), left.field("/headers/0/value")), ("X-B".into(), "2".into()));
    assert!(!left.has("[name='/headers/1/name']"), "{}", left.text());
}

async fn without_the_permission_there_is_no_form(on: On) {
    let app = started(on).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    for path in ["/ui/new", "/ui/new/ISSUE-BADGE"] {
        let reply = browser.get(path).await;
        assert_eq!(reply.status, 403);
        reply.page().shows(&["CanMakeRequest"]);
    }
    let csrf = browser.csrf().await;
    let reply = browser.post("/ui/new/ISSUE-BADGE", &[("csrf", &csrf), ("do", "submit")]).await;
    assert_eq!(reply.status, 403);
    assert_eq!(app.auditor().get("/refusals").await.data()[0]["codes"], json!(["permission_missing"]));
    let anonymous = app.browser().get("/ui/new/ISSUE-BADGE").await;
    assert!(anonymous.leads_to().starts_with("/ui/sign-in?to="));
    let maker = app.browser();
    maker.sign_in(MAKER).await;
    assert_eq!(maker.get("/ui/new/NO-SUCH-TYPE").await.status, 404);
}

async fn a_form_from_elsewhere_or_of_another_kind_is_refused(on: On) {
    let app = started(on).await;
    let open = Open::form(&app, "ISSUE-BADGE").await;
    let before = stored(&app);
    let post = |body: &[u8], kind: &str, origin: &str| {
        let call = open.browser.call("POST", &open.path).header("origin", origin);
        call.header("sec-fetch-site", "same-origin").raw(kind, body)
    };
    let form = "application/x-www-form-urlencoded";
    let csrf = open.page.field("csrf").replace(':', "%3A");
    let own = open.browser.origin();
    let good = format!("csrf={csrf}&do=check");
    let large = format!("{good}&%2Fbody%2Fx={}", "x".repeat(1024 * 1024));
    let many: String = (0..2_001).map(|n| format!("&%2Fbody%2F{n}=")).collect();
    let many = format!("{good}{many}");
    for (body, kind, origin, status) in [
        (good.as_str(), form, own.as_str(), 200),
        ("do=submit", form, &own, 403),
        ("csrf=x&do=submit", form, &own, 403),
        (&good, form, "http://evil.example", 403),
        (&good, "text/plain", &own, 415),
        (&good, "multipart/form-data", &own, 415),
        (&format!("{good}&csrf={csrf}"), form, &own, 400),
        (&format!("{good}&%2Fbody%2Fx=%ff"), form, &own, 400),
        (&large, form, &own, 413),
        (&many, form, &own, 400),
    ] {
        let reply = post(body.as_bytes(), kind, origin).send().await;
        assert_eq!(reply.status, status, "{kind} {origin} {}: {}", &body[..body.len().min(90)], reply.text);
    }
    assert_eq!(stored(&app), before);
}

async fn hostile_values_are_only_text(on: On) {
    let app = started(on).await;
    let open = Open::form(&app, "GOODWILL-POINTS").await;
    let evil = "\"><script>alert(1)</script>\u{202e}\u{200b}";
    let url = app.sandbox.url();
    let mut fields = with_entity(&[
        ("/hostname", &url),
        ("/body/reason", evil),
        ("/body/referenceId", evil),
        ("/body/baseType", "b"),
        ("/body/programId", "1"),
        ("/body/awardingTillId", "2"),
        ("/body/earningEntityType", "e"),
        ("/body/earningEntityId", "3"),
        ("/body/points", "10"),
    ]);
    let page = open.press("check", &fields).await.page();
    page.shows(&["Nothing forbids it.", "U+202E"]);
    has_only_our_script(&page);
    assert_eq!(page.field("/body/reason"), evil);
    fields.push(("/body/<script>alert(1)</script>", evil));
    fields.push(("rows:/headers", "1"));
    fields.push(("/headers/0/name", evil));
    let page = open.press("submit", &fields).await;
    assert_eq!(page.status, 400);
    has_only_our_script(&page.page());
    app.auditor().get("/refusals").await.data();
}

fn has_only_our_script(page: &Page) {
    assert_eq!((page.count("script"), page.count("script[src^='/ui/assets/']")), (1, 1));
}
