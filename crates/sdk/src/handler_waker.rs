//! The handler's waker, and conclusions from the holders of its clones.
//!
//! A future that waits must keep a clone of the waker that it was polled with. So after a poll of the handler, clones
//! that are neither the driver's nor those of durable operations belong to work of the handler's own:
//! a request under way, a timer, a channel, a spawned task that is joined.
//!
//! One kind of holder must not count: combinators such as `FuturesUnordered`, which poll their futures with wakers of
//! their own and keep a clone of the handler's even if all their futures are durable operations. Waking those
//! operations reveals them: a combinator then drops its clone, or passes the wake on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Wake, Waker};

use futures_util::task::AtomicWaker;

/// The waker that only the handler is polled with.
pub(crate) struct HandlerWaker {
    signal: Arc<Signal>,
    waker: Waker,
}

struct Signal {
    woken: AtomicBool,
    driver: AtomicWaker,
}

impl HandlerWaker {
    /// A waker that has been woken, because the first poll is due.
    pub(crate) fn new() -> Self {
        let signal = Arc::new(Signal {
            woken: AtomicBool::new(true),
            driver: AtomicWaker::new(),
        });
        Self {
            waker: Waker::from(Arc::clone(&signal)),
            signal,
        }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Passes wakes on to the task that drives the handler.
    pub(crate) fn register_driver(&self, driver: &Waker) {
        self.signal.driver.register(driver);
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.signal.woken.load(Ordering::Acquire)
    }

    /// Whether the handler was woken since this was last asked.
    pub(crate) fn take_wake(&self) -> bool {
        self.signal.woken.swap(false, Ordering::AcqRel)
    }

    /// The number of clones besides the driver's own.
    ///
    /// A clone that is woken from another thread counts until the wake can be seen: a caller that finds no clone left
    /// and then asks [`is_woken`](Self::is_woken) misses no wake.
    pub(crate) fn clones(&self) -> usize {
        /// `signal` and `waker`.
        const OWN: usize = 2;
        let clones = Arc::strong_count(&self.signal).saturating_sub(OWN);
        fence(Ordering::Acquire);
        clones
    }

    /// The number of clones that belong to combinators around the durable operations that wait with `wakers`.
    ///
    /// Wakes the operations, and the handler, which must be polled afterwards so that the combinators see the wakes.
    pub(crate) fn clones_of_combinators(&self, wakers: Vec<Waker>) -> usize {
        let mut of_combinators = 0;
        for waker in wakers {
            let before = self.clones();
            self.signal.woken.store(false, Ordering::Release);
            waker.wake();
            let let_go = before.saturating_sub(self.clones());
            // Some combinators keep their clone, and wake it again for each operation: then this counts too many rather
            // than too few, and the handler is suspended as if its own work were such a combinator.
            of_combinators += let_go.max(usize::from(self.is_woken()));
        }
        self.signal.woken.store(true, Ordering::Release);
        of_combinators
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.driver.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending, poll_fn};
    use std::pin::{Pin, pin};
    use std::sync::Mutex;
    use std::task::{Context, Poll};

    use futures_util::stream::{FuturesUnordered, StreamExt};

    use super::*;

    type Wakers = Mutex<Vec<Waker>>;

    /// Waits forever like a durable operation: the SDK knows its waker.
    fn operation(wakers: &Wakers) -> impl Future<Output = ()> {
        poll_fn(move |task: &mut Context<'_>| {
            wakers.lock().unwrap().push(task.waker().clone());
            Poll::Pending
        })
    }

    /// Waits forever like work of the handler's own: something outside the SDK holds its waker.
    fn own_work(held: &Wakers) -> impl Future<Output = ()> {
        operation(held)
    }

    fn poll(handler: Pin<&mut impl Future<Output = ()>>, waker: &HandlerWaker) {
        assert!(waker.take_wake());
        let mut task = Context::from_waker(waker.waker());
        assert!(handler.poll(&mut task).is_pending());
    }

    #[test]
    fn own_work_is_seen_beside_a_combinator_of_operations() {
        let (operations, held) = (Wakers::default(), Wakers::default());
        for with_own_work in [false, true] {
            let waker = HandlerWaker::new();
            let mut handler = pin!(async {
                let mut inside: FuturesUnordered<_> =
                    (0..3).map(|_| operation(&operations)).collect();
                let combinator = async { while inside.next().await.is_some() {} };
                if with_own_work {
                    tokio::join!(combinator, own_work(&held));
                } else {
                    combinator.await;
                }
            });
            poll(handler.as_mut(), &waker);
            assert_eq!(waker.clones(), 1 + usize::from(with_own_work));
            let inside = std::mem::take(&mut *operations.lock().unwrap());
            assert_eq!(waker.clones_of_combinators(inside), 1);
            poll(handler.as_mut(), &waker);
            // The combinator holds a clone again. Work that was polled twice holds only the newer clone.
            held.lock().unwrap().truncate(1);
            assert_eq!(waker.clones(), 1 + usize::from(with_own_work));
            operations.lock().unwrap().clear();
            held.lock().unwrap().clear();
        }
    }

    #[test]
    fn future_that_nothing_can_wake_holds_nothing() {
        let waker = HandlerWaker::new();
        let mut handler = pin!(pending());
        poll(handler.as_mut(), &waker);
        assert_eq!(waker.clones(), 0);
    }
}
