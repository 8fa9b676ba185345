//! The latest time that a clock has seen, in a small file that outlives the run.
//!
//! It is a separate file and not the newest row of the store: time passes also while nothing is recorded,
//! and a user whose clock was years ahead can delete the file, so that the next run begins with
//! the present wall clock.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::machine::BootId;
use super::steady::Steady;

/// Largest file that is read.
const BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub boot_id: Option<BootId>,
    /// Whether it is the last word of its run.
    pub ended: bool,
    pub steady: Steady,
}

/// Reads the file of an earlier run; `None` when it does not exist, or cannot be read, which is reported.
pub(crate) fn read(path: &Path) -> Option<Kept> {
    match try_read(path) {
        Ok(kept) => Some(kept),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            let path = path.display();
            tracing::warn!(
                %path,
                error,
                "what an earlier run has seen of the clock cannot be read; going by the wall clock"
            );
            None
        }
    }
}

fn try_read(path: &Path) -> io::Result<Kept> {
    let length = fs::metadata(path)?.len();
    if length > BYTES_MAX {
        let message = format!("{length} bytes are too many");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Replaces the file. Without `sync` a crash of the machine may leave the one before it.
pub(crate) fn write(path: &Path, kept: &Kept, sync: bool) -> io::Result<()> {
    replace(path, &serde_json::to_vec(kept)?, sync)
}

/// Replaces a file as a whole.
pub(crate) fn replace(path: &Path, content: &[u8], sync: bool) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    if sync {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&new, path)?;
    if sync && let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
