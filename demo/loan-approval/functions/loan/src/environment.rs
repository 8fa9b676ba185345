//! Environment variables that a function requires.

/// A variable that the template should have set is missing.
#[derive(Debug, thiserror::Error)]
#[error(
    "the environment variable {name} is not set; the function's template sets it under Environment, Variables"
)]
pub struct MissingVariableError {
    /// The variable.
    pub name: &'static str,
}

/// Reads a required variable.
///
/// # Errors
///
/// When it is missing or empty.
pub fn required_variable(name: &'static str) -> Result<String, MissingVariableError> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or(MissingVariableError { name })
}
