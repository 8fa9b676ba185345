//! Processor time of the system itself, of its functions, and of this program; and the memory of its functions.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// Clock ticks per second in `/proc`; source: `USER_HZ`, 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time since a process began, or between two looks.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ProcessorTime {
    /// Of the system's own process, in seconds.
    pub server: f64,
    /// Of its children, the functions, in seconds.
    pub functions: f64,
    /// Of this program, in seconds.
    pub driver: f64,
}

impl ProcessorTime {
    /// The time that the processes have used so far. A function process that has ended no longer counts.
    pub fn look(server: u32) -> Self {
        let mut ticks = (0, 0, 0);
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        for process in processes {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else {
                continue;
            };
            let Some(usage) = Usage::parse(&stat) else {
                continue;
            };
            if usage.pid == server {
                ticks.0 += usage.ticks;
            } else if usage.parent == server {
                ticks.1 += usage.ticks;
            } else if usage.pid == std::process::id() {
                ticks.2 += usage.ticks;
            }
        }
        let seconds =
            |ticks: u64| Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND).as_secs_f64();
        Self {
            server: seconds(ticks.0),
            functions: seconds(ticks.1),
            driver: seconds(ticks.2),
        }
    }

    /// The time between `earlier` and this, per piece of work.
    pub fn since(self, earlier: Self, pieces: usize) -> Self {
        let per_piece = |now: f64, then: f64| (now - then) / pieces as f64;
        Self {
            server: per_piece(self.server, earlier.server),
            functions: per_piece(self.functions, earlier.functions),
            driver: per_piece(self.driver, earlier.driver),
        }
    }
}

/// The resident memory of the processes of one function that a system has started, in bytes.
pub fn memory_of(server: u32, function: &str) -> u64 {
    let variable = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let is_its_own = |folder: &Path| {
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let environment = fs::read(folder.join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        let is_child = Usage::parse(&stat)?.parent == server;
        Some(is_child && variables.any(|it| it == variable.as_bytes()))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let folders = processes.map(|process| process.path());
    let own = folders.filter(|folder| is_its_own(folder).unwrap_or(false));
    own.filter_map(|folder| resident(&folder)).sum()
}

/// The resident memory of a process, in bytes; none when there is no such process.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    resident(&Path::new("/proc").join(pid.to_string()))
}

/// Of the process that a folder of `/proc` is about; source: `proc_pid_status(5)`.
fn resident(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[derive(Debug, PartialEq, Eq)]
struct Usage {
    pid: u32,
    parent: u32,
    ticks: u64,
}

impl Usage {
    /// Reads `/proc/<pid>/stat`; source: proc_pid_stat(5). The name in brackets may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let pid = stat.split(' ').next()?.parse().ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        // Of the fields after the parent, the user time is the tenth, and the system time follows it.
        let user: u64 = fields.nth(9)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Self {
            pid,
            parent,
            ticks: user + system,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_behind_any_name() {
        let stat = "42 (a (b) c) S 7 42 42 0 -1 4194304 1 2 3 4 150 25 6 7 20 0 1 0 100 0 0";
        assert_eq!(
            Usage::parse(stat),
            Some(Usage {
                pid: 42,
                parent: 7,
                ticks: 175
            })
        );
        assert_eq!(Usage::parse("nonsense"), None);
    }

    #[test]
    fn this_process_uses_some() {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        assert_eq!(Usage::parse(&stat).unwrap().pid, std::process::id());
    }
}
