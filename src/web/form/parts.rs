//! The fields of each part of a form, as its type describes them.

use super::AUTHORIZATION;
use super::plan::{Choice, Field, Kind, Look, Rows, as_json, of_schema, words};
use crate::domain::allowed_targets::{Origin, Targets};
use crate::domain::path::placeholders;
use crate::domain::request_type::{ReasonRule, RequestType, Schema};
use crate::domain::submission::REASON;
use crate::web::sentences::hints::{self, FormPart};

/// The body as the type describes it, or as JSON; a text of another media type has several lines.
pub(super) fn body(schema: &Schema, request_type: &RequestType, is_json: bool) -> Field {
    let field = of_schema("body", "Body", schema.source());
    let media_type = &request_type.media_type;
    if is_json {
        as_json("body", "Body", schema.source())
    } else if matches!(field.kind, Kind::Text(_)) && !media_type.is_json() {
        let long = Field { kind: Kind::Text(Look::Long), ..field };
        long.with_hint(&hints::text_of(media_type))
    } else {
        field
    }
}

/// The only target, or a choice of those on the list.
pub(super) fn hostname(request_type: &RequestType, targets: &Targets) -> Field {
    let label = "Target";
    if let Some(target) = &request_type.target {
        return Field::own("hostname", label, Kind::Fixed(target.to_string().into()));
    }
    let option = |(origin, label): (Origin, &str)| {
        let key = origin.to_string();
        Choice { label: format!("{key} ({label})"), value: key.as_str().into(), key }
    };
    let mut options: Vec<Choice> = targets.origins().map(option).collect();
    options.dedup_by(|one, other| one.key == other.key);
    let kind = match options.as_slice() {
        [] => Kind::Text(Look::Line),
        [only] => Kind::Fixed(only.value.clone()),
        _ => Kind::Choice(options),
    };
    Field::own("hostname", label, kind)
}

/// A value for each placeholder of the path, as the type describes it.
pub(super) fn path(request_type: &RequestType) -> Option<Field> {
    let described =
        request_type.path_params.as_ref().map(|schema| of_schema("pathParams", "Path", schema.source()));
    let mut described = match described.map(|field| field.kind) {
        Some(Kind::Group(fields, _)) => fields,
        Some(_) | None => Vec::new(),
    };
    let mut fields = Vec::new();
    for name in placeholders(&request_type.path) {
        let known = described.iter().position(|field| field.name == name).map(|at| described.swap_remove(at));
        let field = known.unwrap_or_else(|| Field::own(name, &words(name), Kind::Text(Look::Line)));
        fields.push(Field { is_required: true, ..field });
    }
    (!fields.is_empty()).then(|| Field::own("pathParams", "Path", Kind::Group(fields, false)))
}

/// Headers with a field of their own: Authorization, unless the type names a credential, what the type describes, and
/// whatever else it hides.
pub(super) fn own_headers(request_type: &RequestType) -> Vec<Field> {
    let rules = &request_type.headers;
    let described = rules.described().map(|schema| of_schema("headers", "Headers", schema.source()));
    let mut fields = match described.map(|field| field.kind) {
        Some(Kind::Group(fields, _)) => fields,
        Some(_) | None => Vec::new(),
    };
    for field in &mut fields {
        // A header is known by its name, and not by words made of it.
        if !rules.has_title(&field.name) {
            field.label.clone_from(&field.name);
        }
    }
    let of_type = fields.iter().position(|field| field.name.eq_ignore_ascii_case(AUTHORIZATION));
    if request_type.credential.is_none() {
        let authorization = of_type.map_or_else(
            || Field::own(AUTHORIZATION, AUTHORIZATION, Kind::Text(Look::Line)).optional(),
            |at| Field {
                name: AUTHORIZATION.to_owned(),
                label: AUTHORIZATION.to_owned(),
                ..fields.remove(at)
            },
        );
        fields.insert(0, authorization.with_hint(hints::AUTHORIZATION));
    }
    for name in request_type.classes.headers().filter(|name| rules.may_take(name)) {
        if fields.iter().all(|field| !field.name.eq_ignore_ascii_case(name)) {
            fields.push(Field::own(name, name, Kind::Text(Look::Line)).optional());
        }
    }
    fields
}

/// All other headers. The one with the request's id is the engine's to fill, so the hint names it.
pub(super) fn headers(request_type: &RequestType) -> Field {
    let text = |name: &str, label: &str| Field::own(name, label, Kind::Text(Look::Line));
    let row = Field::own(
        "header",
        "Header",
        Kind::Group(vec![text("name", "Name"), text("value", "Value")], false),
    );
    let headers = Field::own("headers", "Other headers", Kind::List(Box::new(row), Rows::any())).optional();
    let (rules, content_type) = (&request_type.headers, request_type.media_type.content_type());
    let mut said = hints::headers(&content_type, &rules.named(), rules.is_open(), request_type.key_header());
    said.extend(request_type.credential.as_deref().map(hints::sent_with));
    said.iter().fold(headers, |headers, hint| headers.with_hint(hint))
}

pub(super) fn reason(rule: ReasonRule) -> Option<Field> {
    let field = Field::own(REASON, "Your reason", Kind::Text(Look::Long));
    let field = field.with_hint(hints::REASON);
    match rule {
        ReasonRule::Off => None,
        ReasonRule::Optional => Some(field.optional()),
        ReasonRule::Required => Some(field),
    }
}

pub(super) fn entity() -> Field {
    let members = [("tillId", "Till"), ("storeId", "Store"), ("zoneId", "Zone"), ("conceptId", "Concept")];
    let fields = members.map(|(name, label)| Field::own(name, label, Kind::Text(Look::Line)));
    Field::own("entityInfo", FormPart::Entity.words().0, Kind::Group(fields.to_vec(), false))
}
