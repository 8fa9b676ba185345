//! Panics in a simulated world are collected, and not printed: each is a finding.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static WATCHED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

static INSTALL: Once = Once::new();

/// Runs `work`, and returns its result, `None` if it panicked, and the messages of panics in this thread meanwhile.
pub(crate) fn watched<T>(work: impl FnOnce() -> T) -> (Option<T>, Vec<String>) {
    INSTALL.call_once(|| {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_watched = WATCHED.with_borrow_mut(|watched| {
                let Some(seen) = watched else { return false };
                seen.push(panic.to_string());
                true
            });
            if !is_watched {
                otherwise(panic);
            }
        }));
    });
    WATCHED.set(Some(Vec::new()));
    let done = catch_unwind(AssertUnwindSafe(work));
    (done.ok(), WATCHED.take().unwrap_or_default())
}
