//! The terms of a request as JSON: in the column `requests.terms` and in the event of its submission.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::json::{self, PersonJson};
use super::{StoreError, from_micros, to_micros};
use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::call_line::{CallLine, HeaderLine};
use crate::domain::findings::{Warning, WarningCode};
use crate::domain::policy::{Capacity, Risk};
use crate::domain::request::{Counted, Terms};
use crate::domain::unit::Unit;

/// The terms, without the subject and the repeat key: the row has them in columns of their own. Most requests have few
/// of the members that may be absent, and each of them would be stored with every request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TermsJson {
    rule: String,
    summary: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
    /// `850 points`, or `850` where nothing says what is counted: a member for the unit would take more bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    maker_act: Vec<PersonJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    counted: Vec<CountedJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<WarningJson>,
    call: CallLineJson,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CountedJson {
    counter: String,
    who: String,
    window_start: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarningJson {
    code: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CallLineJson {
    method: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    masked_url: Option<String>,
    label: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<HeaderLineJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeaderLineJson {
    name: String,
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    masked_value: Option<String>,
}

impl From<&Terms> for TermsJson {
    fn from(terms: &Terms) -> Self {
        let counted = |counted: &Counted| CountedJson {
            counter: counted.counter.clone(),
            who: counted.who.clone(),
            window_start: counted.window_start,
        };
        let warning = |warning: &Warning| WarningJson {
            code: warning.code.name().to_owned(),
            message: warning.message.clone(),
        };
        Self {
            rule: terms.rule.clone(),
            summary: terms.summary.clone(),
            reason: terms.reason.clone(),
            risk: terms.risk.map(|risk| risk.name().to_owned()),
            due_at: terms.due_at.map(to_micros),
            amount: terms.amount.map(|amount| written(amount, terms.unit.as_ref())),
            maker_act: json::people(&terms.maker_act),
            counted: terms.counted.iter().map(counted).collect(),
            warnings: terms.warnings.iter().map(warning).collect(),
            call: CallLineJson::from(&terms.call),
        }
    }
}

impl TermsJson {
    /// The terms of a request with what has columns of its own.
    pub(super) fn into_terms(
        self,
        subject: Option<String>,
        repeat_key: Option<String>,
    ) -> Result<Terms, StoreError> {
        let (amount, unit) = read_amount(self.amount.as_deref())?;
        let counted = |CountedJson { counter, who, window_start }| Counted { counter, who, window_start };
        let warning = |WarningJson { code, message }| {
            let code = WarningCode::parse(&code).ok_or_else(|| corrupt("warning"))?;
            Ok(Warning { code, message })
        };
        Ok(Terms {
            rule: self.rule,
            summary: self.summary,
            reason: self.reason,
            risk: risk(self.risk)?,
            due_at: self.due_at.map(from_micros).transpose()?,
            subject,
            repeat_key,
            amount,
            unit,
            maker_act: json::read_people(self.maker_act),
            counted: self.counted.into_iter().map(counted).collect(),
            warnings: self.warnings.into_iter().map(warning).collect::<Result<_, StoreError>>()?,
            call: self.call.into(),
        })
    }
}

impl From<&CallLine> for CallLineJson {
    fn from(line: &CallLine) -> Self {
        let CallLine { method, url, masked_url, label, headers } = line.clone();
        let header = |HeaderLine { name, value, masked_value }| HeaderLineJson { name, value, masked_value };
        Self { method, url, masked_url, label, headers: headers.into_iter().map(header).collect() }
    }
}

impl From<CallLineJson> for CallLine {
    fn from(line: CallLineJson) -> Self {
        let CallLineJson { method, url, masked_url, label, headers } = line;
        let header = |HeaderLineJson { name, value, masked_value }| HeaderLine { name, value, masked_value };
        Self { method, url, masked_url, label, headers: headers.into_iter().map(header).collect() }
    }
}

/// The column `requests.terms`.
pub(super) fn write(terms: &Terms) -> String {
    json::write(&TermsJson::from(terms))
}

/// What [`write`] wrote.
pub(super) fn read(
    text: &str,
    subject: Option<String>,
    repeat_key: Option<String>,
) -> Result<Terms, StoreError> {
    json::read::<TermsJson>(text, "terms")?.into_terms(subject, repeat_key)
}

/// What an inbox needs of the terms.
#[derive(Clone, Debug)]
pub struct BriefTerms {
    /// See [`Terms::rule`].
    pub rule: String,
    /// See [`Terms::risk`].
    pub risk: Option<Risk>,
    /// See [`Terms::due_at`].
    pub due_at: Option<DateTime<Utc>>,
    /// See [`Terms::maker_act`].
    pub maker_act: Vec<Person>,
    /// See [`Terms::amount`].
    pub amount: Option<Amount>,
    /// See [`Terms::unit`].
    pub unit: Option<Unit>,
}

/// A part of what [`write`] wrote: an inbox reads hundreds of them for one page.
pub(super) fn read_brief(text: &str) -> Result<BriefTerms, StoreError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct BriefJson {
        rule: String,
        #[serde(default)]
        risk: Option<String>,
        #[serde(default)]
        due_at: Option<i64>,
        #[serde(default)]
        maker_act: Vec<PersonJson>,
        #[serde(default)]
        amount: Option<String>,
    }
    let brief: BriefJson = json::read(text, "terms")?;
    let (amount, unit) = read_amount(brief.amount.as_deref())?;
    Ok(BriefTerms {
        rule: brief.rule,
        risk: risk(brief.risk)?,
        due_at: brief.due_at.map(from_micros).transpose()?,
        maker_act: json::read_people(brief.maker_act),
        amount,
        unit,
    })
}

fn written(amount: Amount, unit: Option<&Unit>) -> String {
    unit.map_or_else(|| amount.to_string(), |unit| format!("{amount} {unit}"))
}

/// What [`written`] wrote.
fn read_amount(text: Option<&str>) -> Result<(Option<Amount>, Option<Unit>), StoreError> {
    let Some(text) = text else { return Ok((None, None)) };
    let (amount, unit) = text.split_once(' ').map_or((text, None), |(amount, unit)| (amount, Some(unit)));
    let amount = Amount::parse(amount).map_err(|_| corrupt("amount"))?;
    let unit = unit.map(|unit| Unit::parse(unit).map_err(|_| corrupt("unit"))).transpose()?;
    Ok((Some(amount), unit))
}

fn risk(name: Option<String>) -> Result<Option<Risk>, StoreError> {
    name.map(|name| Risk::parse(&name).ok_or_else(|| corrupt("risk"))).transpose()
}

/// The column `requests.waits_for`: names in order, one a line.
pub(super) fn write_waits_for(capacities: &[Capacity]) -> String {
    json::capacities(capacities).join("\n")
}

/// What [`write_waits_for`] wrote.
pub(super) fn read_waits_for(text: &str) -> Result<Vec<Capacity>, StoreError> {
    json::read_capacities(text.lines())
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("terms: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Permission;

    fn terms() -> Terms {
        Terms {
            repeat_key: Some("r-1".to_owned()),
            rule: "large".to_owned(),
            summary: "Refund 12 EUR".to_owned(),
            reason: Some("The customer called.".to_owned()),
            risk: Some(Risk::High),
            due_at: Some(DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap()),
            subject: Some("77".to_owned()),
            amount: Some(Amount::parse("12.50").unwrap()),
            unit: Some(Unit::parse("EUR").unwrap()),
            maker_act: vec![Person::system()],
            counted: vec![Counted { counter: "day".to_owned(), who: "mara".to_owned(), window_start: 7 }],
            warnings: vec![Warning { code: WarningCode::DuplicatePending, message: "another".to_owned() }],
            call: CallLine {
                method: "POST".to_owned(),
                url: "https://a.example/orders/77".to_owned(),
                masked_url: Some("https://a.example/orders/%E2%80%A2".to_owned()),
                label: "Production".to_owned(),
                headers: vec![HeaderLine {
                    name: "X-Pin".to_owned(),
                    value: "1".to_owned(),
                    masked_value: Some("2".to_owned()),
                }],
            },
        }
    }

    #[test]
    fn terms_are_read_back_as_they_were_written() {
        for terms in [
            terms(),
            Terms { unit: None, ..terms() },
            Terms { rule: "default".to_owned(), ..Terms::default() },
        ] {
            assert_eq!(read(&write(&terms), terms.subject.clone(), terms.repeat_key.clone()).unwrap(), terms);
            let brief = read_brief(&write(&terms)).unwrap();
            assert_eq!((brief.rule, brief.risk, brief.due_at), (terms.rule, terms.risk, terms.due_at));
            assert_eq!((brief.amount, brief.unit), (terms.amount, terms.unit));
        }
    }

    #[test]
    fn terms_that_lack_what_all_have_are_corrupt() {
        let whole: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&write(&Terms::default())).unwrap();
        assert_eq!(whole.keys().collect::<Vec<_>>(), ["rule", "summary", "call"]);
        for name in whole.keys() {
            let mut less = whole.clone();
            less.remove(name);
            let less = serde_json::Value::Object(less).to_string();
            assert!(matches!(read(&less, None, None), Err(StoreError::Corrupt(_))), "without {name}");
        }
        assert!(read_brief("{}").is_err());
    }

    #[test]
    fn an_amount_or_a_unit_that_can_not_be_read_is_corrupt_and_never_left_out() {
        assert!(write(&terms()).contains(r#""amount":"12.5 EUR""#));
        for amount in ["", "EUR", " EUR", "12.5 ", "12.5  EUR", "12.5 EUR 2", "1e3 EUR", "12.5 €"] {
            let text = write(&terms()).replace("12.5 EUR", amount);
            assert!(matches!(read(&text, None, None), Err(StoreError::Corrupt(_))), "{amount}");
            assert!(matches!(read_brief(&text), Err(StoreError::Corrupt(_))), "{amount}");
        }
    }

    #[test]
    fn capacities_are_read_back_and_unknown_ones_are_corrupt() {
        let some = [Capacity::Group("Risk".to_owned()), Capacity::Permission(Permission::Check)];
        assert_eq!(read_waits_for(&write_waits_for(&some)).unwrap(), some);
        assert_eq!(read_waits_for("").unwrap(), []);
        assert!(matches!(read_waits_for("nobody"), Err(StoreError::Corrupt(_))));
    }
}
