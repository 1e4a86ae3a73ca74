//! What the answer to a probe says about the call that it asks about.

use super::body;
use super::exchange::{Exchange, TargetResponse};
use super::raw_json::{Unreadable, find, items};
use super::scalars::are_equal;
use super::type_rules::says;
use crate::domain::probe::{ProbeEnd, ProbeVerdict};
use crate::domain::request_type::{ProbeRules, Signs};

/// Judges the exchange of one probe. Only an answer that has every sign of one verdict, and not every sign of the
/// other, says anything; of one that can't be read, no rule about the body holds.
pub fn judge_probe(exchange: &Exchange, rules: &ProbeRules) -> ProbeEnd {
    let end = |verdict, reason| ProbeEnd { verdict, reason, is_last: false };
    let answer = match exchange {
        Exchange::NotSent { reason } | Exchange::NoFullAnswer { reason, .. } => {
            return end(ProbeVerdict::CannotTell, format!("The target could not be asked: {reason}."));
        }
        Exchange::Answered(answer) => answer,
    };
    let holds = |signs| has_all(answer, signs);
    let status = answer.status;
    let (verdict, what) = match (holds(&rules.happened), holds(&rules.did_not_happen)) {
        (Ok(true), Ok(false)) => (ProbeVerdict::Happened, "the call was carried out".to_owned()),
        (Ok(false), Ok(true)) => (ProbeVerdict::DidNotHappen, "the call was not carried out".to_owned()),
        (Ok(true), Ok(true)) => (ProbeVerdict::CannotTell, "the answer says both".to_owned()),
        (Ok(false), Ok(false)) => {
            (ProbeVerdict::CannotTell, "the answer does not say what became of the call".to_owned())
        }
        (Err(Unreadable(clause)), _) | (_, Err(Unreadable(clause))) => (ProbeVerdict::CannotTell, clause),
    };
    end(verdict, format!("The target was asked and answered {status}: {what}."))
}

fn has_all(answer: &TargetResponse, signs: &Signs) -> Result<bool, Unreadable> {
    let is_success = (200..300).contains(&answer.status);
    let has_status =
        if signs.statuses.is_empty() { is_success } else { signs.statuses.contains(&answer.status) };
    if signs.is_none() || !has_status {
        return Ok(false);
    }
    if !signs.read_the_body() {
        return Ok(true);
    }
    let body = body::read(answer)?;
    for (places, word) in [(&signs.is_true, "true"), (&signs.is_false, "false")] {
        for steps in places {
            if !says(body, steps, word)? {
                return Ok(false);
            }
        }
    }
    for steps in &signs.present {
        if find(body, steps)?.is_none_or(|value| value == "null") {
            return Ok(false);
        }
    }
    for rule in &signs.equals {
        if !find(body, &rule.at)?.is_some_and(|value| are_equal(value, &rule.equals)) {
            return Ok(false);
        }
    }
    for (places, is_wanted_empty) in [(&signs.empty, true), (&signs.not_empty, false)] {
        for steps in places {
            // What is no list is neither.
            let Some(list) = find(body, steps)?.filter(|value| value.starts_with('[')) else {
                return Ok(false);
            };
            if items(list)?.is_empty() != is_wanted_empty {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::outcome::WireBytes;
    use crate::domain::request_type::RequestType;

    fn rules(more: Value) -> ProbeRules {
        let mut probe = json!({"path": "/p"});
        for (name, value) in more.as_object().unwrap() {
            probe[name] = value.clone();
        }
        let definition = json!({"name": "A", "call": {"method": "POST", "path": "/a"}, "probe": probe});
        RequestType::from_definition(&definition).unwrap().probe.unwrap()
    }

    fn verdict(rules: &ProbeRules, status: u16, body: &str) -> ProbeVerdict {
        let answer =
            TargetResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec(), cut: false };
        judge_probe(&Exchange::Answered(answer), rules).verdict
    }

    #[test]
    fn a_list_says_whether_it_happened() {
        let rules =
            rules(json!({"happened_if_not_empty": ["/found"], "did_not_happen_if_empty": ["/found"]}));
        assert_eq!(verdict(&rules, 200, r#"{"found": [1]}"#), ProbeVerdict::Happened);
        assert_eq!(verdict(&rules, 200, r#"{"found": []}"#), ProbeVerdict::DidNotHappen);
        for (status, body) in [
            (200, r#"{"found": null}"#),
            (200, r#"{"found": "[]"}"#),
            (200, "{}"),
            (200, "not json"),
            (503, r#"{"found": []}"#),
            (404, r#"{"found": []}"#),
        ] {
            assert_eq!(verdict(&rules, status, body), ProbeVerdict::CannotTell, "{status} {body}");
        }
    }

    #[test]
    fn every_rule_of_a_verdict_must_hold() {
        let rules = rules(json!({
            "happened_if_equals": [{"at": "/state", "equals": "done"}], "happened_if_true": ["/booked"],
            "did_not_happen_if_status": [404], "did_not_happen_if_equals": [{"at": "/code", "equals": 7}],
        }));
        assert_eq!(verdict(&rules, 200, r#"{"state": "done", "booked": true}"#), ProbeVerdict::Happened);
        assert_eq!(verdict(&rules, 200, r#"{"state": "done", "booked": false}"#), ProbeVerdict::CannotTell);
        assert_eq!(verdict(&rules, 404, r#"{"code": 7}"#), ProbeVerdict::DidNotHappen);
        assert_eq!(verdict(&rules, 404, r#"{"code": 8}"#), ProbeVerdict::CannotTell);
        assert_eq!(verdict(&rules, 404, "<html>"), ProbeVerdict::CannotTell);
    }

    #[test]
    fn an_answer_that_says_both_says_nothing() {
        let rules = rules(json!({"happened_if_present": ["/id"], "did_not_happen_if_false": ["/done"]}));
        assert_eq!(verdict(&rules, 200, r#"{"id": 1, "done": false}"#), ProbeVerdict::CannotTell);
        assert_eq!(verdict(&rules, 200, r#"{"id": 1}"#), ProbeVerdict::Happened);
        assert_eq!(verdict(&rules, 200, r#"{"done": false}"#), ProbeVerdict::DidNotHappen);
    }

    #[test]
    fn without_an_answer_nobody_can_tell() {
        let rules = rules(json!({"did_not_happen_if_status": [404]}));
        for exchange in [
            Exchange::NotSent { reason: "no address".to_owned() },
            Exchange::NoFullAnswer {
                reason: "it was cut".to_owned(),
                partial: None,
                bytes: WireBytes::default(),
            },
        ] {
            assert_eq!(judge_probe(&exchange, &rules).verdict, ProbeVerdict::CannotTell);
        }
        assert_eq!(verdict(&rules, 404, ""), ProbeVerdict::DidNotHappen);
        assert_eq!(verdict(&rules, 200, "{}"), ProbeVerdict::CannotTell);
    }
}
