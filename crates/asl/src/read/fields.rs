//! The members of an object, each requested by its name.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reader::{Reader, kind};
use crate::language::Language;
use crate::position::below;

pub(super) struct Fields<'r> {
    pub(super) reader: &'r Reader,
    pub(super) pointer: String,
    members: &'r Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'r> Fields<'r> {
    pub(super) fn new(reader: &'r Reader, pointer: &str, members: &'r Map<String, Value>) -> Self {
        Self {
            reader,
            pointer: pointer.to_owned(),
            members,
            asked: RefCell::default(),
        }
    }

    /// The member of that name, which is then known as allowed.
    pub(super) fn get(&self, name: &'static str) -> Option<&'r Value> {
        self.ask(name);
        self.members.get(name)
    }

    /// Notes that a member of that name is allowed.
    pub(super) fn ask(&self, name: &str) {
        self.asked.borrow_mut().insert(name.to_owned());
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&'r String, &'r Value)> {
        self.members.iter()
    }

    pub(super) fn asked(&self, name: &str) -> bool {
        self.asked.borrow().contains(name)
    }

    pub(super) fn at(&self, name: &str) -> String {
        below(&self.pointer, name)
    }

    pub(super) fn wrong(&self, name: &str, message: impl Into<String>) {
        self.reader.wrong(&self.at(name), message);
    }

    fn unfit(&self, name: &str, value: &Value, wanted: &str) {
        self.wrong(name, format!("`{name}` is {wanted}, not {}", kind(value)));
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        let value = self.get(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.unfit(name, value, "a text");
        }
        text.map(str::to_owned)
    }

    pub(super) fn required_text(&self, name: &'static str, what: &str) -> Option<String> {
        if self.get(name).is_none() {
            self.missing(name, what);
        }
        self.text(name)
    }

    pub(super) fn missing(&self, name: &str, what: &str) {
        self.reader
            .wrong(&self.pointer, format!("`{name}` is missing in {what}"));
    }

    pub(super) fn whole(&self, name: &'static str, low: u64, high: u64) -> Option<u64> {
        let value = self.get(name)?;
        let number = value
            .as_u64()
            .filter(|number| (low..=high).contains(number));
        if number.is_none() {
            self.wrong(
                name,
                format!("`{name}` is a whole number from {low} to {high}, not `{value}`"),
            );
        }
        number
    }

    pub(super) fn boolean(&self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        let boolean = value.as_bool();
        if boolean.is_none() {
            self.unfit(name, value, "a boolean");
        }
        boolean
    }

    pub(super) fn list(&self, name: &'static str) -> Option<&'r Vec<Value>> {
        let value = self.get(name)?;
        let list = value.as_array();
        if list.is_none() {
            self.unfit(name, value, "a list");
        }
        list
    }

    /// An object, as separate fields.
    pub(super) fn object(&self, name: &'static str) -> Option<Fields<'r>> {
        let value = self.get(name)?;
        let pointer = self.at(name);
        let members = self.reader.object(&pointer, value, &format!("`{name}`"))?;
        Some(Fields::new(self.reader, &pointer, members))
    }

    /// The language of a machine, or of a state in one; by default that of the enclosing part.
    pub(super) fn language(&self, default: Language) -> Language {
        let language = match self.text("QueryLanguage").as_deref() {
            None => return default,
            Some("JSONPath") => Language::JsonPath,
            Some("JSONata") => Language::Jsonata,
            Some(other) => {
                let message = format!("`QueryLanguage` is `JSONPath` or `JSONata`, not `{other}`");
                self.wrong("QueryLanguage", message);
                return default;
            }
        };
        // Source: Amazon States Language specification: a JSONata machine has no JSONPath states. A JSONata state of a
        // JSONPath machine may contain some.
        if self.reader.language() == Language::Jsonata && language == Language::JsonPath {
            let message = "a state of a JSONata state machine cannot be written in JSONPath";
            self.wrong("QueryLanguage", message);
        }
        language
    }

    /// Reports members that were never requested.
    pub(super) fn finish(&self, what: &str) {
        for name in self.members.keys() {
            if !self.asked(name) {
                self.wrong(name, format!("there is no field `{name}` in {what}"));
            }
        }
    }
}
