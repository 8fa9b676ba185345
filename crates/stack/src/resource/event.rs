//! An event of a function, before its properties are read.

use crate::template::Fields;

/// An event of a function.
pub(super) struct Event<'a> {
    /// Its `Type` and `Properties`.
    pub fields: Fields<'a>,
    pub name: &'a str,
    /// The function's index.
    pub function: usize,
}
