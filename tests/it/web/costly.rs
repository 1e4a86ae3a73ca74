//! A payload that is too much for the conditions of a policy.

use serde_json::json;

use super::new_request::{ENTITY, Open, people, stored};
use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::{On, journeys};

journeys![a_payload_that_takes_too_many_steps_is_refused_through_every_door];

async fn a_payload_that_takes_too_many_steps_is_refused_through_every_door(on: On) {
    let asks: Vec<String> = (1..60).map(|number| format!("c == -{number}")).collect();
    let when = format!("!request.body.list.exists(c, {})", asks.join(" || "));
    let policy = format!(
        "[[policy]]\nname = \"costly\"\nwhen = \"{when}\"\n[[policy.stages]]\nname = \"A\"\n\
         [[policy.stages.seats]]\npermission = \"CanCheckRequest\"\n"
    );
    let file = type_file("", &policy)
        .replace("pin = ", "list = { type = \"array\", items = { type = \"integer\" } }\npin = ");
    let app = App::with(on, AppOptions::stepped().with_pages(&people()).with_type(&file)).await;
    let with = |items: usize| {
        let mut sent = body(&app, "c-1", 1);
        task(&mut sent)["body"]["list"] = json!(vec![1; items]);
        sent
    };
    // Signing in is an event.
    let open = Open::form(&app, PAY_OUT).await;
    let before = stored(&app);
    app.maker().submit(PAY_OUT, &with(1_000)).await.refused(403, "condition_failed");
    let url = app.target.url();
    let list = "1\n".repeat(1_000);
    let fields = |list: &str| {
        let all = [
            ("/hostname", url.as_str()),
            ("/body/customer", "c-1"),
            ("/body/points", "1"),
            ("/body/list", list),
        ];
        all.into_iter()
            .chain(ENTITY)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>()
    };
    let press = async |action: &str, list: &str| {
        let fields = fields(list);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        open.press(action, &fields).await
    };
    let checked = press("check", &list).await;
    checked.page().shows(&["It would be refused: The condition of rule costly", "steps"]);
    let submitted = press("submit", &list).await;
    assert_eq!(submitted.status, 403, "{}", submitted.text);
    let mut refused = before;
    // The API's and the form's.
    refused[3] += 2;
    assert_eq!(stored(&app), refused);
    press("check", "1").await.page().shows(&["Nothing forbids it."]);
    press("submit", "1").await.leads_to();
    assert_eq!(app.maker().submit(PAY_OUT, &with(1)).await.data()["state"], "AdminTask");
}
