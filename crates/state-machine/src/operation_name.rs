//! How the operations of a state machine are called.

/// Longest name of an operation. Source: service model, `OperationName`.
const NAME_MAX: usize = 256;

/// A state's name as that of an operation, which is printable ASCII.
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
