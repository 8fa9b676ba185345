//! A bounded queue from many callers to the writer, which takes as many at once as make a batch.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::Notify;

/// Why an item was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("too many calls are waiting for the database")]
    Full,
    #[error("the store is closed")]
    Closed,
}

/// How often ready callers are let through before the first of them waits no longer.
const GATHERS_MAX: usize = 16;

/// Hands items over in the order of the calls, without waiting.
#[derive(Debug)]
pub(crate) struct Intake<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Intake<T> {
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                closed: false,
            }),
            changed: Notify::new(),
            capacity,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        // Nothing that can panic happens under this lock but `fits`, which is given nothing to break.
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
        drop(inner);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits until something can be taken. Returns false when the queue is closed and empty.
    pub async fn filled(&self) -> bool {
        loop {
            {
                let inner = self.inner();
                if !inner.items.is_empty() {
                    return true;
                }
                if inner.closed {
                    return false;
                }
            }
            // There is one taker; a notification before it waits is kept for it.
            self.changed.notified().await;
        }
    }

    /// Lets all callers that are ready add their items, until none adds any: on a busy machine more items come together
    /// so, and where no other caller is ready it is over at once.
    pub async fn gathered(&self) {
        let mut waiting = self.inner().items.len();
        for _ in 0..GATHERS_MAX {
            tokio::task::yield_now().await;
            let now = self.inner().items.len();
            if now == waiting {
                return;
            }
            waiting = now;
        }
    }

    /// Takes the first items for as long as `fits` says so.
    pub fn take(&self, mut fits: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut inner = self.inner();
        let fitting = inner.items.iter().take_while(|item| fits(item)).count();
        inner.items.drain(..fitting).collect()
    }

    /// Refuses items from here on. Waiting items can still be taken.
    pub fn close(&self) {
        self.inner().closed = true;
        self.changed.notify_one();
    }

    /// Closes the queue and drops the waiting items.
    pub fn abandon(&self) {
        self.close();
        let left = std::mem::take(&mut self.inner().items);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_taken_in_order_and_no_more_than_fit() {
        let intake = Intake::new(3);
        for item in [1, 2, 3] {
            intake.push(item).expect("there is room");
        }
        assert_eq!(intake.push(4), Err((4, Refused::Full)));
        assert_eq!(intake.take(|item| *item < 3), [1, 2]);
        assert_eq!(intake.take(|_| true), [3]);
    }

    #[tokio::test]
    async fn a_closed_queue_gives_out_what_it_has() {
        let intake = Intake::new(2);
        intake.push(1).expect("there is room");
        intake.close();
        assert_eq!(intake.push(2), Err((2, Refused::Closed)));
        assert!(intake.filled().await);
        assert_eq!(intake.take(|_| true), [1]);
        assert!(!intake.filled().await);
    }
}
