//! Parser of definitions: one run finds all problems.

mod choice;
mod fields;
mod integration;
mod map;
mod reach;
mod reader;
mod state;
mod values;
mod warnings;

use serde_json::Value;

use crate::definition::{Definition, Problem, ProblemCode};
use crate::language::Language;
use crate::position::Positions;
use fields::Fields;
use reader::Reader;

/// Largest definition, in bytes. Source: Step Functions API reference, `CreateStateMachine`, `definition`.
const DEFINITION_BYTES_MAX: usize = 1_048_576;

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    ///
    /// All problems, each with its line and column, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > DEFINITION_BYTES_MAX {
            let message = format!(
                "a definition has at most {DEFINITION_BYTES_MAX} bytes, and this one {}",
                text.len()
            );
            return Err(vec![problem(message)]);
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            vec![Problem {
                position: Some(crate::Position {
                    line: error.line().max(1),
                    column: error.column().max(1),
                }),
                ..problem(format!("the definition is not JSON: {error}"))
            }]
        })?;
        read(&value, Reader::new(Some(Positions::of(text))))
    }

    /// Reads a definition that is given as a value, as in a template.
    ///
    /// # Errors
    ///
    /// All problems.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Problem>> {
        read(value, Reader::new(None))
    }
}

fn problem(message: String) -> Problem {
    Problem {
        code: ProblemCode::InvalidJson,
        message,
        location: String::new(),
        position: None,
    }
}

fn read(value: &Value, reader: Reader) -> Result<Definition, Vec<Problem>> {
    let definition = reader.object("", value, "a state machine").map(|members| {
        let fields = Fields::new(&reader, "", members);
        let language = fields.language(Language::JsonPath);
        reader.language_is(language);
        if let Some(version) = fields.text("Version")
            && version != "1.0"
        {
            let message = format!("`Version` is `1.0`, the only one there is, not `{version}`");
            fields.wrong("Version", message);
        }
        let definition = Definition {
            comment: fields.text("Comment"),
            timeout_seconds: fields.whole("TimeoutSeconds", 1, 99_999_999),
            states: state::states(&fields, language, 0),
        };
        fields.finish("a state machine");
        definition
    });
    let problems = reader.into_problems();
    match definition {
        Some(definition) if problems.is_empty() => Ok(definition),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests;
