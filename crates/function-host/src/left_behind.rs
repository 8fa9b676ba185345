//! Records running processes on disk, and ends those that a killed host left behind.
//!
//! When a host dies, the kernel kills its function processes, but not their children, and not on every system. So each
//! running process has a file in the state directory; a host that finds such files at its start ends the processes that
//! still run. A process is identified by its id and its start time; its children are found as [`family`](crate::family)
//! describes.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::family::Family;
use crate::proc_fs::{self, Process};
use crate::unix::{self, ProcessGroup};

/// The format of the files; a file of another format belongs to another kind of host, and is left alone.
const FORMAT: u32 = 1;

/// The content of a file: one running process.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    format: u32,
    pid: u32,
    start_ticks: u64,
    boot_id: String,
    log_stream_name: String,
}

/// The file of one running process. It stays when this is dropped without [`ProcessRecord::remove`], so that the next
/// host ends the process's descendants.
#[derive(Debug)]
pub(crate) struct ProcessRecord {
    path: PathBuf,
}

impl ProcessRecord {
    /// Records a process. Records nothing if the system does not report the necessary facts.
    pub(crate) fn write(
        directory: &Path,
        process: Process,
        log_stream_name: &str,
    ) -> io::Result<Option<ProcessRecord>> {
        let Some(boot_id) = proc_fs::boot_id() else {
            return Ok(None);
        };
        let pid = process.pid;
        let content = Content {
            format: FORMAT,
            pid,
            start_ticks: process.start_ticks,
            boot_id,
            log_stream_name: log_stream_name.to_owned(),
        };
        let path = directory.join(format!("{pid}.json"));
        // Renamed, so that a host killed during the write leaves no partial record, whose process no host would end.
        // Not synced: a loss of power also ends the process.
        let unfinished = path.with_extension("unfinished");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(&serde_json::to_vec(&content)?)?;
        fs::rename(&unfinished, &path)?;
        Ok(Some(ProcessRecord { path }))
    }

    /// Removes the file, once the process and everything that it started have ended.
    pub(crate) fn remove(self) {
        if let Err(cause) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "cannot remove the record of an ended process");
        }
    }
}

/// Returns the directory of the records; creates it if necessary.
pub(crate) fn directory(state_dir: &Path) -> io::Result<PathBuf> {
    let directory = state_dir.join("processes");
    unix::create_private_dir(&directory)?;
    Ok(directory)
}

/// Ends the processes that an earlier host recorded and that still run, and removes their records. Returns how many
/// processes it ended.
pub(crate) fn end_all(directory: &Path) -> io::Result<usize> {
    let boot_id = proc_fs::boot_id();
    let mut left_behind = Family::default();
    let mut ended = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match path.extension().and_then(OsStr::to_str) {
            Some("json") => {}
            // A host was killed while it recorded a process. The kernel has ended that process, which had no invocation
            // yet.
            Some("unfinished") => {
                fs::remove_file(&path)?;
                continue;
            }
            Some(_) | None => continue,
        }
        match serde_json::from_slice::<Content>(&fs::read(&path)?) {
            Ok(content) if content.format == FORMAT => {
                if Some(&content.boot_id) == boot_id.as_ref() {
                    ended += usize::from(end_group(&content));
                    left_behind.add(content.start_ticks, content.log_stream_name);
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
    ended += left_behind.end()?;
    Ok(ended)
}

/// Kills a process's group if it is the recorded process of this boot, and not a later one with the same id.
fn end_group(content: &Content) -> bool {
    let is_same = content.pid > 1
        && Process::of(content.pid).is_some_and(|it| it.start_ticks == content.start_ticks);
    if is_same {
        tracing::info!(
            pid = content.pid,
            "ending a function process that an earlier host left behind"
        );
        ProcessGroup::led_by(content.pid).kill_remaining();
    }
    is_same
}
