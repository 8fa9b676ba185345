//! The machine of the measurement.

use std::fs;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The machine, and when it was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Epoch seconds.
    pub at: u64,
    pub processors: usize,
    pub processor: String,
    pub kernel: String,
}

impl Machine {
    pub fn look() -> Self {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = information
            .lines()
            .find(|line| line.starts_with("model name"));
        let model = model
            .and_then(|line| line.split_once(':'))
            .map_or("unknown", |(_, model)| model.trim());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease");
        Self {
            at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |now| now.as_secs()),
            processors: thread::available_parallelism().map_or(0, usize::from),
            processor: model.to_owned(),
            kernel: kernel.map_or_else(
                |_| "unknown".to_owned(),
                |release| release.trim().to_owned(),
            ),
        }
    }
}
