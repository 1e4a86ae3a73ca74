//! Any value that a form can express comes out of it unchanged.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A schema with a value that it allows and that a form can say.
fn described() -> impl Strategy<Value = (Value, Value)> {
    let number = "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?(e-?[1-9][0-9]?)?";
    let number = || number.prop_map(|digits| crate::domain::json::read(digits.as_bytes()).unwrap());
    let text = || "[^\r\u{0}]{1,20}".prop_map(Value::from);
    let line = || {
        "[^\r\n\u{0} \u{85}\u{2028}\u{2029}][a-z é<\"&']{0,10}"
            .prop_filter("no blank", |line| !line.trim().is_empty() && line.lines().count() == 1)
            .prop_map(Value::from)
    };
    let free =
        || prop_oneof![number(), text(), Just(json!({})), Just(json!([1, { "a": null }])), Just(Value::Null)];
    let of = |kind: &'static str| move |value: Value| (json!({ "type": kind }), value);
    let leaf = prop_oneof![
        text().prop_map(of("string")),
        number().prop_map(of("number")),
        any::<bool>().prop_map(|truth| (json!({ "type": "boolean" }), truth.into())),
        prop_oneof![text(), number()].prop_map(|value| (json!({ "type": ["string", "number"] }), value)),
        free().prop_map(|value| (json!({}), value)),
        number().prop_map(|value| (json!({ "enum": ["a", value, true] }), value)),
        prop::collection::vec(number(), 1..4)
            .prop_map(|all| (json!({ "type": "array", "items": { "type": "number" } }), all.into())),
        prop::collection::vec(line(), 1..4)
            .prop_map(|all| (json!({ "type": "array", "items": { "type": "string" } }), all.into())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let member = (inner.clone(), any::<bool>(), any::<bool>());
        let members = prop::collection::btree_map("[a-z/~ .é\"<0-9]{1,6}", member, 0..4);
        let object = members.prop_map(|members| {
            // Without something that is always written, an optional group would not come into being.
            let mut value = json!({ "k": "v" });
            let mut properties = json!({ "k": { "type": "string" } });
            let mut required = vec![json!("k")];
            for (name, ((schema, inner), is_required, is_there)) in
                members.into_iter().filter(|(name, _)| name != "k")
            {
                properties[&name] = schema;
                if is_required {
                    required.push(name.as_str().into());
                }
                if is_required || is_there {
                    value[&name] = inner;
                }
            }
            (json!({ "type": "object", "properties": properties, "required": required }), value)
        });
        let list = (inner, 1_usize..4).prop_map(|((schema, value), count)| {
            (json!({ "type": "array", "items": schema }), vec![value; count].into())
        });
        prop_oneof![object, list]
    })
}

proptest! {
    #[test]
    fn what_a_form_can_say_comes_out_of_it_unchanged((schema, value) in described()) {
        let schema = json!({ "type": "object", "properties": { "it": schema }, "required": ["it"] });
        let value = json!({ "it": value });
        let request_type = type_with_body(schema);
        let form = form_of(&request_type);
        let mut entries = form.begin();
        let field = form.body.as_ref().unwrap();
        prop_assume!(fill(field, BODY, &value, &mut entries));
        form.drop_empty_rows(&mut entries);
        let filled = form.read(&through_a_browser(&entries));
        prop_assert_eq!(&filled.faults, &vec![]);
        prop_assert_eq!(body_of(&filled), &value);
        // Every field that was filled in stands on the page.
        let page = html(&form, &entries);
        for (name, _) in entries.iter().filter(|(name, _)| name.starts_with('/')) {
            prop_assert!(page.contains(&format!("name=\"{}\"", name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"))), "{name}\n{page}");
        }
    }
}
