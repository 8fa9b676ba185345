//! Whether an answer includes data: inputs, outputs and definitions.

use serde_json::Value;

use super::error::{StatesError, optional};

/// Whether a request excludes data. Source: API reference, `includedData`.
pub(super) fn is_metadata_only(input: &Value) -> Result<bool, StatesError> {
    match optional(input, "includedData")? {
        None | Some("ALL_DATA") => Ok(false),
        Some("METADATA_ONLY") => Ok(true),
        Some(other) => Err(StatesError::validation(format!(
            "'{other}' is no value of includedData: ALL_DATA and METADATA_ONLY are."
        ))),
    }
}

/// Removes the data of an execution from an answer.
pub(super) fn without_data(shown: &mut Value) {
    let members = shown.as_object_mut();
    members.expect("it is an object").retain(|name, _| {
        !["input", "inputDetails", "output", "outputDetails"].contains(&name.as_str())
    });
}
