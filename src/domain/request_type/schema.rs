//! JSON Schema (2020-12) of a part of a task: compiled once, and its faults told in our own words.
//!
//! Longer than 400 lines because reading a schema and describing its faults share the resolution of references.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

use super::super::amount::Amount;
use super::super::fault::wanted::{Kind, Limit, Wanted};
use super::super::fault::{DefinitionFault, Fault, FaultKind, pointer_to};
use super::super::json::FAULTS_MAX;
use super::super::wording::unquoted;
use super::normalise::{Change, Normalisation};

/// Errors that are looked at; several may be one fault.
const ERRORS_MAX: usize = 4 * FAULTS_MAX;

/// How deep references and missing objects are followed for a sentence.
const DESCRIBED_DEPTH_MAX: usize = 16;

/// References are followed no further than this: they may go round in a circle.
const REFERENCES_MAX: usize = 16;

/// Keywords whose value is one schema.
const ONE: [&str; 11] = [
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Keywords whose value is a list of schemas.
const SOME: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is schemas by name.
const NAMED: [&str; 4] = ["properties", "patternProperties", "$defs", "dependentSchemas"];
/// Keywords whose list has no order.
const SETS: [&str; 3] = ["required", "enum", "type"];
/// Every other keyword.
const PLAIN: [&str; 33] = [
    "$id",
    "$schema",
    "$ref",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "dependentRequired",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "format",
];

/// A compiled JSON Schema.
#[derive(Clone)]
pub struct Schema {
    source: Value,
    compiled: Arc<Validator>,
}

/// Shows the source only.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.source).finish()
    }
}

impl Schema {
    /// Compiles a schema that lies at `at` of a definition. References may point inside it only.
    ///
    /// # Errors
    /// Every unknown keyword, or what keeps it from being a schema.
    pub fn read(source: &Value, at: &str) -> Result<Self, Vec<DefinitionFault>> {
        let mut faults = Vec::new();
        unknown_keywords(source, at, &mut faults);
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(source);
        match built {
            Ok(compiled) if faults.is_empty() => {
                Ok(Self { source: source.clone(), compiled: Arc::new(compiled) })
            }
            Ok(_) => Err(faults),
            Err(error) => {
                let message = format!("Write a JSON Schema of 2020-12. This is none: {error}.");
                faults.push(DefinitionFault::new(format!("{at}{}", error.instance_path()), message));
                Err(faults)
            }
        }
    }

    /// The schema as it was written.
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// Follows `$ref` inside the document `root` to the schema that is meant; a circle ends somewhere in it.
    pub fn resolve<'s>(root: &'s Value, mut schema: &'s Value) -> &'s Value {
        for _ in 0..REFERENCES_MAX {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
            match target.and_then(|pointer| root.pointer(pointer)) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    /// Whether `name` is a documented member of what this describes.
    pub fn documents(&self, name: &str) -> bool {
        self.source.get("properties").is_some_and(|properties| properties.get(name).is_some())
    }

    /// Whether the member `name` is described as a list, alone or besides other kinds.
    pub fn describes_list(&self, name: &str) -> bool {
        let member = self.source.get("properties").and_then(|properties| properties.get(name));
        let kinds =
            member.map(|member| Self::resolve(&self.source, member)).and_then(|member| member.get("type"));
        let is_list = |kind: &Value| kind == "array";
        kinds.is_some_and(|kinds| {
            kinds.as_array().map_or_else(|| is_list(kinds), |kinds| kinds.iter().any(is_list))
        })
    }

    /// What the whole value must be, for people who left it out.
    pub fn wanted(&self) -> Wanted {
        let lists = Lists { root: "", all: &[], wrapped: &[] };
        Describer { root: &self.source, lists: &lists }.wanted(&self.source, "")
    }

    /// What is wrong with `value`, which lies at `at`.
    pub fn faults(&self, value: &Value, at: &str, lists: &Lists<'_>) -> Vec<Fault> {
        if self.compiled.is_valid(value) {
            return Vec::new();
        }
        let describer = Describer { root: &self.source, lists };
        let mut told = Telling { at, faults: Vec::new(), seen: HashSet::new() };
        for error in self.compiled.iter_errors(value).take(ERRORS_MAX) {
            describer.tell(&error, &mut told);
            if told.faults.len() >= FAULTS_MAX {
                break;
            }
        }
        told.faults
    }
}

/// What may be sent alone where a list is meant.
pub struct Lists<'a> {
    /// The part of the task that the schema describes, `/body`.
    pub root: &'a str,
    /// What the type puts in order.
    pub all: &'a [Normalisation],
    /// The pointers into the task of what was sent alone.
    pub wrapped: &'a [String],
}

impl Lists<'_> {
    fn may_be_alone(&self, at: &str) -> bool {
        let at = format!("{}{at}", self.root);
        self.all.iter().any(|change| matches!(change.to, Change::List) && change.at.is_at(&at))
    }

    fn was_alone(&self, at: &str) -> bool {
        let mut wrapped = self.wrapped.iter().filter_map(|pointer| pointer.strip_prefix(self.root));
        wrapped.any(|pointer| pointer == at)
    }
}

/// Faults found so far, one for each pointer.
struct Telling<'a> {
    at: &'a str,
    faults: Vec<Fault>,
    seen: HashSet<String>,
}

impl Telling<'_> {
    fn push(&mut self, pointer: &str, kind: FaultKind) {
        if self.seen.insert(pointer.to_owned()) {
            self.faults.push(Fault::new(format!("{}{pointer}", self.at), kind));
        }
    }
}

/// Says what the schema wants where it does not match.
struct Describer<'a> {
    root: &'a Value,
    lists: &'a Lists<'a>,
}

impl<'a> Describer<'a> {
    fn tell(&self, error: &ValidationError<'_>, told: &mut Telling<'_>) {
        let at = error.instance_path().as_str();
        let path = error.schema_path().as_str();
        if let Some(list) = at.strip_suffix("/0").filter(|list| self.lists.was_alone(list)) {
            // What was sent alone is told where it was sent.
            let schema = path.rsplit_once("/items").and_then(|(schema, _)| self.root.pointer(schema));
            let wanted = self.wanted(schema.unwrap_or(&Value::Null), list);
            return told.push(list, FaultKind::Wrong { wanted });
        }
        let parent = self.parent_of(path);
        let kind = error.kind();
        if let ValidationErrorKind::Required { property } = kind {
            let name = property.as_str().unwrap_or_default();
            let schema = parent.get("properties").and_then(|all| all.get(name)).unwrap_or(&Value::Null);
            self.missing(schema, &pointer_to(at, name), told, 0);
        } else if let ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } = kind
        {
            let known = parent.get("properties").and_then(Value::as_object);
            let allowed: Vec<String> = known.into_iter().flat_map(Map::keys).cloned().collect();
            for name in unexpected {
                told.push(&pointer_to(at, name), FaultKind::Unknown { allowed: allowed.clone() });
            }
        } else {
            let wrong = || FaultKind::Wrong { wanted: self.wanted(parent, at) };
            told.push(at, limit(kind).unwrap_or_else(wrong));
        }
    }

    /// Tells of a member that is not there, and of everything that would have to be inside it.
    fn missing(&self, schema: &'a Value, pointer: &str, told: &mut Telling<'_>, depth: usize) {
        told.push(pointer, FaultKind::Missing { wanted: self.wanted(schema, pointer) });
        let schema = self.resolved(schema);
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if depth < DESCRIBED_DEPTH_MAX {
                let inner = schema.get("properties").and_then(|all| all.get(name)).unwrap_or(&Value::Null);
                self.missing(inner, &pointer_to(pointer, name), told, depth + 1);
            }
        }
    }

    /// The schema that holds the keyword at `path`.
    fn parent_of(&self, path: &str) -> &'a Value {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.root.pointer(parent).unwrap_or(&Value::Null)
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        Schema::resolve(self.root, schema)
    }

    /// What the schema wants at `at`.
    fn wanted(&self, schema: &'a Value, at: &str) -> Wanted {
        let schema = self.resolved(schema);
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            return Wanted::OneOf(options.iter().map(unquoted).collect());
        }
        if let Some(value) = schema.get("const") {
            return Wanted::Exactly(unquoted(value));
        }
        let Some(kinds) = self.kinds(schema) else { return Wanted::Unclear };
        let alone = schema.get("items").filter(|_| self.lists.may_be_alone(at));
        let alone = alone.and_then(|item| self.kinds(item)).unwrap_or_default();
        Wanted::Kinds(alone.into_iter().chain(kinds).collect())
    }

    /// The kinds of value that the schema names; `None` if it names none.
    fn kinds(&self, schema: &'a Value) -> Option<Vec<Kind>> {
        let schema = self.resolved(schema);
        let named = schema.get("type")?;
        let names: Vec<&str> = match named.as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None => named.as_str().into_iter().collect(),
        };
        let kind = |name: &str| match name {
            "string" => Kind::Text,
            "number" => Kind::Number,
            "integer" => Kind::WholeNumber,
            "object" => Kind::Object,
            "array" => {
                let items = schema.get("items").and_then(|items| self.kinds(items));
                Kind::List(items.unwrap_or_default())
            }
            "boolean" => Kind::Truth,
            other => Kind::Other(other.to_owned()),
        };
        Some(names.into_iter().map(kind).collect())
    }
}

/// What is of the right kind, but too much or too little.
fn limit(kind: &ValidationErrorKind) -> Option<FaultKind> {
    use ValidationErrorKind as Error;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the crate's list; the rest is told by type")]
    Some(FaultKind::Limit(match kind {
        Error::MinLength { limit: 1 } => Limit::NotEmpty,
        Error::MinLength { limit } => Limit::CharsMin(*limit),
        Error::MaxLength { limit } => Limit::CharsMax(*limit),
        Error::Minimum { limit } => Limit::Min(limit.to_string()),
        Error::Maximum { limit } => Limit::Max(limit.to_string()),
        Error::ExclusiveMinimum { limit } => Limit::Above(limit.to_string()),
        Error::ExclusiveMaximum { limit } => Limit::Below(limit.to_string()),
        Error::MultipleOf { multiple_of } => Limit::MultipleOf(multiple_of.to_string()),
        Error::MaxItems { limit } => Limit::ItemsMax(*limit),
        Error::MaxProperties { limit } => Limit::MembersMax(*limit),
        Error::MinProperties { limit } => Limit::MembersMin(*limit),
        Error::MinItems { limit } if *limit > 1 => Limit::ItemsMin(*limit),
        Error::UniqueItems => Limit::UniqueItems,
        Error::Pattern { pattern } => Limit::Pattern(pattern.clone()),
        Error::Format { format } => Limit::Format(format.clone()),
        Error::FalseSchema => Limit::Nothing,
        Error::PropertyNames { .. } => Limit::MemberNames,
        Error::AnyOf { .. }
        | Error::OneOfNotValid { .. }
        | Error::OneOfMultipleValid { .. }
        | Error::Not { .. }
        | Error::Contains => return Some(FaultKind::Wrong { wanted: Wanted::Unclear }),
        _ => return None,
    }))
}

fn unknown_keywords(schema: &Value, at: &str, faults: &mut Vec<DefinitionFault>) {
    each_inner(schema, at, &mut |inner, at| unknown_keywords(inner, at, faults));
    for name in schema.as_object().into_iter().flat_map(Map::keys) {
        let name = name.as_str();
        let lists: [&[&str]; 5] = [&ONE, &SOME, &NAMED, &SETS, &PLAIN];
        if !name.starts_with("x-") && !lists.iter().any(|list| list.contains(&name)) {
            let message = "Write a keyword of JSON Schema 2020-12; this is none.";
            faults.push(DefinitionFault::new(pointer_to(at, name), message));
        }
    }
}

/// Calls `each` with every schema directly inside of `schema`, and where it lies.
fn each_inner(schema: &Value, at: &str, each: &mut dyn FnMut(&Value, &str)) {
    for (name, value) in schema.as_object().into_iter().flatten() {
        let at = pointer_to(at, name);
        if ONE.contains(&name.as_str()) {
            each(value, &at);
        } else if SOME.contains(&name.as_str()) {
            for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                each(inner, &pointer_to(&at, &index.to_string()));
            }
        } else if NAMED.contains(&name.as_str()) {
            for (name, inner) in value.as_object().into_iter().flatten() {
                each(inner, &pointer_to(&at, name));
            }
        }
    }
}

/// The schema with everything taken out that means nothing: order, comments, repeated options.
pub fn canonical(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return sorted(schema) };
    let mut members: Vec<(&String, &Value)> =
        members.iter().filter(|(name, _)| name.as_str() != "$comment").collect();
    members.sort_by(|a, b| a.0.cmp(b.0));
    let each = |(name, value): (&String, &Value)| {
        let value = match name.as_str() {
            one if ONE.contains(&one) => canonical(value),
            some if SOME.contains(&some) => {
                value.as_array().map_or_else(|| sorted(value), |all| all.iter().map(canonical).collect())
            }
            named if NAMED.contains(&named) => canonical_members(value),
            set if SETS.contains(&set) => canonical_set(value, set == "type"),
            _ => sorted(value),
        };
        (name.clone(), value)
    };
    Value::Object(members.into_iter().map(each).collect())
}

fn canonical_members(value: &Value) -> Value {
    let Some(members) = value.as_object() else { return sorted(value) };
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by(|a, b| a.0.cmp(b.0));
    Value::Object(members.into_iter().map(|(name, inner)| (name.clone(), canonical(inner))).collect())
}

fn canonical_set(value: &Value, is_type: bool) -> Value {
    let Some(items) = value.as_array() else { return sorted(value) };
    let mut items: Vec<Value> = items.iter().map(sorted).collect();
    items.sort_by_key(Value::to_string);
    items.dedup();
    // One type is the same in a list and alone.
    match <[Value; 1]>::try_from(items) {
        Ok([kind]) if is_type => kind,
        Ok(one) => Value::from(one.to_vec()),
        Err(items) => Value::Array(items),
    }
}

/// The value with the members of every object in order, and every number in one spelling.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            Value::Object(members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Number(_) => {
            let amount = Amount::from_json(value).ok().and_then(|amount| amount.to_string().parse().ok());
            amount.map_or_else(|| value.clone(), Value::Number)
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}
