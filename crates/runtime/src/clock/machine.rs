//! The machine's clocks.

use std::fs;
use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::steady::Reading;

/// The monotonic clock that counts the machine's sleep.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SLEEP_COUNTED: ClockId = ClockId::CLOCK_BOOTTIME;
/// Elsewhere `CLOCK_MONOTONIC` is the best there is; on macOS it counts the sleep too.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SLEEP_COUNTED: ClockId = ClockId::CLOCK_MONOTONIC;

/// Largest pause between the looks at the two clocks, and looks at the most: a process that is put
/// aside between them must not take that for a clock that was set.
const LOOK_MAX: i64 = 1_000_000;
const LOOKS_MAX: u32 = 8;

/// Tells one start of the machine from another: monotonic clocks compare only within one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BootId(String);

/// Where readings come from.
pub(crate) trait Machine: Send + Sync {
    fn read(&self) -> Reading;

    /// `None` when the system does not tell.
    fn boot_id(&self) -> Option<BootId>;
}

/// This machine.
pub(crate) struct SystemMachine;

impl Machine for SystemMachine {
    fn read(&self) -> Reading {
        let mut before = boot();
        for _ in 1..LOOKS_MAX {
            let wall = wall();
            let after = boot();
            if after.saturating_sub(before) <= LOOK_MAX {
                return Reading { wall, boot: before };
            }
            before = after;
        }
        Reading {
            wall: wall(),
            boot: before,
        }
    }

    fn boot_id(&self) -> Option<BootId> {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(BootId(text.trim().to_owned()))
    }
}

fn boot() -> i64 {
    let time = clock_gettime(SLEEP_COUNTED).expect("every system that we build for has this clock");
    nanos(Duration::from(time))
}

fn wall() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

/// Up to the year 2262; a later time is no better.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
impl BootId {
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}
