//! `ValidateStateMachineDefinition`, and the check of a definition before a machine gets it.

use asl::Definition;
use serde_json::{Value, json};
use state_machine::{Settings, StateMachine, UnsupportedResource};

use super::error::{StatesError, optional, required};

/// Diagnostics that are shown, unless the request says otherwise, and at the most. Source: API reference.
const DIAGNOSTICS: usize = 100;

/// Largest definition, in bytes. Source: Step Functions service quotas.
const DEFINITION_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn validate(input: &Value) -> Result<Value, StatesError> {
    let definition = text(input)?;
    kind(input)?;
    let severity = optional(input, "severity")?.unwrap_or("ERROR");
    if !["ERROR", "WARNING"].contains(&severity) {
        return Err(StatesError::validation(format!(
            "'{severity}' is not a severity: ERROR and WARNING are."
        )));
    }
    let mut diagnostics: Vec<Value> = Vec::new();
    let result = match Definition::parse(definition) {
        Err(problems) => {
            diagnostics.extend(problems.into_iter().map(|it| {
                let message = match it.position {
                    Some(position) => format!("{position}: {}", it.message),
                    None => it.message,
                };
                json!({ "severity": "ERROR", "code": it.code.as_str(), "message": message, "location": it.location })
            }));
            "FAIL"
        }
        Ok(definition) => {
            if severity == "WARNING" {
                diagnostics.extend(unsupported(definition).iter().map(|it| {
                    json!({ "severity": "WARNING", "code": "UNSUPPORTED_RESOURCE", "message": it.to_string() })
                }));
            }
            "OK"
        }
    };
    let limit = match input.get("maxResults").and_then(Value::as_u64) {
        None | Some(0) => DIAGNOSTICS,
        Some(limit) => usize::try_from(limit).map_or(DIAGNOSTICS, |it| it.min(DIAGNOSTICS)),
    };
    let is_truncated = diagnostics.len() > limit;
    diagnostics.truncate(limit);
    Ok(json!({ "result": result, "diagnostics": diagnostics, "truncated": is_truncated }))
}

/// The definition in a request.
fn text(input: &Value) -> Result<&str, StatesError> {
    let definition = required(input, "definition")?;
    match definition.len() {
        0 => Err(StatesError::validation("The definition is empty.")),
        length if length > DEFINITION_BYTES_MAX => Err(StatesError::validation(format!(
            "The definition has {length} bytes; {DEFINITION_BYTES_MAX} are the most."
        ))),
        _ => Ok(definition),
    }
}

/// The type of a machine in a request.
pub(super) fn kind(input: &Value) -> Result<&'static str, StatesError> {
    match optional(input, "type")? {
        None | Some("STANDARD") => Ok("STANDARD"),
        Some("EXPRESS") => Ok("EXPRESS"),
        Some(other) => Err(StatesError::validation(format!(
            "'{other}' is not a type of a state machine: STANDARD and EXPRESS are."
        ))),
    }
}

/// The definition in a request, as text and read.
///
/// # Errors
/// `InvalidDefinition` with everything that is wrong with it, and what it calls that is not here.
pub(super) fn sound(input: &Value) -> Result<(&str, Definition), StatesError> {
    let text = text(input)?;
    let definition = read(text)?;
    let unsupported = unsupported(definition.clone());
    if unsupported.is_empty() {
        return Ok((text, definition));
    }
    let problems = unsupported.iter().map(ToString::to_string);
    Err(invalid(problems.collect()))
}

/// A definition of which nothing is wrong.
///
/// # Errors
/// `InvalidDefinition` with everything that is.
pub(super) fn read(text: &str) -> Result<Definition, StatesError> {
    Definition::parse(text).map_err(|problems| {
        let problems = problems
            .iter()
            .map(|it| format!("{}: {it}", it.code.as_str()));
        invalid(problems.collect())
    })
}

fn invalid(problems: Vec<String>) -> StatesError {
    let problems = problems.join("; ");
    let message = format!("Invalid State Machine Definition: '{problems}'");
    StatesError::new("InvalidDefinition", message)
}

fn unsupported(definition: Definition) -> Vec<UnsupportedResource> {
    let machine = StateMachine::new("checked", definition, Settings::default());
    machine.err().unwrap_or_default()
}
