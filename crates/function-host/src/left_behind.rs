//! Records running processes on disk, and ends those that a killed host left behind.
//!
//! The kernel kills a process when its host dies, but not the processes that it started in turn, and not on every system.
//! So each running process has a file in the state directory; a host that finds such files at its start ends whoever is
//! still there. A process is known by its id together with its start time, and the ones it started by the unique log
//! stream name in the environment that they inherited.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
        // Not synced: what is lost with the machine's power is lost together with the process.
        fs::write(&path, serde_json::to_vec(&content)?)?;
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
    let mut log_stream_names = BTreeSet::new();
    let mut ended = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match serde_json::from_slice::<Content>(&fs::read(&path)?) {
            Ok(content) if content.format == FORMAT => {
                ended += usize::from(end_group(&content));
                if Some(&content.boot_id) == proc_fs::boot_id().as_ref() {
                    log_stream_names.insert(content.log_stream_name);
                }
                fs::remove_file(&path)?;
            }
            Ok(content) => {
                tracing::warn!(path = %path.display(), format = content.format, "a process record has an unknown format and is left alone");
            }
            // A host killed while it wrote leaves half a file. The process is the kernel's to end then.
            Err(cause) => {
                tracing::warn!(path = %path.display(), %cause, "a process record is unreadable and is removed");
                fs::remove_file(&path)?;
            }
        }
    }
    if !log_stream_names.is_empty() {
        ended += end_descendants(&log_stream_names)?;
    }
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

/// Kills what the recorded processes started, wherever in the process tree it is now.
fn end_descendants(log_stream_names: &BTreeSet<String>) -> io::Result<usize> {
    let mut ended = 0;
    let own = std::process::id();
    for pid in proc_fs::pids()?.into_iter().filter(|pid| *pid != own) {
        let is_ours = proc_fs::environment_variable(pid, environment::LOG_STREAM_NAME)
            .is_some_and(|name| log_stream_names.contains(&name));
        let Ok(id) = i32::try_from(pid) else { continue };
        if !is_ours {
            continue;
        }
        match kill(Pid::from_raw(id), Signal::SIGKILL) {
            Ok(()) => ended += 1,
            Err(Errno::ESRCH) => {}
            Err(cause) => {
                tracing::error!(pid, %cause, "cannot end a process that an earlier host left behind")
            }
        }
    }
    Ok(ended)
}
