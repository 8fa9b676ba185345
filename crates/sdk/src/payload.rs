//! Values as the service stores them: JSON text.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;

/// Serialises a value to JSON text.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::serialization(format!("serialise {}: {error}", name::<T>())))
}

/// Reads a value from JSON text. No text counts as `null`, which is how the service stores an absent payload.
pub(crate) fn decode<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Failure> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("null");
    serde_json::from_str(text)
        .map_err(|error| Failure::serialization(format!("deserialise {}: {error}", name::<T>())))
}

fn name<T: ?Sized>() -> &'static str {
    std::any::type_name::<T>()
}
