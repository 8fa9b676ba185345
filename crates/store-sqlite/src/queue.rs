//! A bounded queue from many callers to one thread, which takes everything that waits at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why an item was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("too many calls are waiting for the database")]
    Full,
    #[error("the store is closed")]
    Closed,
}

/// Hands items over in the order of the calls, without waiting.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    filled: Condvar,
    capacity: usize,
}

struct Inner<T> {
    items: VecDeque<T>,
    /// Whether a taker sleeps: only then is it worth a system call to wake one.
    sleeping: usize,
    closed: bool,
}

impl<T> std::fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = self.inner();
        f.debug_struct("Queue")
            .field("waiting", &inner.items.len())
            .field("closed", &inner.closed)
            .finish_non_exhaustive()
    }
}

impl<T> Queue<T> {
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                sleeping: 0,
                closed: false,
            }),
            filled: Condvar::new(),
            capacity,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        // Nothing that can panic happens under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an item, or gives it back.
    pub fn push(&self, item: T) -> Result<(), (T, Refused)> {
        let mut inner = self.inner();
        if inner.closed {
            return Err((item, Refused::Closed));
        }
        if inner.items.len() >= self.capacity {
            return Err((item, Refused::Full));
        }
        inner.items.push_back(item);
        let wake = inner.sleeping > 0;
        drop(inner);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Stays awake until there is an item, for `limit` at the most: a caller that pushes meanwhile need not wake the
    /// thread.
    pub fn linger(&self, limit: Duration) {
        let until = Instant::now() + limit;
        while self.is_idle() && Instant::now() < until {
            std::thread::yield_now();
        }
    }

    fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.items.is_empty() && !inner.closed
    }

    /// Waits for items and takes the first ones for as long as `fits` says so, at least one.
    /// Returns false when the queue is closed and empty.
    pub fn take_batch(&self, batch: &mut Vec<T>, mut fits: impl FnMut(&T) -> bool) -> bool {
        let mut inner = self.inner();
        while inner.items.is_empty() {
            if inner.closed {
                return false;
            }
            inner.sleeping += 1;
            inner = self
                .filled
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
            inner.sleeping -= 1;
        }
        while let Some(item) = inner.items.front() {
            if !fits(item) && !batch.is_empty() {
                break;
            }
            batch.extend(inner.items.pop_front());
        }
        true
    }

    /// Takes everything that waits.
    pub fn drain(&self) -> VecDeque<T> {
        std::mem::take(&mut self.inner().items)
    }

    /// Refuses items from here on. Waiting items can still be taken.
    pub fn close(&self) {
        self.inner().closed = true;
        self.filled.notify_all();
    }

    /// Closes the queue and drops the waiting items when the returned guard goes: also when its thread panics, so that
    /// no caller waits for an answer that cannot come.
    pub fn close_on_drop(&self) -> impl Drop {
        CloseOnDrop(self)
    }
}

struct CloseOnDrop<'a, T>(&'a Queue<T>);

impl<T> Drop for CloseOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.close();
        drop(self.0.drain());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_what_fits_in_order_of_the_calls() {
        let queue = Queue::new(3);
        for item in [1, 2, 3] {
            queue.push(item).expect("there is room");
        }
        assert_eq!(queue.push(4), Err((4, Refused::Full)));
        let mut batch = Vec::new();
        assert!(queue.take_batch(&mut batch, |item| *item < 3));
        assert_eq!(batch, [1, 2]);
    }

    #[test]
    fn a_batch_has_at_least_one_item() {
        let queue = Queue::new(2);
        queue.push(1).expect("there is room");
        queue.push(2).expect("there is room");
        let mut batch = Vec::new();
        assert!(queue.take_batch(&mut batch, |_| false));
        assert_eq!(batch, [1]);
    }

    #[test]
    fn nobody_lingers_beside_an_item_or_at_a_closed_queue() {
        // Longer than any test may take: it must not be waited for.
        const LIMIT: Duration = Duration::from_secs(3600);
        let queue = Queue::new(1);
        queue.linger(Duration::ZERO);
        std::thread::scope(|scope| {
            let lingering = scope.spawn(|| queue.linger(LIMIT));
            queue.push(1).expect("there is room");
            lingering.join().expect("it does not panic");
        });
        queue.drain();
        queue.close();
        queue.linger(LIMIT);
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_has() {
        let queue = Queue::new(2);
        queue.push(1).expect("there is room");
        queue.close();
        assert_eq!(queue.push(2), Err((2, Refused::Closed)));
        let mut batch = Vec::new();
        assert!(queue.take_batch(&mut batch, |_| true));
        assert_eq!(batch, [1]);
        assert!(!queue.take_batch(&mut batch, |_| true));
    }
}
