//! Valid definitions that are probably not meant so.
//!
//! Source: Step Functions API reference, `ValidateStateMachineDefinition`, list of warning codes, read 2026-11-30.

use serde_json::{Map, Value};

use crate::definition::{Definition, Problem, ProblemCode};
use crate::position::{Positions, below};

/// Fields of a JSONPath state that are payload templates.
const TEMPLATES: [&str; 4] = ["Parameters", "ResultSelector", "ItemSelector", "Assign"];

impl Definition {
    /// The suspicious places of a definition that can be read, in the order of the text.
    #[must_use]
    pub fn warnings(text: &str) -> Vec<Problem> {
        let Ok(Value::Object(machine)) = serde_json::from_str::<Value>(text) else {
            return Vec::new();
        };
        let mut warnings = Warnings {
            positions: Positions::of(text),
            found: Vec::new(),
        };
        warnings.states(&machine, "", is_jsonata(&machine, false));
        warnings.found.sort_by_key(|it| it.position);
        warnings.found
    }
}

struct Warnings {
    positions: Positions,
    found: Vec<Problem>,
}

fn is_jsonata(members: &Map<String, Value>, around: bool) -> bool {
    match members.get("QueryLanguage").and_then(Value::as_str) {
        Some(language) => language == "JSONata",
        None => around,
    }
}

/// Whether a text would be a path or an intrinsic function in another field.
fn is_dynamic(text: &str) -> bool {
    text == "$"
        || text == "$$"
        || ["$.", "$[", "$$."].iter().any(|it| text.starts_with(it))
        || (text.starts_with("States.") && text.ends_with(')'))
}

impl Warnings {
    fn say(&mut self, code: ProblemCode, location: String, message: String) {
        self.found.push(Problem {
            code,
            message,
            position: self.positions.find(&location),
            location,
        });
    }

    fn states(&mut self, around: &Map<String, Value>, at: &str, jsonata: bool) {
        let Some(states) = around.get("States").and_then(Value::as_object) else {
            return;
        };
        let at = below(at, "States");
        for (name, state) in states {
            if let Value::Object(state) = state {
                self.state(state, &below(&at, name), is_jsonata(state, jsonata));
            }
        }
    }

    fn state(&mut self, state: &Map<String, Value>, at: &str, jsonata: bool) {
        let branches = state.get("Branches").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Value::Object(branch) = branch {
                self.states(branch, &format!("{at}/Branches/{index}"), jsonata);
            }
        }
        for name in ["ItemProcessor", "Iterator"] {
            if let Some(Value::Object(processor)) = state.get(name) {
                self.states(processor, &below(at, name), jsonata);
            }
        }
        if jsonata {
            return;
        }
        for name in TEMPLATES {
            if let Some(template) = state.get(name) {
                self.template(template, &below(at, name));
            }
        }
        let kind = state.get("Type").and_then(Value::as_str);
        if kind == Some("Pass")
            && let Some(result) = state.get("Result")
        {
            self.fixed(result, &below(at, "Result"));
        }
        let fields: &[&str] = match kind {
            Some("Fail") => &["Error", "Cause"],
            _ => &[],
        };
        for name in fields {
            self.no_path(name, state.get(*name), at);
        }
        let rules = state.get("Choices").and_then(Value::as_array);
        for (index, rule) in rules.into_iter().flatten().enumerate() {
            self.rule(rule, &format!("{at}/Choices/{index}"));
        }
    }

    /// Texts of a payload template that look like paths, under names without the suffix `.$`.
    fn template(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let at = below(at, name);
                    match value {
                        Value::String(text) if !name.ends_with(".$") && is_dynamic(text) => {
                            let message = format!(
                                "`{text}` is taken as it stands: to evaluate it, call the field `{name}.$`"
                            );
                            self.say(ProblemCode::NoDollar, at, message);
                        }
                        other => self.template(other, &at),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.template(item, &format!("{at}/{index}"));
                }
            }
            _ => {}
        }
    }

    /// Texts of a result that look like paths: results are never evaluated.
    fn fixed(&mut self, value: &Value, at: &str) {
        match value {
            Value::String(text) if is_dynamic(text) => {
                let message = format!(
                    "`{text}` is taken as it stands: `Result` is not evaluated, `Parameters` is"
                );
                self.say(ProblemCode::PassResultIsStatic, at.to_owned(), message);
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.fixed(value, &below(at, name));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.fixed(item, &format!("{at}/{index}"));
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, rule: &Value, at: &str) {
        let Value::Object(rule) = rule else { return };
        for (name, value) in rule {
            match value {
                Value::Array(rules) if name == "And" || name == "Or" => {
                    for (index, rule) in rules.iter().enumerate() {
                        self.rule(rule, &format!("{at}/{name}/{index}"));
                    }
                }
                Value::Object(_) if name == "Not" => self.rule(value, &below(at, name)),
                _ if name.starts_with("String") || name.starts_with("Timestamp") => {
                    self.no_path(name, Some(value), at);
                }
                _ => {}
            }
        }
    }

    fn no_path(&mut self, name: &str, value: Option<&Value>, at: &str) {
        let Some(text) = value.and_then(Value::as_str) else {
            return;
        };
        if !name.ends_with("Path") && is_dynamic(text) {
            let message = format!(
                "`{text}` is taken as it stands: to evaluate it, call the field `{name}Path`"
            );
            self.say(ProblemCode::NoPath, below(at, name), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_path_and_is_none_is_told() {
        let text = r#"{ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Result": { "a": ["$.a"], "b": "States are three" }, "Next": "B" },
            "B": { "Type": "Pass", "Parameters": { "x": "$$.Execution.Id", "y": { "z": "States.UUID()" }, "ok.$": "$.a" }, "Next": "C" },
            "C": { "Type": "Choice", "Choices": [{ "Not": { "Variable": "$.a", "StringEquals": "$.b" }, "Next": "D" }] },
            "D": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": { "x": "$.a" }, "Next": "E" },
            "E": { "Type": "Fail", "Error": "$.error", "CausePath": "$.cause" }
        } }"#;
        Definition::parse(text).expect("it is a sound one");
        let warnings = Definition::warnings(text);
        let told: Vec<_> = warnings
            .iter()
            .map(|it| (it.code.as_str(), it.location.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("PASS_RESULT_IS_STATIC", "/States/A/Result/a/0"),
                ("NO_DOLLAR", "/States/B/Parameters/x"),
                ("NO_DOLLAR", "/States/B/Parameters/y/z"),
                ("NO_PATH", "/States/C/Choices/0/Not/StringEquals"),
                ("NO_PATH", "/States/E/Error"),
            ]
        );
        assert_eq!(warnings[0].position.map(|it| it.line), Some(2));
    }
}
