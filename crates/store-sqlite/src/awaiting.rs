//! Waiting for the writer's answer: awake, if no other caller waits.
//!
//! A thread that sleeps is woken late, by as much as a commit takes without its sync. A caller that is alone leaves the
//! machine idle while its commit is synced, and spends a little of that on being there when the answer comes. Where
//! several wait, their work keeps the threads awake, and looking for answers would only take time from it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// How long a caller stays awake: a commit on a fast disk. A slow one wakes it as before.
const AWAKE: Duration = Duration::from_micros(250);

/// A caller that waits for an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Awaiting(Arc<AtomicUsize>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Caller(Arc<AtomicUsize>);

/// On a single processor, a caller that stays awake would keep the writer from it.
static HAS_A_PROCESSOR_TO_SPARE: LazyLock<bool> =
    LazyLock::new(|| available_parallelism().is_ok_and(|processors| processors.get() > 1));

impl Awaiting {
    /// One more waits, until it is dropped.
    pub fn enter(&self) -> Caller {
        self.0.fetch_add(1, Ordering::Relaxed);
        Caller(Arc::clone(&self.0))
    }
}

impl Caller {
    fn is_alone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }

    /// Waits for the answer; fails if there will be none.
    pub async fn wait<T>(self, answer: oneshot::Receiver<T>) -> Result<T, TryRecvError> {
        self.wait_awake(answer, AWAKE).await
    }

    /// As above, awake for as long as `limit` if the caller is alone.
    async fn wait_awake<T>(
        self,
        mut answer: oneshot::Receiver<T>,
        limit: Duration,
    ) -> Result<T, TryRecvError> {
        let began = Instant::now();
        while *HAS_A_PROCESSOR_TO_SPARE && self.is_alone() && began.elapsed() < limit {
            match answer.try_recv() {
                // Everything else goes on meanwhile, input and output too.
                Err(TryRecvError::Empty) => tokio::task::yield_now().await,
                answered => return answered,
            }
        }
        answer.await.map_err(|_| TryRecvError::Closed)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn only_a_caller_that_is_alone_stays_awake() {
        for others in [0, 1] {
            let awaiting = Awaiting::default();
            let others: Vec<Caller> = (0..others).map(|_| awaiting.enter()).collect();
            let (sender, answer) = oneshot::channel();
            let mut waiting = pin!(awaiting.enter().wait_awake(answer, Duration::MAX));
            let wakes = Arc::<Wakes>::default();
            let waker = Waker::from(Arc::clone(&wakes));
            let mut context = Context::from_waker(&waker);
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            let is_awake = wakes.0.load(Ordering::Relaxed) > 0;
            assert_eq!(is_awake, others.is_empty() && *HAS_A_PROCESSOR_TO_SPARE);
            sender.send(7).expect("it waits");
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(Ok(7)));
        }
    }

    #[test]
    fn none_comes_from_a_writer_that_has_ended() {
        let awaiting = Awaiting::default();
        let (sender, answer) = oneshot::channel::<()>();
        let mut waiting = pin!(awaiting.enter().wait(answer));
        drop(sender);
        let polled = waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Err(_))));
    }

    #[test]
    fn whoever_gives_up_waits_no_longer() {
        let awaiting = Awaiting::default();
        let given_up = awaiting.enter();
        let caller = awaiting.enter();
        assert!(!caller.is_alone());
        drop(given_up);
        assert!(caller.is_alone());
    }
}
