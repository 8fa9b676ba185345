//! `ValidateStateMachineDefinition`, and the check of definitions for machines.

use asl::{Definition, Problem};
use serde_json::{Value, json};
use state_machine::{Settings, StateMachine, UnsupportedResource};

use super::error::{StatesError, optional, required};

/// The number of diagnostics in an answer: by default, and at most. Source: API reference.
const DIAGNOSTICS: usize = 100;

/// Largest definition, in bytes. Source: Step Functions service quotas.
const DEFINITION_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn validate(input: &Value) -> Result<Value, StatesError> {
    let definition = text(input)?;
    let kind = kind(input)?;
    let severity = optional(input, "severity")?.unwrap_or("ERROR");
    if !["ERROR", "WARNING"].contains(&severity) {
        return Err(StatesError::validation(format!(
            "'{severity}' is not a severity: ERROR and WARNING are."
        )));
    }
    let told = |problem: Problem, severity: &str| {
        let message = match problem.position {
            Some(position) => format!("{position}: {}", problem.message),
            None => problem.message,
        };
        json!({ "severity": severity, "code": problem.code.as_str(), "message": message, "location": problem.location })
    };
    let mut diagnostics: Vec<Value> = match read_as(definition, kind) {
        Err(problems) => problems.into_iter().map(|it| told(it, "ERROR")).collect(),
        Ok(read) => {
            let unsupported = unsupported(read);
            let unsupported = unsupported.iter().map(|it| {
                json!({ "severity": "ERROR", "code": "UNSUPPORTED_RESOURCE", "message": it.to_string() })
            });
            unsupported.collect()
        }
    };
    // Only errors fail it: those that `CreateStateMachine` refuses.
    let result = if diagnostics.is_empty() { "OK" } else { "FAIL" };
    if severity == "WARNING" {
        let warnings = Definition::warnings(definition).into_iter();
        diagnostics.extend(warnings.map(|it| told(it, "WARNING")));
    }
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

/// The definition in a request, as text and parsed, for a machine of this type.
///
/// # Errors
/// `InvalidDefinition` with all problems, and all calls to services that are not here.
pub(super) fn sound<'i>(
    input: &'i Value,
    kind: &str,
) -> Result<(&'i str, Definition), StatesError> {
    let text = text(input)?;
    let definition = read_as(text, kind).map_err(refused)?;
    let unsupported = unsupported(definition.clone());
    if unsupported.is_empty() {
        return Ok((text, definition));
    }
    let problems = unsupported.iter().map(ToString::to_string);
    Err(invalid(problems.collect()))
}

/// Parses a definition without problems.
///
/// # Errors
/// `InvalidDefinition` with all problems.
pub(super) fn read(text: &str) -> Result<Definition, StatesError> {
    Definition::parse(text).map_err(refused)
}

/// Parses a definition that a machine of this type may have.
fn read_as(text: &str, kind: &str) -> Result<Definition, Vec<Problem>> {
    let definition = Definition::parse(text)?;
    if kind == "EXPRESS" {
        let problems = definition.not_express();
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    Ok(definition)
}

fn refused(problems: Vec<Problem>) -> StatesError {
    let problems = problems
        .iter()
        .map(|it| format!("{}: {it}", it.code.as_str()));
    invalid(problems.collect())
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
