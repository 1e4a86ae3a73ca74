//! The search field in the header, and the page of what it finds.

use super::{follow, readers, signed_in, start_with_readers};
use crate::support::app::{App, AppOptions};
use crate::support::page::Page;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    the_field_of_every_page_leads_to_what_is_found,
    a_whole_id_leads_to_its_request,
    what_is_found_is_narrowed_by_links_and_paged,
    a_reader_finds_only_what_they_may_see,
    what_can_not_be_searched_for_is_told_at_the_field,
    the_page_says_how_far_the_index_is_behind,
];

const MARA: &str = "400001";
const ADA: &str = "400003";
const STRANGER: &str = "400009";

async fn index(app: &App) {
    app.server().engine().index_all().await.unwrap();
}

/// The ids of the requests on the page, in their order.
fn ids(page: &Page) -> Vec<String> {
    let links = page.attributes(".row .t > a", "href");
    let id = |link: &String| {
        let (id, back) = link.strip_prefix("/ui/requests/").unwrap().split_once('?').unwrap();
        assert!(back.starts_with("from=search"), "{back}");
        id.to_owned()
    };
    links.iter().map(id).collect()
}

async fn the_field_of_every_page_leads_to_what_is_found(on: On) {
    let app = start_with_readers(on).await;
    let id = app.maker().pays(&body(&app, "order 77-1", 1_240)).await.id;
    app.maker().pays(&body(&app, "order 77-2", 10)).await;
    index(&app).await;
    let ada = signed_in(&app, ADA).await;
    for path in ["/ui/history", "/ui/types", &format!("/ui/requests/{id}"), "/ui/search", "/ui/nowhere"] {
        let page = ada.get(path).await.page();
        assert_eq!(page.attribute("header form[role='search']", "action"), "/ui/search", "{path}");
        assert_eq!(page.attribute("header form[role='search'] input", "name"), "q");
        assert_eq!(page.count("input[type='search'][name='q']:not(#f-q)"), 1);
    }
    let found = ada.page("/ui/search?q=Order+77-1").await;
    assert_eq!(ids(&found), std::slice::from_ref(&id));
    assert_eq!(found.attribute("#q", "value"), "Order 77-1");
    found.shows(&["Pay 1240 to order 77-1", "Searched: id, subject", "in every request of this org"]);
    assert!(found.title().starts_with("Order 77-1 – Search"), "{}", found.title());
    // The way back leads to what was found.
    let request = ada.page(&found.attribute(".row .t > a", "href")).await;
    assert!(request.links_to("/ui/search?q=Order+77-1"), "{}", request.text());
    ada.page("/ui/search?q=order+77-3").await.shows(&["No request fits", "all of these words"]);
    // No word of a person gets out of its place.
    let hostile = ada.page("/ui/search?q=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E").await;
    assert_eq!(hostile.count("main script"), 0);
    assert_eq!(hostile.attribute("#q", "value"), "\"><script>alert(1)</script>");
}

async fn a_whole_id_leads_to_its_request(on: On) {
    let app = start_with_readers(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    // Also before it is indexed.
    let ada = signed_in(&app, ADA).await;
    assert_eq!(ada.get(&format!("/ui/search?q={id}")).await.leads_to(), format!("/ui/requests/{id}"));
    let spaced = format!("/ui/search?q=+{}+", id.to_uppercase());
    assert_eq!(ada.get(&spaced).await.leads_to(), format!("/ui/requests/{id}"));
    index(&app).await;
    assert_eq!(ids(&ada.page(&format!("/ui/search?q={}", &id[..8])).await), std::slice::from_ref(&id));
    for (browser, sought) in
        [(&ada, "0190b6f2-7a3c-7cc0-8000-000000000001"), (&signed_in(&app, STRANGER).await, id.as_str())]
    {
        browser.page(&format!("/ui/search?q={sought}")).await.shows(&["No request fits"]);
    }
}

async fn what_is_found_is_narrowed_by_links_and_paged(on: On) {
    let app = start_with_readers(on).await;
    let mut all = Vec::new();
    for number in 0..53 {
        all.push(app.maker().pays(&body(&app, &format!("paged {number}"), 1)).await.id);
    }
    app.checker().says(&all[7], "rejected").await;
    all.reverse();
    index(&app).await;
    let ada = signed_in(&app, ADA).await;
    let first = ada.page("/ui/search?q=paged").await;
    assert_eq!(ids(&first), all[..50]);
    let second = ada.page(&first.attribute("nav.pages a[rel='next']", "href")).await;
    assert_eq!(ids(&second), all[50..]);
    assert_eq!(second.attribute("nav.pages a[rel='prev']", "href"), "/ui/search?q=paged");
    assert!(!second.has("nav.pages a[rel='next']"));

    let rejected = follow(&ada, &first, "Rejected").await;
    assert_eq!(ids(&rejected), [all[45].clone()]);
    assert_eq!(rejected.texts(".filters a[aria-current='true']"), ["Rejected", "Any"]);
    let nothing = follow(&ada, &rejected, "Issue badge").await;
    nothing.shows(&["No request fits"]);
    assert_eq!(ids(&follow(&ada, &nothing, "Clear the filters").await), all[..50]);
}

async fn a_reader_finds_only_what_they_may_see(on: On) {
    let mut people = readers();
    people.push(Person::new(400_010, "nobody@example.com", &[]));
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS));
    let app = App::with(on, options.with_pages(&people)).await;
    let own = app.maker().pays(&body(&app, "shared word", 1)).await.id;
    let other = app.other_maker().pays(&body(&app, "shared word", 1)).await.id;
    index(&app).await;
    let mara = signed_in(&app, MARA).await;
    let found = mara.page("/ui/search?q=shared").await;
    assert_eq!(ids(&found), std::slice::from_ref(&own));
    found.shows(&["in your own requests"]);
    assert_eq!(ids(&signed_in(&app, ADA).await.page("/ui/search?q=shared").await), [other.clone(), own]);
    // What they may not see and what is not there look the same.
    let stranger = signed_in(&app, STRANGER).await;
    let nothing = |page: Page| page.text().replace(&other, "").replace("nowhere", "");
    for browser in [&mara, &stranger] {
        let hidden = browser.page(&format!("/ui/search?q={other}")).await;
        let missing = browser.page("/ui/search?q=nowhere").await;
        assert_eq!(nothing(hidden), nothing(missing));
    }
    let nobody = signed_in(&app, "400010").await;
    let refused = nobody.get("/ui/search?q=shared").await;
    assert_eq!(refused.status, 403);
    let page = refused.page();
    page.does_not_show(&["shared word"]);
    assert!(page.has("header form[role='search']") && page.has("nav.rail"), "the frame stays");
}

async fn what_can_not_be_searched_for_is_told_at_the_field(on: On) {
    let app = start_with_readers(on).await;
    let ada = signed_in(&app, ADA).await;
    let empty = ada.page("/ui/search").await;
    empty.shows(&["Write what you look for", "What is searched: id, subject"]);
    assert!(!empty.has(".errsum") && !empty.has(".row"));
    for (query, sentence) in [
        ("q=%21%3F", "Write at least one letter or digit."),
        ("q=a+b+c+d+e+f+g+h+i+j+k", "Write at most 10 words."),
        (&format!("q={}", "x".repeat(201)), "Write at most 200 characters."),
    ] {
        let refused = ada.get(&format!("/ui/search?{query}")).await;
        assert_eq!(refused.status, 400);
        let page = refused.page();
        assert_eq!(page.text_of(".errsum a[href='#q']"), sentence);
        assert!(page.title().starts_with("Error: "), "{}", page.title());
    }
    assert_eq!(ada.get("/ui/search?q=a&nonsense=1").await.status, 400);
    assert_eq!(ada.get("/ui/search?q=a&states=nonsense").await.status, 400);
}

async fn the_page_says_how_far_the_index_is_behind(on: On) {
    let app = start_with_readers(on).await;
    app.maker().pays(&body(&app, "late word", 1)).await;
    let ada = signed_in(&app, ADA).await;
    app.clock.advance(chrono::TimeDelta::seconds(3));
    ada.page("/ui/search?q=late").await.shows(&["The index is 3 s behind", "No request fits"]);
    index(&app).await;
    let found = ada.page("/ui/search?q=late").await;
    found.does_not_show(&["behind"]);
    assert_eq!(ids(&found).len(), 1);
}
