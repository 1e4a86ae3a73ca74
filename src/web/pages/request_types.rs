//! Request types in force: which call each becomes and who must agree. Read-only: types change through files.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::json;
use crate::domain::period;
use crate::domain::policy::Policy;
use crate::domain::policy::people::People;
use crate::domain::request_type::{CountBy, Counter, Duplicates, RequestType};
use crate::domain::wording::capitalised;
use crate::engine::Deadlines;
use crate::web::html::Text;
use crate::web::pages::inbox::escaped;
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::DigestWords;
use crate::web::parts::json_view::Body;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::payload_fields::{FieldRow, rows};
use crate::web::parts::policy_diagram::{NodeKind, RuleDrawing, who_agrees};
use crate::web::session::Session;
use crate::web::{BASE, Page, PageError, Web, ok};

/// What stands in a type's call where the request names the host.
const ANY_HOST: &str = "the host that the request names";

#[derive(Template)]
#[template(path = "types.html")]
struct TypesTemplate {
    shell: Shell,
    types: Vec<TypeLine>,
}

/// One type in the list.
struct TypeLine {
    url: String,
    title: Text,
    name: Text,
    call: CallView,
    who: Vec<RuleWords>,
    version: DigestWords,
}

/// One rule in words.
struct RuleWords {
    /// Its name, unless it applies always.
    when: Text,
    who: Text,
}

#[derive(Template)]
#[template(path = "type.html")]
struct TypeTemplate {
    shell: Shell,
    name: Text,
    title: Text,
    version: DigestWords,
    summary: Text,
    call: CallView,
    facts: Vec<String>,
    rules: Vec<RuleDrawing>,
    fields: Vec<FieldRow>,
    definition: Body,
    new_url: Option<String>,
}

/// `GET /ui/types`
pub async fn list(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    web.engine.scope(&session.actor)?;
    let shell = Shell::of(&web, &request, &session, Nav::Types).await?;
    let rules = web.engine.rules();
    ok(&TypesTemplate { types: rules.types.iter().map(|known| type_line(known)).collect(), shell })
}

/// `GET /ui/types/{TYPE}`
pub async fn page(web: web::Data<Web>, request: HttpRequest, name: web::Path<String>) -> Page {
    let session = Session::of(&web, &request).await?;
    web.engine.scope(&session.actor)?;
    let rules = web.engine.rules();
    let known = rules.types.find(&name).ok_or(PageError::NotFound)?;
    let shell = Shell::of(&web, &request, &session, Nav::Types).await?;
    let may_make = session.actor.may(Permission::Make);
    ok(&type_page(known, &rules.people, web.engine.deadlines(), (shell, may_make)))
}

fn type_line(known: &RequestType) -> TypeLine {
    TypeLine {
        url: type_url(known),
        title: known.title.as_str().into(),
        name: known.name.as_str().into(),
        call: call(known),
        who: policy_words(&known.policy),
        version: DigestWords::of(&known.version),
    }
}

fn type_url(known: &RequestType) -> String {
    format!("{}/{}", Nav::Types.url(), escaped(known.name.as_str()))
}

/// The rules in words, in their order.
fn policy_words(policy: &Policy) -> Vec<RuleWords> {
    let words = |rule: &crate::domain::policy::Rule| RuleWords {
        when: rule.when.as_ref().map(|_| Text::from(rule.name.as_str())).unwrap_or_default(),
        who: capitalised(&who_agrees(&rule.outcome)).into(),
    };
    policy.rules.iter().map(words).collect()
}

/// The call that a request of this type becomes, as far as the type says.
fn call(known: &RequestType) -> CallView {
    let target = known.target.as_ref();
    CallView {
        method: known.method.as_str().into(),
        scheme: target.map(|target| format!("{}://", target.scheme.as_str())).unwrap_or_default().into(),
        host: target.map_or_else(|| ANY_HOST.to_owned(), |target| target.authority()).into(),
        path: known.path.as_str().into(),
        query: Text::default(),
        label: Text::default(),
        query_pairs: Vec::new(),
        headers: Vec::new(),
        body: None,
        digest: DigestWords::of(""),
    }
}

fn type_page(
    known: &RequestType,
    people: &People,
    deadlines: Deadlines,
    (shell, may_make): (Shell, bool),
) -> TypeTemplate {
    let host = known.target.as_ref().map(|target| target.authority());
    let drawn = (1..).zip(&known.policy.rules);
    let definition = json::read(known.definition().as_bytes()).unwrap_or_default();
    TypeTemplate {
        name: known.name.as_str().into(),
        title: known.title.as_str().into(),
        version: DigestWords::of(&known.version),
        summary: known.summary.template().into(),
        call: call(known),
        facts: facts(known, deadlines),
        rules: drawn.map(|(number, rule)| RuleDrawing::of(rule, number, people, host.as_deref())).collect(),
        fields: rows(known),
        definition: Body::of(&definition, known.definition().len()),
        new_url: may_make.then(|| format!("{BASE}/new/{}", escaped(known.name.as_str()))),
        shell,
    }
}

/// What holds for every request of the type, whichever rule applies.
fn facts(known: &RequestType, deadlines: Deadlines) -> Vec<String> {
    let waits = known.pending_ttl.unwrap_or(deadlines.pending_ttl);
    let leaves = known.approval_ttl.unwrap_or(deadlines.approval_ttl);
    let mut facts = vec![
        format!("Waits at most {} for its decisions", period::words(waits)),
        format!("Leaves within {} of the last signature", period::words(leaves)),
    ];
    facts.extend(known.total_timeout.map(|time| format!("The call may take {}", period::words(time))));
    facts.extend(match known.duplicates {
        Duplicates::Allow => None,
        Duplicates::Warn => Some("A second open request on the same subject: the maker is warned".to_owned()),
        Duplicates::Block => Some("A second open request on the same subject: refused".to_owned()),
    });
    if known.recheck_at_execution {
        facts.push("Rights of those who signed are looked at again right before sending".to_owned());
    }
    if known.bulk {
        facts.push("May be decided together with others".to_owned());
    }
    facts.extend(known.usage.iter().map(counter_words));
    facts
}

fn counter_words(counter: &Counter) -> String {
    let whose = match counter.by {
        CountBy::Maker => "maker",
        CountBy::Subject => "subject",
    };
    format!(
        "Counts requests and amounts of each {whose} in windows of {} ({})",
        period::words(counter.window),
        counter.name
    )
}

impl TypeTemplate {
    fn is_refusal(&self, kind: &NodeKind) -> bool {
        *kind == NodeKind::Refused
    }
}
