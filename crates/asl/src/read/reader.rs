//! The problems found while reading.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::definition::{Problem, ProblemCode};
use crate::language::Language;
use crate::position::Positions;

/// Most problems reported of one definition.
const PROBLEMS_MAX: usize = 100;

/// Collects problems, and the names of states, which are unique in a definition.
pub(super) struct Reader {
    positions: Option<Positions>,
    problems: RefCell<Vec<Problem>>,
    names: RefCell<BTreeSet<String>>,
    /// The language of the whole machine.
    language: Cell<Language>,
}

impl Reader {
    pub(super) fn new(positions: Option<Positions>) -> Self {
        let twice = positions.as_ref().map(|it| it.twice.clone());
        let reader = Self {
            positions,
            problems: RefCell::default(),
            names: RefCell::default(),
            language: Cell::new(Language::JsonPath),
        };
        for pointer in twice.unwrap_or_default() {
            reader.say(
                ProblemCode::Schema,
                &pointer,
                "the name stands twice in its object",
            );
        }
        reader
    }

    pub(super) fn language_is(&self, language: Language) {
        self.language.set(language);
    }

    /// The language of the whole machine, as far as it has been read.
    pub(super) fn language(&self) -> Language {
        self.language.get()
    }

    pub(super) fn say(&self, code: ProblemCode, location: &str, message: impl Into<String>) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < PROBLEMS_MAX {
            problems.push(Problem {
                code,
                message: message.into(),
                location: location.to_owned(),
                position: self.positions.as_ref().and_then(|it| it.find(location)),
            });
        }
    }

    pub(super) fn wrong(&self, location: &str, message: impl Into<String>) {
        self.say(ProblemCode::Schema, location, message);
    }

    pub(super) fn object<'v>(
        &self,
        location: &str,
        value: &'v Value,
        what: &str,
    ) -> Option<&'v Map<String, Value>> {
        let members = value.as_object();
        if members.is_none() {
            self.wrong(
                location,
                format!("{what} is an object, not {}", kind(value)),
            );
        }
        members
    }

    /// Notes the name of a state.
    pub(super) fn name(&self, location: &str, name: &str) {
        // Source: Amazon States Language specification, states: 80 Unicode characters.
        if name.is_empty() || name.chars().count() > 80 {
            self.wrong(location, "the name of a state has 1 to 80 characters");
        }
        if !self.names.borrow_mut().insert(name.to_owned()) {
            let message = format!(
                "there is another state `{name}`: names are unique within a state machine, its branches included"
            );
            self.say(ProblemCode::DuplicateStateName, location, message);
        }
    }

    /// All problems, in the order of the text.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.position);
        problems
    }
}

/// A value's type, with its article.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
