//! Records running processes on disk, and ends those that a killed host left behind.
//!
//! The kernel kills a process when its host dies, but not the processes that it started in turn, and not on every system.
//! So each running process has a file in the state directory; a host that finds such files at its start ends whoever is
//! still there. A process is known by its id together with its start time, and the ones it started by the unique log
//! stream name in the environment that they inherited.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::environment;
use crate::proc_fs;
use crate::unix::ProcessGroup;

/// The format of the files; one of another format is of a host that is not ours, and is left alone.
const FORMAT: u32 = 1;

/// One running process, as its file tells it.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    format: u32,
    pid: u32,
    start_ticks: u64,
    boot_id: String,
    log_stream_name: String,
}

/// The file of one running process, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct ProcessRecord {
    path: PathBuf,
}

impl ProcessRecord {
    /// Records a process. Where the system does not tell what is needed, there is nothing to record.
    pub(crate) fn write(
        directory: &Path,
        pid: u32,
        log_stream_name: &str,
    ) -> io::Result<Option<ProcessRecord>> {
        let (Some(start_ticks), Some(boot_id)) = (proc_fs::start_ticks(pid), proc_fs::boot_id())
        else {
            return Ok(None);
        };
        let content = Content {
            format: FORMAT,
            pid,
            start_ticks,
            boot_id,
            log_stream_name: log_stream_name.to_owned(),
        };
        let path = directory.join(format!("{pid}.json"));
        // Renamed, so that a host killed while it writes leaves no half record, whose process nobody would end.
        // Not synced: what is lost with the machine's power is lost together with the process.
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_vec(&content)?)?;
        fs::rename(&unfinished, &path)?;
        Ok(Some(ProcessRecord { path }))
    }
}

impl Drop for ProcessRecord {
    fn drop(&mut self) {
        if let Err(cause) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "cannot remove the record of an ended process");
        }
    }
}

/// Returns the directory of the records, which it makes if need be.
pub(crate) fn directory(state_dir: &Path) -> io::Result<PathBuf> {
    let directory = state_dir.join("processes");
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Ends the processes that an earlier host recorded and that still run, and removes their records. Returns how many
/// processes it ended.
pub(crate) fn end_all(directory: &Path) -> io::Result<usize> {
    let mut left_behind = LeftBehind::default();
    let mut ended = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match path.extension().and_then(OsStr::to_str) {
            Some("json") => {}
            // A host was killed as it recorded a process, which the kernel has ended: it had not been fed yet.
            Some("unfinished") => {
                fs::remove_file(&path)?;
                continue;
            }
            Some(_) | None => continue,
        }
        match serde_json::from_slice::<Content>(&fs::read(&path)?) {
            Ok(content) if content.format == FORMAT => {
                ended += usize::from(end_group(&content));
                if Some(&content.boot_id) == proc_fs::boot_id().as_ref() {
                    left_behind.add(content);
                }
                fs::remove_file(&path)?;
            }
            Ok(content) => {
                tracing::warn!(path = %path.display(), format = content.format, "a process record has an unknown format and is left alone");
            }
            Err(cause) => {
                tracing::warn!(path = %path.display(), %cause, "a process record is unreadable and is removed");
                fs::remove_file(&path)?;
            }
        }
    }
    ended += left_behind.end_descendants()?;
    Ok(ended)
}

/// Kills a process's group if it is the recorded process and not a later one with the same id.
fn end_group(content: &Content) -> bool {
    let is_same = content.pid > 1
        && Some(&content.boot_id) == proc_fs::boot_id().as_ref()
        && Some(content.start_ticks) == proc_fs::start_ticks(content.pid);
    if is_same {
        tracing::info!(
            pid = content.pid,
            "ending a function process that an earlier host left behind"
        );
        ProcessGroup::led_by(content.pid).kill_remaining();
    }
    is_same
}

/// The recorded processes of this boot, as far as it takes to know those that they started.
#[derive(Debug, Default)]
struct LeftBehind {
    log_stream_names: BTreeSet<String>,
    /// When the first of them started; what it started is no older.
    first_start_ticks: Option<u64>,
}

/// How a process relates to those that were left behind.
enum Kinship {
    Descendant,
    Stranger,
    /// It is inside `execve`, where a process has no environment to read for a moment.
    Unknown,
}

/// How often, and how long apart, a process of unknown kinship is looked at again. An `execve` takes microseconds, and
/// longer only where the machine is too busy to go on with it.
const LOOKS_MAX: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl LeftBehind {
    fn add(&mut self, content: Content) {
        let first = self.first_start_ticks.unwrap_or(u64::MAX);
        self.first_start_ticks = Some(first.min(content.start_ticks));
        self.log_stream_names.insert(content.log_stream_name);
    }

    /// Kills what the recorded processes started, wherever in the process tree it is by then. Returns how many it killed.
    fn end_descendants(&self) -> io::Result<usize> {
        let Some(first_start_ticks) = self.first_start_ticks else {
            return Ok(0);
        };
        let own = std::process::id();
        let mut pids = proc_fs::pids()?;
        pids.retain(|pid| {
            *pid != own && proc_fs::start_ticks(*pid).is_some_and(|at| at >= first_start_ticks)
        });
        let mut ended = 0;
        for look in 0..LOOKS_MAX {
            if look > 0 {
                thread::sleep(BETWEEN_LOOKS);
            }
            pids.retain(|pid| match self.kinship(*pid) {
                Kinship::Descendant => {
                    ended += usize::from(end(*pid));
                    false
                }
                Kinship::Stranger => false,
                Kinship::Unknown => true,
            });
            if pids.is_empty() {
                break;
            }
        }
        Ok(ended)
    }

    fn kinship(&self, pid: u32) -> Kinship {
        match proc_fs::environment(pid) {
            Some(environment) if environment.is_empty() && proc_fs::runs_a_program(pid) => {
                Kinship::Unknown
            }
            Some(environment) => {
                let name = proc_fs::variable(&environment, environment::LOG_STREAM_NAME);
                if name.is_some_and(|name| self.log_stream_names.contains(&name)) {
                    Kinship::Descendant
                } else {
                    Kinship::Stranger
                }
            }
            None => Kinship::Stranger,
        }
    }
}

fn end(pid: u32) -> bool {
    let Ok(id) = i32::try_from(pid) else {
        return false;
    };
    match kill(Pid::from_raw(id), Signal::SIGKILL) {
        Ok(()) => true,
        Err(Errno::ESRCH) => false,
        Err(cause) => {
            tracing::error!(pid, %cause, "cannot end a process that an earlier host left behind");
            false
        }
    }
}
