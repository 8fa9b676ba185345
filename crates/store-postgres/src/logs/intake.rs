//! Records that wait to be written, bounded by bytes: a slow database costs lines, never memory or time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use store::{LogLine, LogStream, Segment, StoreFault};
use tokio::sync::{Notify, oneshot};

/// Bytes that may wait, about: two seconds of a very chatty set of functions.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The weight of a record beyond its text.
pub(super) const RECORD_BYTES: usize = 200;

/// A caller that waits until all earlier records can be read.
pub(super) type Flush = oneshot::Sender<Result<(), StoreFault>>;

/// The records that the writer takes at once.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub lines: Vec<LogLine>,
    pub segments: Vec<Segment>,
    /// Answered once all of that can be read.
    pub flushes: Vec<Flush>,
}

impl Taken {
    const fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.segments.is_empty() && self.flushes.is_empty()
    }
}

/// Takes records without waiting; drops and counts those for which there is no room.
#[derive(Debug, Default)]
pub(super) struct LogIntake {
    inner: Mutex<Inner>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Taken,
    bytes: usize,
    /// The dropped lines since the last one that found room, and the last of them.
    dropped: Option<(u64, LogLine)>,
    segments_dropped: u64,
    closed: bool,
}

impl Inner {
    const fn has_room_for(&self, text: &str) -> bool {
        self.bytes + RECORD_BYTES + text.len() <= WAITING_BYTES_MAX
    }

    fn push_line(&mut self, line: LogLine) {
        self.bytes += RECORD_BYTES + line.text.len();
        self.waiting.lines.push(line);
    }

    /// A line that says how many lines are missing before it.
    fn report_dropped(&mut self) {
        if let Some((count, last)) = self.dropped.take() {
            let plural = if count == 1 { "line" } else { "lines" };
            self.push_line(LogLine {
                stream: LogStream::Platform,
                text: format!("{count} log {plural} dropped: the log store could not keep up"),
                request_id: None,
                execution_id: None,
                ..last
            });
        }
    }
}

impl LogIntake {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push_lines(&self, lines: Vec<LogLine>) {
        let mut inner = self.inner();
        if inner.closed {
            return;
        }
        for line in lines {
            if inner.has_room_for(&line.text) {
                inner.report_dropped();
                inner.push_line(line);
            } else {
                let count = inner.dropped.take().map_or(0, |(count, _)| count);
                inner.dropped = Some((count + 1, line));
            }
        }
        drop(inner);
        self.filled.notify_one();
    }

    pub fn push_segment(&self, segment: Segment) {
        let mut inner = self.inner();
        if inner.closed {
            return;
        }
        if !inner.has_room_for(&segment.document) {
            inner.segments_dropped += 1;
            let count = inner.segments_dropped;
            drop(inner);
            // Powers of two: a flood of segments is not answered by a flood of warnings.
            if count.is_power_of_two() {
                tracing::warn!(
                    count,
                    "trace segments dropped: the log store cannot keep up"
                );
            }
            return;
        }
        inner.bytes += RECORD_BYTES + segment.document.len();
        inner.waiting.segments.push(segment);
        drop(inner);
        self.filled.notify_one();
    }

    /// Asks for an answer once everything pushed so far can be read. Dropped when closed.
    pub fn flush(&self) -> oneshot::Receiver<Result<(), StoreFault>> {
        let (answer, answered) = oneshot::channel();
        let mut inner = self.inner();
        if !inner.closed {
            inner.report_dropped();
            inner.waiting.flushes.push(answer);
        }
        drop(inner);
        self.filled.notify_one();
        answered
    }

    /// Waits for records and takes all of them. `None` when closed and empty.
    pub async fn take(&self) -> Option<Taken> {
        loop {
            {
                let mut inner = self.inner();
                if !inner.waiting.is_empty() {
                    inner.bytes = 0;
                    return Some(std::mem::take(&mut inner.waiting));
                }
                if inner.closed {
                    return None;
                }
            }
            // There is one taker; a notification before it waits is kept for it.
            self.filled.notified().await;
        }
    }

    pub fn close(&self) {
        let mut inner = self.inner();
        inner.report_dropped();
        inner.closed = true;
        drop(inner);
        self.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use model::{FunctionName, Timestamp, Version};

    use super::*;

    fn line(text: String) -> LogLine {
        LogLine {
            function: FunctionName::parse("Loan").expect("a valid name"),
            version: Version::Latest,
            request_id: None,
            execution_id: None,
            at: Timestamp::from_millis(0),
            stream: LogStream::Stdout,
            text,
        }
    }

    #[tokio::test]
    async fn lines_without_room_are_counted_and_reported_in_their_place() {
        let intake = LogIntake::default();
        let large = "x".repeat(WAITING_BYTES_MAX / 2);
        intake.push_lines(vec![line("first".into()), line(large.clone())]);
        intake.push_lines(vec![line(large.clone()), line(large)]);
        let taken = intake.take().await.expect("two lines wait");
        assert_eq!(taken.lines.len(), 2);
        intake.push_lines(vec![line("after".into())]);
        let taken = intake.take().await.expect("two lines wait");
        let texts: Vec<_> = taken.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "2 log lines dropped: the log store could not keep up",
                "after"
            ]
        );
        intake.close();
        assert!(intake.take().await.is_none());
    }
}
