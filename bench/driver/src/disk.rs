//! The limit of the disk: how long it takes until an appended block is safe.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// A page of SQLite's write-ahead log, about what one commit writes.
const BLOCK_BYTES: usize = 4096;

/// Appends blocks to a new file in `folder`, each followed by `fdatasync`. Answers the time of each.
pub fn sync_times(folder: &Path, count: usize) -> Result<Vec<Duration>> {
    let path = folder.join("bench-sync.tmp");
    let file = File::create(&path).with_context(|| format!("create `{}`", path.display()))?;
    let times = append(file, count).with_context(|| format!("write `{}`", path.display()));
    fs::remove_file(&path).with_context(|| format!("remove `{}`", path.display()))?;
    times
}

fn append(mut file: File, count: usize) -> std::io::Result<Vec<Duration>> {
    let block = [0x5A; BLOCK_BYTES];
    (0..count)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&block)?;
            file.sync_data()?;
            Ok(started.elapsed())
        })
        .collect()
}
