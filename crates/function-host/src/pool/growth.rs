//! The number of processes of a function whose processes take many invocations each.
//!
//! Another process gives room to more invocations, and costs its start, its connections and its memory. If the
//! invocations mostly wait, as is usual, room is the limit; if they compute all the time, the machine is the limit, and
//! more processes only divide it. So the first processes are started at once. Further ones are started while
//! invocations wait and the machine has time to spare, as Lambda scales managed instances by their use of the
//! processor. Without spare time, one is still started now and then, because running invocations may wait for queued
//! ones.
//!
//! Source: Lambda developer guide, "Scaling Lambda managed instances", read 2026-11.

use std::sync::{Arc, LazyLock};

use super::{Placement, Pool, Pools};
use crate::function::{FunctionConfig, FunctionKey};
use crate::request::Work;

/// As many processes as the machine can run in parallel are started regardless of its load.
static PROCESSES_AT_ONCE: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// How many more processes may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    None,
    /// Although the machine has no time to spare.
    One,
    /// As many as exist, so that thousands of waiting invocations get room after a few rounds.
    Double,
}

impl Pools {
    /// Returns waiting invocations for which processes must be started, already counted; `None` when the function need
    /// not be watched any longer.
    pub(crate) fn grow(
        &mut self,
        key: &FunctionKey,
        growth: Growth,
    ) -> Option<(Arc<FunctionConfig>, Vec<Work>)> {
        let closed = self.closed;
        let pool = self.existing(key);
        if closed || pool.queue.is_empty() {
            pool.is_watched = false;
            self.forget_if_unused(key);
            return None;
        }
        let more = pool.function.concurrency_max.saturating_sub(pool.processes);
        let wanted = pool.queue.len().div_ceil(pool.room_of_process);
        let most = match growth {
            Growth::None => 0,
            Growth::One => 1,
            Growth::Double => pool.processes.max(1),
        };
        let mut works = Vec::new();
        // If a start is due, it serves the waiting invocations.
        while !pool.start_is_due
            && works.len() < most.min(wanted).min(more)
            && let Some(mut work) = pool.next_waiting()
        {
            pool.processes += 1;
            work.cold = true;
            works.push(work);
        }
        Some((Arc::clone(&pool.function), works))
    }
}

impl Pool {
    /// Whether a process may be started at once for an invocation that finds no room.
    pub(super) fn may_start(&self) -> bool {
        self.processes < self.function.concurrency_max && !self.start_is_due && !self.is_grown()
    }

    /// Whether more processes are started only if they help. This does not apply to processes that ask for one
    /// invocation at a time, even if they may have more.
    fn is_grown(&self) -> bool {
        self.room_of_process > 1 && self.processes >= *PROCESSES_AT_ONCE
    }

    /// How many more invocations than now could run at one time with all permitted processes. This many may wait for
    /// those processes.
    pub(super) fn room_to_come(&self) -> usize {
        let more = self.function.concurrency_max.saturating_sub(self.processes);
        match self.is_grown() {
            true => more.saturating_mul(self.room_of_process),
            false => 0,
        }
    }

    /// The decision about an invocation that was added to the queue.
    pub(super) fn queued(&mut self) -> Placement {
        match self.begins_watch() {
            true => Placement::Watch,
            false => Placement::Placed,
        }
    }

    /// Whether a task must be started that watches the function as long as invocations wait.
    pub(super) fn begins_watch(&mut self) -> bool {
        self.is_grown() && !std::mem::replace(&mut self.is_watched, true)
    }
}
