//! Limits on the size of a state's data.

use serde_json::Value;

/// Largest input or output of a state, in bytes. Source: Step Functions service quotas.
const PAYLOAD_BYTES_MAX: usize = 262_144;

/// Whether this is small enough for a state's output, and a Task's result.
#[must_use]
pub fn fits(value: &Value) -> bool {
    value.to_string().len() <= PAYLOAD_BYTES_MAX
}

/// Whether this text is small enough for the input of an execution.
#[must_use]
pub fn fits_in_bytes(text: &str) -> bool {
    text.len() <= PAYLOAD_BYTES_MAX
}

/// Whether a recorded text is small enough for an output. It may be invalid JSON: the size is checked before the
/// syntax.
#[must_use]
pub fn fits_as_text(text: &str) -> bool {
    text.len() <= PAYLOAD_BYTES_MAX
        || serde_json::from_str(text).is_ok_and(|value: Value| fits(&value))
}
