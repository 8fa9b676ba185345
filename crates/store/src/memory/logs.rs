//! The in-memory log store.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ready;
use crate::{
    LogLine, LogPage, LogQuery, LogStore, NumberedLine, Segment, StoreFuture, within_bytes,
};

/// Lines kept; the oldest go first. About 20 MB at 200 bytes a line, enough for a test or a demo.
const LINES_MAX: usize = 100_000;

/// Segments kept; the oldest go first. A segment document is a few kilobytes.
const SEGMENTS_MAX: usize = 10_000;

/// Keeps the newest lines and segments in memory. Nothing is ever dropped for want of speed.
#[derive(Debug, Default)]
pub struct MemoryLogs {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    lines: VecDeque<(i64, LogLine)>,
    line_number_last: i64,
    segments: VecDeque<Segment>,
}

impl MemoryLogs {
    /// An empty log store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn lines(&self, query: &LogQuery) -> LogPage {
        let matching = self
            .lines
            .iter()
            .filter(|(number, line)| matches(*number, line, query));
        let read = |(number, line): &(i64, LogLine)| {
            let line = NumberedLine::cut(*number, line.clone(), query.text_bytes_max);
            Ok::<_, Infallible>(line)
        };
        let page = if query.tail {
            LogPage::take(matching.rev().map(read), query)
        } else {
            LogPage::take(matching.map(read), query)
        };
        let Ok(page) = page;
        page
    }
}

fn matches(number: i64, line: &LogLine, query: &LogQuery) -> bool {
    let LogQuery {
        function,
        execution_id,
        request_id,
        after,
        before,
        tail: _,
        limit: _,
        bytes_max: _,
        text_bytes_max: _,
    } = query;
    after.is_none_or(|after| number > after)
        && before.is_none_or(|before| number < before)
        && function.as_ref().is_none_or(|name| *name == line.function)
        && (execution_id.is_none() || *execution_id == line.execution_id)
        && (request_id.is_none() || *request_id == line.request_id)
}

impl LogStore for MemoryLogs {
    fn append(&self, lines: Vec<LogLine>) {
        let mut tables = self.tables();
        for line in lines {
            tables.line_number_last += 1;
            let number = tables.line_number_last;
            tables.lines.push_back((number, line));
        }
        let excess = tables.lines.len().saturating_sub(LINES_MAX);
        tables.lines.drain(..excess);
    }

    fn append_segment(&self, segment: Segment) {
        let mut tables = self.tables();
        tables.segments.push_back(segment);
        let excess = tables.segments.len().saturating_sub(SEGMENTS_MAX);
        tables.segments.drain(..excess);
    }

    fn lines(&self, query: LogQuery) -> StoreFuture<'_, LogPage> {
        ready(Ok(self.tables().lines(&query)))
    }

    fn segments(
        &self,
        trace_id: Option<String>,
        limit: usize,
        bytes_max: usize,
    ) -> StoreFuture<'_, Vec<Segment>> {
        let tables = self.tables();
        let newest = tables.segments.iter().rev();
        let newest =
            newest.filter(|segment| trace_id.as_ref().is_none_or(|id| *id == segment.trace_id));
        let newest = newest.take(limit.max(1)).map(|segment| Ok(segment.clone()));
        let segments = within_bytes(newest, bytes_max, |segment| segment.document.len());
        ready(segments.map(|mut segments| {
            segments.reverse();
            segments
        }))
    }
}
