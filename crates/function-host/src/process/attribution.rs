//! Attributes the lines of a process's log to invocations, and keeps the end of each invocation's log.
//!
//! If a process has one invocation at a time, its lines belong to the latest one. If it has several, the line names the
//! invocation: Lambda's clients write JSON with `requestId` there, and the platform's own lines name it too. A line
//! without a name belongs to the process itself.

use std::collections::VecDeque;

/// Bytes of an invocation's log that are kept for the caller, as `LogType=Tail` returns them (Invoke API reference).
const TAIL_BYTES_MAX: usize = 4 * 1024;

/// See the module.
pub(super) struct Attribution {
    /// How many invocations the process has at one time.
    per_process: usize,
    /// Running invocations and the latest that have ended, oldest first. At most one if the process has one at a time.
    invocations: Vec<InvocationLog>,
    /// Whether the process has been given any invocation.
    any_begun: bool,
}

struct InvocationLog {
    request_id: String,
    /// Whether the process has been given this invocation.
    begun: bool,
    ended: bool,
    tail: VecDeque<u8>,
}

impl Attribution {
    pub(super) fn new(per_process: usize) -> Attribution {
        Attribution {
            per_process,
            invocations: Vec::new(),
            any_begun: false,
        }
    }

    /// The process has been given an invocation.
    pub(super) fn begin(&mut self, request_id: &str) {
        self.any_begun = true;
        let invocation = self.entry(request_id);
        invocation.begun = true;
        invocation.ended = false;
        invocation.tail.clear();
    }

    /// The process is started for an invocation, or its start fails.
    pub(super) fn attribute(&mut self, request_id: &str) {
        self.entry(request_id).begun = false;
    }

    /// Whether an invocation is one of the latest that the process has been given.
    pub(super) fn has_begun(&self, request_id: &str) -> bool {
        let mut all = self.invocations.iter();
        all.any(|it| it.begun && it.request_id == request_id)
    }

    /// The invocation has ended; returns the last 4 KiB of its log. Lines that name it later still belong to it.
    pub(super) fn end(&mut self, request_id: &str) -> Vec<u8> {
        let mut all = self.invocations.iter_mut();
        let Some(invocation) = all.find(|it| it.request_id == request_id) else {
            return Vec::new();
        };
        invocation.ended = true;
        invocation.tail.iter().copied().collect()
    }

    /// Adds a line to the log of the invocation that it belongs to; returns that invocation's id.
    pub(super) fn keep(&mut self, line: &str) -> Option<String> {
        let at = self.owner(line)?;
        let invocation = &mut self.invocations[at];
        invocation.keep(line.as_bytes());
        invocation.keep(b"\n");
        Some(invocation.request_id.clone())
    }

    fn owner(&self, line: &str) -> Option<usize> {
        if self.per_process == 1 {
            return self.invocations.len().checked_sub(1);
        }
        // While the process initializes, lines belong to the invocation that it was started for.
        let first = (!self.any_begun && !self.invocations.is_empty()).then_some(0);
        self.named(line).or(first)
    }

    /// Finds the invocation whose id follows a `requestId` key in the line, or else the first one that the line
    /// mentions.
    fn named(&self, line: &str) -> Option<usize> {
        let is_part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        let mut first = None;
        for word in line.split(|char| !is_part(char)) {
            let mut all = self.invocations.iter();
            let Some(at) = all.position(|it| it.request_id == word) else {
                continue;
            };
            let begins = word.as_ptr().addr() - line.as_ptr().addr();
            // Backslashes are not trimmed: an id in JSON within a text is part of the content, and does not name the
            // line's invocation.
            let before = line[..begins].trim_end_matches(['"', ':', '=', ' ', '\t']);
            let is_own = ["requestid", "request_id"].iter().any(|key| {
                let start = before.len().checked_sub(key.len());
                let end = start.and_then(|start| before.get(start..));
                end.is_some_and(|end| end.eq_ignore_ascii_case(key))
            });
            if is_own {
                return Some(at);
            }
            first = first.or(Some(at));
        }
        first
    }

    fn entry(&mut self, request_id: &str) -> &mut InvocationLog {
        let mut all = self.invocations.iter();
        let at = match all.position(|it| it.request_id == request_id) {
            Some(at) => at,
            None if self.per_process == 1 && !self.invocations.is_empty() => {
                // The lines so far are kept until the next invocation begins.
                request_id.clone_into(&mut self.invocations[0].request_id);
                0
            }
            None => {
                if self.invocations.len() >= 2 * self.per_process
                    && let Some(oldest) = self.invocations.iter().position(|it| it.ended)
                {
                    self.invocations.remove(oldest);
                }
                self.invocations.push(InvocationLog {
                    request_id: request_id.to_owned(),
                    begun: false,
                    ended: false,
                    tail: VecDeque::new(),
                });
                self.invocations.len() - 1
            }
        };
        &mut self.invocations[at]
    }
}

impl InvocationLog {
    fn keep(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL_BYTES_MAX)..];
        let excess = (self.tail.len() + bytes.len()).saturating_sub(TAIL_BYTES_MAX);
        self.tail.drain(..excess);
        self.tail.extend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end_of_the_latest_invocation() {
        let mut log = Attribution::new(1);
        log.attribute("a-0");
        log.keep("of the invocation before");
        log.begin("a-1");
        log.keep("START");
        assert_eq!(log.end("a-1"), b"START\n");
        for number in 0..2000 {
            assert_eq!(log.keep(&format!("line {number}")).as_deref(), Some("a-1"));
        }
        let tail = String::from_utf8(log.end("a-1")).expect("only text was written");
        assert_eq!(tail.len(), TAIL_BYTES_MAX);
        assert!(tail.ends_with("line 1998\nline 1999\n"), "{tail}");
        log.keep(&"x".repeat(5000));
        assert_eq!(
            log.end("a-1"),
            format!("{}\n", "x".repeat(4095)).into_bytes()
        );
    }

    #[test]
    fn a_failed_start_has_what_was_written_before() {
        for per_process in [1, 8] {
            let mut log = Attribution::new(per_process);
            log.attribute("a-1");
            assert_eq!(log.keep("no database").as_deref(), Some("a-1"));
            assert!(!log.has_begun("a-1"));
            log.attribute("a-1");
            assert_eq!(log.end("a-1"), b"no database\n");
        }
    }

    #[test]
    fn lines_of_many_are_told_apart_by_name() {
        let mut log = Attribution::new(3);
        log.attribute("a-1");
        assert_eq!(log.keep("loading").as_deref(), Some("a-1"));
        for id in ["a-1", "b-2", "c-3"] {
            log.begin(id);
        }
        for (line, expected) in [
            (r#"{"message":"hello","requestId":"b-2"}"#, Some("b-2")),
            (
                r#"{"message":"not b-2","AWSRequestId": "c-3"}"#,
                Some("c-3"),
            ),
            (
                r#"{"message":"{\"requestId\":\"b-2\"}","request_id":"a-1"}"#,
                Some("a-1"),
            ),
            ("START RequestId: c-3 Version: 1", Some("c-3")),
            ("2026-01-01T00:00:00Z\tb-2\tINFO\thello", Some("b-2")),
            ("prepared for b-22 and a-1-1", None),
            ("hello", None),
        ] {
            assert_eq!(log.keep(line).as_deref(), expected, "{line}");
        }
        let tail = String::from_utf8(log.end("b-2")).expect("only text was written");
        assert_eq!(tail.lines().count(), 2, "{tail}");
        assert_eq!(log.keep("late, requestId=b-2").as_deref(), Some("b-2"));
    }

    #[test]
    fn the_latest_are_remembered_and_those_that_run() {
        let mut log = Attribution::new(2);
        log.begin("long");
        for number in 0..100 {
            let id = format!("r-{number}");
            log.begin(&id);
            log.end(&id);
        }
        assert!(log.invocations.len() <= 4, "{}", log.invocations.len());
        assert!(log.has_begun("long") && log.has_begun("r-99") && !log.has_begun("r-0"));
    }
}
