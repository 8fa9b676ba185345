//! The language of a state's expressions.

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Paths and intrinsic functions.
    #[default]
    JsonPath,
    /// Expressions in `{% … %}`.
    Jsonata,
}
