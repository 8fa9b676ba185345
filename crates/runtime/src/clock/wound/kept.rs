//! How far time was wound, in a small file beside the data that carries its times.

use std::fs;
use std::io;
use std::path::Path;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::kept::replace;
use crate::clock::mode::ClockMode;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The time of the wound clock.
    at: Timestamp,
    /// The time of the real clock at that moment.
    real_at: Timestamp,
    /// Whether it is the last word of its run.
    ended: bool,
}

impl Kept {
    pub fn running(at: Timestamp, real_at: Timestamp) -> Self {
        Self {
            at,
            real_at,
            ended: false,
        }
    }

    pub fn ended(at: Timestamp, real_at: Timestamp) -> Self {
        Self {
            ended: true,
            ..Self::running(at, real_at)
        }
    }

    /// Where the next run begins: never before anything that this one has seen. Time has gone at most as fast as the
    /// real one since.
    pub fn goes_on_at(self, mode: ClockMode, real_now: Timestamp) -> Timestamp {
        if self.ended && mode == ClockMode::Manual {
            return self.at;
        }
        self.at + real_now.since(self.real_at)
    }
}

/// Reads the file of an earlier run; `None` if time was never wound.
pub(super) fn read(path: &Path) -> io::Result<Option<Kept>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    replace(path, &serde_json::to_vec(kept)?, true)
}
