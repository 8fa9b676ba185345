//! Records that wait to be written, bounded by bytes: a slow disk costs lines, never memory or time.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{LogLine, LogStream, Segment, StoreFault};
use tokio::sync::oneshot;

/// Bytes that may wait, about: two seconds of a very chatty set of functions.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long entries gather, unless a reader waits for them: each transaction rewrites pages, however few lines it has.
const GATHERED_FOR: Duration = Duration::from_millis(25);

/// Bytes that are enough for a transaction.
const GATHERED_BYTES_MAX: usize = WAITING_BYTES_MAX / 16;

/// The weight of a record beyond its text.
const RECORD_BYTES: usize = 200;

/// One thing for the writer.
#[derive(Debug)]
pub(super) enum Entry {
    Line(LogLine),
    Segment(Segment),
    /// Answered once everything before it can be read.
    Flush(oneshot::Sender<Result<(), StoreFault>>),
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Line(line) => RECORD_BYTES + line.text.len(),
            Self::Segment(segment) => RECORD_BYTES + segment.document.len(),
            Self::Flush(_) => 0,
        }
    }
}

/// Takes entries without waiting; drops and counts lines that find no room.
#[derive(Debug, Default)]
pub(super) struct Intake {
    inner: Mutex<Inner>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The dropped lines since the last one that found room, and the last of them.
    dropped: Option<(u64, LogLine)>,
    segments_dropped: u64,
    /// Whether a reader waits until these entries can be read.
    is_awaited: bool,
    closed: bool,
}

impl Inner {
    fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
    }

    /// Whether more may come before it is taken.
    fn gathers(&self) -> bool {
        !self.closed && !self.is_awaited && self.bytes <= GATHERED_BYTES_MAX
    }

    fn has_room_for(&self, entry: &Entry) -> bool {
        self.bytes + entry.bytes() <= WAITING_BYTES_MAX
    }

    /// A line that says how many lines are missing before it.
    fn report_dropped(&mut self) {
        if let Some((count, last)) = self.dropped.take() {
            let plural = if count == 1 { "line" } else { "lines" };
            self.push(Entry::Line(LogLine {
                stream: LogStream::Platform,
                text: format!("{count} log {plural} dropped: the log store could not keep up"),
                request_id: None,
                execution_id: None,
                ..last
            }));
        }
    }
}

impl Intake {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push_lines(&self, lines: Vec<LogLine>) {
        let mut inner = self.inner();
        if inner.closed {
            return;
        }
        let had = inner.entries.len();
        for line in lines {
            let entry = Entry::Line(line);
            if inner.has_room_for(&entry) {
                inner.report_dropped();
                inner.push(entry);
            } else if let Entry::Line(line) = entry {
                let count = inner.dropped.take().map_or(0, |(count, _)| count);
                inner.dropped = Some((count + 1, line));
            }
        }
        self.tell(inner, had);
    }

    /// Wakes the writer if it waits for the first entry, or has enough now.
    fn tell(&self, inner: MutexGuard<'_, Inner>, had: usize) {
        let is_of_interest = had == 0 || !inner.gathers();
        drop(inner);
        if is_of_interest {
            self.filled.notify_one();
        }
    }

    pub fn push_segment(&self, segment: Segment) {
        let mut inner = self.inner();
        let entry = Entry::Segment(segment);
        if inner.closed {
            return;
        }
        if !inner.has_room_for(&entry) {
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
        let had = inner.entries.len();
        inner.push(entry);
        self.tell(inner, had);
    }

    /// Asks for an answer once everything pushed so far can be read. Dropped when closed.
    pub fn flush(&self) -> oneshot::Receiver<Result<(), StoreFault>> {
        let (answer, answered) = oneshot::channel();
        let mut inner = self.inner();
        if !inner.closed {
            inner.report_dropped();
            inner.push(Entry::Flush(answer));
            inner.is_awaited = true;
        }
        drop(inner);
        self.filled.notify_one();
        answered
    }

    /// Waits for entries and takes all, with those that come soon after the first. `None` when closed and empty.
    pub fn take(&self) -> Option<VecDeque<Entry>> {
        let is_idle = |inner: &mut Inner| inner.entries.is_empty() && !inner.closed;
        let filled = self.filled.wait_while(self.inner(), is_idle);
        let inner = filled.unwrap_or_else(PoisonError::into_inner);
        let gathers = |inner: &mut Inner| inner.gathers();
        let gathered = self.filled.wait_timeout_while(inner, GATHERED_FOR, gathers);
        let (mut inner, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        inner.bytes = 0;
        inner.is_awaited = false;
        let entries = std::mem::take(&mut inner.entries);
        (!entries.is_empty()).then_some(entries)
    }

    pub fn close(&self) {
        let mut inner = self.inner();
        inner.report_dropped();
        inner.closed = true;
        drop(inner);
        self.filled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use model::{FunctionName, Timestamp, Version};

    use super::*;

    fn line(text: String) -> LogLine {
        LogLine {
            function: FunctionName::parse("Loan").unwrap(),
            version: Version::Latest,
            request_id: None,
            execution_id: None,
            at: Timestamp::from_millis(0),
            stream: LogStream::Stdout,
            text,
        }
    }

    fn texts(entries: VecDeque<Entry>) -> Vec<String> {
        let text = |entry| match entry {
            Entry::Line(line) => Some(line.text),
            Entry::Segment(_) | Entry::Flush(_) => None,
        };
        entries.into_iter().filter_map(text).collect()
    }

    #[test]
    fn whoever_waits_to_read_is_not_kept_waiting() {
        let intake = Intake::default();
        intake.push_lines(vec![line("first".into())]);
        drop(intake.flush());
        intake.push_lines(vec![line("second".into())]);
        assert!(!intake.inner().gathers());
        assert_eq!(
            texts(intake.take().expect("a line waits")),
            ["first", "second"]
        );
        intake.close();
        assert!(intake.take().is_none());
    }

    #[test]
    fn lines_without_room_are_counted_and_reported_in_their_place() {
        let intake = Intake::default();
        let large = "x".repeat(WAITING_BYTES_MAX / 2);
        intake.push_lines(vec![line("first".into()), line(large.clone())]);
        intake.push_lines(vec![line(large.clone()), line(large)]);
        let taken = intake.take().expect("two lines wait");
        assert_eq!(taken.len(), 2);
        intake.push_lines(vec![line("after".into())]);
        let texts = texts(intake.take().expect("two lines wait"));
        assert_eq!(
            texts,
            [
                "2 log lines dropped: the log store could not keep up",
                "after"
            ]
        );
    }
}
