//! Reads a request to test a state: the state, the data around it, and the mock.

use asl::{Definition, State, StateError, StateKind, States};
use serde_json::{Map, Value, json};

use crate::states::error::{StatesError, optional};
use crate::states::validate::read;

/// The name of a state that is defined without one.
const UNNAMED: &str = "State";

/// The mock in a request.
pub(super) enum Mock {
    Result(Value),
    Error(StateError),
}

/// Refuses members that do not fit the state.
pub(super) fn check_configuration(
    input: &Value,
    state: &State,
    mock: Option<&Mock>,
) -> Result<(), StatesError> {
    let wrong = |message: String| Err(StatesError::validation(message));
    let configuration = input.get("stateConfiguration").unwrap_or(&Value::Null);
    let kind = state.type_name();
    if mock.is_some() && !["Task", "Map", "Parallel"].contains(&kind) {
        return wrong(format!(
            "A mock is for states of the types Task, Map and Parallel, and this is a {kind} state."
        ));
    }
    if let Some(name) = optional(configuration, "errorCausedByState")? {
        let inner = match &state.kind {
            StateKind::Parallel { branches } => branches.iter().any(|it| find(it, name).is_some()),
            StateKind::Map(map) => find(&map.processor, name).is_some(),
            _ => {
                return wrong(format!(
                    "'errorCausedByState' is for states of the types Map and Parallel, and this is a {kind} state."
                ));
            }
        };
        if !inner {
            return wrong(format!(
                "'errorCausedByState' is '{name}', and there is no such state in the {kind} state."
            ));
        }
        if !matches!(mock, Some(Mock::Error(_))) {
            return wrong(String::from(
                "'errorCausedByState' needs a mock with an errorOutput.",
            ));
        }
    }
    for name in ["mapIterationFailureCount", "mapItemReaderData"] {
        let is_there = configuration.get(name).is_some_and(|it| !it.is_null());
        if is_there && kind != "Map" {
            return wrong(format!(
                "'{name}' is for Map states, and this is a {kind} state."
            ));
        }
    }
    Ok(())
}

/// A member that holds JSON as a text; an empty object if it is missing.
pub(super) fn json_member(
    input: &Value,
    name: &str,
    code: &'static str,
) -> Result<Value, StatesError> {
    let Some(text) = optional(input, name)? else {
        return Ok(json!({}));
    };
    serde_json::from_str(text).map_err(|error| {
        StatesError::new(code, format!("The member '{name}' is not JSON: {error}"))
    })
}

/// A definition with only this state, and states that do nothing for all its transitions.
pub(super) fn alone(text: &str) -> Result<(Definition, String), StatesError> {
    let state: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("Invalid State Definition: '{error}'");
        StatesError::new("InvalidDefinition", message)
    })?;
    let list = |name: &str| state.get(name).and_then(Value::as_array).cloned();
    let mut targets: Vec<&str> = ["Next", "Default"]
        .iter()
        .filter_map(|name| state.get(name)?.as_str())
        .collect();
    let rules: Vec<Value> = [list("Choices"), list("Catch")]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    targets.extend(rules.iter().filter_map(|rule| rule.get("Next")?.as_str()));
    let mut name = String::from(UNNAMED);
    while targets.contains(&name.as_str()) {
        name.push('_');
    }
    let mut states = Map::new();
    for target in targets {
        states.insert(target.to_owned(), json!({ "Type": "Succeed" }));
    }
    states.insert(name.clone(), state.clone());
    let whole = json!({ "StartAt": name, "States": states });
    Ok((read(&whole.to_string())?, name))
}

/// A state by its name, at any depth.
pub(super) fn find<'s>(states: &'s States, name: &str) -> Option<&'s State> {
    if let Some(state) = states.states.get(name) {
        return Some(state);
    }
    states.states.values().find_map(|state| match &state.kind {
        StateKind::Parallel { branches } => branches.iter().find_map(|branch| find(branch, name)),
        StateKind::Map(map) => find(&map.processor, name),
        _ => None,
    })
}

/// `$$`, where the request does not override it.
pub(super) fn context(
    input: &Value,
    state: &State,
    given: &Value,
    now_millis: i64,
    retried: u64,
) -> Result<Value, StatesError> {
    let now = jiff::Timestamp::from_millisecond(now_millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let now = format!("{now:.3}");
    let mut context = json!({
        "Execution": { "Id": "test", "Input": given, "Name": "test", "StartTime": now, "RedriveCount": 0 },
        "State": { "EnteredTime": now, "Name": state.name, "RetryCount": retried },
        "StateMachine": { "Id": "test", "Name": "test" },
        "Task": { "Token": "test" },
    });
    if let Some(role) = optional(input, "roleArn")? {
        context["Execution"]["RoleArn"] = json!(role);
    }
    let Value::Object(own) = json_member(input, "context", "ValidationException")? else {
        return Err(StatesError::validation("'context' is not an object."));
    };
    for (name, value) in own {
        context[name] = value;
    }
    Ok(context)
}

pub(super) fn mock(input: &Value) -> Result<Option<Mock>, StatesError> {
    let Some(mock) = input.get("mock").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let result = mock.get("result").filter(|it| !it.is_null());
    let error = mock.get("errorOutput").filter(|it| !it.is_null());
    match (result, error) {
        (Some(_), None) => Ok(Some(Mock::Result(json_member(
            mock,
            "result",
            "ValidationException",
        )?))),
        (None, Some(error)) => {
            let part = |name| Ok::<_, StatesError>(optional(error, name)?.unwrap_or_default());
            Ok(Some(Mock::Error(StateError::new(
                part("error")?,
                part("cause")?,
            ))))
        }
        _ => Err(StatesError::validation(
            "A mock has either a result or an errorOutput.",
        )),
    }
}
