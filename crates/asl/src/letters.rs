//! Characters of names.

/// Whether names of machines, executions and labels of map runs may have this character.
/// Source: Step Functions API reference, `CreateStateMachine` and `StartExecution`, `name`.
#[must_use]
pub fn is_of_names(letter: char) -> bool {
    !letter.is_whitespace() && !letter.is_control() && !"<>{}[]?*\"#%\\^|~`$&,;:/".contains(letter)
}
