//! Reads a policy from the definition of a request type, and writes its canonical form.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::{Approval, Capacity, Mode, Policy, Risk, Rule, RuleOutcome, Seat, Stage};
use crate::domain::actor::Permission;
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::period;

type Object = Map<String, Value>;

const RULES_MAX: usize = 50;
const STAGES_MAX: usize = 10;
const SEATS_MAX: usize = 10;
/// Maximum of a seat's count, of rejections and of people in all.
const NUMBER_MAX: u32 = 20;
const NAME_CHARS_MAX: usize = 100;
const MESSAGE_CHARS_MAX: usize = 500;

/// Seconds per unit, the largest first.
const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const SECONDS_MAX: i64 = 366 * 86_400;

const RULE: [&str; 10] = [
    "name",
    "when",
    "risk",
    "decide_within",
    "refuse",
    "auto_approve",
    "stages",
    "rejections",
    "min_distinct_people",
    "fresh_sign_in",
];

/// Members that only a rule with stages has.
const OF_STAGES: [&str; 3] = ["rejections", "min_distinct_people", "fresh_sign_in"];

impl Policy {
    /// Reads the array at `/policy` of a definition; without one, [`Policy::one_checker`].
    ///
    /// `counters` are the type's counters, which conditions may name. Reports every fault at once.
    pub fn from_definition(value: Option<&Value>, counters: &[&str]) -> Result<Self, Vec<DefinitionFault>> {
        let Some(value) = value else { return Ok(Self::one_checker()) };
        let mut reader = Reader { counters, faults: Vec::new() };
        let rules = reader.rules(value);
        if reader.faults.is_empty() { Ok(Self { rules }) } else { Err(reader.faults) }
    }

    /// The array at `/policy` in its canonical form, with defaults filled in.
    pub fn to_definition(&self) -> Value {
        self.rules.iter().map(rule_to).collect()
    }
}

struct Reader<'c> {
    counters: &'c [&'c str],
    faults: Vec<DefinitionFault>,
}

impl Reader<'_> {
    fn fault(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push(DefinitionFault::new(field, message));
    }

    fn rules(&mut self, value: &Value) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut names = BTreeSet::new();
        for (at, value) in self.items(value, "/policy", "rule", RULES_MAX).iter().enumerate() {
            let pointer = format!("/policy/{at}");
            let Some(rule) = self.rule(value, &pointer) else { continue };
            if !names.insert(rule.name.clone()) {
                self.taken(&pointer, &rule.name);
            }
            if let Some(always) = rules.iter().find(|rule| rule.when.is_none()) {
                let why =
                    format!("Leave this rule out or move it up: {} before it always applies.", always.name);
                self.fault(pointer, why);
            }
            rules.push(rule);
        }
        rules
    }

    fn rule(&mut self, value: &Value, at: &str) -> Option<Rule> {
        let rule = self.object(value, at, &RULE)?;
        let name = self.name(rule, at);
        let when = self.text(rule, at, "when").and_then(|text| self.condition(text, at));
        let risk = self.text(rule, at, "risk").and_then(|text| {
            let risk = Risk::parse(text);
            risk.or_else(|| self.absent(pointer_to(at, "risk"), "Write low, medium or high."))
        });
        let decide_within = self.duration(rule, at, "decide_within");
        let outcome = self.outcome(rule, at)?;
        Some(Rule { name, when, risk, decide_within, outcome })
    }

    fn condition(&mut self, text: &str, at: &str) -> Option<Condition> {
        let read = Condition::parse(text, self.counters);
        read.map_err(|why| self.fault(pointer_to(at, "when"), why)).ok()
    }

    fn outcome(&mut self, rule: &Object, at: &str) -> Option<RuleOutcome> {
        let given = ["refuse", "auto_approve", "stages"].into_iter().filter(|name| rule.contains_key(*name));
        let given: Vec<&str> = given.collect();
        let [one] = given.as_slice() else {
            let wish = "Write exactly one of refuse, auto_approve and stages.";
            return self.absent(at, wish);
        };
        if *one == "stages" {
            return self.approval(rule, at).map(RuleOutcome::Stages);
        }
        for name in OF_STAGES.into_iter().filter(|name| rule.contains_key(*name)) {
            self.fault(pointer_to(at, name), "Leave this out; it belongs to stages.");
        }
        let field = pointer_to(at, one);
        if *one == "auto_approve" {
            let is_true = rule["auto_approve"] == Value::Bool(true);
            return if is_true {
                Some(RuleOutcome::AutoApprove)
            } else {
                self.absent(field, "Write true, or leave it out.")
            };
        }
        let message = self.text(rule, at, "refuse")?.to_owned();
        if message.trim().is_empty() || message.chars().count() > MESSAGE_CHARS_MAX {
            let wish = format!("Say in at most {MESSAGE_CHARS_MAX} characters what the maker should do.");
            self.fault(field, wish);
        }
        Some(RuleOutcome::Refuse { message })
    }

    fn approval(&mut self, rule: &Object, at: &str) -> Option<Approval> {
        let field = pointer_to(at, "stages");
        let mut stages: Vec<Stage> = Vec::new();
        for (number, value) in self.items(rule.get("stages")?, &field, "stage", STAGES_MAX).iter().enumerate()
        {
            let pointer = format!("{field}/{number}");
            let Some(stage) = self.stage(value, &pointer) else { continue };
            if stages.iter().any(|other| other.name == stage.name) {
                self.taken(&pointer, &stage.name);
            }
            stages.push(stage);
        }
        let rejections = self.number(rule, at, "rejections")?.unwrap_or(1);
        let minimum = self.number(rule, at, "min_distinct_people")?.unwrap_or(1);
        let fresh_sign_in = self.duration(rule, at, "fresh_sign_in");
        let approval = Approval { stages, rejections, min_distinct_people: minimum, fresh_sign_in };
        // Each person counts once, so the stages are a minimum already.
        let needed = approval.people_needed();
        Some(Approval { min_distinct_people: minimum.max(needed), ..approval })
    }

    fn stage(&mut self, value: &Value, at: &str) -> Option<Stage> {
        let stage = self.object(value, at, &["name", "mode", "any", "seats"])?;
        let name = self.name(stage, at);
        // With a wrong mode the seats are still read, so that their faults are reported, too.
        let mode = self.mode(stage, at).unwrap_or(Mode::All);
        let field = pointer_to(at, "seats");
        let Some(seats) = stage.get("seats") else {
            return self
                .absent(field, "Add seats: this stage can never be filled without a group or permission.");
        };
        let mut found: Vec<Seat> = Vec::new();
        for (number, value) in self.items(seats, &field, "seat", SEATS_MAX).iter().enumerate() {
            let pointer = format!("{field}/{number}");
            let Some(seat) = self.seat(value, &pointer, mode) else { continue };
            if found.iter().any(|other| other.who == seat.who) {
                let wish = format!("Name {} once in a stage, and raise its count.", seat.who.name());
                self.fault(pointer, wish);
            }
            found.push(seat);
        }
        Some(Stage { name, mode, seats: found })
    }

    fn mode(&mut self, stage: &Object, at: &str) -> Option<Mode> {
        let any = self.number(stage, at, "any")?;
        match (stage.get("mode").map(Value::as_str), any) {
            (None | Some(Some("all")), None) => Some(Mode::All),
            (None | Some(Some("any")), Some(number)) => Some(Mode::Any(number)),
            (Some(Some("all")), Some(_)) => {
                self.absent(pointer_to(at, "any"), "Write either mode = \"all\" or any = 2, not both.")
            }
            (Some(Some("any")), None) => self.absent(pointer_to(at, "any"), "Say how many: any = 2."),
            (Some(_), _) => self.absent(pointer_to(at, "mode"), "Write \"all\", or any = 2 instead."),
        }
    }

    fn seat(&mut self, value: &Value, at: &str, mode: Mode) -> Option<Seat> {
        let seat = self.object(value, at, &["group", "permission", "account", "count"])?;
        let count = self.number(seat, at, "count")?;
        if count.is_some() && mode != Mode::All {
            self.fault(pointer_to(at, "count"), "Leave count out; the stage's any says how many.");
        }
        let named = ["group", "permission", "account"].map(|kind| seat.contains_key(kind));
        let who = match named {
            [true, false, false] => Capacity::Group(self.text_of(seat, at, "group")?),
            [false, false, true] => {
                if count.is_some_and(|count| count > 1) {
                    self.fault(
                        pointer_to(at, "count"),
                        "Write 1, or leave count out; an account signs once.",
                    );
                }
                Capacity::Account(self.text_of(seat, at, "account")?)
            }
            [false, true, false] => {
                let name = self.text_of(seat, at, "permission")?;
                let field = pointer_to(at, "permission");
                let known = Permission::ALL.map(Permission::name).join(", ");
                let found = Permission::ALL.into_iter().find(|permission| permission.name() == name);
                let found = found.or_else(|| self.absent(field, format!("Write one of {known}.")));
                Capacity::Permission(found?)
            }
            [..] => {
                return self.absent(at, "Name one group, one permission or one account.");
            }
        };
        Some(Seat { who, count: if mode == Mode::All { count.unwrap_or(1) } else { 1 } })
    }

    fn items<'v>(&mut self, value: &'v Value, at: &str, what: &str, max: usize) -> &'v [Value] {
        match value.as_array() {
            Some(items) if (1..=max).contains(&items.len()) => items,
            Some(_) | None => {
                self.fault(at, format!("Write a list of at least one {what}, and of {max} at most."));
                &[]
            }
        }
    }

    fn object<'v>(&mut self, value: &'v Value, at: &str, known: &[&str]) -> Option<&'v Object> {
        let Some(object) = value.as_object() else { return self.absent(at, "Write a table.") };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let message = format!("Leave this out; known here: {}.", known.join(", "));
            self.fault(pointer_to(at, name), message);
        }
        Some(object)
    }

    fn name(&mut self, object: &Object, at: &str) -> String {
        self.text_of(object, at, "name").unwrap_or_default()
    }

    /// A required text, neither blank nor too long nor with invisible characters.
    fn text_of(&mut self, object: &Object, at: &str, member: &str) -> Option<String> {
        if !object.contains_key(member) {
            return self.absent(pointer_to(at, member), format!("Add a {member}."));
        }
        let text = self.text(object, at, member)?;
        let is_sound = text.trim() == text && !text.is_empty() && !text.chars().any(char::is_control);
        if is_sound && text.chars().count() <= NAME_CHARS_MAX {
            return Some(text.to_owned());
        }
        let wish = format!("Write a {member} of 1 to {NAME_CHARS_MAX} characters without blanks around it.");
        self.absent(pointer_to(at, member), wish)
    }

    /// A period of up to a year.
    fn duration(&mut self, object: &Object, at: &str, member: &str) -> Option<TimeDelta> {
        let found = period::parse(self.text(object, at, member)?);
        let found = found.filter(|period| period.num_seconds() <= SECONDS_MAX);
        found.or_else(|| self.absent(pointer_to(at, member), "Write one number and one of s, m, h, d: 4h."))
    }

    fn text<'v>(&mut self, object: &'v Object, at: &str, member: &str) -> Option<&'v str> {
        let value = object.get(member)?;
        value.as_str().or_else(|| self.absent(pointer_to(at, member), "Write a text."))
    }

    /// `None` is a fault; `Some(None)` is absent.
    fn number(&mut self, object: &Object, at: &str, member: &str) -> Option<Option<u32>> {
        let Some(value) = object.get(member) else { return Some(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (1..=NUMBER_MAX).contains(number)) {
            Some(number) => Some(Some(number)),
            None => {
                let wish = format!("Write a whole number from 1 to {NUMBER_MAX}.");
                self.absent(pointer_to(at, member), wish)
            }
        }
    }

    fn taken(&mut self, at: &str, name: &str) {
        self.fault(pointer_to(at, "name"), format!("Choose another name; {name} is taken above."));
    }

    /// Reports a fault instead of a value.
    fn absent<T>(&mut self, field: impl Into<String>, message: impl Into<String>) -> Option<T> {
        self.fault(field, message);
        None
    }
}

/// In the largest unit that fits: 60m is 1h.
fn duration_to(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let unit = UNITS.into_iter().find(|(_, unit)| seconds % unit == 0);
    let (name, unit) = unit.unwrap_or(("s", 1));
    format!("{}{name}", seconds / unit)
}

fn rule_to(rule: &Rule) -> Value {
    let mut to = Object::new();
    to.insert("name".to_owned(), json!(rule.name));
    if let Some(condition) = &rule.when {
        to.insert("when".to_owned(), json!(condition.source()));
    }
    if let Some(risk) = rule.risk {
        to.insert("risk".to_owned(), json!(risk.name()));
    }
    if let Some(time) = rule.decide_within {
        to.insert("decide_within".to_owned(), json!(duration_to(time)));
    }
    match &rule.outcome {
        RuleOutcome::Refuse { message } => {
            to.insert("refuse".to_owned(), json!(message));
        }
        RuleOutcome::AutoApprove => {
            to.insert("auto_approve".to_owned(), json!(true));
        }
        RuleOutcome::Stages(approval) => {
            to.insert("rejections".to_owned(), json!(approval.rejections));
            to.insert("min_distinct_people".to_owned(), json!(approval.min_distinct_people));
            if let Some(time) = approval.fresh_sign_in {
                to.insert("fresh_sign_in".to_owned(), json!(duration_to(time)));
            }
            to.insert("stages".to_owned(), approval.stages.iter().map(stage_to).collect());
        }
    }
    Value::Object(to)
}

/// Seats are sorted: their order means nothing.
fn stage_to(stage: &Stage) -> Value {
    let mut seats: Vec<&Seat> = stage.seats.iter().collect();
    seats.sort_by(|one, other| one.who.cmp(&other.who));
    let seats: Value = seats.into_iter().map(|seat| seat_to(seat, stage.mode)).collect();
    match stage.mode {
        Mode::All => json!({ "name": stage.name, "mode": "all", "seats": seats }),
        Mode::Any(number) => json!({ "name": stage.name, "any": number, "seats": seats }),
    }
}

fn seat_to(seat: &Seat, mode: Mode) -> Value {
    let kind = match seat.who {
        Capacity::Group(_) | Capacity::ClaimedGroup(_) => "group",
        Capacity::Permission(_) => "permission",
        Capacity::Account(_) => "account",
    };
    match mode {
        Mode::All => json!({ kind: seat.who.name(), "count": seat.count }),
        Mode::Any(_) => json!({ kind: seat.who.name() }),
    }
}
