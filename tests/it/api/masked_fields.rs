//! Masked fields are for those who decide, secret ones for no one.

use serde_json::json;

use super::{fay, finn, rita};
use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{RISK_THEN_FINANCE, body, type_file};
use crate::support::{On, journeys};

journeys![
    masked_fields_are_for_those_who_decide_and_secret_ones_for_no_one,
    a_checker_who_is_the_maker_or_switched_off_sees_no_masked_field,
];

const HIDING: &str = r#"
[fields]
masked = ["/body/card", "/pathParams/account"]
secret = ["/body/pin", "/queryParams/token"]
[path_params.properties]
account = { type = "string" }
[query.properties]
token = { type = "string" }
"#;

async fn masked_fields_are_for_those_who_decide_and_secret_ones_for_no_one(on: On) {
    let file = type_file(HIDING, RISK_THEN_FINANCE).replace("\"/pay\"", "\"/pay/{account}\"");
    let app = App::with(on, AppOptions::stepped().with_type(&file)).await;
    let mut body = body(&app, "c-1", 10);
    let sent = task(&mut body);
    sent["path"] = "/pay/{account}".into();
    sent["pathParams"] = json!({ "account": "acc-4711" });
    sent["queryParams"] = json!({ "token": "tok-4711" });
    sent["body"]["card"] = "card-4711".into();
    sent["body"]["pin"] = "pin-4711".into();
    let submitted = app.maker().pays(&body).await;
    let id = &submitted.id;
    let hidden = ["acc-4711", "card-4711", "tok-4711", "pin-4711"];
    let shown = |text: &str| hidden.map(|word| text.contains(word));
    let (all_but_secret, nothing) = ([true, true, false, false], [false; 4]);
    assert_eq!(shown(&submitted.data.to_string()), all_but_secret, "once, to the person who sent it");
    let one = format!("/requests/{id}");
    let cases = [
        (rita(), all_but_secret),
        (fay(), all_but_secret),
        (app.checker().person, nothing),
        (app.maker().person, nothing),
        (app.auditor().person, nothing),
    ];
    for (who, expected) in cases {
        let who = app.actor(who);
        for path in [&one, "/requests", "/requests?subject=c-1"] {
            let reply = who.get(path).await;
            assert_eq!((reply.status, shown(&reply.text)), (200, expected), "{path} {:?}", who.person);
        }
    }
    for format in ["csv", "jsonl"] {
        let export = app.auditor().get(&format!("/requests/export?format={format}")).await.text;
        assert!(export.contains(id.as_str()), "{export}");
        assert_eq!(shown(&export), nothing, "{export}");
    }
    let history = app.auditor().get(&format!("{one}/history")).await.text;
    assert_eq!(shown(&history), nothing);
    assert!(app.actor(rita()).request(id).await["call"]["url"].as_str().unwrap().contains("/pay/acc-4711?"));
    for who in [rita(), fay(), finn()] {
        let decided = app.actor(who).says(id, "approved").await;
        assert_eq!(shown(&decided.text), all_but_secret);
    }
    app.run_due_executions().await;
    let arrived = app.target.arrived().remove(0);
    assert_eq!(shown(&format!("{}{}", arrived.head, arrived.body)), [true; 4], "what is sent is whole");
}

async fn a_checker_who_is_the_maker_or_switched_off_sees_no_masked_field(on: On) {
    let people = "[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\", \"sub-11\"]\n\
                  [[people]]\nname = \"Fay\"\naccounts = [\"sub-12\"]\nactive = false\n";
    let options = AppOptions::stepped().with_type(&type_file("[fields]\nmasked = [\"/body/card\"]", ""));
    let app = App::with(on, options.with_people(people)).await;
    let mut body = body(&app, "c-1", 10);
    task(&mut body)["body"]["card"] = "card-4711".into();
    let id = app.maker().pays(&body).await.id;
    for (who, sees) in [(rita(), false), (fay(), false), (finn(), true)] {
        let read = app.actor(who).request(&id).await;
        assert_eq!(read.to_string().contains("card-4711"), sees, "{read}");
    }
}
