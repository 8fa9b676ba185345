//! Where a command's results go: text for people or JSON for programs, on standard output.
//!
//! Styles are always written; `anstream` takes them out where they do not belong (pipes, `NO_COLOR`).
//! Progress and advice go to standard error, so that results can be piped.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::args::OutputFormat;
use crate::neutral::{neutral_json, neutral_line, neutral_lines};

/// Width of output into a pipe or file, where there is no terminal with a width.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// The command's standard output.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    format: OutputFormat,
    is_terminal: bool,
    width: usize,
}

impl Screen {
    /// Looks whether standard output is a terminal, and how wide it is.
    pub fn new(format: OutputFormat) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size()
            .filter(|_| is_terminal)
            .map_or(WIDTH_WITHOUT_TERMINAL, |(width, _)| usize::from(width.0));
        Self {
            format,
            is_terminal,
            width,
        }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        match self.format {
            OutputFormat::Text => false,
            OutputFormat::Json => true,
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Prints one line, whose foreign parts the caller has made [`neutral`](crate::neutral::neutral).
    pub fn line(&self, text: impl Display) -> io::Result<()> {
        writeln!(anstream::stdout().lock(), "{text}")
    }

    /// Prints where something is found.
    pub fn address(&self, url: &str) -> io::Result<()> {
        if self.is_json() {
            return self.json_line(&Address { url });
        }
        self.line(url)
    }

    /// Prints a value as indented JSON.
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        writeln!(io::stdout().lock(), "{}", neutral_json(&text))
    }

    /// Prints a value as JSON on one line: for streams.
    pub fn json_line(&self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", neutral_json(&text))?;
        out.flush()
    }

    /// Prints bytes that a function made: exactly as they are into a pipe or file, harmless to a terminal.
    pub fn foreign(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_terminal {
            let text = String::from_utf8_lossy(bytes);
            writeln!(out, "{}", neutral_lines(&text))
        } else {
            out.write_all(bytes)?;
            out.write_all(b"\n")
        }
    }

    /// A line that a function printed, harmless where a terminal shows it and untouched elsewhere.
    pub fn foreign_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_terminal {
            readable_line(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Clears the terminal, for views that are drawn again and again.
    pub fn clear(&self) -> io::Result<()> {
        if self.is_terminal {
            write!(io::stdout().lock(), "\x1b[H\x1b[2J")?;
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct Address<'u> {
    url: &'u str,
}

/// Bytes of a line that a terminal shows: some screens full.
const LINE_SHOWN: usize = 16 * 1024;

/// A line, harmless and no longer than a person reads.
fn readable_line(text: &str) -> Cow<'_, str> {
    if text.len() <= LINE_SHOWN {
        return neutral_line(text);
    }
    let shown = neutral_line(&text[..text.floor_char_boundary(LINE_SHOWN)]);
    let kib = text.len() / 1024;
    Cow::Owned(format!(
        "{shown}… ({kib} KiB; a pipe or `--output json` gets all of it)"
    ))
}

/// Tells the person at the keyboard something that is not the command's result.
pub fn note(text: impl Display) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_nobody_reads_is_cut() {
        assert_eq!(readable_line("short\u{1b}[2J"), "short\\u{1b}[2J");
        let long = "ü".repeat(LINE_SHOWN);
        let shown = readable_line(&long);
        assert!(shown.len() < LINE_SHOWN + 100);
        assert!(shown.ends_with("(32 KiB; a pipe or `--output json` gets all of it)"));
    }
}
