//! One steady time out of two clocks: readings in, instants out.
//!
//! The monotonic clock says how much time has passed, the wall clock the time of day. Both go at the same pace, unless
//! the wall clock is set. The rules:
//!
//! - Time goes by the monotonic clock, and is drawn to the wall clock by at most a tenth of the time passed: it goes on
//!   at 0.9 to 1.1 of its pace, and never back. A wall clock that is ten minutes off is reached after a hundred
//!   minutes, and a wait of a minute takes six seconds more at the most.
//! - A wall clock that moved by more than [`TOLERANCE`] against the monotonic one was set; it is said
//!   once.
//! - One that is more than [`SLEWED_MAX`] ahead, and was not set again for [`CONFIRMED_AFTER`], is right:
//!   it is adopted, and said loudly. One that is as far behind is not, because time never goes back;
//!   time slows down for as long as it takes.
//! - Nothing is deleted for its age for [`DELETIONS_HELD`] after an adoption, after a start that is [`GAP_MAX`] later
//!   than anything seen before, or that knows of no earlier run; nor while time is more than [`SLEWED_MAX`] ahead of
//!   the wall clock. So a wrong clock alone deletes nothing until an operator could have seen it.
//!
//! The monotonic clock counts the machine's sleep (see [`machine`](super::machine)): it is time that
//! has passed, no step.

use model::Timestamp;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;

/// How far the wall clock may move against the monotonic one without having been set. Network time is slewed by
/// milliseconds; the drift of a clock between two readings is less.
pub(super) const TOLERANCE: i64 = SECOND;

/// Time is drawn to the wall clock by one part in this many of the time passed.
pub(super) const PULL: i64 = 10;

/// Largest difference that is left to that alone.
pub(super) const SLEWED_MAX: i64 = 10 * MINUTE;

/// How long a wall clock that is further ahead has to go on without being set again. Long enough for
/// network time to correct a machine that has just started.
pub(super) const CONFIRMED_AFTER: i64 = 10 * MINUTE;

/// How long nothing is deleted after time may have leapt.
pub(super) const DELETIONS_HELD: i64 = 60 * MINUTE;

/// The longest time between two runs that is taken as real.
pub(super) const GAP_MAX: i64 = 24 * 60 * MINUTE;

/// How long a run may have gone on after its last write of the file, before the machine crashed.
const KEPT_LATE_MAX: i64 = 3 * SECOND;

/// One look at the machine's clocks, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// Since the Unix epoch, as the wall clock has it.
    pub wall: i64,
    /// Since the machine's start, its sleep included.
    pub boot: i64,
}

/// The steady time as of the last reading.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Steady {
    /// Nanoseconds since the Unix epoch.
    at: i64,
    read: Reading,
    /// By the monotonic clock: when the wall clock was last seen to have been set.
    stepped_at: i64,
    /// By the monotonic clock: nothing is deleted before.
    deletions_from: i64,
    /// Whether the last thing that happened is an adoption.
    #[serde(skip)]
    adopted_now: bool,
}

/// A message to log about the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The wall clock was set.
    Stepped {
        /// By how much, forward.
        by: i64,
        /// Where it is now.
        wall: i64,
        /// The time now.
        at: i64,
    },
    /// The wall clock is behind the time that an earlier run has seen.
    BehindSeen {
        /// Where it is.
        wall: i64,
        /// The time now.
        at: i64,
    },
    /// The wall clock was taken over.
    Adopted {
        /// The time before.
        from: i64,
        /// The time now.
        to: i64,
    },
    /// Much time has passed since the last run.
    LongGap {
        /// The last that was seen.
        seen: i64,
        /// The time now.
        at: i64,
    },
}

impl Steady {
    /// A time that no earlier run has seen.
    pub fn new(reading: Reading) -> Self {
        Self {
            at: reading.wall,
            read: reading,
            stepped_at: reading.boot,
            deletions_from: reading.boot.saturating_add(DELETIONS_HELD),
            adopted_now: false,
        }
    }

    /// Goes on from a run that ended since the machine started: as if that run had gone on.
    pub fn resume(kept: Self, reading: Reading) -> (Self, Option<Notice>) {
        let mut steady = kept;
        let notice = steady.read(reading);
        (steady, notice)
    }

    /// Goes on from a run before the machine started: how long ago that was only the wall clock knows.
    pub fn after_boot(kept: &Self, ended: bool, reading: Reading) -> (Self, Option<Notice>) {
        let late = if ended { 0 } else { KEPT_LATE_MAX };
        let seen = kept.at.saturating_add(late);
        let at = reading.wall.max(seen);
        let gap = reading.wall.saturating_sub(kept.at);
        let held = if gap > GAP_MAX {
            DELETIONS_HELD
        } else {
            kept.deletions_from.saturating_sub(kept.read.boot).max(0)
        };
        let steady = Self {
            at,
            read: reading,
            stepped_at: reading.boot,
            deletions_from: reading.boot.saturating_add(held),
            adopted_now: false,
        };
        let wall = reading.wall;
        let notice = if gap > GAP_MAX {
            Some(Notice::LongGap { seen: kept.at, at })
        } else if at.saturating_sub(wall) > TOLERANCE.max(late) {
            Some(Notice::BehindSeen { wall, at })
        } else {
            None
        };
        (steady, notice)
    }

    /// Lets time pass up to a reading.
    pub fn read(&mut self, reading: Reading) -> Option<Notice> {
        let passed = reading.boot.saturating_sub(self.read.boot).max(0);
        let moved = reading.wall.saturating_sub(self.read.wall);
        let by = moved.saturating_sub(passed);
        let expected = self.at.saturating_add(passed);
        let set = by.saturating_abs() > TOLERANCE;
        // When it was set within this time is unknown; if it was set while no server ran, the last run has not seen
        // that.
        let wall = self
            .read
            .wall
            .saturating_add(if set { passed } else { moved });
        let apart = wall.saturating_sub(expected);
        let pull = passed / PULL;
        self.at = expected.saturating_add(apart.clamp(-pull, pull));
        self.read.wall = reading.wall;
        self.read.boot = self.read.boot.max(reading.boot);
        self.adopted_now = false;
        if !set {
            return None;
        }
        self.stepped_at = self.read.boot;
        Some(Notice::Stepped {
            by,
            wall: reading.wall,
            at: self.at,
        })
    }

    /// The time as of the last reading.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.at.div_euclid(1_000_000))
    }

    /// Whether the wall clock is far ahead, and has been for so long that it must be right.
    pub fn is_confirmed(&self) -> bool {
        self.read.wall.saturating_sub(self.at) > SLEWED_MAX
            && self.read.boot.saturating_sub(self.stepped_at) >= CONFIRMED_AFTER
    }

    /// Takes over the wall clock, which is ahead.
    pub fn adopt(&mut self) -> Notice {
        let from = self.at;
        self.at = self.at.max(self.read.wall);
        self.deletions_from = self.read.boot.saturating_add(DELETIONS_HELD);
        self.adopted_now = true;
        Notice::Adopted { from, to: self.at }
    }

    pub fn is_adopted_now(&self) -> bool {
        self.adopted_now
    }

    /// Whether the time is sure enough to delete by.
    pub fn deletions_allowed(&self) -> bool {
        self.read.boot >= self.deletions_from
            && self.at.saturating_sub(self.read.wall) <= SLEWED_MAX
    }
}

impl Notice {
    /// Writes it to the log, with both clocks.
    pub fn say(self) {
        let shown = |nanos: i64| {
            let shown = jiff::Timestamp::from_nanosecond(i128::from(nanos));
            shown.map_or_else(|_| format!("{nanos} ns"), |at| at.to_string())
        };
        let seconds = |nanos: i64| nanos / SECOND;
        match self {
            Self::Stepped { by, wall, at } => tracing::warn!(
                wall = shown(wall),
                time = shown(at),
                by_seconds = seconds(by),
                apart_seconds = seconds(wall.saturating_sub(at)),
                "the wall clock was set; time goes on without a leap, by a tenth faster or slower \
                 until they agree"
            ),
            Self::BehindSeen { wall, at } => tracing::warn!(
                wall = shown(wall),
                time = shown(at),
                apart_seconds = seconds(wall.saturating_sub(at)),
                "the wall clock is behind what an earlier run has seen; time goes on from there, a \
                 tenth slower until they agree"
            ),
            Self::Adopted { from, to } => tracing::error!(
                from = shown(from),
                to = shown(to),
                by_seconds = seconds(to.saturating_sub(from)),
                "the wall clock has been far ahead for long and is taken over: what came due \
                 meanwhile is done now; nothing is deleted for its age for an hour"
            ),
            Self::LongGap { seen, at } => tracing::warn!(
                seen = shown(seen),
                time = shown(at),
                gap_seconds = seconds(at.saturating_sub(seen)),
                "more than a day since the last run, or the wall clock is wrong: nothing is deleted \
                 for its age for an hour"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
