//! A program in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambdura::embedded::{Builder, Embedded};
use tempfile::TempDir;

/// A folder with the program's file.
pub struct World {
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    pub fn builder(&self) -> Builder {
        Embedded::builder(self.file())
    }
}

/// Counts calls, in all runs of a program within a test.
#[derive(Clone, Default)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    pub fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Waits until a condition holds; prints the last value seen if it never does.
pub async fn until<T: std::fmt::Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> T,
    holds: impl Fn(&T) -> bool,
) -> T {
    let mut last = None;
    for _ in 0..3_000 {
        let seen = look().await;
        if holds(&seen) {
            return seen;
        }
        last = Some(seen);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come; last seen: {last:?}")
}
