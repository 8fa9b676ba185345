//! Functions that expanded macros call: they check types, so that the compiler shows its errors at the type. Not part
//! of the public interface.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::BoxError;

/// A type that JSON is read into: a handler's event, a step's result.
pub fn is_deserializable<T: DeserializeOwned + Send>() {}

/// A type that is written as JSON: the result of a handler or step.
pub fn is_serializable<T: Serialize + Send + ?Sized>() {}

/// A step's argument, of which every attempt gets a clone.
pub fn is_clone<T: Clone>() {}

/// An error that a handler or step may return.
pub fn is_error<E: IsError>() {}

/// A type that converts into [`BoxError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error: a handler or step cannot fail with it",
    label = "not an error",
    note = "implement `std::error::Error` for it, `Send + Sync + 'static`, or use `lambdura::BoxError` or `String`"
)]
pub trait IsError {}

// Otherwise the compiler's error would be about the conversion, and not name the type first.
#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IsError for E {}
