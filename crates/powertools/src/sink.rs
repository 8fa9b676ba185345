//! The destination of finished lines. Logger and Metrics share one sink, so that their lines never mix.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes finished lines, one call per line, without the newline.
///
/// Correctness depends on this: a line is written whole, and not interleaved with another one.
pub trait LineSink: Send + Sync + 'static {
    /// Writes one line. It returns no error: a failure could only be reported through this sink.
    fn write_line(&self, line: &[u8]);
}

/// Standard output, which Lambda carries to CloudWatch Logs.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct StdoutSink;

impl LineSink for StdoutSink {
    fn write_line(&self, line: &[u8]) {
        let mut with_newline = Vec::with_capacity(line.len() + 1);
        with_newline.extend_from_slice(line);
        with_newline.push(b'\n');
        let mut stdout = std::io::stdout().lock();
        // A closed stdout means that the host no longer reads; the function's own work goes on regardless.
        let _unheard = stdout
            .write_all(&with_newline)
            .and_then(|()| stdout.flush());
    }
}

/// Keeps lines in memory, for tests.
#[derive(Debug, Default, Clone)]
pub struct MemorySink {
    lines: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl MemorySink {
    /// An empty sink; clones share their lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything written so far, parsed.
    ///
    /// # Panics
    ///
    /// When a line is not JSON, which the tools promise never to write.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .map(|line| match serde_json::from_slice(line) {
                Ok(value) => value,
                Err(error) => panic!("{:?} is not JSON: {error}", String::from_utf8_lossy(line)),
            })
            .collect()
    }

    /// Everything written so far, as written.
    pub fn raw_lines(&self) -> Vec<Vec<u8>> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl LineSink for MemorySink {
    fn write_line(&self, line: &[u8]) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.to_vec());
    }
}
