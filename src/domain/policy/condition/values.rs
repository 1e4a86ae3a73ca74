//! The facts as values of the language, with their size bounded before they are used.

use std::collections::{BTreeSet, HashMap};

use cel::Context;
use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelTimestamp};
use cel::common::value::Val;
use serde_json::Value;

use super::amounts::CelAmount;
use super::check::Uses;
use crate::domain::actor::Permission;
use crate::domain::amount::Amount;
use crate::domain::policy::facts::Facts;

/// Maximum items of one list and members of one object.
const ITEMS_MAX: usize = 1_000;

/// Maximum bytes of one text.
const TEXT_MAX: usize = 64 * 1024;

/// Maximum depth of nested lists and objects.
const DEPTH_MAX: usize = 32;

/// Maximum bytes of everything of the payload that a condition uses.
const PAYLOAD_MAX: usize = 1024 * 1024;

/// The same if a comprehension reads it again for each of its items.
const REPEATED_MAX: usize = 16 * 1024;

/// What a value costs besides its text.
const NODE_BYTES: usize = 16;

type Boxed<'v> = Box<dyn Val + 'v>;

/// Declares the variables that the condition names. The error is a clause.
pub fn declare<'v>(context: &mut Context<'_, 'v>, facts: &Facts<'v>, uses: &Uses) -> Result<(), String> {
    let named = &uses.named;
    if named.contains("request") {
        context.add_variable_as_val("request", request(facts, uses)?);
    }
    if named.contains("maker") {
        context.add_variable_as_val("maker", maker(facts)?);
    }
    if named.contains("now") {
        context.add_variable_as_val("now", Box::new(CelTimestamp::from(facts.now.fixed_offset())));
    }
    if named.contains("usage") {
        context.add_variable_as_val("usage", usage(facts));
    }
    Ok(())
}

fn request<'v>(facts: &Facts<'v>, uses: &Uses) -> Result<Boxed<'v>, String> {
    let mut left = if uses.repeats_payload { REPEATED_MAX } else { PAYLOAD_MAX };
    let mut must_fit = |size: usize| {
        left = left.checked_sub(size)?;
        Some(())
    };
    let mut members = vec![("type", text(facts.request_type)?), ("org", text(facts.org)?)];
    members.push(("entityInfo", entity(facts)?));
    for (name, member) in [("path", "pathParams"), ("query", "queryParams"), ("body", "body")] {
        if uses.named.contains(&format!("request.{name}")) {
            let given = facts.task.get(member);
            given.map_or(Some(()), |value| must_fit(size(value))).ok_or_else(|| too_large(uses))?;
            let value = given.map_or_else(|| Ok(object(Vec::new())), |value| from_json(value, 0));
            members.push((name, value.map_err(|why| format!("request.{name} {why}"))?));
        }
    }
    if let Some(amount) = facts.amount {
        members.push(("amount", Box::new(CelAmount(*amount))));
    }
    if let Some(subject) = facts.subject {
        must_fit(subject.len()).ok_or_else(|| too_large(uses))?;
        members.push(("subject", text(subject)?));
    }
    Ok(object(members))
}

fn entity<'v>(facts: &Facts<'v>) -> Result<Boxed<'v>, String> {
    let entity = facts.entity;
    Ok(object(vec![
        ("tillId", text(&entity.till_id)?),
        ("storeId", text(&entity.store_id)?),
        ("zoneId", text(&entity.zone_id)?),
        ("conceptId", text(&entity.concept_id)?),
    ]))
}

fn maker<'v>(facts: &Facts<'v>) -> Result<Boxed<'v>, String> {
    let maker = facts.maker;
    let listed = facts.people.groups_of(&maker.person).into_iter().map(str::to_owned);
    let groups: BTreeSet<String> = maker.groups.iter().cloned().chain(listed).collect();
    if groups.len() > ITEMS_MAX {
        return Err(format!("maker.groups has more than {ITEMS_MAX} groups"));
    }
    let permissions = maker.permissions.iter().copied().map(Permission::name);
    let permissions = permissions.map(text).collect::<Result<Vec<_>, _>>()?;
    let groups = groups.into_iter().map(|group| Box::new(CelString::from(group)) as Boxed<'v>);
    Ok(object(vec![
        ("id", text(&maker.person.user_id)?),
        ("permissions", Box::new(CelList::from(permissions))),
        ("groups", Box::new(CelList::from(groups.collect::<Vec<_>>()))),
    ]))
}

fn usage<'v>(facts: &Facts<'v>) -> Boxed<'v> {
    let counters = facts.usage.iter().map(|(name, usage)| {
        let count: Boxed<'v> = Box::new(CelInt::from(usage.count));
        let sum: Boxed<'v> = Box::new(CelAmount(usage.sum));
        (name.as_str(), object(vec![("count", count), ("sum", sum)]))
    });
    object(counters.collect())
}

/// A whole number of 64 bits stays one; every other number is an amount, and never a float.
fn from_json(value: &Value, depth: usize) -> Result<Boxed<'_>, String> {
    if depth > DEPTH_MAX {
        return Err(format!("is nested deeper than {DEPTH_MAX}"));
    }
    Ok(match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(_) => number(value)?,
        Value::String(text) => return self::text(text),
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(format!("has a list of more than {ITEMS_MAX} items"));
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| from_json(item, depth + 1));
            Box::new(CelList::from(items.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Object(members) if members.len() > ITEMS_MAX => {
            return Err(format!("has an object of more than {ITEMS_MAX} members"));
        }
        Value::Object(members) => {
            let read =
                members.iter().map(|(name, member)| Ok((name.as_str(), from_json(member, depth + 1)?)));
            object(read.collect::<Result<Vec<_>, String>>()?)
        }
    })
}

fn too_large(uses: &Uses) -> String {
    if uses.repeats_payload {
        return format!("the payload is larger than {REPEATED_MAX} bytes, and it is looked at for each item");
    }
    format!("the payload is larger than {PAYLOAD_MAX} bytes")
}

// As deep as the payload, which is read with a bound.
fn size(value: &Value) -> usize {
    NODE_BYTES
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(size).sum(),
            Value::Object(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
        }
}

fn number(value: &Value) -> Result<Boxed<'_>, String> {
    if let Some(whole) = value.as_i64() {
        return Ok(Box::new(CelInt::from(whole)));
    }
    let amount = Amount::from_json(value).map_err(|_| "has a number that can't be held exactly")?;
    let whole = amount.to_string().parse::<i64>();
    Ok(whole.map_or_else(|_| Box::new(CelAmount(amount)) as Boxed<'_>, |whole| Box::new(CelInt::from(whole))))
}

fn text(text: &str) -> Result<Boxed<'_>, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("has a text of more than {TEXT_MAX} bytes"));
    }
    Ok(Box::new(CelString::from(text)))
}

fn object<'v>(members: Vec<(&'v str, Boxed<'v>)>) -> Boxed<'v> {
    let members: HashMap<CelMapKey<'v>, Boxed<'v>> =
        members.into_iter().map(|(name, value)| (CelMapKey::from(name), value)).collect();
    Box::new(CelMap::from(members))
}
