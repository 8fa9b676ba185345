//! Time as a dependency, so that a test can let a month pass at once, and so that a wall clock that is
//! set does no harm.
//!
//! [`steady`] makes a steady time of two clocks, as a function of their readings; [`machine`] reads them; [`kept`] is
//! the file that outlives a run; [`SteadyClock`] joins the three. [`wound`] is another clock upon it.

mod kept;
mod machine;
mod mode;
mod steady;
mod wound;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine::{BootId, Machine, SystemMachine};
use model::Timestamp;
use steady::Steady;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use mode::ClockMode;
pub use wound::{Running, Work, WoundClock};

/// How often the time seen is kept. After a crash of the machine a run begins at least this much later than the time in
/// the file, so that it is never behind the last run.
const KEPT_EVERY: Duration = Duration::from_secs(2);

/// Longest piece of a sleep: bounds how late a sleeper wakes after the machine was asleep, whose sleep the runtime's
/// timers do not count.
const PIECE_MAX: Duration = Duration::from_secs(10);

/// Where the driver learns the time and waits for it.
pub trait Clock: Send + Sync + 'static {
    /// The time. It never goes back.
    fn now(&self) -> Timestamp;

    /// Is ready when so much time has passed. Cancel safe.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Is ready at that instant. Cancel safe.
    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep(at.since(self.now()))
    }

    /// Is ready at an instant that something depends on. The caller holds a [`Work`] until it calls and again from then
    /// on: a clock that is wound may be moved there. Cancel safe.
    fn until_due(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(at)
    }

    /// Counts as work while it is held: a clock that is wound is not moved meanwhile.
    fn work(&self) -> Work {
        Work::default()
    }

    /// Whether due deadlines fire one after the other, for a defined order.
    fn fires_in_order(&self) -> bool {
        false
    }

    /// How many milliseconds it is ahead of the machine's time; functions use this.
    fn ahead_millis(&self) -> i64 {
        0
    }

    /// Whether the time is sure enough to delete for good the data that has been kept long enough. While it is not,
    /// ended executions stay; everything else that is due is done.
    fn deletions_allowed(&self) -> bool {
        true
    }
}

/// The clock of a server: goes by the machine's monotonic clock, follows the wall clock without ever
/// going back, and begins no earlier than where the run before it ended. See [`steady`] for the rules.
#[derive(Clone)]
pub struct SteadyClock {
    inner: Arc<Inner>,
}

struct Inner {
    machine: Box<dyn Machine>,
    boot_id: Option<BootId>,
    /// Without one, the time seen is forgotten with the process.
    path: Option<PathBuf>,
    steady: Mutex<Steady>,
    /// The wall clock was set: the file's content is worth less now.
    stepped: Notify,
}

impl SteadyClock {
    /// A clock that goes on from the time that an earlier run has kept in the file. A file that cannot be read is
    /// reported and ignored: a server must start all the same.
    pub fn open(path: &Path) -> Self {
        Self::with(Box::new(SystemMachine), Some(path.to_owned()))
    }

    /// A clock that remembers nothing.
    pub fn forgetful() -> Self {
        Self::with(Box::new(SystemMachine), None)
    }

    fn with(machine: Box<dyn Machine>, path: Option<PathBuf>) -> Self {
        let boot_id = machine.boot_id();
        let kept = path.as_deref().and_then(kept::read);
        let (steady, notice) = match kept {
            None => (Steady::new(machine.read()), None),
            Some(kept) if kept.boot_id.is_some() && kept.boot_id == boot_id => {
                Steady::resume(kept.steady, machine.read())
            }
            Some(kept) => Steady::after_boot(&kept.steady, kept.ended, machine.read()),
        };
        if let Some(notice) = notice {
            notice.say();
        }
        let inner = Inner {
            machine,
            boot_id,
            path,
            steady: Mutex::new(steady),
            stepped: Notify::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Keeps the time seen, every few seconds until the shutdown; and takes over a wall clock that has been far ahead
    /// for long.
    pub async fn keep(&self, shutdown: CancellationToken) {
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let kept = self.keep_once().await;
            if let Err(error) = &kept
                && !failing
            {
                let error = error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "failed to keep what the clock has seen; trying again"
                );
            }
            failing = kept.is_err();
            tokio::select! {
                () = tokio::time::sleep(KEPT_EVERY) => {}
                () = self.inner.stepped.notified() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Keeps the time seen, for the last time: this clock must not be asked any more.
    pub async fn end(&self) {
        let (steady, _) = self.inner.look();
        if let Err(error) = self.write(steady, true).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "failed to keep what the clock has seen");
        }
    }

    async fn keep_once(&self) -> std::io::Result<()> {
        let (steady, _) = self.inner.look();
        if !steady.is_confirmed() {
            return self.write(steady, false).await;
        }
        // On the disk before any caller sees it: a crash right after it must not bring the old time back.
        let mut ahead = steady;
        ahead.adopt();
        self.write(ahead, false).await?;
        let (stepped, adopted) = {
            let mut steady = self.inner.steady();
            let stepped = steady.read(self.inner.machine.read());
            // The wall clock may have been set again meanwhile.
            (stepped, steady.is_confirmed().then(|| steady.adopt()))
        };
        for notice in [stepped, adopted].into_iter().flatten() {
            notice.say();
        }
        Ok(())
    }

    async fn write(&self, steady: Steady, ended: bool) -> std::io::Result<()> {
        let Some(path) = self.inner.path.clone() else {
            return Ok(());
        };
        let boot_id = self.inner.boot_id.clone();
        // A confirmed adoption and the end are rare, and worth the wait for the disk.
        let sync = ended || steady.is_adopted_now();
        let written = tokio::task::spawn_blocking(move || {
            let kept = kept::Kept {
                boot_id,
                ended,
                steady,
            };
            kept::write(&path, &kept, sync)
        });
        match written.await {
            Ok(written) => written,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

impl Inner {
    fn steady(&self) -> MutexGuard<'_, Steady> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as of now.
    fn look(&self) -> (Steady, Timestamp) {
        let (steady, notice) = {
            let mut steady = self.steady();
            // Read under the lock, so that readings come in order.
            let notice = steady.read(self.machine.read());
            (steady.clone(), notice)
        };
        if let Some(notice) = notice {
            notice.say();
            self.stepped.notify_one();
        }
        let now = steady.now();
        (steady, now)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.inner.look().1
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        Box::pin(async move {
            let until = clock.now() + duration;
            loop {
                let left = until.since(clock.now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(PIECE_MAX)).await;
            }
        })
    }

    fn deletions_allowed(&self) -> bool {
        self.inner.look().0.deletions_allowed()
    }
}

impl std::fmt::Debug for SteadyClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SteadyClock")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
