//! A state machine's settings besides its function, and the text of its definition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A template's settings of a state machine that a function has no fields for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineResource {
    /// `Logging` or `LoggingConfiguration`, with the members of `CreateStateMachine`.
    pub logging: Option<Value>,
    /// `Tracing` or `TracingConfiguration`.
    pub is_traced: bool,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
    /// `Role` or `RoleArn`.
    pub role: Option<String>,
    /// The text that its definition was read from, if there is one. It is never serialized: other machines do not get
    /// it.
    #[serde(skip)]
    pub source: Option<DefinitionSource>,
}

/// A definition as text, with its substitutions applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionSource {
    /// The file, or the property that contains the text.
    pub name: String,
    /// The text to parse.
    pub text: String,
    original: String,
    replaced: Vec<Replaced>,
}

/// A placeholder and its replacement, as ranges of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Replaced {
    at: usize,
    bytes: usize,
    was_at: usize,
    was_bytes: usize,
}

impl DefinitionSource {
    /// Replaces each `${Name}` by its value, as CloudFormation does: in the text, regardless of the context.
    pub(crate) fn new(
        name: String,
        original: &str,
        substitutions: &BTreeMap<String, String>,
    ) -> Self {
        let mut source = Self {
            name,
            text: String::with_capacity(original.len()),
            original: original.to_owned(),
            replaced: Vec::new(),
        };
        let mut was_at = 0;
        for (start, placeholder, value) in placeholders(original, substitutions) {
            source.text.push_str(&original[was_at..start]);
            source.replaced.push(Replaced {
                at: source.text.len(),
                bytes: value.len(),
                was_at: start,
                was_bytes: placeholder,
            });
            source.text.push_str(value);
            was_at = start + placeholder;
        }
        source.text.push_str(&original[was_at..]);
        source
    }

    /// The line and column, from 1, in the original text, for a line and column of the text that is parsed.
    #[must_use]
    pub fn written_at(&self, line: usize, column: usize) -> (usize, usize) {
        let offset = offset(&self.text, line, column);
        let mut written = offset;
        for it in &self.replaced {
            if offset < it.at {
                break;
            }
            written = if offset < it.at + it.bytes {
                it.was_at
            } else {
                it.was_at + it.was_bytes + (offset - it.at - it.bytes)
            };
        }
        let before = &self.original[..self.original.floor_char_boundary(written)];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[start..].chars().count() + 1)
    }

    /// A placeholder without a substitution.
    pub(crate) fn unknown(&self) -> Option<&str> {
        let at = self.text.find("${")?;
        let name = &self.text[at + 2..];
        name.find('}').map(|end| &name[..end])
    }
}

/// Applies the substitutions in the texts and in the names of members of a value.
pub(crate) fn substitute(value: &mut Value, substitutions: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => *text = substituted(text, substitutions),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| substitute(item, substitutions)),
        Value::Object(members) => {
            // Members keep their order.
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut member)| {
                    substitute(&mut member, substitutions);
                    (substituted(&name, substitutions), member)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn substituted(text: &str, substitutions: &BTreeMap<String, String>) -> String {
    DefinitionSource::new(String::new(), text, substitutions).text
}

/// Each placeholder that has a value: its offset, its length, and the value.
fn placeholders<'v>(
    text: &str,
    substitutions: &'v BTreeMap<String, String>,
) -> Vec<(usize, usize, &'v str)> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices("${") {
        let name = &text[start + 2..];
        let Some(end) = name.find('}') else { break };
        if let Some(value) = substitutions.get(&name[..end]) {
            found.push((start, end + 3, value.as_str()));
        }
    }
    found
}

/// The offset of a line and a column in a text, or its end.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut at = 0;
    for _ in 1..line {
        match text[at..].find('\n') {
            Some(newline) => at += newline + 1,
            None => return text.len(),
        }
    }
    let rest = text[at..].char_indices().nth(column.saturating_sub(1));
    rest.map_or(text.len(), |(within, _)| at + within)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(values: &[(&str, &str)]) -> BTreeMap<String, String> {
        let values = values.iter();
        let values = values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        values.collect()
    }

    #[test]
    fn places_are_those_of_the_text_as_it_was_written() {
        let values = values(&[("Pause", "1234567890"), ("Lines", "a\nb\nc"), ("É", "")]);
        let written = "{\n \"x\": ${Pause}, \"y\": 1,\n ${Lines} ${É}z ${Other}\n}";
        let source = DefinitionSource::new(String::from("f"), written, &values);
        let text = "{\n \"x\": 1234567890, \"y\": 1,\n a\nb\nc z ${Other}\n}";
        assert_eq!(source.text, text);
        assert_eq!(source.unknown(), Some("Other"));
        for mark in ["\"x\"", "\"y\"", "z ", "${Other}", "}"] {
            let at = |text: &str| {
                let before = &text[..text.rfind(mark).expect("it is there")];
                let line = before.matches('\n').count() + 1;
                let start = before.rfind('\n').map_or(0, |it| it + 1);
                (line, before[start..].chars().count() + 1)
            };
            let (line, column) = at(text);
            assert_eq!(source.written_at(line, column), at(written), "{mark}");
        }
        // A position inside a replacement maps to its placeholder.
        assert_eq!(source.written_at(2, 10), (2, 7));
        assert_eq!(source.written_at(4, 1), (3, 2));
    }

    #[test]
    fn names_of_members_are_substituted_in_their_order() {
        let mut value = json!({ "b": 1, "${A}-x": ["${A}", "$${A}"], "${B}": null });
        substitute(&mut value, &values(&[("A", "a")]));
        let text = r#"{"b":1,"a-x":["a","$a"],"${B}":null}"#;
        assert_eq!(value.to_string(), text);
    }
}
