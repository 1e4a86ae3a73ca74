//! The facts as values of the language, with their size bounded before they are used.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cel::Context;
use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelTimestamp};
use cel::common::value::Val;
use serde_json::Value;

use super::LANGUAGE;
use super::amounts::CelAmount;
use super::check::Uses;
use super::cost::{Budget, Extent};
use super::term::Term;
use crate::domain::actor::Permission;
use crate::domain::amount::Amount;
use crate::domain::policy::facts::Facts;
use crate::domain::policy::usage::Usage;

/// Maximum items of one list and members of one object.
pub const ITEMS_MAX: u64 = 1_000;

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

/// The facts of a submission as values, each converted once for all conditions of a policy.
pub struct Values<'v> {
    context: Context<'v, 'v>,
    /// Why a value can't be used, by the name that a condition has for it.
    unusable: BTreeMap<&'static str, String>,
    /// Bytes and extent of the parts of the payload, and of the maker.
    sizes: BTreeMap<&'static str, (usize, Extent)>,
    /// Steps that the conversion took.
    steps: u64,
}

/// The parts of the payload: how a condition names them, and the task.
const PAYLOAD: [(&str, &str, &str); 3] = [
    ("path", "request.path", "pathParams"),
    ("query", "request.query", "queryParams"),
    ("body", "request.body", "body"),
];

impl<'v> Values<'v> {
    /// The values that are named.
    pub fn of(facts: &Facts<'v>, named: &BTreeSet<&str>) -> Self {
        let mut values = Self {
            context: Context::with_env(Arc::clone(&LANGUAGE)),
            unusable: BTreeMap::new(),
            sizes: BTreeMap::new(),
            steps: 0,
        };
        if named.contains("request") {
            let request = values.request(facts, named);
            values.add("request", request);
        }
        if named.contains("maker") {
            let extent = Extent { nodes: 0, text: 0, items: facts.maker.groups.len() as u64 };
            values.sizes.insert("maker", (0, extent));
            let groups = groups(facts).unwrap_or_else(|why| {
                values.unusable.insert("maker.groups", why);
                Vec::new()
            });
            values.add("maker", maker(facts, groups));
        }
        if named.contains("now") {
            values.add("now", Ok(Box::new(CelTimestamp::from(facts.now.fixed_offset()))));
        }
        values
    }

    fn add(&mut self, name: &'static str, value: Result<Boxed<'v>, String>) {
        match value {
            Ok(value) => self.context.add_variable_as_val(name, value),
            Err(why) => {
                self.unusable.insert(name, why);
            }
        }
    }

    fn request(&mut self, facts: &Facts<'v>, named: &BTreeSet<&str>) -> Result<Boxed<'v>, String> {
        let mut members = vec![("type", text(facts.request_type)?), ("org", text(facts.org)?)];
        members.push(("entityInfo", entity(facts)?));
        for (name, full_name, member) in PAYLOAD {
            if !named.contains(full_name) {
                continue;
            }
            let Some(given) = facts.task.get(member) else {
                members.push((name, object(Vec::new())));
                continue;
            };
            let (bytes, extent) = (size(given), extent(given));
            self.sizes.insert(full_name, (bytes, extent));
            // What no condition may use need not be converted.
            if bytes > PAYLOAD_MAX {
                continue;
            }
            self.steps += extent.nodes;
            match from_json(given, 0) {
                Ok(value) => members.push((name, value)),
                Err(why) => drop(self.unusable.insert(full_name, format!("request.{name} {why}"))),
            }
        }
        if let Some(amount) = facts.amount {
            members.push(("amount", Box::new(CelAmount(*amount))));
        }
        if let Some(subject) = facts.subject {
            let extent = Extent { nodes: 1, text: subject.len() as u64, items: 0 };
            self.sizes.insert("request.subject", (subject.len(), extent));
            match text(subject) {
                Ok(value) => members.push(("subject", value)),
                Err(why) => drop(self.unusable.insert("request.subject", why)),
            }
        }
        Ok(object(members))
    }

    /// Whether a term about the submission can be tried: its values are sound, and it costs no more than is left. The
    /// error is a clause.
    pub fn can_be_used(&self, term: &Term, budget: &mut Budget) -> Result<(), String> {
        let uses = |name: &&&'static str| term.uses.named.contains(**name);
        if let Some(why) = self.unusable.keys().find(uses).map(|name| &self.unusable[name]) {
            return Err(why.clone());
        }
        let sizes = self.sizes.iter().filter(|(name, _)| uses(name)).map(|(_, size)| *size);
        let (bytes, extent) = sizes
            .fold((0, Extent::default()), |(bytes, sum): (usize, Extent), (more, extent)| {
                (bytes.saturating_add(more), sum.with(extent))
            });
        let max = if term.uses.repeats_payload { REPEATED_MAX } else { PAYLOAD_MAX };
        if bytes > max {
            return Err(too_large(&term.uses));
        }
        budget.spend(term.cost.steps(extent))
    }

    /// Whether a term about the submission is true. The error is a clause.
    pub fn holds(&self, term: &Term) -> Result<bool, String> {
        term.holds(&self.context)
    }

    /// The steps that it took to convert them.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// The values of a term that is about counters.
pub fn with_counters<'v>(usage: &'v BTreeMap<String, Usage>, amount: Option<&Amount>) -> Context<'v, 'v> {
    let mut context = Context::with_env(Arc::clone(&LANGUAGE));
    let amount: Option<Boxed<'v>> = amount.map(|amount| Box::new(CelAmount(*amount)) as Boxed<'v>);
    context.add_variable_as_val(
        "request",
        object(amount.map(|amount| ("amount", amount)).into_iter().collect()),
    );
    context.add_variable_as_val("usage", counters(usage));
    context
}

fn extent(value: &Value) -> Extent {
    let one = |text: usize, items: usize| Extent { nodes: 1, text: text as u64, items: items as u64 };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => one(0, 0),
        Value::String(text) => one(text.len(), 0),
        Value::Array(items) => items.iter().map(extent).fold(one(0, items.len()), Extent::with),
        Value::Object(members) => members.values().map(extent).fold(one(0, members.len()), Extent::with),
    }
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

fn maker<'v>(facts: &Facts<'v>, groups: Vec<Boxed<'v>>) -> Result<Boxed<'v>, String> {
    let maker = facts.maker;
    let permissions = maker.permissions.iter().copied().map(Permission::name);
    let permissions = permissions.map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(object(vec![
        ("id", text(&maker.person.user_id)?),
        ("permissions", Box::new(CelList::from(permissions))),
        ("groups", Box::new(CelList::from(groups))),
    ]))
}

/// The maker's groups, if all of them are known: one may make a rule stricter as well, so a missing one is no answer.
fn groups<'v>(facts: &Facts<'v>) -> Result<Vec<Boxed<'v>>, String> {
    let maker = facts.maker;
    if let Some(why) = facts.people.unclear_groups(&maker.person) {
        return Err(why);
    }
    if maker.has_unread_groups {
        return Err("the maker's token names groups that can't be read".to_owned());
    }
    let listed = facts.people.groups_of(&maker.person).into_iter().map(str::to_owned);
    let groups: BTreeSet<String> = maker.groups.iter().cloned().chain(listed).collect();
    if groups.len() as u64 > ITEMS_MAX {
        return Err(format!("maker.groups has more than {ITEMS_MAX} groups"));
    }
    Ok(groups.into_iter().map(|group| Box::new(CelString::from(group)) as Boxed<'v>).collect())
}

fn counters(usage: &BTreeMap<String, Usage>) -> Boxed<'_> {
    let counters = usage.iter().map(|(name, usage)| {
        let count: Boxed<'_> = Box::new(CelInt::from(usage.count));
        let sum: Boxed<'_> = Box::new(CelAmount(usage.sum));
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
        Value::Array(items) if items.len() as u64 > ITEMS_MAX => {
            return Err(format!("has a list of more than {ITEMS_MAX} items"));
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| from_json(item, depth + 1));
            Box::new(CelList::from(items.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Object(members) if members.len() as u64 > ITEMS_MAX => {
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
