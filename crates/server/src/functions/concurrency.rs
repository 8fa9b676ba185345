//! Plain invocations of one function at work: how many there may be, and who waits for one to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The places of one function, all versions together.
#[derive(Debug, Default, Clone)]
pub(super) struct Places(Arc<State>);

#[derive(Debug, Default)]
struct State {
    taken: AtomicUsize,
    freed: Notify,
}

/// A plain invocation at work, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Entered(Arc<State>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Release);
        // If nobody waits yet, the next one to wait finds this out at once.
        self.0.freed.notify_one();
    }
}

impl Places {
    /// Takes a place; none when `reserved` are taken.
    pub fn take(&self, reserved: Option<usize>) -> Option<Entered> {
        let taken = |taken: usize| {
            reserved
                .is_none_or(|most| taken < most)
                .then_some(taken + 1)
        };
        self.0
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, taken)
            .ok()
            .map(|_| Entered(Arc::clone(&self.0)))
    }

    /// Resolves when a place has become free, for whoever has waited longest.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }

    /// Has all who wait look again: there may be more places now.
    pub fn changed(&self) {
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(future: Pin<&mut impl Future>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        future.poll(&mut context).is_ready()
    }

    #[test]
    fn a_place_is_given_on_to_the_one_who_waited_longest() {
        let places = Places::default();
        let taken = places.take(Some(1)).expect("it is the first");
        assert!(places.take(Some(1)).is_none());

        let (mut first, mut second) = (pin!(places.freed()), pin!(places.freed()));
        assert!(!is_ready(first.as_mut()) && !is_ready(second.as_mut()));
        drop(taken);
        assert!(is_ready(first.as_mut()));
        assert!(!is_ready(second.as_mut()));
        assert!(places.take(Some(1)).is_some());
    }

    #[test]
    fn a_place_that_was_freed_before_somebody_waits_is_not_missed() {
        let places = Places::default();
        drop(places.take(Some(1)));
        assert!(is_ready(pin!(places.freed())));
    }

    #[test]
    fn a_refusal_frees_nothing() {
        let places = Places::default();
        let _taken = places.take(Some(1)).expect("it is the first");
        assert!(places.take(Some(1)).is_none());
        assert!(!is_ready(pin!(places.freed())));
    }

    #[test]
    fn all_look_again_when_there_may_be_more_places() {
        let places = Places::default();
        let _taken = places.take(Some(1)).expect("it is the first");
        let (mut first, mut second) = (pin!(places.freed()), pin!(places.freed()));
        assert!(!is_ready(first.as_mut()) && !is_ready(second.as_mut()));
        places.changed();
        assert!(is_ready(first) && is_ready(second));
        assert!(places.take(Some(2)).is_some());
    }
}
