//! How many processes a function gets whose processes take many invocations.
//!
//! Another process gives room to more invocations, and it costs its start, its connections and its memory. Where the
//! invocations wait for something, as most do, the room is what counts, and where they are at work all the time it is the
//! machine, which more processes only divide. So the first processes are started at once, and further ones, while invocations
//! wait, as the machine has time to spare: as Lambda scales managed instances by their use of the processor. For want of
//! that, one is started now and then all the same, because the invocations that run may wait for those in the queue.
//!
//! Source: Lambda developer guide, "Scaling Lambda managed instances", read 2026-11.

use std::sync::{Arc, LazyLock};

use super::{Placement, Pool, Pools};
use crate::function::{FunctionConfig, FunctionKey};
use crate::request::Work;

/// As many processes as can run at one time are started whatever the machine does.
static PROCESSES_AT_ONCE: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// How many more processes may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    None,
    /// In spite of a machine that has nothing to spare.
    One,
    /// As many as there are, so that thousands who wait have room after a few times.
    Double,
}

impl Pools {
    /// Returns invocations that wait and for which processes must be started, already counted; none when it need not be
    /// looked after any longer.
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
        // The start that is due takes care of those that wait.
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
    /// Whether a process may be started at once for who finds no room.
    pub(super) fn may_start(&self) -> bool {
        self.processes < self.function.concurrency_max && !self.start_is_due && !self.is_grown()
    }

    /// Whether more processes are started only as they are of use. Those that ask for one invocation at a time, whatever they
    /// may have, are as any others.
    fn is_grown(&self) -> bool {
        self.room_of_process > 1 && self.processes >= *PROCESSES_AT_ONCE
    }

    /// How many more invocations than now could run at one time with all processes that there may be. So many may wait for
    /// those.
    pub(super) fn room_to_come(&self) -> usize {
        let more = self.function.concurrency_max.saturating_sub(self.processes);
        match self.is_grown() {
            true => more.saturating_mul(self.room_of_process),
            false => 0,
        }
    }

    /// What is to be done after an invocation came into the queue.
    pub(super) fn queued(&mut self) -> Placement {
        match self.begins_watch() {
            true => Placement::Watch,
            false => Placement::Placed,
        }
    }

    /// Whether somebody has to watch it from now on, as long as invocations wait.
    pub(super) fn begins_watch(&mut self) -> bool {
        self.is_grown() && !std::mem::replace(&mut self.is_watched, true)
    }
}
