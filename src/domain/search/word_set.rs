//! The words that one request is found by, within limits.

use std::collections::BTreeSet;

use super::keys::OrgKeys;
use super::split::{folded, words};
use super::{WORDS_BYTES_MAX, WORDS_MAX};
use crate::domain::ids::{OrgId, RequestId};

/// Words as keys: each once, none empty. What is added after it is full is left out.
#[derive(Clone, Debug)]
pub struct WordSet {
    org: OrgKeys,
    keys: BTreeSet<String>,
    bytes: usize,
}

impl WordSet {
    /// No words of this org yet.
    pub fn new(org: &OrgId) -> Self {
        Self { org: OrgKeys::of(org), keys: BTreeSet::new(), bytes: 0 }
    }

    /// The id of a request of which no more is known.
    pub fn of_id(org: &OrgId, id: RequestId) -> Self {
        let mut words = Self::new(org);
        words.add_key(words.org.id(id));
        words
    }

    /// Adds the words of a text, and the pairs of those with at most one sign between them.
    pub fn add(&mut self, text: &str) {
        let text = folded(text);
        let mut before: Option<&str> = None;
        for word in words(&text) {
            if self.is_full() {
                return;
            }
            if let Some(before) = before.filter(|_| word.is_joined) {
                self.add_key(self.org.pair(before, word.text));
            }
            self.add_key(self.org.word(word.text));
            before = Some(word.text);
        }
    }

    pub(super) fn add_key(&mut self, key: String) {
        let bytes = self.bytes + key.len();
        if self.keys.len() < WORDS_MAX && bytes <= WORDS_BYTES_MAX && self.keys.insert(key) {
            self.bytes = bytes;
        }
    }

    pub(super) fn org(&self) -> &OrgKeys {
        &self.org
    }

    fn is_full(&self) -> bool {
        self.keys.len() >= WORDS_MAX || self.bytes >= WORDS_BYTES_MAX
    }

    /// The keys, with a space between them: no key has one.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes + self.keys.len());
        for key in &self.keys {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(key);
        }
        text
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
