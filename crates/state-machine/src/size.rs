//! How large the data of a state may be.

use serde_json::Value;

/// Largest input or output of a state, in bytes. Source: Step Functions service quotas.
const PAYLOAD_BYTES_MAX: usize = 262_144;

/// Whether a state may have this as its output, and a Task as its result.
#[must_use]
pub fn fits(value: &Value) -> bool {
    value.to_string().len() <= PAYLOAD_BYTES_MAX
}

/// Whether an execution may be started with this text.
#[must_use]
pub fn fits_in_bytes(text: &str) -> bool {
    text.len() <= PAYLOAD_BYTES_MAX
}

/// Whether a recorded text may be an output. One that is no JSON counts as it is: that it is too large is found before that.
#[must_use]
pub fn fits_as_text(text: &str) -> bool {
    text.len() <= PAYLOAD_BYTES_MAX
        || serde_json::from_str(text).is_ok_and(|value: Value| fits(&value))
}
