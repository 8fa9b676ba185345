//! The share of time in which the machine was idle.

use std::fs;

/// The file in which the system reports processor time. Source: proc_stat(5).
const COUNTS: &str = "/proc/stat";

/// Processor time since the system started, in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    all: u64,
    idle: u64,
}

/// Measures from one reading to the next.
#[derive(Debug)]
pub(crate) struct SpareTime {
    last: Option<Ticks>,
}

impl SpareTime {
    pub(crate) fn from_now() -> Self {
        Self { last: look() }
    }

    /// The share of all processors' time since the last reading in which they were idle or waited for a disk; `None` if
    /// the system does not report it, or not yet.
    pub(crate) fn share_since(&mut self) -> Option<f64> {
        let (before, now) = (self.last?, look()?);
        self.last = Some(now);
        share(before, now)
    }
}

fn share(before: Ticks, now: Ticks) -> Option<f64> {
    let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
    // The system may reduce the count of ticks of waiting for disks a little.
    let idle = now.idle.saturating_sub(before.idle);
    Some(idle as f64 / all as f64)
}

fn look() -> Option<Ticks> {
    parse(&fs::read_to_string(COUNTS).ok()?)
}

/// The first line: `cpu`, and ticks of user, nice, system, idle, iowait, irq, softirq, steal; guests are counted as users, too.
fn parse(counts: &str) -> Option<Ticks> {
    let line = counts.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .take(8)
        .map_while(|ticks| ticks.parse().ok())
        .collect();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some(Ticks {
        all: ticks.iter().sum(),
        idle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_work_is_a_share_of_all_time() {
        let before = parse("cpu  100 0 50 800 50 0 0 0 7 7\ncpu0 1 1 1 1\n").expect("it counts");
        let now = parse("cpu  130 0 60 855 45 0 0 0 9 9\n").expect("it counts");
        assert_eq!((before.all, before.idle), (1000, 850));
        assert_eq!(share(before, now), Some(50.0 / 90.0));
        assert_eq!(share(now, now), None);
        assert_eq!(parse("intr 1 2 3"), None);
        assert_eq!(parse("cpu  1 2"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_counts() {
        assert!(
            SpareTime::from_now()
                .last
                .is_some_and(|ticks| ticks.all > 0)
        );
    }
}
