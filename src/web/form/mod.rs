//! The maker's form: made from a request type's JSON Schemas, and read back into the task that the API takes.
//!
//! A field's name is the JSON pointer of its value in the task, so that a fault finds its field. An empty
//! field is a member that is left out. What a form has no control for is written as JSON, for that value
//! alone, so that every type has a form. **Invariant:** the form judges nothing. What it makes goes the way of
//! the API's body, and the same schema, rules and sentences answer.

mod controls;
mod entries;
mod filled;
mod hints;
mod parse;
mod parts;
mod place;
mod plan;
mod problems;
mod render;
mod schema_types;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use controls::FieldView;
pub use entries::{Entries, read as read_entries};
use filled::{begin, fill, refill_rows};
use parse::{Found, Reader, drop_empty_rows};
use parts::{body, entity, headers, hostname, own_headers, path, reason};
pub use plan::words;
use plan::{Field, Inside, Kind, of_schema};
pub use problems::Problem;
use render::FieldRenderer;

use crate::domain::allowed_targets::Targets;
use crate::domain::call::CREDENTIAL_HEADER;
use crate::domain::fault::form::FormFault;
use crate::domain::fault::{Fault, pointer_to};
use crate::domain::json;
use crate::domain::request_type::RequestType;
use crate::domain::submission::{TASK, written};
use crate::http::body::BODY_BYTES_MAX;
use crate::web::sentences::hints::FormPart;

const BODY: &str = "/body";
const QUERY: &str = "/queryParams";
const PATH: &str = "/pathParams";
const HEADERS: &str = "/headers";
const ENTITY: &str = "/entityInfo";
const HOSTNAME: &str = "/hostname";
const WHY: &str = "/reason";

/// A header that every target wants to see, so that it gets a field of its own.
const AUTHORIZATION: &str = "Authorization";

/// The form of one request type.
#[derive(Clone, Debug)]
pub struct Form {
    request_type: Arc<RequestType>,
    /// Whether the body is one text of JSON.
    pub is_json: bool,
    /// Whether the body can be written as JSON instead; one that is a text of another media type can't.
    pub has_json: bool,
    hostname: Field,
    path: Option<Field>,
    query: Option<Field>,
    body: Option<Field>,
    own_headers: Vec<Field>,
    headers: Field,
    /// The maker's words beside the call, unless the type takes none.
    reason: Option<Field>,
    entity: Field,
}

/// Fields under one heading.
pub struct Section {
    pub title: &'static str,
    /// What to know about it.
    pub note: &'static str,
    /// Whether its fields are short and are placed side by side.
    pub is_narrow: bool,
    pub fields: Vec<FieldView>,
}

/// What a form was filled in as.
#[derive(Debug)]
pub struct Filled {
    /// The body as the API takes it.
    pub body: Value,
    /// What could not be read, with pointers as in the form.
    pub faults: Vec<Fault>,
}

impl Form {
    /// The form of a type, with the targets that it may call.
    pub fn of(request_type: &Arc<RequestType>, targets: &Targets, is_json: bool) -> Self {
        let has_json = request_type.body.is_some() && request_type.media_type.is_json();
        let is_json = is_json && has_json;
        let body = request_type.body.as_ref().map(|schema| body(schema, request_type, is_json));
        let query =
            request_type.query.as_ref().map(|schema| of_schema("queryParams", "Query", schema.source()));
        Self {
            is_json,
            has_json,
            hostname: hostname(request_type, targets),
            path: path(request_type),
            // What the type puts into the query by default is sent, even if the maker writes nothing there.
            query: query.map(|query| Field { is_required: !matches!(query.kind, Kind::Json), ..query }),
            body,
            own_headers: own_headers(request_type),
            headers: headers(request_type),
            reason: reason(request_type.reason),
            entity: entity(),
            request_type: Arc::clone(request_type),
        }
    }

    /// The content of a new form.
    pub fn begin(&self) -> Entries {
        let mut entries = Entries::default();
        for (field, at) in self.parts() {
            begin(field, &at, &mut entries);
        }
        entries
    }

    /// What was submitted, in the fields. `None` if they can't hold it: the body may be a JSON text then.
    pub fn filled_with(&self, submission: &Value) -> Option<Entries> {
        let mut entries = self.begin();
        let task = submission.pointer(TASK)?;
        for (field, at) in self.parts() {
            if at == HEADERS || at.starts_with("/headers/") {
                continue;
            }
            let value = if at == ENTITY || at == WHY { submission.pointer(&at) } else { task.pointer(&at) };
            // What a new form begins with was not what they wrote.
            entries.forget(&at);
            let Some(value) = value else { continue };
            if !fill(field, &at, value, &mut entries) {
                return None;
            }
        }
        self.fill_headers(task.get("headers").and_then(Value::as_object), &mut entries);
        self.refill_rows(&mut entries);
        Some(entries)
    }

    /// Headers with a field of their own go there, and each other one into a row; what the engine fills is left out.
    fn fill_headers(&self, headers: Option<&Map<String, Value>>, entries: &mut Entries) {
        let mut row = 0;
        for (name, value) in headers.into_iter().flatten() {
            let is_filled = name == CREDENTIAL_HEADER
                || self.request_type.key_header().is_some_and(|key| key.eq_ignore_ascii_case(name));
            let Some(text) = value.as_str().filter(|_| !is_filled) else { continue };
            match self.own_headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)) {
                Some(own) => {
                    fill(own, &pointer_to(HEADERS, &own.name), value, entries);
                }
                None => {
                    entries.put(format!("{HEADERS}/{row}/name"), name.as_str());
                    entries.put(format!("{HEADERS}/{row}/value"), text);
                    row += 1;
                }
            }
        }
        if row > 0 {
            entries.set_rows(HEADERS, row);
        }
    }

    /// What was filled in once, is not shown again, and is empty now, unless the maker leaves it out on purpose.
    pub fn emptied(&self, entries: &Entries) -> Vec<Fault> {
        let emptied = entries.typed_in("").filter(|at| entries.is_emptied(at));
        emptied.map(|at| Fault::new(at, FormFault::Emptied)).collect()
    }

    /// Whether the list at `at` has room for another row.
    pub fn has_room(&self, at: &str, entries: &Entries) -> bool {
        let rows = entries.rows(at).unwrap_or(0);
        self.parts().into_iter().any(|(field, own)| rows < field.rows_max(&own, at))
    }

    /// Takes rows out that nobody wrote in.
    pub fn drop_empty_rows(&self, entries: &mut Entries) {
        for (field, at) in self.parts() {
            drop_empty_rows(field, &at, entries);
        }
    }

    /// Gives lists back the empty rows that a new form shows.
    pub fn refill_rows(&self, entries: &mut Entries) {
        for (field, at) in self.parts() {
            refill_rows(field, &at, entries);
        }
    }

    /// Every part and its pointer, in the order of the page.
    fn parts(&self) -> Vec<(&Field, String)> {
        let whole = [(&self.path, PATH), (&self.body, BODY), (&self.query, QUERY)];
        let whole = whole.into_iter().filter_map(|(part, at)| Some((part.as_ref()?, at.to_owned())));
        let own_headers = self.own_headers.iter().map(|field| (field, pointer_to(HEADERS, &field.name)));
        let rest = [(&self.headers, HEADERS), (&self.entity, ENTITY)].map(|(part, at)| (part, at.to_owned()));
        let reason = self.reason.iter().map(|reason| (reason, WHY.to_owned()));
        let hostname = std::iter::once((&self.hostname, HOSTNAME.to_owned())).chain(reason);
        hostname.chain(whole).chain(own_headers).chain(rest).collect()
    }

    /// The task that was filled in.
    pub fn read(&self, entries: &Entries) -> Filled {
        let mut reader = Reader::of(entries);
        let mut task = Map::new();
        let hostname = reader.read(&self.hostname, HOSTNAME).value();
        task.extend(hostname.map(|hostname| ("hostname".to_owned(), hostname)));
        task.insert("path".to_owned(), self.request_type.path.as_str().into());
        task.insert("method".to_owned(), self.request_type.method.as_str().into());
        for (part, at) in [(&self.path, PATH), (&self.query, QUERY), (&self.body, BODY)] {
            let Some(part) = part else { continue };
            let value = reader.read(part, at).value();
            // No query at all is the same as an empty one.
            let value =
                value.filter(|value| at != QUERY || value.as_object().is_none_or(|all| !all.is_empty()));
            task.extend(value.map(|value| (part.name.clone(), value)));
        }
        let headers = self.read_headers(&mut reader);
        task.insert("headers".to_owned(), headers.into());
        let reason = self.reason.as_ref().and_then(|reason| reader.read(reason, WHY).value());
        let entity = reader.read(&self.entity, ENTITY).value().unwrap_or_default();
        for name in reader.unused() {
            reader.faults.push(Fault::new("", FormFault::Gone { name: name.to_owned() }));
        }
        let body = written(entity, task.into(), reason);
        if json::write(&body).len() > BODY_BYTES_MAX {
            reader.faults.push(Fault::new("", FormFault::TooLarge { bytes_max: BODY_BYTES_MAX }));
        }
        Filled { body, faults: reader.faults }
    }

    fn read_headers(&self, reader: &mut Reader<'_>) -> Map<String, Value> {
        let mut headers = Map::new();
        for field in &self.own_headers {
            let value = reader.read(field, &pointer_to(HEADERS, &field.name)).value();
            headers.extend(value.map(|value| (field.name.clone(), value)));
        }
        let rows = reader.read(&self.headers, HEADERS).value();
        for (row, header) in rows.as_ref().and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
            if headers.insert(text("name").to_owned(), text("value").into()).is_some() {
                reader.faults.push(Fault::new(format!("{HEADERS}/{row}/name"), FormFault::HeaderTwice));
            }
        }
        headers
    }

    /// What was written, for the form's other way of writing the body; `None` if that can't express it.
    pub fn rewritten(&self, other: &Self, entries: &Entries) -> Option<Entries> {
        let (own, other) = (self.body.as_ref()?, other.body.as_ref()?);
        let mut reader = Reader::of(entries);
        let value = reader.read(own, BODY);
        if !reader.faults.is_empty() {
            return None;
        }
        let mut rewritten = Entries::default();
        let is_body = |name: &str| {
            name.split_once('/').is_some_and(|(mark, rest)| {
                matches!(mark, "" | "rows:" | "number:") && (rest == "body" || rest.starts_with("body/"))
            })
        };
        for (name, value) in entries.iter().filter(|(name, _)| !is_body(name)) {
            rewritten.put(name, value);
        }
        let value = match value {
            Found::Nothing => {
                begin(other, BODY, &mut rewritten);
                return Some(rewritten);
            }
            Found::Anyway(value) | Found::Given(value) => value,
        };
        let holds = fill(other, BODY, &value, &mut rewritten);
        let same = Reader::of(&rewritten).read(other, BODY).value().as_ref() == Some(&value);
        (holds && same).then_some(rewritten)
    }

    /// The page's sections with their content.
    pub fn draw(&self, entries: &Entries) -> Vec<Section> {
        let mut drawing = FieldRenderer::of(entries, &self.request_type.classes);
        let mut sections = Vec::new();
        let mut section = |part: FormPart, fields: Vec<FieldView>| {
            if !fields.is_empty() {
                let (title, note) = part.words();
                sections.push(Section { title, note, is_narrow: part == FormPart::Entity, fields });
            }
        };
        let mut what = Vec::new();
        for (part, at) in [(&self.path, PATH), (&self.body, BODY)] {
            what.extend(part.iter().flat_map(|part| fields_of(part, at, &mut drawing)));
        }
        section(FormPart::What, what);
        let why = self.reason.iter().map(|reason| drawing.field(reason, WHY)).collect();
        section(FormPart::Why, why);
        let query = self.query.iter().flat_map(|query| fields_of(query, QUERY, &mut drawing)).collect();
        section(FormPart::Query, query);
        let mut to = Vec::new();
        if !matches!(self.hostname.kind, Kind::Fixed(_)) {
            to.push(drawing.field(&self.hostname, HOSTNAME));
        }
        for field in &self.own_headers {
            to.push(drawing.field(field, &pointer_to(HEADERS, &field.name)));
        }
        to.push(drawing.field(&self.headers, HEADERS));
        section(FormPart::Target, to);
        let entity = fields_of(&self.entity, ENTITY, &mut drawing);
        section(FormPart::Entity, entity);
        sections
    }
}

/// The fields of a part without a frame around them; a group that holds nothing but one other is left out.
fn fields_of(part: &Field, at: &str, drawing: &mut FieldRenderer<'_>) -> Vec<FieldView> {
    let Kind::Group(fields, is_open) = &part.kind else { return vec![drawing.field(part, at)] };
    match fields.as_slice() {
        [only] if !is_open && only.is_required && matches!(only.kind.inside(), Inside::Members(_)) => {
            fields_of(only, &pointer_to(at, &only.name), drawing)
        }
        fields => drawing.group(at, fields, *is_open),
    }
}

/// Attaches faults to their fields; returns all of them for the summary, in the order of the page.
pub fn attach_faults(sections: &mut [Section], faults: &[Fault]) -> Vec<Problem> {
    let attach =
        |fault| problems::attach_fault(sections.iter_mut().flat_map(|section| &mut section.fields), fault);
    let mut problems: Vec<Problem> = faults.iter().map(attach).collect();
    problems.sort_by_key(|problem| problem.order);
    problems
}

/// Puts the cursor into the field at `at` when the page comes.
pub fn focus(sections: &mut [Section], at: &str) {
    let mut fields = sections.iter_mut().flat_map(|section| &mut section.fields);
    if let Some(field) = fields.find_map(|field| field.find_mut(at)) {
        field.take_focus();
    }
}
