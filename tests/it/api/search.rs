//! Search: who finds what, by which words; and that nothing hidden is found by anybody.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::{fay, finn, rita};
use crate::support::app::{App, AppOptions, task};
use crate::support::client::Reply;
use crate::support::pay_out::{RISK_THEN_FINANCE, TWO_CHECKERS, body, type_file};
use crate::support::people::{Actor, Person};
use crate::support::{On, journeys};

journeys![
    a_request_is_found_by_everything_that_it_is_about_and_that_was_said_of_it,
    everybody_finds_what_their_lists_show_and_nothing_else,
    nothing_hidden_is_found_or_kept_in_the_index,
    a_search_is_narrowed_and_paged_like_a_list,
    a_search_without_words_or_with_too_many_is_refused,
    names_are_those_of_the_people_file,
];

impl Actor<'_> {
    async fn searches(&self, words: &str) -> Reply {
        let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
        self.get(&format!("/requests/search?q={words}")).await
    }

    /// The ids of what they find.
    async fn finds(&self, words: &str) -> Vec<String> {
        let found = self.searches(words).await.data();
        let id = |found: &Value| found["requestId"].as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(id).collect()
    }
}

async fn start(on: On, more: &str, policy: &str) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file(more, policy))).await
}

async fn index(app: &App) {
    app.server().engine().index_all().await.unwrap();
}

fn because(mut body: Value, reason: &str) -> Value {
    body["reason"] = reason.into();
    body
}

async fn a_request_is_found_by_everything_that_it_is_about_and_that_was_said_of_it(on: On) {
    let app = start(on, "", TWO_CHECKERS).await;
    let other = app.maker().pays(&because(body(&app, "c-9", 5), "Nothing in common")).await.id;
    let mut sent = because(body(&app, "customer 77-31", 1_240), "Gästebuch: the customer complained twice");
    task(&mut sent)["body"]["card"] = "Zoë’s till, 日本 branch".into();
    let id = app.maker().pays(&sent).await.id;
    let say = |what: &str| json!({ "message": what });
    let post = async |who: &Actor<'_>, path: &str, body: &Value| {
        who.call("POST", &format!("/requests/{id}/{path}")).json(body).send().await.data();
    };
    post(&app.auditor(), "comments", &say("Where is receipt 4711-x?")).await;
    app.checker()
        .saying(&crate::support::people::decision(&id, "approved", "Seen in ledger"))
        .send()
        .await
        .data();
    post(&app.other_checker(), "send-back", &say("Wrong till number, please mend")).await;
    let again = because(sent.clone(), "Now for the right till");
    app.maker().call("POST", &format!("/requests/{id}/resubmit")).json(&again).send().await.data();
    app.maker().withdraw(&id, "Overtaken by events").await.data();
    assert_eq!(app.checker().finds("customer").await, [""; 0], "before it is indexed");
    index(&app).await;

    let host = app.target.url().replace("http://", "");
    for words in [
        id.as_str(),
        &id[..8],
        &id[..13],
        &id.to_uppercase(),
        "customer 77-31",
        "77-31",
        "CUSTOMER complained",
        "gastebuch",
        "Gästebuch",
        "1240",
        "1240.00",
        "1,240.00",
        "zoe",
        "日本",
        "maker@example.com complained",
        "400001 complained",
        "sub-400001 complained",
        "second.checker@example.com",
        "checker@example.com",
        "4711-x",
        "receipt where",
        "ledger",
        "please mend",
        "right till",
        "overtaken",
        "overta",
        &format!("{host} complained"),
    ] {
        let mut found = app.checker().finds(words).await;
        // The first characters of an id say when it was made.
        found.retain(|found| !(words.len() <= 13 && id.starts_with(words) && *found == other));
        assert_eq!(found, std::slice::from_ref(&id), "{words}");
    }
    for words in ["complained thrice", "240.00", "77-32", "customer NOT till", "approved", "body", "ledg er"]
    {
        assert_eq!(app.checker().finds(words).await, [""; 0], "{words}");
    }
    assert_eq!(app.checker().finds("maker@example.com").await, [id, other]);
}

async fn everybody_finds_what_their_lists_show_and_nothing_else(on: On) {
    let app = start(on, "", TWO_CHECKERS).await;
    let own = app.maker().pays(&because(body(&app, "c-1", 5), "spring campaign")).await.id;
    let theirs = app.other_maker().pays(&because(body(&app, "c-2", 5), "spring campaign")).await.id;
    let elsewhere = app.stranger().pays(&because(body(&app, "c-3", 5), "spring campaign")).await.id;
    index(&app).await;
    let both = vec![theirs.clone(), own.clone()];
    for who in [app.checker(), app.auditor(), app.other_checker()] {
        assert_eq!(who.finds("spring").await, both);
        assert_eq!(who.finds(&elsewhere).await, [""; 0]);
    }
    assert_eq!(app.maker().finds("spring").await, std::slice::from_ref(&own));
    assert_eq!(app.other_maker().finds("spring").await, std::slice::from_ref(&theirs));
    assert_eq!(app.stranger().finds("spring campaign").await, std::slice::from_ref(&elsewhere));
    // Another account with the same user id; one in other letters is not the same for reading.
    let same = Person { sub: "sub-other".into(), ..app.maker().person };
    assert_eq!(app.actor(same).finds("spring").await, std::slice::from_ref(&own));
    let other_letters = Person { sub: "SUB-400001".into(), user_id: "400001x".into(), ..app.maker().person };
    assert_eq!(
        app.actor(other_letters.clone()).finds("spring").await,
        app.actor(other_letters).lists("").await
    );
    // What somebody may not read is as if it were not there.
    for words in [theirs.as_str(), "second.maker@example.com", "c-2"] {
        let (hidden, missing) = (app.maker().searches(words).await, app.maker().searches("nowhere").await);
        assert_eq!((hidden.status, &hidden.body), (missing.status, &missing.body), "{words}");
    }
    let nobody = Person { permissions: Vec::new(), ..app.maker().person };
    app.actor(nobody).searches("spring").await.refused(403, "permission_missing");
    let both_orgs = Person { orgs: json!([crate::support::people::ORG, 90_002]), ..app.auditor().person };
    assert_eq!(app.actor(both_orgs.clone()).finds("spring").await, both);
    assert_eq!(app.actor(Person { org: "90002".into(), ..both_orgs }).finds("spring").await, [elsewhere]);
}

const HIDING: &str = r#"
[fields]
masked = ["/body/card", "/body/nested", "/pathParams/account"]
secret = ["/body/pin", "/queryParams/token", "/headers/x-pin"]
[headers.properties]
x-pin = { type = "string" }
x-note = { type = "string" }
[body.properties.nested]
type = "object"
[path_params.properties]
account = { type = "string" }
[query.properties]
token = { type = "string" }
page = { type = "string" }
"#;

async fn nothing_hidden_is_found_or_kept_in_the_index(on: On) {
    let file = type_file("", RISK_THEN_FINANCE)
        .replace("\"/pay\"", "\"/pay/{account}\"")
        .replace("[[policy]]", &format!("{HIDING}[[policy]]"));
    let app = App::with(on, AppOptions::stepped().with_type(&file)).await;
    let mut body = body(&app, "c-1", 10);
    let sent = task(&mut body);
    sent["path"] = "/pay/{account}".into();
    sent["pathParams"] = json!({ "account": "hiddenzaccount" });
    sent["queryParams"] = json!({ "token": "hiddenztoken", "page": "publicpage" });
    sent["headers"]["Authorization"] = "Basic aGlkZGVuejpoaWRkZW56".into();
    sent["headers"]["x-pin"] = "hiddenzheader".into();
    sent["headers"]["x-note"] = "hiddenznote".into();
    sent["body"]["card"] = "hiddenzcard".into();
    sent["body"]["pin"] = "hiddenzpin".into();
    sent["body"]["nested"] = json!({ "deep": [{ "deeper": "hiddenzdeep" }], "hiddenzname": 4_711_000 });
    let id = app.maker().pays(&body).await.id;
    index(&app).await;
    assert_eq!(app.actor(rita()).finds("publicpage").await, std::slice::from_ref(&id));
    for who in [rita(), fay(), finn(), app.maker().person, app.auditor().person] {
        for words in ["hiddenzaccount", "hiddenz", "aGlkZGVuejpoaWRkZW56", "4711000", "basic"] {
            assert_eq!(app.actor(who.clone()).finds(words).await, [""; 0], "{words}");
        }
    }
    let kept = words_in_the_index(&app);
    assert!(kept.iter().any(|word| word.ends_with("publicpage")), "{kept:?}");
    for hidden in ["hiddenz", "aglkzgvuejpoawrkzw56", "4711000"] {
        assert!(!kept.iter().any(|word| word.contains(hidden)), "{kept:?}");
    }
}

/// Every key in the index, as the database itself has it.
fn words_in_the_index(app: &App) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        word: String,
    }
    let mut conn = app.database();
    let sql = match &mut conn {
        countersign::store::AnyConnection::Postgres(_) => {
            "SELECT unnest(tsvector_to_array(words)) AS word FROM search_words"
        }
        countersign::store::AnyConnection::Sqlite(conn) => {
            let statement =
                "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'search_words', 'row')";
            diesel::sql_query(statement).execute(conn).unwrap();
            "SELECT term AS word FROM temp.vocabulary"
        }
    };
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut conn).unwrap();
    rows.into_iter().map(|row| row.word).collect()
}

async fn a_search_is_narrowed_and_paged_like_a_list(on: On) {
    let app = start(on, "", TWO_CHECKERS).await;
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(app.maker().pays(&because(body(&app, &format!("c-{number}"), 5), "paged")).await.id);
    }
    let badge = app.maker().submitted(&because(app.badge(), "paged")).await.id;
    app.checker().says(&all[1], "rejected").await.data();
    app.maker().withdraw(&all[3], "paged").await.data();
    index(&app).await;
    let found = async |query: &str| {
        let data = app.auditor().get(&format!("/requests/search?q=paged&{query}")).await.data();
        let ids =
            data.as_array().unwrap().iter().map(|found| found["requestId"].as_str().unwrap().to_owned());
        ids.collect::<Vec<String>>()
    };
    let newest = [&badge, &all[4], &all[3], &all[2], &all[1], &all[0]].map(String::clone);
    assert_eq!(found("").await, newest);
    assert_eq!(found("requestType=ISSUE-BADGE").await, std::slice::from_ref(&badge));
    assert_eq!(found("states=withdrawn").await, std::slice::from_ref(&all[3]));
    assert_eq!(found("states=withdrawn,AdminTask&requestType=PAY-OUT").await.len(), 4);

    let mut walked = Vec::new();
    let mut after = String::new();
    loop {
        let page = app.auditor().get(&format!("/requests/search?q=paged&limit=2{after}")).await;
        let (body, search) = (page.body.clone(), page.body["search"].clone());
        assert_eq!(search, json!({ "matchesLookedAt": 10_000, "isCut": false, "lagMs": 0 }));
        let data = page.data();
        assert_eq!(body["pagination"]["numberOfElements"], data.as_array().unwrap().len());
        walked
            .extend(data.as_array().unwrap().iter().map(|one| one["requestId"].as_str().unwrap().to_owned()));
        let Some(next) = body["pagination"]["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(walked, newest);
    // A cursor belongs to its words and its reader.
    let after =
        app.auditor().get("/requests/search?q=paged&limit=2").await.body["pagination"]["next"].clone();
    let after = after.as_str().unwrap();
    app.auditor()
        .get(&format!("/requests/search?q=other&after={after}"))
        .await
        .refused(400, "cursor_invalid");
    app.checker()
        .get(&format!("/requests/search?q=paged&after={after}"))
        .await
        .refused(400, "cursor_invalid");
}

async fn a_search_without_words_or_with_too_many_is_refused(on: On) {
    let app = start(on, "", TWO_CHECKERS).await;
    for (words, sentence) in [
        ("", "Write at least one letter or digit."),
        (" -- !", "Write at least one letter or digit."),
        (&"x".repeat(201), "Write at most 200 characters."),
        (&"x ".repeat(11), "Write at most 10 words."),
    ] {
        let refused = app.auditor().searches(words).await.refused(400, "parameter_invalid");
        assert_eq!(refused["errors"][0]["message"], sentence, "{words}");
    }
    for query in ["q=a&q=b", "q=a%00", "q=a&PageNo=1", "q=a&states=nonsense", "q=a&limit=0", "nonsense=1"] {
        app.auditor().get(&format!("/requests/search?{query}")).await.refused(400, "parameter_invalid");
    }
    // Signs that mean something in other query languages mean nothing here.
    for words in [
        "a\" OR \"b",
        "a' | 'b",
        "a:*",
        "a* NEAR(b, 3)",
        "-a",
        "{a b} : c",
        "a & !b",
        "a\\",
        "^a + b",
        "words : a",
    ] {
        assert_eq!(app.auditor().finds(words).await, [""; 0], "{words}");
    }
}

async fn names_are_those_of_the_people_file(on: On) {
    let people = "[[people]]\nname = \"Mara Lind\"\naccounts = [\"sub-400001\"]\n\
                  [[people]]\nname = \"Chen Wei\"\naccounts = [\"sub-400002\"]\n";
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS)).with_people(people);
    let app = App::with(on, options).await;
    let id = app.maker().pays(&body(&app, "c-1", 5)).await.id;
    index(&app).await;
    assert_eq!(app.auditor().finds("mara lind").await, std::slice::from_ref(&id));
    assert_eq!(app.auditor().finds("chen wei").await, [""; 0]);
    app.checker().says(&id, "rejected").await.data();
    index(&app).await;
    assert_eq!(app.auditor().finds("wei che").await, [id]);
}
