//! Reads a TOML file into JSON and keeps the line of each value.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::rules::files::FileFault;

/// A fault in the text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The line, from 1.
    pub line: usize,
    /// The field, `people.0.name`; empty if it is the file as a whole.
    pub field: String,
    /// What to write.
    pub message: String,
}

impl Placed {
    /// The fault of this file.
    pub fn in_file(self, file: &Path) -> FileFault {
        let Self { line, field, message } = self;
        FileFault { file: file.to_owned(), line: Some(line), field, message }
    }
}

/// A TOML file as JSON.
#[derive(Debug)]
pub struct Document {
    /// Its tables as objects.
    pub value: Value,
    /// The line of each value, by JSON pointer.
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Reads the text of a TOML file.
    ///
    /// # Errors
    /// Every fault with its line.
    pub fn read(text: &str) -> Result<Self, Placed> {
        let parsed = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let message = format!("Write TOML: {}.", error.message().trim_end_matches('.'));
            Placed { line, field: String::new(), message }
        })?;
        let mut reading = Reading { text, lines: BTreeMap::new(), fault: None };
        let value = reading.table(parsed.get_ref(), "");
        match reading.fault {
            Some((line, message)) => Err(Placed { line, field: String::new(), message }),
            None => Ok(Self { value, lines: reading.lines }),
        }
    }

    /// The line of the value at `pointer`, or of the table that would contain it.
    pub fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.lines.get(pointer) {
                return *line;
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return 1,
            }
        }
    }

    /// Where a fault is in this file.
    pub fn place(&self, fault: &DefinitionFault) -> Placed {
        let field = fault.field.trim_start_matches('/').replace('/', ".");
        Placed { line: self.line(&fault.field), field, message: fault.message.clone() }
    }
}

struct Reading<'t> {
    text: &'t str,
    lines: BTreeMap<String, usize>,
    fault: Option<(usize, String)>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, at: &str) -> Value {
        let mut members = Map::new();
        for (name, value) in table {
            let pointer = pointer_to(at, name.get_ref());
            // The line of the name: people do not look for a fault at the end of a table's span.
            self.lines.insert(pointer.clone(), line_of(self.text, name.span().start));
            let value = self.value(value, &pointer);
            members.insert(name.get_ref().to_string(), value);
        }
        Value::Object(members)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, at: &str) -> Value {
        let line = line_of(self.text, value.span().start);
        match value.get_ref() {
            DeValue::String(text) => text.as_ref().into(),
            DeValue::Boolean(truth) => (*truth).into(),
            DeValue::Integer(number) => self.whole(number, line),
            DeValue::Float(number) => self.number(number.as_str(), line),
            DeValue::Datetime(_) => {
                self.note(line, "Write a date as a text, in quotes.");
                Value::Null
            }
            DeValue::Array(items) => {
                let mut read = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let pointer = pointer_to(at, &index.to_string());
                    self.lines.insert(pointer.clone(), line_of(self.text, item.span().start));
                    read.push(self.value(item, &pointer));
                }
                Value::Array(read)
            }
            DeValue::Table(table) => self.table(table, at),
        }
    }

    fn whole(&mut self, number: &DeInteger<'_>, line: usize) -> Value {
        if number.radix() == 10 {
            return self.number(number.as_str(), line);
        }
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.into(),
            Err(_) => self.number("", line),
        }
    }

    /// Keeps every digit.
    fn number(&mut self, digits: &str, line: usize) -> Value {
        let number: Option<Number> = digits.trim_start_matches('+').parse().ok();
        number.map_or_else(
            || {
                self.note(line, "Write a finite decimal number.");
                Value::Null
            },
            Value::Number,
        )
    }

    fn note(&mut self, line: usize, message: &str) {
        self.fault.get_or_insert_with(|| (line, message.to_owned()));
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}
