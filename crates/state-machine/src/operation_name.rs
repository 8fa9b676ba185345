//! The names of a state machine's operations.

/// Longest name of an operation. Source: service model, `OperationName`.
const NAME_MAX: usize = 256;

/// A state's name as an operation's name, which is printable ASCII.
#[must_use]
pub fn operation_name(name: &str) -> String {
    let letters = name.chars().take(NAME_MAX);
    letters
        .map(|letter| {
            if letter == ' ' || letter.is_ascii_graphic() {
                letter
            } else {
                '?'
            }
        })
        .collect()
}
