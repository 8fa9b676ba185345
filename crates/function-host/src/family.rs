//! The processes that belong to a function process: those that it started, even if they have moved to another group,
//! session or place in the process tree.
//!
//! Any of three facts identifies such a process: it is in the function process's group; its parents lead to the
//! function process; or it runs as the same user with the function process's log stream name, which no other process
//! has, in the environment that it inherited. A child that was detached by two forks and `setsid` has only the last
//! one, and a child that was detached with another environment has none of them: this module does not find it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::environment::LOG_STREAM_NAME;
use crate::proc_fs::{self, Lineage, Process};

/// How often, and how long apart, processes are checked again: those inside `execve`, where a process has no readable
/// environment for microseconds (longer only on a machine too busy to continue it), and those that may have started
/// others during the check.
const LOOKS_MAX: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Processes to be found.
#[derive(Debug, Default)]
pub(crate) struct Family {
    log_stream_names: BTreeSet<String>,
    /// Processes that were identified as members while that was possible.
    known: BTreeSet<Process>,
    /// When the first of them was started; its descendants are not older.
    first_start_ticks: Option<u64>,
}

/// How a process relates to a family.
enum Kinship {
    Member,
    Stranger,
    /// Not known yet: it is inside `execve`.
    Unknown,
}

impl Family {
    /// Adds the descendants of a process with this start time and log stream name.
    pub(crate) fn add(&mut self, start_ticks: u64, log_stream_name: String) {
        let first = self.first_start_ticks.unwrap_or(u64::MAX);
        self.first_start_ticks = Some(first.min(start_ticks));
        self.log_stream_names.insert(log_stream_name);
    }

    /// Adds processes that are known to be members.
    pub(crate) fn add_known(&mut self, known: impl IntoIterator<Item = Process>) {
        self.known.extend(known);
    }

    /// Kills every member. Returns how many it killed.
    pub(crate) fn end(&self) -> io::Result<usize> {
        let Some(first_start_ticks) = self.first_start_ticks else {
            return Ok(0);
        };
        let own = std::process::id();
        let mut ended = BTreeSet::new();
        let mut strangers = BTreeSet::new();
        for look in 0..LOOKS_MAX {
            if look > 0 {
                thread::sleep(BETWEEN_LOOKS);
            }
            let mut look_again = false;
            for pid in proc_fs::pids()? {
                let Some(process) = Process::of(pid) else {
                    continue;
                };
                if pid == own
                    || process.start_ticks < first_start_ticks
                    || ended.contains(&process)
                    || strangers.contains(&process)
                {
                    continue;
                }
                match self.kinship(process) {
                    Kinship::Member => {
                        if end(pid) {
                            ended.insert(process);
                        }
                        look_again = true;
                    }
                    Kinship::Stranger => drop(strangers.insert(process)),
                    Kinship::Unknown => look_again = true,
                }
            }
            if !look_again {
                break;
            }
        }
        Ok(ended.len())
    }

    fn kinship(&self, process: Process) -> Kinship {
        if self.known.contains(&process) {
            return Kinship::Member;
        }
        match proc_fs::environment(process.pid) {
            Some(environment) if environment.is_empty() && proc_fs::is_in_execve(process.pid) => {
                Kinship::Unknown
            }
            Some(environment) => {
                let name = proc_fs::variable(&environment, LOG_STREAM_NAME);
                if name.is_some_and(|name| self.log_stream_names.contains(&name)) {
                    Kinship::Member
                } else {
                    Kinship::Stranger
                }
            }
            None => Kinship::Stranger,
        }
    }
}

/// The place of every process of the machine in the process tree at one time.
#[derive(Debug, Default)]
pub(crate) struct ProcessTree {
    lineages: BTreeMap<u32, Lineage>,
}

impl ProcessTree {
    pub(crate) fn read() -> io::Result<ProcessTree> {
        let pids = proc_fs::pids()?.into_iter();
        let lineages = pids.filter_map(|pid| Some((pid, proc_fs::lineage(pid)?)));
        Ok(ProcessTree {
            lineages: lineages.collect(),
        })
    }

    /// Returns the processes of a group, and those whose parents lead to its leader.
    pub(crate) fn relatives(&self, leader: u32) -> Vec<Process> {
        let relatives = self.lineages.values();
        relatives
            .filter(|lineage| self.is_relative(**lineage, leader))
            .map(|lineage| lineage.process)
            .collect()
    }

    fn is_relative(&self, lineage: Lineage, leader: u32) -> bool {
        let mut ancestor = lineage;
        // No chain of parents is longer than the tree; changes during the reading could make a circle.
        for _ in 0..self.lineages.len() {
            if ancestor.group == leader || ancestor.parent == leader {
                return true;
            }
            match self.lineages.get(&ancestor.parent) {
                Some(parent) => ancestor = *parent,
                None => return false,
            }
        }
        false
    }
}

/// Whether a process of this user has a log stream name in its environment. Another user can give a process of their own any
/// environment.
pub(crate) fn has_inherited(pid: u32, log_stream_name: &str) -> bool {
    proc_fs::owner(pid) == Some(geteuid().as_raw())
        && proc_fs::environment(pid)
            .and_then(|environment| proc_fs::variable(&environment, LOG_STREAM_NAME))
            .is_some_and(|name| name == log_stream_name)
}

fn end(pid: u32) -> bool {
    let Ok(id) = i32::try_from(pid) else {
        return false;
    };
    match kill(Pid::from_raw(id), Signal::SIGKILL) {
        Ok(()) => true,
        Err(Errno::ESRCH) => false,
        Err(cause) => {
            tracing::error!(pid, %cause, "cannot end a process that a function process has left behind");
            false
        }
    }
}
