//! Which characters a type's schema allows by name in a value of the path.
//!
//! A `pattern` names a character that is written in it: alone (`/`, also as `\/` or `\x2f`), or as one of those in
//! square brackets (`[a-z/]`). A range, a class such as `\S`, a dot and brackets that begin with `^` name none: who
//! writes them thinks of what is usual. A `const` and an `enum` name the characters of their texts.

use std::collections::{BTreeMap, BTreeSet};

use regex_syntax::ast::{Ast, ClassSet, ClassSetItem, parse::Parser};
use serde_json::Value;

use super::schema::Schema;
use crate::domain::path::{NamedCharacters, placeholders};

/// How deep `allOf` is followed.
const DEPTH_MAX: usize = 4;

/// What each placeholder of `path` may have beyond what every value may.
pub(super) fn named_in(path: &str, schema: Option<&Schema>) -> BTreeMap<String, NamedCharacters> {
    let root = schema.map(Schema::source);
    let named = |name: &str| {
        let mut found = BTreeSet::new();
        let members = root.map(|root| (root, Schema::resolve(root, root)));
        if let Some((root, of_value)) =
            members.and_then(|(root, own)| Some((root, own.get("properties")?.get(name)?)))
        {
            note(root, of_value, &mut found, 0);
        }
        (name.to_owned(), NamedCharacters(found))
    };
    placeholders(path).map(named).collect()
}

fn note(root: &Value, schema: &Value, found: &mut BTreeSet<char>, depth: usize) {
    let schema = Schema::resolve(root, schema);
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let Some(pattern) = pattern.and_then(|text| Parser::new().parse(text).ok()) {
        note_pattern(&pattern, found);
    }
    let options = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    for text in options.chain(schema.get("const")).filter_map(Value::as_str) {
        found.extend(text.chars());
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        if depth < DEPTH_MAX {
            note(root, part, found, depth + 1);
        }
    }
}

/// The parser bounds how deep a pattern is nested.
fn note_pattern(pattern: &Ast, found: &mut BTreeSet<char>) {
    match pattern {
        Ast::Literal(literal) => {
            found.insert(literal.c);
        }
        Ast::ClassBracketed(class) if !class.negated => note_class(&class.kind, found),
        Ast::Repetition(repetition) => note_pattern(&repetition.ast, found),
        Ast::Group(group) => note_pattern(&group.ast, found),
        Ast::Alternation(all) => all.asts.iter().for_each(|one| note_pattern(one, found)),
        Ast::Concat(all) => all.asts.iter().for_each(|one| note_pattern(one, found)),
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Dot(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => {}
    }
}

fn note_class(class: &ClassSet, found: &mut BTreeSet<char>) {
    // What is taken away from a class, or cut with another, is no list of names.
    let ClassSet::Item(item) = class else { return };
    note_item(item, found);
}

fn note_item(item: &ClassSetItem, found: &mut BTreeSet<char>) {
    match item {
        ClassSetItem::Literal(literal) => {
            found.insert(literal.c);
        }
        ClassSetItem::Union(union) => union.items.iter().for_each(|one| note_item(one, found)),
        ClassSetItem::Bracketed(inner) if !inner.negated => note_class(&inner.kind, found),
        ClassSetItem::Bracketed(_)
        | ClassSetItem::Empty(_)
        | ClassSetItem::Range(_)
        | ClassSetItem::Ascii(_)
        | ClassSetItem::Unicode(_)
        | ClassSetItem::Perl(_) => {}
    }
}
