//! Wakes the timer loop when a deadline is set that is sooner than the end of its sleep, and reports its pulse.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use model::Timestamp;
use tokio::sync::Notify;

/// See the module.
#[derive(Debug)]
pub(crate) struct Alarm {
    sleeping_until: AtomicI64,
    sooner: Notify,
    pulse: Mutex<TimerPulse>,
}

/// How the timer loop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimerPulse {
    /// When deadlines were last read from the store; `None` before the first time.
    pub read_at: Option<Timestamp>,
    /// How late the most overdue deadline was then.
    pub lag: Duration,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            sleeping_until: AtomicI64::new(i64::MAX),
            sooner: Notify::new(),
            pulse: Mutex::default(),
        }
    }
}

impl Alarm {
    /// A deadline is set.
    pub fn set(&self, at: Timestamp) {
        if at.as_millis() < self.sleeping_until.load(Ordering::SeqCst) {
            self.sooner.notify_one();
        }
    }

    /// Says until when the loop sleeps.
    pub fn sleep_until(&self, at: i64) {
        self.sleeping_until.store(at, Ordering::SeqCst);
    }

    /// Is ready once a deadline is set that is sooner. Cancel safe.
    pub async fn rings(&self) {
        self.sooner.notified().await;
    }

    pub fn pulse(&self) -> MutexGuard<'_, TimerPulse> {
        self.pulse.lock().expect("it is never left half changed")
    }
}
