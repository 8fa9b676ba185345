//! A clock that can be moved ahead, on command or automatically, while nothing is at work.
//!
//! While something is at work it runs at real speed, so that a job of one second takes one second; otherwise its
//! [`ClockMode`] decides. It counts the work: a task at work holds a [`Work`], and a task that waits for a moment that
//! something depends on says so with [`Clock::until_due`], which does not count as work. So "nothing is at work" is
//! known, and never guessed from silence.
//!
//! Its lead over the machine's time outlives the run, in every mode, because stored data contains its times.

mod kept;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Timestamp;
use tokio::sync::watch;

use self::kept::Kept;
use super::mode::ClockMode;
use super::{Clock, SteadyClock};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct WoundClock {
    inner: Arc<Inner>,
}

struct Inner {
    real: Arc<dyn Clock>,
    mode: ClockMode,
    /// Without one, nothing outlives the run.
    path: Option<PathBuf>,
    state: Mutex<State>,
    /// Time was moved, begins to run or stops.
    moved: watch::Sender<()>,
    /// Work ended, or something began to wait for an instant.
    stirred: watch::Sender<()>,
}

struct State {
    /// The time of this clock when the real one showed `real_at`.
    at: Timestamp,
    real_at: Timestamp,
    runs: bool,
    work: usize,
    /// Changes whenever work begins: a caller that found the clock quiet before cannot rely on it any more.
    generation: u64,
    /// How many callers wait for quiet, while time runs.
    listening: usize,
    /// The tasks that wait for an instant, by that and the order in which they began to.
    dues: BTreeSet<(Timestamp, u64)>,
    dues_begun: u64,
}

/// Something is at work until this is dropped.
#[derive(Debug, Default)]
#[must_use = "it counts as work until it is dropped"]
pub struct Work(Option<WoundClock>);

/// Time runs until this is dropped, even if nothing is at work: a failed attempt is repeated after a while.
#[derive(Debug)]
#[must_use = "time runs until it is dropped"]
pub struct Running(WoundClock);

impl WoundClock {
    /// The clock of a data folder. `None` in mode `real` if no earlier run has wound time: the real clock serves.
    ///
    /// # Errors
    /// When the file of an earlier run cannot be read: the stored data would be in the future.
    pub fn open(real: &SteadyClock, mode: ClockMode, path: &Path) -> io::Result<Option<Self>> {
        let kept = kept::read(path)?;
        if mode == ClockMode::Real && kept.is_none() {
            return Ok(None);
        }
        let was_wound = kept.is_some();
        let real: Arc<dyn Clock> = Arc::new(real.clone());
        let clock = Self::goes_on(real, mode, Some(path.to_owned()), kept);
        if was_wound {
            // From now on its time goes on, and the last record of the run before no longer holds.
            kept::write(path, &Kept::running(clock.now(), clock.inner.real.now()))?;
        }
        Ok(Some(clock))
    }

    /// A clock that remembers nothing.
    pub fn forgetful(real: Arc<dyn Clock>, mode: ClockMode) -> Self {
        Self::goes_on(real, mode, None, None)
    }

    fn goes_on(
        real: Arc<dyn Clock>,
        mode: ClockMode,
        path: Option<PathBuf>,
        kept: Option<Kept>,
    ) -> Self {
        let real_at = real.now();
        let at = kept.map_or(real_at, |kept| kept.goes_on_at(mode, real_at));
        let state = State {
            at,
            real_at,
            runs: mode != ClockMode::Manual,
            work: 0,
            generation: 0,
            listening: 0,
            dues: BTreeSet::new(),
            dues_begun: 0,
        };
        Self {
            inner: Arc::new(Inner {
                real,
                mode,
                path,
                state: Mutex::new(state),
                moved: watch::Sender::new(()),
                stirred: watch::Sender::new(()),
            }),
        }
    }

    /// How time passes.
    pub fn mode(&self) -> ClockMode {
        self.inner.mode
    }

    /// The time of the machine.
    pub fn real_now(&self) -> Timestamp {
        self.inner.real.now()
    }

    /// How many are at work.
    pub fn at_work(&self) -> usize {
        self.inner.state().work
    }

    /// The soonest instant that [`Clock::until_due`] waits for.
    pub fn next_due(&self) -> Option<Timestamp> {
        let state = self.inner.state();
        state.dues.first().map(|(at, _)| *at)
    }

    /// Changes whenever work ends, or something begins to wait for an instant.
    pub fn stirs(&self) -> watch::Receiver<()> {
        self.inner.stirred.subscribe()
    }

    /// Wakes the callers that wait for quiet, so that they look again.
    pub fn stir(&self) {
        self.inner.stirred.send_replace(());
    }

    /// A caller that found nothing at work passes this to [`WoundClock::move_to`].
    pub fn generation(&self) -> u64 {
        self.inner.state().generation
    }

    /// The caller that found it quiet has to look again.
    pub fn disturb(&self) {
        self.inner.state().generation += 1;
        self.stir();
    }

    /// Moves time ahead, unless work has begun since that generation; an instant that is past changes nothing. Written
    /// to the disk before any caller sees it. Returns whether nothing was in the way.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is moved then.
    pub async fn move_to(&self, at: Timestamp, generation: u64) -> io::Result<bool> {
        if at <= self.now() {
            return Ok(true);
        }
        self.keep(Kept::running(at, self.inner.real.now())).await?;
        let is_quiet = {
            let mut state = self.inner.state();
            let is_quiet = state.generation == generation;
            if is_quiet {
                let now = state.now(self.inner.real.as_ref());
                state.at = at.max(now);
                state.real_at = self.inner.real.now();
            }
            is_quiet
        };
        if is_quiet {
            self.inner.moved.send_replace(());
        } else {
            let stays = Kept::running(self.now(), self.inner.real.now());
            self.keep(stays).await?;
        }
        Ok(is_quiet)
    }

    /// Keeps where time stands for the last time.
    pub async fn end(&self) {
        let kept = Kept::ended(self.now(), self.inner.real.now());
        if let Err(error) = self.keep(kept).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "failed to keep where the wound clock stands");
        }
    }

    async fn keep(&self, kept: Kept) -> io::Result<()> {
        let Some(path) = self.inner.path.clone() else {
            return Ok(());
        };
        let written = tokio::task::spawn_blocking(move || kept::write(&path, &kept));
        match written.await {
            Ok(written) => written,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// Lets time run while a caller waits for quiet.
    pub fn run(&self) -> Running {
        self.change(|state| state.listening += 1);
        Running(self.clone())
    }

    fn begin_work(&self) {
        self.change(|state| {
            state.work += 1;
            state.generation += 1;
        });
    }

    fn end_work(&self) {
        self.change(|state| state.work -= 1);
        self.stir();
    }

    /// Changes the state that decides whether time runs, and begins or stops it.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let begins = {
            let mut state = self.inner.state();
            change(&mut state);
            let runs = self.inner.mode != ClockMode::Manual || state.work + state.listening > 0;
            let did_run = state.runs;
            if runs != did_run {
                state.at = state.now(self.inner.real.as_ref());
                state.real_at = self.inner.real.now();
                state.runs = runs;
            }
            runs && !did_run
        };
        if begins {
            self.inner.moved.send_replace(());
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self, real: &dyn Clock) -> Timestamp {
        if self.runs {
            self.at + real.now().since(self.real_at)
        } else {
            self.at
        }
    }
}

impl Clock for WoundClock {
    fn now(&self) -> Timestamp {
        self.inner.state().now(self.inner.real.as_ref())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, until: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        let mut moved = self.inner.moved.subscribe();
        Box::pin(async move {
            loop {
                let (left, runs) = {
                    let state = clock.inner.state();
                    let now = state.now(clock.inner.real.as_ref());
                    (until.since(now), state.runs)
                };
                if left.is_zero() {
                    return;
                }
                // While it stands still, or once it does, nothing but a move ends the sleep.
                let passes = async {
                    if runs {
                        clock.inner.real.sleep(left).await;
                    } else {
                        std::future::pending::<()>().await;
                    }
                };
                tokio::select! {
                    () = passes => {}
                    changed = moved.changed() => changed.expect("this clock has the sender"),
                }
            }
        })
    }

    fn until_due(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        Box::pin(async move {
            let _waits = Waits::begin(&clock, at);
            clock.sleep_until(at).await;
        })
    }

    /// By itself it passes months between two looks of a test, which must still find the ended executions.
    fn deletions_allowed(&self) -> bool {
        self.inner.mode != ClockMode::Auto && self.inner.real.deletions_allowed()
    }

    fn work(&self) -> Work {
        self.begin_work();
        Work(Some(self.clone()))
    }

    fn fires_in_order(&self) -> bool {
        self.inner.mode != ClockMode::Real
    }

    fn ahead_millis(&self) -> i64 {
        let state = self.inner.state();
        let real = self.inner.real.as_ref();
        state.now(real).as_millis() - real.now().as_millis()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(clock) = self.0.take() {
            clock.end_work();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.change(|state| state.listening -= 1);
    }
}

/// A task that waits for an instant. It was at work before, and is again afterwards.
struct Waits<'a> {
    clock: &'a WoundClock,
    key: (Timestamp, u64),
}

impl<'a> Waits<'a> {
    fn begin(clock: &'a WoundClock, at: Timestamp) -> Self {
        let key = {
            let mut state = clock.inner.state();
            let key = (at, state.dues_begun);
            state.dues_begun += 1;
            state.dues.insert(key);
            key
        };
        clock.end_work();
        Self { clock, key }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.clock.begin_work();
        self.clock.inner.state().dues.remove(&self.key);
    }
}

impl std::fmt::Debug for WoundClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WoundClock")
            .field("mode", &self.inner.mode)
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
