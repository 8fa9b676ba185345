//! Work that runs to its end even if the caller that waits for it goes away.
//!
//! It runs in the task that waits for it, which costs no wake-up of another one; only when that task
//! drops it half way does the rest get a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// See the module. A shutdown that waits for the tracker waits for it too.
pub(crate) struct ToTheEnd<F: Future<Output: Send + 'static> + Send + 'static> {
    /// `None` once it has ended.
    work: Option<Pin<Box<F>>>,
    tasks: TaskTracker,
    _token: TaskTrackerToken,
}

impl<F: Future<Output: Send + 'static> + Send + 'static> ToTheEnd<F> {
    pub fn of(tasks: &TaskTracker, work: F) -> Self {
        Self {
            work: Some(Box::pin(work)),
            tasks: tasks.clone(),
            _token: tasks.token(),
        }
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Future for ToTheEnd<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let work = self
            .work
            .as_mut()
            .expect("a future is not polled after its end");
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Drop for ToTheEnd<F> {
    fn drop(&mut self) {
        // After a panic inside it there is nothing left to run.
        if std::thread::panicking() {
            return;
        }
        // Without a runtime the program is ending, as suddenly as by `kill -9`.
        if let Some(work) = self.work.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            self.tasks.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn dropped_half_way_it_still_ends_and_a_shutdown_waits_for_it() {
        let tasks = TaskTracker::new();
        let (go_on, ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (waits, says) = (Arc::clone(&go_on), Arc::clone(&ended));
        let mut work = Box::pin(ToTheEnd::of(&tasks, async move {
            waits.notified().await;
            says.store(true, Ordering::Release);
        }));
        assert!(poll_once(work.as_mut()).is_pending());
        drop(work);
        tasks.close();
        assert!(!ended.load(Ordering::Acquire));
        go_on.notify_one();
        tasks.wait().await;
        assert!(ended.load(Ordering::Acquire));
    }

    #[tokio::test]
    async fn ended_it_leaves_nothing_behind() {
        let tasks = TaskTracker::new();
        assert_eq!(ToTheEnd::of(&tasks, async { 7 }).await, 7);
        assert!(tasks.is_empty());
    }

    fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(std::task::Waker::noop()))
    }
}
