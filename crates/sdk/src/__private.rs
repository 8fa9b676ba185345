//! What expanded macros call. Not part of the public interface.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks that a type can be a durable handler's event.
pub fn assert_event<T: DeserializeOwned + Send>() {}

/// Checks that a type can be a durable handler's result.
pub fn assert_output<T: Serialize + Send>() {}
