//! A file's text, and places in it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::LoadStackError;

/// A range of bytes in a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub offset: usize,
    pub len: usize,
}

impl Span {
    /// Where a file begins.
    pub const START: Self = Self { offset: 0, len: 0 };

    pub fn between(start: usize, end: usize) -> Self {
        Self {
            offset: start,
            len: end.saturating_sub(start),
        }
    }

    pub fn end(self) -> usize {
        self.offset + self.len
    }
}

/// A file's name and content; copies are cheap.
///
/// As a [`SourceCode`] it shows at most a few hundred bytes around a place, so that a template of
/// one long line does not flood the terminal once per problem.
#[derive(Debug, Clone)]
pub struct Text {
    /// The path as shown to the user.
    pub name: String,
    /// The whole of it.
    pub content: Arc<String>,
}

/// Longest context that is shown whole. Ours: three generous lines.
const CONTEXT_BYTES_MAX: usize = 1000;

/// Bytes shown on either side of a place in a longer line.
const SURROUNDINGS_BYTES: usize = 60;

/// Longest place that is marked: its first line, and no more than fits a terminal.
const MARKED_BYTES_MAX: usize = 80;

impl Text {
    /// Reads a file that must not be longer than `limit_bytes`; `None` if there is none.
    pub(crate) fn read(path: &Path, limit_bytes: usize) -> Result<Option<Self>, LoadStackError> {
        let unreadable = |cause| LoadStackError::Read {
            path: path.to_owned(),
            cause,
        };
        // A pipe or device would block or never end.
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(unreadable(ErrorKind::InvalidInput.into())),
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(unreadable(cause)),
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(limit_bytes as u64 + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() > limit_bytes {
            return Err(LoadStackError::TooLarge {
                path: path.to_owned(),
                limit_bytes,
            });
        }
        let content = String::from_utf8(bytes).map_err(|error| LoadStackError::NotText {
            path: path.to_owned(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        Ok(Some(Self {
            name: path.display().to_string(),
            content: Arc::new(content),
        }))
    }

    /// The span moved onto character boundaries within the text.
    pub(crate) fn clamp(&self, span: Span) -> Span {
        let start = self.content.floor_char_boundary(span.offset);
        let end = self.content.floor_char_boundary(span.end());
        Span::between(start, end)
    }

    /// The part of the span that is worth marking.
    pub(crate) fn marked(&self, span: Span) -> Span {
        let line = self.slice(span).lines().next().unwrap_or_default();
        let len = line.floor_char_boundary(MARKED_BYTES_MAX.min(line.len()));
        Span {
            len,
            ..self.clamp(span)
        }
    }

    /// The place of a part of a span, or the whole span if it does not contain the part.
    pub(crate) fn find_within(&self, span: Span, part: &str) -> Span {
        match self.slice(span).find(part) {
            Some(at) if !part.is_empty() => Span {
                offset: span.offset + at,
                len: part.len(),
            },
            Some(_) | None => span,
        }
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        let span = self.clamp(span);
        &self.content[span.offset..span.end()]
    }

    /// Line and column of an offset, both counted from 1, the column in characters.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.content[..self.content.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }
}

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let content = self.content.as_str();
        let whole = content.read_span(span, lines_before, lines_after)?;
        let (data, place, line, column) = if whole.data().len() <= CONTEXT_BYTES_MAX {
            (whole.data(), *whole.span(), whole.line(), whole.column())
        } else {
            let marked = self.clamp(Span::between(span.offset(), span.offset() + span.len()));
            let line_start = content[..marked.offset].rfind('\n').map_or(0, |at| at + 1);
            let from = marked.offset.saturating_sub(SURROUNDINGS_BYTES);
            let start = content.floor_char_boundary(from).max(line_start);
            let rest = &content[marked.end()..];
            let line_end = rest.find('\n').unwrap_or(rest.len());
            let end = marked.end() + rest.floor_char_boundary(SURROUNDINGS_BYTES.min(line_end));
            let (line, _) = self.line_and_column(start);
            let shown = &content[start..end];
            let place = (start, shown.len()).into();
            (shown.as_bytes(), place, line - 1, start - line_start)
        };
        let lines = whole.line_count();
        let name = self.name.clone();
        let contents = MietteSpanContents::new_named(name, data, place, line, column, lines);
        Ok(Box::new(contents))
    }
}
