//! The pages of request types and their policies.

use super::{follow, readers, signed_in};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{RISK_THEN_FINANCE, body, type_file};
use crate::support::{On, journeys};

journeys![types_are_shown_as_they_are_in_force,];

const MARA: &str = "400001";
const ADA: &str = "400003";

async fn types_are_shown_as_they_are_in_force(on: On) {
    let more = "duplicates = \"block\"\npending_ttl = \"3d\"\n[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n";
    let options = AppOptions::stepped().with_type(&type_file(more, RISK_THEN_FINANCE));
    let app = App::with(on, options.with_pages(&readers())).await;
    let mara = signed_in(&app, MARA).await;
    let list = mara.page("/ui/types").await;
    assert_eq!(list.text_of("h1"), "Types and policies");
    list.shows(&["Pay out", "One of Risk, then two of Finance", "One checker", "/pay"]);
    let page = follow(&mara, &list, "Pay out").await;
    let nodes = page.texts(".flow .node");
    for node in ["1. Risk one of Risk", "2. Finance two of Finance"] {
        assert!(nodes.contains(&node.to_owned()), "{node}: {nodes:?}");
    }
    let rows = page.texts("table.fields tr");
    assert!(
        rows.iter().any(|row| row.starts_with("/body/pin text nobody, once it is submitted")),
        "{rows:?}"
    );
    page.shows(&[
        "Waits at most 3 days for its decisions",
        "A second open request on the same subject: refused",
        "those who decide; masked for all others",
        "number, needed",
        "It should be decided within 4 hours",
    ]);
    assert!(page.links_to("/ui/new/PAY%2DOUT"));
    let id = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    let version = app.auditor().history(&id).await[0]["typeVersion"].clone();
    let digits = version.as_str().unwrap().trim_start_matches("sha256:").to_owned();
    page.shows(&[&format!("{} {}", &digits[..4], &digits[4..8])]);
    assert_eq!(mara.get("/ui/types/NO-SUCH-TYPE").await.status, 404);
    let ada = signed_in(&app, ADA).await;
    assert!(!ada.page("/ui/types/PAY-OUT").await.has("a[href^='/ui/new/']"));
}
