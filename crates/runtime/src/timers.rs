//! The timer loop: reads the soonest deadlines from the store and processes those that are due.
//!
//! Nothing that one deadline does holds up the others: they are fired side by side, one that fails rests by
//! itself, and one that always fails is set aside.
//!
//! A burst is worked off in the order of the deadlines: the finds of one read are fired, so many at a time, before
//! there is another read. Those that are being fired are never left unpolled: each may hold a connection of the store,
//! and a read that waited for one of those would wait for ever.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use engine::Input;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use model::{ExecutionId, Timestamp};
use stdx::error_chain;
use store::StoreFault;

use crate::{Driver, ProcessError, TimerPulse};

/// Deadlines read at once: enough that a burst is worked off in few reads, few enough to hold.
const DEADLINES_PER_READ: usize = 256;

/// Deadlines processed at the same time: they share commits, so that a burst does not take one
/// fsync each.
const CONCURRENT_MAX: usize = 128;

/// More are read when no due deadline waits and this few are being processed.
const CONCURRENT_LOW: usize = CONCURRENT_MAX / 2;

/// Longest sleep without looking at the store: bounds what a missed wake-up or a clock that was set
/// could cost.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Pause after a failed read, and of a deadline that could not be processed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Failures in a row of one deadline, while the store works for others, before its execution is set aside.
const FAILURES_MAX: u32 = 5;

/// The deadlines that are due, as far as the loop knows.
#[derive(Debug, Default)]
struct Due {
    /// Read, without a place yet, the soonest first.
    waiting: VecDeque<ExecutionId>,
    /// Being fired.
    firing: HashSet<ExecutionId>,
    /// Fired while the last read was under way.
    fired_meanwhile: HashSet<ExecutionId>,
    /// Failed: how often in a row, and when they are tried again.
    resting: HashMap<ExecutionId, (u32, Timestamp)>,
}

/// The result of firing a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fired {
    Done,
    /// It may work later.
    Failed,
}

impl Due {
    /// The soonest that waits, if there is a place for it.
    fn next_to_fire(&mut self, concurrent_max: usize) -> Option<ExecutionId> {
        if self.firing.len() >= concurrent_max {
            return None;
        }
        let id = self.waiting.pop_front()?;
        self.firing.insert(id.clone());
        Some(id)
    }
}

impl Driver {
    /// How the timer loop does.
    pub fn timer_pulse(&self) -> TimerPulse {
        *self.inner.alarm.pulse()
    }

    /// Fires deadlines until the driver shuts down.
    pub async fn run_timers(&self) {
        // One after the other, they fire in the order in which the store has them: by time, then by id.
        let concurrent_max = match self.inner.clock.fires_in_order() {
            true => 1,
            false => CONCURRENT_MAX,
        };
        let mut due = Due::default();
        let mut firing: FuturesUnordered<_> = FuturesUnordered::new();
        loop {
            // While it reads, every new deadline counts as sooner: none falls between read and sleep.
            self.inner.alarm.sleep_until(i64::MAX);
            let read = {
                let limit = DEADLINES_PER_READ + due.firing.len() + due.resting.len();
                let reading = self.soonest_deadlines(limit);
                tokio::pin!(reading);
                due.fired_meanwhile.clear();
                // The deadlines being fired go on meanwhile: they may hold connections that the read waits for.
                loop {
                    tokio::select! {
                        biased;
                        () = self.inner.shutdown.cancelled() => return,
                        Some((id, fired)) = firing.next(), if !firing.is_empty() => {
                            due.fired_meanwhile.insert(ExecutionId::clone(&id));
                            self.note_fired(&mut due, id, fired);
                        }
                        read = &mut reading => break read,
                    }
                }
            };
            let until = self.note_read(&mut due, read);
            while let Some(id) = due.next_to_fire(concurrent_max) {
                firing.push(self.fire_named(id));
            }
            self.inner.alarm.sleep_until(until.as_millis());
            let sleeping = self.inner.clock.sleep_until(until);
            tokio::pin!(sleeping);
            loop {
                tokio::select! {
                    biased;
                    () = self.inner.shutdown.cancelled() => return,
                    Some((id, fired)) = firing.next(), if !firing.is_empty() => {
                        self.note_fired(&mut due, id, fired);
                        if let Some(id) = due.next_to_fire(concurrent_max) {
                            firing.push(self.fire_named(id));
                        }
                        if firing.len() == CONCURRENT_LOW || firing.is_empty() {
                            break;
                        }
                    }
                    () = &mut sleeping, if firing.len() < CONCURRENT_LOW => break,
                    () = self.inner.alarm.rings(), if firing.len() < CONCURRENT_LOW => break,
                }
            }
        }
    }

    /// Notes the deadlines that are due and can be fired, and returns until when to sleep unless something happens.
    fn note_read(
        &self,
        due: &mut Due,
        read: Result<Vec<(Timestamp, ExecutionId)>, StoreFault>,
    ) -> Timestamp {
        let deadlines = match read {
            Ok(deadlines) => deadlines,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(error, "failed to read deadlines; trying again");
                return self.inner.clock.now() + PAUSE_AFTER_FAILURE;
            }
        };
        let now = self.inner.clock.now();
        // The read contains the waiting deadlines too, in their places.
        due.waiting.clear();
        let mut sleep = SLEEP_MAX;
        let mut lag = Duration::ZERO;
        for (at, id) in deadlines {
            if at > now {
                sleep = sleep.min(at.since(now));
                break;
            }
            if due.firing.contains(&id) || self.inner.aside.contains(&id) {
                continue;
            }
            if let Some((_, again_at)) = due.resting.get(&id)
                && *again_at > now
            {
                sleep = sleep.min(again_at.since(now));
                continue;
            }
            // It may be listed as it was before. Its next deadline was set meanwhile, and so there is another read.
            if due.fired_meanwhile.contains(&id) {
                continue;
            }
            lag = lag.max(now.since(at));
            due.waiting.push_back(id);
        }
        *self.inner.alarm.pulse() = TimerPulse {
            read_at: Some(now),
            lag,
        };
        now + sleep
    }

    fn note_fired(&self, due: &mut Due, id: ExecutionId, fired: Fired) {
        due.firing.remove(&id);
        match fired {
            Fired::Done => {
                due.resting.remove(&id);
            }
            Fired::Failed => {
                let (failures, _) = due.resting.remove(&id).unwrap_or_default();
                // While the store fails for all, it says nothing about this execution.
                let failures = failures + u32::from(self.store_works());
                if failures >= FAILURES_MAX {
                    self.set_aside(&id, "fire a deadline", "it failed again and again");
                    return;
                }
                let again_at = self.inner.clock.now() + PAUSE_AFTER_FAILURE;
                due.resting.insert(id, (failures, again_at));
            }
        }
    }

    /// Fires the due deadlines of an execution, for a server that takes it back.
    pub(crate) async fn fire(&self, id: &ExecutionId) {
        self.fire_once(id).await;
    }

    async fn fire_named(&self, id: ExecutionId) -> (ExecutionId, Fired) {
        let fired = self.fire_once(&id).await;
        (id, fired)
    }

    async fn fire_once(&self, id: &ExecutionId) -> Fired {
        match self.process(id, Input::DeadlineReached).await {
            // A record that was removed meanwhile has no deadline to miss.
            Ok(_)
            | Err(
                ProcessError::UnknownExecution(_)
                | ProcessError::SetAside { .. }
                | ProcessError::ShuttingDown,
            ) => Fired::Done,
            Err(ProcessError::Fault(fault)) if self.is_broken(&fault) => {
                self.set_aside(id, "fire a deadline", &error_chain(&fault));
                Fired::Done
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(execution = %id, error, "failed to fire a deadline; trying again");
                Fired::Failed
            }
        }
    }
}
