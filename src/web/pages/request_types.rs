//! Request types that are or were in force: which call each becomes and who must agree. Read-only: types change through files.

use actix_web::web;
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::allowed_targets::Targets;
use crate::domain::json;
use crate::domain::policy::Policy;
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::StaleRule;
use crate::domain::wording::capitalised;
use crate::engine::known_types::KnownType;
use crate::http::query::{escaped, given_once};
use crate::web::html::filters;
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{DigestWords, Time};
use crate::web::parts::json_view::Body;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::payload_fields::{FieldRow, rows};
use crate::web::parts::policy_diagram::{NodeKind, RuleDrawing};
use crate::web::sentences::policies::who_agrees;
use crate::web::sentences::type_facts::facts;
use crate::web::{BASE, Page, PageRequest, ok};

#[derive(Template)]
#[template(path = "types.html")]
struct TypesTemplate {
    shell: Shell,
    types: Vec<TypeLine>,
    /// What is in force although its file says otherwise.
    stale: Vec<StaleRule>,
    /// Those that were in force and are no more: name and address.
    past: Vec<(String, String)>,
}

/// One type in the list.
struct TypeLine {
    url: String,
    title: String,
    name: String,
    call: CallView,
    who: Vec<RuleWords>,
    version: DigestWords,
}

/// One rule in words.
struct RuleWords {
    /// Its name, unless it applies always.
    when: String,
    who: String,
}

/// Another version of the type that is or was in force.
struct OtherVersion {
    url: String,
    version: DigestWords,
    first_at: Time,
}

#[derive(Template)]
#[template(path = "type.html")]
struct TypeTemplate {
    shell: Shell,
    name: String,
    title: String,
    version: DigestWords,
    summary: String,
    call: CallView,
    facts: Vec<String>,
    rules: Vec<RuleDrawing>,
    fields: Vec<FieldRow>,
    definition: Body,
    new_url: Option<String>,
    is_in_force: bool,
    others: Vec<OtherVersion>,
}

/// `GET /ui/types`
pub async fn list(page: PageRequest) -> Page {
    page.engine().scope(page.actor())?;
    let shell = Shell::of(&page, Nav::Types).await?;
    let rules = page.engine().rules();
    let targets = page.engine().targets();
    let mut past = page.engine().known_type_names().await?;
    past.retain(|name| rules.types.find(name).is_none());
    let with_url = |name: String| (name.clone(), format!("{}/{}", Nav::Types.url(), escaped(&name)));
    let past = past.into_iter().map(with_url).collect();
    let types = rules.types.iter().map(|known| type_line(known, targets)).collect();
    ok(&TypesTemplate { types, stale: page.engine().stale_rules(), past, shell })
}

/// `GET /ui/types/{TYPE}`: the version in force, or the last one that was; `?version=…` names another one.
pub async fn page(page: PageRequest, name: web::Path<String>) -> Page {
    page.engine().scope(page.actor())?;
    let version = given_once(&page.http, "version");
    let known = page.engine().known_type(&name, version.as_deref()).await?;
    let shell = Shell::of(&page, Nav::Types).await?;
    ok(&type_page(&page, &known, &page.engine().rules().people, shell))
}

/// The page of the version that a request is pinned to.
pub fn version_url(request: &Request) -> String {
    let (name, version) = (escaped(request.request_type.as_str()), escaped(&request.type_version));
    format!("{}/{name}?version={version}", Nav::Types.url())
}

fn type_line(known: &RequestType, targets: &Targets) -> TypeLine {
    TypeLine {
        url: type_url(known),
        title: known.title.clone(),
        name: known.name.to_string(),
        call: CallView::of_type(known, targets),
        who: policy_words(&known.policy),
        version: DigestWords::of(&known.version),
    }
}

fn type_url(known: &RequestType) -> String {
    format!("{}/{}", Nav::Types.url(), escaped(known.name.as_str()))
}

/// Where a request of this type is made.
fn new_url(known: &RequestType) -> String {
    format!("{BASE}/new/{}", escaped(known.name.as_str()))
}

/// The rules in words, in their order.
fn policy_words(policy: &Policy) -> Vec<RuleWords> {
    let words = |rule: &crate::domain::policy::Rule| RuleWords {
        when: rule.when.as_ref().map(|_| rule.name.clone()).unwrap_or_default(),
        who: capitalised(&who_agrees(&rule.outcome)),
    };
    policy.rules.iter().map(words).collect()
}

fn type_page(page: &PageRequest, known: &KnownType, people: &People, shell: Shell) -> TypeTemplate {
    let KnownType { read: known, is_in_force, versions } = known;
    let url = |version: &str| format!("{}?version={}", type_url(known), escaped(version));
    let others = versions.iter().filter(|other| other.version != known.version);
    let others = others.map(|other| OtherVersion {
        url: url(&other.version),
        version: DigestWords::of(&other.version),
        first_at: shell.when.exact(other.first_at),
    });
    let host = known.target.as_ref().map(|target| target.authority());
    let drawn = (1..).zip(&known.policy.rules);
    let definition = json::read(known.definition().as_bytes()).unwrap_or_default();
    TypeTemplate {
        name: known.name.to_string(),
        title: known.title.clone(),
        version: DigestWords::of(&known.version),
        summary: known.summary.template().into(),
        call: CallView::of_type(known, page.engine().targets()),
        facts: facts(known, page.engine().deadlines()),
        rules: drawn.map(|(number, rule)| RuleDrawing::of(rule, number, people, host.as_deref())).collect(),
        fields: rows(known),
        definition: Body::of(&definition, known.definition().len()),
        new_url: (*is_in_force && page.actor().may(Permission::Make)).then(|| new_url(known)),
        is_in_force: *is_in_force,
        others: others.collect(),
        shell,
    }
}

impl TypeTemplate {
    fn is_refusal(&self, kind: &NodeKind) -> bool {
        *kind == NodeKind::Refused
    }
}
