//! How long the messages of a batch stay hidden: the time counts from their reception, and is prolonged while a
//! function works on them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::elsewhere::CallError;

/// The pause before messages that could not be hidden are hidden again.
const AGAIN_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Hidden {
    /// The queue's visibility timeout.
    hidden_for: Duration,
    until: Mutex<Instant>,
    /// Whether the task that processes them waits for a function that is busy.
    waits: AtomicBool,
    went_on: Notify,
}

impl Hidden {
    /// Of messages, the first of which was received at `received_at`.
    pub fn since(received_at: Instant, hidden_for: Duration) -> Self {
        Self {
            hidden_for,
            until: Mutex::new(received_at + hidden_for),
            waits: AtomicBool::new(false),
            went_on: Notify::new(),
        }
    }

    /// When they become visible, as far as is known.
    pub fn until(&self) -> Instant {
        *self.known()
    }

    fn known(&self) -> MutexGuard<'_, Instant> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When half of the time is over.
    fn due_at(&self) -> Instant {
        self.until() - self.hidden_for / 2
    }

    /// Says whether the task waits for a busy function: its messages are not prolonged, and become visible in their
    /// time.
    pub fn set_waiting(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
        if !waits {
            self.went_on.notify_one();
        }
    }

    /// Whether the messages are hidden, so that the work may begin. If they waited long for it, they are prolonged
    /// first.
    pub async fn begin<F>(&self, hide: impl Fn() -> F) -> bool
    where
        F: Future<Output = Result<(), CallError>>,
    {
        if self.hidden_for.is_zero() {
            return true;
        }
        let now = Instant::now();
        if (self.due_at()..self.until()).contains(&now) {
            let prolonged = timeout_at(self.until(), self.prolong(&hide)).await;
            if let Ok(Err(error)) = prolonged {
                tracing::debug!(%error, "messages are not hidden for longer before the work on them begins");
            }
        }
        Instant::now() < self.until()
    }

    /// Prolongs the time again and again, while the future is polled.
    pub async fn keep<F>(&self, hide: impl Fn() -> F)
    where
        F: Future<Output = Result<(), CallError>>,
    {
        if self.hidden_for.is_zero() {
            return std::future::pending().await;
        }
        loop {
            sleep_until(self.due_at()).await;
            if self.waits.load(Ordering::Relaxed) {
                // Then it is due at once, unless the function is still busy.
                self.went_on.notified().await;
                continue;
            }
            if let Err(error) = self.prolong(&hide).await {
                tracing::debug!(%error, "messages at work may become visible");
                let is_hidden = Instant::now() < self.until();
                let pause = match is_hidden {
                    true => AGAIN_PAUSE.min(self.hidden_for / 4),
                    false => self.hidden_for / 2,
                };
                sleep(pause).await;
            }
        }
    }

    async fn prolong<F>(&self, hide: &impl Fn() -> F) -> Result<(), CallError>
    where
        F: Future<Output = Result<(), CallError>>,
    {
        let asked_at = Instant::now();
        hide().await?;
        *self.known() = asked_at + self.hidden_for;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When messages were hidden, in seconds; the first attempts may fail.
    struct Queue {
        begun: Instant,
        fails: Mutex<usize>,
        hides: Mutex<Vec<u64>>,
    }

    impl Queue {
        fn failing(times: usize) -> Self {
            Self {
                begun: Instant::now(),
                fails: Mutex::new(times),
                hides: Mutex::default(),
            }
        }

        async fn hide(&self) -> Result<(), CallError> {
            self.hides
                .lock()
                .unwrap()
                .push(self.begun.elapsed().as_secs());
            let mut fails = self.fails.lock().unwrap();
            if *fails == 0 {
                return Ok(());
            }
            *fails -= 1;
            Err(CallError::Unreachable("nobody is there".to_owned()))
        }

        fn hides(&self) -> Vec<u64> {
            self.hides.lock().unwrap().clone()
        }
    }

    /// Keeps messages hidden for so many seconds.
    async fn kept(hidden: &Hidden, queue: &Queue, seconds: u32) {
        let kept = timeout(SECOND * seconds, hidden.keep(|| queue.hide()));
        kept.await.expect_err("it goes on for good");
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_counts_from_when_messages_were_received() {
        let queue = Queue::failing(0);
        let hidden = Hidden::since(Instant::now(), SECOND * 38);
        advance(SECOND * 20).await;
        assert!(hidden.begin(|| queue.hide()).await);
        kept(&hidden, &queue, 40).await;
        assert_eq!(queue.hides(), [20, 39, 58]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_become_visible_is_not_begun() {
        let queue = Queue::failing(0);
        let hidden = Hidden::since(Instant::now(), SECOND * 30);
        advance(SECOND * 30).await;
        assert!(!hidden.begin(|| queue.hide()).await);
        assert!(queue.hides().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_hidden_is_tried_again_soon() {
        let queue = Queue::failing(2);
        let hidden = Hidden::since(Instant::now(), SECOND * 30);
        kept(&hidden, &queue, 40).await;
        assert_eq!(queue.hides(), [15, 16, 17, 32]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waited_for_a_function_is_hidden_for_longer_when_it_begins() {
        let queue = Queue::failing(0);
        let hidden = Hidden::since(Instant::now(), SECOND * 30);
        hidden.set_waiting(true);
        let goes_on = async {
            sleep(SECOND * 28).await;
            assert!(queue.hides().is_empty());
            hidden.set_waiting(false);
        };
        tokio::join!(kept(&hidden, &queue, 30), goes_on);
        assert_eq!(queue.hides(), [28]);
    }
}
