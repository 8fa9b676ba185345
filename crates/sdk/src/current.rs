//! The context whose code is being polled on this thread: the SDK's only thread-local state.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use crate::context::DurableContext;

thread_local! {
    /// The context whose code is being polled on this thread, if replay repeats that code.
    static CURRENT: RefCell<Option<DurableContext>> = const { RefCell::new(None) };
}

/// Runs `poll` as code of `context`, or as code that is never replayed; the previous context is restored afterwards.
pub(crate) fn enter<T>(context: Option<DurableContext>, poll: impl FnOnce() -> T) -> T {
    struct Restore(Option<DurableContext>);

    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.replace(self.0.take());
        }
    }

    let _restore = Restore(CURRENT.replace(context));
    poll()
}

/// Whether the code being polled is being replayed.
pub(crate) fn is_muted() -> bool {
    // The borrow ends before other code runs, so no other borrow can fail.
    CURRENT.with_borrow(|context| context.as_ref().is_some_and(DurableContext::is_replaying))
}

impl DurableContext {
    /// Polls `future` as part of this context: tracing events inside it are muted while the context replays.
    pub(crate) fn scope<'a, T>(
        &self,
        future: impl Future<Output = T> + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
        let context = self.clone();
        let mut future = Box::pin(future);
        Box::pin(std::future::poll_fn(move |task| {
            enter(Some(context.clone()), || future.as_mut().poll(task))
        }))
    }
}
