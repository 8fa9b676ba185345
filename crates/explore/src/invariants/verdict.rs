//! The verdict of an invariant: it holds, or a description of what it has seen.

use std::fmt::Debug;

/// `Ok` if the invariant holds, else what was seen.
pub type Verdict = Result<(), String>;

/// Holds if the condition does; otherwise `seen` describes what was seen.
pub(super) fn hold(condition: bool, seen: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(seen()) }
}

/// Holds if `seen` equals `expected`; `of` names the compared value.
pub(super) fn same<T: PartialEq + Debug>(seen: &T, expected: &T, of: &str) -> Verdict {
    hold(seen == expected, || {
        format!("{of}: expected {expected:?}, seen {seen:?}")
    })
}
