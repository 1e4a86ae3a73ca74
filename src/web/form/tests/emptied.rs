//! What a page never shows again, and how its loss is noticed.

use super::*;
use crate::domain::fault::form::FormFault;

/// What a page sends back of `entries`, after a person changed nothing on it.
fn sent_back(form: &Form, entries: &Entries) -> Entries {
    let mut entries = entries.clone();
    entries.remember_typed();
    let page = fields_of_page(&html(form, &entries));
    let mut sent = Entries::default();
    page.into_iter().for_each(|(name, value)| sent.put(name, value));
    sent.remember_typed();
    sent
}

/// The names and values of a page's hidden and text inputs and its text areas, in a form that our own templates write.
fn fields_of_page(page: &str) -> Vec<(String, String)> {
    let unescaped = |text: &str| {
        text.replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    };
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(unescaped(rest.split_once('"')?.0))
    };
    let tags = page.split('<').filter_map(|tag| {
        let (tag, inner) = tag.split_once('>')?;
        let name = attribute(tag, "name")?;
        if tag.starts_with("textarea") {
            return Some((name, unescaped(inner.strip_prefix('\n').unwrap_or(inner))));
        }
        let is_box = tag.contains("type=\"checkbox\"") || tag.contains("type=\"radio\"");
        let is_sent = tag.starts_with("input") && (!is_box || tag.contains(" checked"));
        is_sent.then(|| Some((name, attribute(tag, "value")?)))?
    });
    tags.collect()
}

#[test]
fn what_was_typed_and_is_not_shown_again_is_missed_at_its_field_until_it_is_left_out() {
    let request_type = transfer();
    let form = form_of(&request_type);
    let mut entries = form.begin();
    for (name, value) in [
        ("/body/iban", "DE02120300000000202051"),
        ("/headers/Authorization", "Basic c2VjcmV0"),
        ("/body/reference", "seen"),
    ] {
        entries.put(name, value);
    }
    assert_eq!(form.emptied(&entries), []);
    let mut sent = sent_back(&form, &entries);
    assert_eq!(sent.get("/body/reference"), "seen");
    let emptied = |at: &str| Fault::new(at, FormFault::Emptied);
    assert_eq!(form.emptied(&sent), [emptied("/body/iban"), emptied("/headers/Authorization")]);
    // It is not forgotten however often the page comes and goes, nor when the body becomes JSON and fields again.
    sent = sent_back(&form, &sent_back(&form, &sent));
    assert_eq!(form.emptied(&sent).len(), 2);
    let json = Form::of(&request_type, &targets(&["api.example.com"]), true);
    let as_json = sent_back(&json, &form.rewritten(&json, &sent).unwrap());
    assert_eq!(json.emptied(&as_json), [emptied("/body/iban"), emptied("/headers/Authorization")]);
    let back = sent_back(&form, &json.rewritten(&form, &as_json).unwrap());
    assert_eq!(form.emptied(&back).len(), 2);
    // Typed into the JSON, it is there; and so it is missed again once that is in the fields.
    let mut typed = as_json.clone();
    typed.put("/body", r#"{"iban": "DE02120300000000202051", "reference": "seen"}"#);
    assert_eq!(json.emptied(&typed), [emptied("/headers/Authorization")]);
    let back = sent_back(&form, &json.rewritten(&form, &typed).unwrap());
    assert_eq!(form.emptied(&back).len(), 2);
    sent.put("leave:/headers/Authorization", "yes");
    sent.put("/body/iban", "DE02120300000000202051");
    assert_eq!(form.emptied(&sent), []);
}

#[test]
fn what_a_maker_had_submitted_and_may_not_see_again_is_missed_in_the_form_that_changes_it() {
    let request_type = transfer();
    let form = form_of(&request_type);
    let mut entries = form.begin();
    let at = |place: &str| format!("{TASK}{place}");
    form.mark_hidden(
        &[at("/body/iban"), at("/headers/authorization"), at("/headers/X-Api-Key")],
        &mut entries,
    );
    let sent = sent_back(&form, &entries);
    assert_eq!(sent.get("/headers/0/name"), "X-Api-Key");
    let missed: Vec<String> = form.emptied(&sent).into_iter().map(|fault| fault.field).collect();
    assert_eq!(missed, ["/body/iban", "/headers/0/value", "/headers/Authorization"]);
}

#[test]
fn a_hidden_member_is_marked_once_whether_it_has_a_field_or_is_among_further_members() {
    let mut definition = json!({
        "name": "T", "title": "T", "call": { "method": "POST", "path": "/t" },
        "body": { "properties": { "pin": { "type": "string" } }, "additionalProperties": true },
        "fields": { "secret": ["/body/pin", "/body/other"] },
        "policy": [{ "name": "all", "auto_approve": true }],
    });
    definition["body"]["properties"]["inner"] =
        json!({ "properties": { "a": { "type": "string" } }, "additionalProperties": true });
    let form = form_of(&read_type(&definition));
    let mut entries = form.begin();
    entries.put("/body/pin", "4711");
    entries.put("/body", r#"{"other": 1, "seen": 2}"#);
    let sent = sent_back(&form, &entries);
    assert_eq!(sent.get("/body"), "{\n  \"seen\": 2\n}");
    let missed: Vec<String> = form.emptied(&sent).into_iter().map(|fault| fault.field).collect();
    assert_eq!(missed, ["/body/other", "/body/pin"]);
    let page = html(&form, &sent);
    for mark in ["typed:/body/pin", "typed:/body/other", "leave:/body/other"] {
        assert_eq!(page.matches(&format!("name=\"{mark}\"")).count(), 1, "{mark}");
    }
    let problems = attach_faults(&mut form.draw(&sent), &form.emptied(&sent));
    let labels: Vec<&str> = problems.iter().map(|problem| problem.label.as_str()).collect();
    assert_eq!(labels, ["Pin", "More members"]);
}
