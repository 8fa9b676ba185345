//! What an invariant answers: that it holds, or what it has seen.

use std::fmt::Debug;

/// What an invariant says: what was seen, when it does not hold.
pub type Verdict = Result<(), String>;

/// Holds if the condition does; `seen` says what was seen otherwise.
pub(super) fn hold(condition: bool, seen: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(seen()) }
}

/// Holds if `of` is what was expected.
pub(super) fn same<T: PartialEq + Debug>(seen: &T, expected: &T, of: &str) -> Verdict {
    hold(seen == expected, || {
        format!("{of}: expected {expected:?}, seen {seen:?}")
    })
}
