//! What may be asked for: each request type is data, and no code knows one by its name.

use serde_json::{Map, Value, json};

use super::digest::Digest;
use super::ids::RequestTypeName;
use super::json;

/// A kind of call that makers may submit.
#[derive(Clone, Debug)]
pub struct RequestType {
    /// Its name.
    pub name: RequestTypeName,
    /// The digest of everything below and the name, so that an old request tells which rules it met.
    pub version: String,
    /// The only method, in upper case.
    pub method: String,
    /// The only path; `{name}` stands for a value from `pathParams`.
    pub path: String,
    /// The documented members of the target's body; others pass unseen.
    pub body: Vec<Member>,
    /// The documented query parameters; others pass as long as they are strings.
    pub query: Vec<Member>,
}

/// A documented member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there, where the object it belongs to must be or is.
    pub required: bool,
}

/// What a documented member holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A string.
    String,
    /// A number of any size and precision.
    Number,
    /// Either of the two; it stays what it is.
    StringOrNumber,
    /// `true` or `false`.
    Boolean,
    /// A list of at least one number. A number alone is taken for a list of one and stored as such.
    Numbers,
    /// One of these strings.
    Choice(Choice),
    /// An object with these documented members, and any others.
    Object(Vec<Member>),
}

/// A closed list of strings.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The spellings that the target knows; these are stored.
    pub spellings: Vec<String>,
    /// Whether the same words in upper case are taken too, and stored in the target's spelling.
    pub upper_case_too: bool,
}

impl Choice {
    /// The spelling to store for what was sent; `None` if it is not on the list.
    pub fn stored(&self, sent: &str) -> Option<&str> {
        let means =
            |known: &&String| *known == sent || self.upper_case_too && known.to_ascii_uppercase() == sent;
        self.spellings.iter().find(means).map(String::as_str)
    }
}

impl RequestType {
    /// A type with its version computed.
    pub fn new(name: &str, (method, path): (&str, &str), body: Vec<Member>, query: Vec<Member>) -> Self {
        let meaning = json!({
            "name": name, "method": method, "path": path, "body": rendered(&body), "query": rendered(&query),
        });
        Self {
            name: RequestTypeName::new(name),
            version: Digest::of(json::write(&meaning).as_bytes()).to_string(),
            method: method.to_owned(),
            path: path.to_owned(),
            body,
            query,
        }
    }
}

/// Members as canonical JSON: sorted, since their order means nothing.
fn rendered(members: &[Member]) -> Value {
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let render = |member: &Member| json!({"required": member.required, "kind": rendered_kind(&member.kind)});
    Value::Object(
        members.into_iter().map(|member| (member.name.clone(), render(member))).collect::<Map<_, _>>(),
    )
}

fn rendered_kind(kind: &Kind) -> Value {
    match kind {
        Kind::String => json!("string"),
        Kind::Number => json!("number"),
        Kind::StringOrNumber => json!("string or number"),
        Kind::Boolean => json!("boolean"),
        Kind::Numbers => json!("numbers"),
        Kind::Choice(choice) => {
            let mut spellings = choice.spellings.clone();
            spellings.sort();
            json!({"choice": spellings, "upperCaseToo": choice.upper_case_too})
        }
        Kind::Object(members) => json!({"object": rendered(members)}),
    }
}

/// The request types that this engine offers.
#[derive(Clone, Debug)]
pub struct RequestTypes(Vec<RequestType>);

impl RequestTypes {
    /// The six types of the contract.
    pub fn embedded() -> Self {
        Self(vec![
            issue_badge(),
            earn_badge(),
            customer_status_change(),
            points_redemption(),
            goodwill_points(),
            retro_transaction(),
        ])
    }

    /// The type of this name in its stored spelling, `ISSUE-BADGE`.
    pub fn find(&self, name: &str) -> Option<&RequestType> {
        self.iter().find(|request_type| request_type.name.as_str() == name)
    }

    /// Every type.
    pub fn iter(&self) -> impl Iterator<Item = &RequestType> {
        self.0.iter()
    }
}

const OWNER_TYPES: [&str; 9] = [
    "Loyalty",
    "Loyalty_Promotion",
    "Referral_Campaigns",
    "Journeys",
    "Audience_Campaigns",
    "Rewards_Catalog",
    "Goodwill_Module",
    "Milestones",
    "Historical_Import",
];

const IDENTIFIER_NAMES: [&str; 8] =
    ["mobile", "email", "externalId", "cardnumber", "cardExternalId", "wechat", "fbid", "martjackId"];

fn issue_badge() -> RequestType {
    let triggered_by = vec![optional("ownerType", owner_type()), optional("referenceId", Kind::String)];
    let body = vec![
        required("badgeMetaId", Kind::String),
        required("customers", Kind::Numbers),
        optional("requestId", Kind::StringOrNumber),
        optional("triggeredBy", Kind::Object(triggered_by)),
        optional("source", Kind::String),
    ];
    let call = ("POST", "/api_gateway/v1/badges/badgeMeta/customer/issueBulk");
    RequestType::new("ISSUE-BADGE", call, body, vec![])
}

fn earn_badge() -> RequestType {
    let triggered_by = vec![required("ownerType", owner_type()), required("referenceId", Kind::String)];
    let body = vec![
        required("customerId", Kind::StringOrNumber),
        required("requestId", Kind::StringOrNumber),
        required("triggeredBy", Kind::Object(triggered_by)),
        optional("badgeMetaId", Kind::String),
        optional("source", Kind::String),
    ];
    RequestType::new("EARN-BADGE", ("POST", "/api_gateway/v1/badges/customer/earn"), body, vec![])
}

fn customer_status_change() -> RequestType {
    let body = vec![required("reason", Kind::String), required("label", Kind::String)];
    let query = vec![
        optional("source", Kind::String),
        optional("accountId", Kind::String),
        optional("use_async", one_of(&["true", "false"])),
        optional("identifierName", one_of(&IDENTIFIER_NAMES)),
        optional("identifierValue", Kind::String),
    ];
    RequestType::new("CUSTOMER-STATUS-CHANGE", ("PUT", "/v2/customers/lookup/status"), body, query)
}

fn points_redemption() -> RequestType {
    let redeem = vec![
        required("points_redeemed", Kind::String),
        required("customer", Kind::Object(vec![])),
        optional("redemption_time", Kind::String),
        optional("transaction_number", Kind::String),
        optional("notes", Kind::String),
        optional("external_reference_number", Kind::String),
    ];
    let root = vec![required("redeem", Kind::Object(redeem))];
    let query = vec![optional("skip_validation", Kind::String), optional("format", Kind::String)];
    let body = vec![required("root", Kind::Object(root))];
    RequestType::new("POINTS-REDEMPTION", ("POST", "/v1.1/points/redeem"), body, query)
}

fn goodwill_points() -> RequestType {
    let body = vec![
        required("referenceId", Kind::String),
        required("reason", Kind::String),
        required("baseType", Kind::String),
        required("programId", Kind::Number),
        required("awardingTillId", Kind::Number),
        required("earningEntityType", Kind::String),
        required("earningEntityId", Kind::Number),
        required("points", Kind::Number),
        optional("source", Kind::String),
    ];
    RequestType::new("GOODWILL-POINTS", ("POST", "/internal/goodwill/"), body, vec![])
}

fn retro_transaction() -> RequestType {
    let body = vec![
        optional("oldType", Kind::String),
        optional("newType", Kind::String),
        optional("transactionId", Kind::Number),
        optional("customerId", Kind::Number),
        optional("extendedFields", Kind::Object(vec![])),
        optional("customFields", Kind::Object(vec![])),
        optional("notes", Kind::String),
    ];
    RequestType::new("RETRO-TRANSACTION", ("PUT", "/v2/transactions/retro"), body, vec![])
}

fn required(name: &str, kind: Kind) -> Member {
    Member { name: name.to_owned(), kind, required: true }
}

fn optional(name: &str, kind: Kind) -> Member {
    Member { name: name.to_owned(), kind, required: false }
}

fn one_of(spellings: &[&str]) -> Kind {
    let spellings = spellings.iter().map(|&spelling| spelling.to_owned()).collect();
    Kind::Choice(Choice { spellings, upper_case_too: false })
}

/// The badge API knows the mixed case only; the workflow's documents also list upper case.
fn owner_type() -> Kind {
    let spellings = OWNER_TYPES.map(str::to_owned).to_vec();
    Kind::Choice(Choice { spellings, upper_case_too: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(members: Vec<Member>) -> String {
        RequestType::new("A-TYPE", ("POST", "/a"), members, vec![]).version
    }

    fn choice(spellings: &[&str], upper_case_too: bool) -> Choice {
        Choice { spellings: spellings.iter().map(|&s| s.to_owned()).collect(), upper_case_too }
    }

    #[test]
    fn the_six_types_of_the_contract_are_found_by_their_stored_names_only() {
        let types = RequestTypes::embedded();
        let names: Vec<&str> = types.iter().map(|found| found.name.as_str()).collect();
        let known = [
            "ISSUE-BADGE",
            "EARN-BADGE",
            "CUSTOMER-STATUS-CHANGE",
            "POINTS-REDEMPTION",
            "GOODWILL-POINTS",
            "RETRO-TRANSACTION",
        ];
        assert_eq!(names, known);
        assert!(names.iter().all(|name| types.find(name).is_some()));
        assert!(types.find("issue-badge").is_none());
    }

    #[test]
    fn a_choice_is_stored_in_the_spelling_of_the_target() {
        let both = choice(&["Loyalty", "Loyalty_Promotion"], true);
        assert_eq!(both.stored("LOYALTY_PROMOTION"), Some("Loyalty_Promotion"));
        assert_eq!(both.stored("Loyalty"), Some("Loyalty"));
        assert_eq!(both.stored("loyalty"), None);
        assert_eq!(choice(&["mobile"], false).stored("MOBILE"), None);
    }

    #[test]
    fn a_version_changes_with_the_meaning_and_not_with_the_order() {
        let (a, b) =
            (|| required("a", Kind::Number), || optional("b", Kind::Choice(choice(&["x", "y"], true))));
        let first = version(vec![a(), b()]);
        assert!(Digest::parse(&first).is_some());
        let turned = optional("b", Kind::Choice(choice(&["y", "x"], true)));
        assert_eq!(version(vec![turned, a()]), first);
        let others = [
            vec![a()],
            vec![optional("a", Kind::Number), b()],
            vec![required("a", Kind::StringOrNumber), b()],
            vec![a(), optional("b", Kind::Choice(choice(&["x", "y"], false)))],
            vec![a(), optional("b", Kind::Choice(choice(&["x"], true)))],
            vec![required("o", Kind::Object(vec![a(), b()]))],
        ];
        assert!(others.into_iter().all(|members| version(members) != first));
    }

    #[test]
    fn every_embedded_type_has_a_version_of_its_own() {
        let versions: std::collections::BTreeSet<String> =
            RequestTypes::embedded().iter().map(|found| found.version.clone()).collect();
        assert_eq!(versions.len(), 6);
    }
}
