//! The timer loop: reads the soonest deadlines from the store and processes those that are due.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use engine::Input;
use futures_util::StreamExt as _;
use futures_util::stream;
use model::{ExecutionId, Timestamp};
use tokio::sync::Notify;

use crate::{Driver, ProcessError};

/// Deadlines read at once: enough that a burst is worked off in few reads, few enough to hold.
const DEADLINES_PER_READ: usize = 256;

/// Deadlines processed at the same time: they share commits, so that a burst does not take one
/// fsync each.
const CONCURRENT_MAX: usize = 64;

/// Longest sleep without looking at the store: bounds what a missed wake-up or a clock that was set
/// could cost.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Pause after a failed read or a deadline that could not be processed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Wakes the timer loop when a deadline is set that is sooner than what it sleeps for.
#[derive(Debug)]
pub(crate) struct Alarm {
    sleeping_until: AtomicI64,
    sooner: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            sleeping_until: AtomicI64::new(i64::MAX),
            sooner: Notify::new(),
        }
    }
}

impl Alarm {
    pub fn set(&self, at: Timestamp) {
        if at.as_millis() < self.sleeping_until.load(Ordering::SeqCst) {
            self.sooner.notify_one();
        }
    }
}

impl Driver {
    /// Fires deadlines until the driver shuts down.
    pub async fn run_timers(&self) {
        let shutdown = self.inner.shutdown.clone();
        while !shutdown.is_cancelled() {
            // While it reads, every new deadline counts as sooner: none falls between read and sleep.
            self.inner
                .alarm
                .sleeping_until
                .store(i64::MAX, Ordering::SeqCst);
            let sleep = self.fire_due().await;
            let until = self.inner.clock.now() + sleep;
            self.inner
                .alarm
                .sleeping_until
                .store(until.as_millis(), Ordering::SeqCst);
            tokio::select! {
                () = self.inner.clock.sleep(sleep) => {}
                () = self.inner.alarm.sooner.notified() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Processes what is due, and says how long to sleep.
    async fn fire_due(&self) -> Duration {
        let deadlines = match self.soonest_deadlines(DEADLINES_PER_READ).await {
            Ok(deadlines) => deadlines,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(error, "failed to read deadlines; trying again");
                return PAUSE_AFTER_FAILURE;
            }
        };
        let now = self.inner.clock.now();
        let next = deadlines
            .iter()
            .find(|(at, _)| *at > now)
            .map(|(at, _)| *at);
        let more = deadlines.len() == DEADLINES_PER_READ && next.is_none();
        let due = deadlines
            .into_iter()
            .filter(|(at, _)| *at <= now)
            .map(|(_, id)| id);
        let failed = stream::iter(due)
            .map(|id| async move { self.fire(&id).await })
            .buffer_unordered(CONCURRENT_MAX)
            .fold(0_usize, |failed, fired| async move {
                failed + usize::from(!fired)
            })
            .await;
        if failed > 0 {
            PAUSE_AFTER_FAILURE
        } else if more {
            Duration::ZERO
        } else {
            next.map_or(SLEEP_MAX, |next| {
                next.since(self.inner.clock.now()).min(SLEEP_MAX)
            })
        }
    }

    async fn fire(&self, id: &ExecutionId) -> bool {
        match self.process(id, Input::DeadlineReached).await {
            // A record that was removed meanwhile has no deadline to miss.
            Ok(_) | Err(ProcessError::UnknownExecution(_) | ProcessError::ShuttingDown) => true,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(execution = %id, error, "failed to fire a deadline; trying again");
                false
            }
        }
    }
}
