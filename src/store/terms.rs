//! The JSON texts in rows: terms, people who acted through a token, seats.
//!
//! **Invariant:** what is written here is read back as the same value; a text that can't be read is
//! [`StoreError::Corrupt`].

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{StoreError, from_micros, to_micros};
use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::findings::{Warning, WarningCode};
use crate::domain::policy::{Capacity, Risk};
use crate::domain::request::{Counted, Terms};

/// The terms as an object; the subject stands in a column of its own.
pub fn terms_value(terms: &Terms) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    };
    let some = |value: Value, is_there: bool| is_there.then_some(value);
    put("rule", some(json!(terms.rule), !terms.rule.is_empty()));
    put("summary", some(json!(terms.summary), !terms.summary.is_empty()));
    put("risk", terms.risk.map(|risk| json!(risk.name())));
    put("dueAt", terms.due_at.map(|at| json!(to_micros(at))));
    put("amount", terms.amount.as_ref().map(|amount| json!(amount.to_string())));
    put("makerAct", some(people_value(&terms.maker_act), !terms.maker_act.is_empty()));
    let counted = terms.counted.iter().map(
        |counted| json!({"counter": counted.counter, "who": counted.who, "windowStart": counted.window_start}),
    );
    put("counted", some(counted.collect(), !terms.counted.is_empty()));
    let warnings =
        terms.warnings.iter().map(|warning| json!({"code": warning.code.name(), "message": warning.message}));
    put("warnings", some(warnings.collect(), !terms.warnings.is_empty()));
    Value::Object(object)
}

/// What [`terms_value`] wrote.
pub fn read_terms(value: &Value, subject: Option<String>) -> Result<Terms, StoreError> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let items = |name: &str| value[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let counted = |item: &Value| {
        let window_start = item["windowStart"].as_i64().ok_or_else(|| corrupt("windowStart"))?;
        Ok(Counted { counter: text(item, "counter"), who: text(item, "who"), window_start })
    };
    let warning = |item: &Value| {
        let code = WarningCode::parse(&text(item, "code")).ok_or_else(|| corrupt("code"))?;
        Ok(Warning { code, message: text(item, "message") })
    };
    let amount = |text: &str| Amount::parse(text).map_err(|_| corrupt("amount"));
    Ok(Terms {
        rule: text(value, "rule"),
        summary: text(value, "summary"),
        risk: value["risk"]
            .as_str()
            .map(|name| Risk::parse(name).ok_or_else(|| corrupt("risk")))
            .transpose()?,
        due_at: value["dueAt"].as_i64().map(from_micros).transpose()?,
        subject,
        amount: value["amount"].as_str().map(amount).transpose()?,
        maker_act: items("makerAct").iter().map(person).collect(),
        counted: items("counted").iter().map(counted).collect::<Result<_, StoreError>>()?,
        warnings: items("warnings").iter().map(warning).collect::<Result<_, StoreError>>()?,
    })
}

/// What an inbox needs of the terms.
pub struct BriefTerms {
    /// See [`Terms::rule`].
    pub rule: String,
    /// See [`Terms::risk`].
    pub risk: Option<Risk>,
    /// See [`Terms::due_at`].
    pub due_at: Option<DateTime<Utc>>,
    /// See [`Terms::maker_act`].
    pub maker_act: Vec<Person>,
}

/// A part of what [`terms_value`] wrote: an inbox reads hundreds of them for one page.
pub fn read_brief(text: &str) -> Result<BriefTerms, StoreError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Brief {
        rule: String,
        risk: Option<String>,
        due_at: Option<i64>,
        maker_act: Vec<Value>,
    }
    let brief: Brief = serde_json::from_str(text).map_err(|_| corrupt("terms"))?;
    let risk = |name: String| Risk::parse(&name).ok_or_else(|| corrupt("risk"));
    Ok(BriefTerms {
        rule: brief.rule,
        risk: brief.risk.map(risk).transpose()?,
        due_at: brief.due_at.map(from_micros).transpose()?,
        maker_act: brief.maker_act.iter().map(person).collect(),
    })
}

/// People as a list.
pub fn people_value(people: &[Person]) -> Value {
    let one = |person: &Person| json!({"iss": person.iss, "sub": person.sub, "userId": person.user_id, "userName": person.user_name});
    people.iter().map(one).collect()
}

/// What [`people_value`] wrote.
pub fn read_people(value: &Value) -> Vec<Person> {
    value.as_array().into_iter().flatten().map(person).collect()
}

fn person(value: &Value) -> Person {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Person { iss: text("iss"), sub: text("sub"), user_id: text("userId"), user_name: text("userName") }
}

/// Seats as a list of their names.
pub fn seats_value(seats: &[Capacity]) -> Value {
    seats.iter().map(|who| json!(who.to_string())).collect()
}

/// What [`seats_value`] wrote.
pub fn read_seats(value: &Value) -> Result<Vec<Capacity>, StoreError> {
    let seat = |item: &Value| item.as_str().and_then(Capacity::parse).ok_or_else(|| corrupt("seat"));
    value.as_array().into_iter().flatten().map(seat).collect()
}

/// The column `waits_for`: names in order, one per line.
pub fn waits_for_text(seats: &[Capacity]) -> String {
    seats.iter().map(Capacity::to_string).collect::<Vec<_>>().join("\n")
}

/// What [`waits_for_text`] wrote.
pub fn read_waits_for(text: &str) -> Result<Vec<Capacity>, StoreError> {
    text.lines().map(|line| Capacity::parse(line).ok_or_else(|| corrupt("waits_for"))).collect()
}

/// A JSON text of a row.
pub fn read_json(text: &str, what: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|_| corrupt(what))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("request: {what}"))
}
