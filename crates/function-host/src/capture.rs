//! Reads a process's output pipe and cuts it into lines.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe::Receiver;

/// Longest log line, in bytes; the rest up to the line break is dropped and counted in a note. Equal to the largest
/// event that CloudWatch Logs takes (256 KiB, CloudWatch Logs quotas until 2025).
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Bytes read at one time: a Linux pipe's default capacity.
const CHUNK_BYTES: usize = 64 * 1024;

/// Most bytes read in one go while the process lives, so that a process that writes without end does not block its
/// task, and most bytes read after it ended, when a process outside its group may still write.
pub(crate) const BURST_BYTES_MAX: usize = 1024 * 1024;

/// The reading end of a process's standard output or error; the default is closed.
#[derive(Debug, Default)]
pub(crate) struct OutputPipe {
    /// `None` once every process has closed the writing end.
    pipe: Option<Receiver>,
    lines: LineBuffer,
}

impl OutputPipe {
    /// Takes a pipe's reading end. Must be called within a runtime.
    pub(crate) fn new(pipe: OwnedFd) -> io::Result<OutputPipe> {
        // This makes only the host's end non-blocking: each end of a pipe has flags of its own.
        let pipe = Receiver::from_owned_fd(pipe)?;
        Ok(OutputPipe {
            pipe: Some(pipe),
            lines: LineBuffer::default(),
        })
    }

    /// Waits until [`OutputPipe::read`] has something to do; for ever once the pipe is closed. Cancellation safe.
    pub(crate) async fn readable(&self) {
        match &self.pipe {
            // An error means that the runtime is shutting down, and with it this task.
            Some(pipe) => drop(pipe.readable().await),
            None => std::future::pending().await,
        }
    }

    /// Reads after [`OutputPipe::readable`], and hands on whole lines.
    pub(crate) fn read(&mut self, buffer: &mut ReadBuffer, line: impl FnMut(String)) {
        self.read_with(buffer, line, |pipe, buffer| pipe.try_read(buffer));
    }

    /// Reads everything that the process has written up to now, and hands on the last line even when it is not
    /// finished.
    ///
    /// Asks the system directly: a caller that has just seen a later action of the process may know of the output
    /// before the runtime is notified of it.
    pub(crate) fn drain(&mut self, buffer: &mut ReadBuffer, mut line: impl FnMut(String)) {
        self.read_with(buffer, &mut line, |pipe, buffer| {
            Ok(nix::unistd::read(pipe, buffer)?)
        });
        self.lines.flush(&mut line);
    }

    fn read_with(
        &mut self,
        buffer: &mut ReadBuffer,
        mut line: impl FnMut(String),
        mut read: impl FnMut(&Receiver, &mut [u8]) -> io::Result<usize>,
    ) {
        let mut burst_bytes = 0;
        while burst_bytes < BURST_BYTES_MAX {
            let Some(pipe) = &self.pipe else { return };
            match read(pipe, &mut buffer.0) {
                Ok(0) => {
                    self.lines.flush(&mut line);
                    self.pipe = None;
                }
                Ok(count) => {
                    burst_bytes += count;
                    self.lines.push(&buffer.0[..count], &mut line);
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    tracing::error!(%cause, "cannot read a function's output, further lines are lost");
                    self.pipe = None;
                }
            }
        }
    }
}

/// A buffer to read into, shared by the pipes of one process.
#[derive(Debug)]
pub(crate) struct ReadBuffer(Box<[u8]>);

impl ReadBuffer {
    pub(crate) fn new() -> ReadBuffer {
        ReadBuffer(vec![0; CHUNK_BYTES].into_boxed_slice())
    }
}

/// Collects bytes into lines of bounded length.
#[derive(Debug, Default)]
struct LineBuffer {
    unfinished: Vec<u8>,
    dropped_bytes: usize,
}

impl LineBuffer {
    fn push(&mut self, mut chunk: &[u8], line: &mut impl FnMut(String)) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            self.append(&chunk[..end]);
            self.finish(line);
            chunk = &chunk[end + 1..];
        }
        self.append(chunk);
    }

    /// Hands on the unfinished bytes as a line, unless there are none.
    fn flush(&mut self, line: &mut impl FnMut(String)) {
        if !self.unfinished.is_empty() {
            self.finish(line);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.unfinished.len();
        let (kept, dropped) = bytes.split_at(bytes.len().min(room));
        self.unfinished.extend_from_slice(kept);
        self.dropped_bytes += dropped.len();
    }

    fn finish(&mut self, line: &mut impl FnMut(String)) {
        if self.unfinished.last() == Some(&b'\r') {
            self.unfinished.pop();
        }
        if self.dropped_bytes > 0 {
            let note = write!(
                self.unfinished,
                " [truncated: {} bytes dropped]",
                self.dropped_bytes
            );
            note.expect("writing to memory cannot fail");
        }
        line(text(&self.unfinished));
        self.unfinished.clear();
        self.dropped_bytes = 0;
        // The memory of one long line must not be kept for the rest of the process's life.
        self.unfinished.shrink_to(CHUNK_BYTES);
    }
}

/// A line as text. A carriage return within it becomes a line break that does not end the line: in this way Python's
/// runtime client keeps a traceback together, with indents of no-break spaces.
fn text(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    if !line.contains('\r') {
        return line.into_owned();
    }
    let parts = line.split('\r').map(|part| {
        let rest = part.trim_start_matches('\u{a0}');
        let indent = (part.len() - rest.len()) / '\u{a0}'.len_utf8();
        format!("{}{rest}", " ".repeat(indent))
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut buffer = LineBuffer::default();
        for chunk in chunks {
            buffer.push(chunk, &mut |line| lines.push(line));
        }
        buffer.flush(&mut |line| lines.push(line));
        lines
    }

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        assert_eq!(
            lines(&[b"a\nb", b"c\r\n\n", b"\xc3", b"\xbc d"]),
            ["a", "bc", "", "ü d"]
        );
        assert_eq!(lines(&[b"\xff\xfe\n"]), ["\u{fffd}\u{fffd}"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn tracebacks_keep_their_line_breaks() {
        assert_eq!(
            lines(&["[ERROR] E: no\rTraceback:\r\u{a0}\u{a0}File \"a.py\"\nnext\r\n".as_bytes()]),
            ["[ERROR] E: no\nTraceback:\n  File \"a.py\"", "next"]
        );
    }

    #[test]
    fn long_lines_are_truncated_with_a_note() {
        let long = vec![b'x'; LINE_BYTES_MAX - 1];
        let lines = lines(&[&long, b"yzz", b"z\nnext\n"]);
        assert!(
            lines[0].ends_with("xy [truncated: 3 bytes dropped]"),
            "{}",
            lines[0].len()
        );
        assert_eq!(lines[1..], ["next"]);
    }
}
