//! `SUMMARY.md`: the chapters of the book in their order, in the format of mdBook.

use thiserror::Error;

/// The table of contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub parts: Vec<Part>,
}

/// Chapters under one heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Empty for chapters before the first heading.
    pub title: String,
    pub chapters: Vec<Chapter>,
}

/// One page of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    pub title: String,
    /// File name below `docs/`, such as `testing.md`.
    pub file: String,
    /// Its indentation: 0 or 1.
    pub depth: usize,
}

/// An invalid line of `SUMMARY.md`.
#[derive(Debug, Error)]
#[error("SUMMARY.md:{line}: neither a part, nor a chapter, nor a comment: `{text}`")]
pub struct SummaryError {
    pub line: usize,
    pub text: String,
}

impl Summary {
    /// Reads a table of contents.
    ///
    /// # Errors
    /// When a line is invalid.
    pub fn parse(text: &str) -> Result<Self, SummaryError> {
        let mut parts = vec![Part::default()];
        let mut in_comment = false;
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim();
            in_comment |= trimmed.starts_with("<!--");
            if in_comment {
                in_comment = !trimmed.ends_with("-->");
                continue;
            }
            // mdBook's own first line.
            if trimmed.is_empty() || trimmed == "# Summary" {
                continue;
            }
            if let Some(title) = line.strip_prefix("# ") {
                parts.push(Part {
                    title: title.trim().to_owned(),
                    chapters: Vec::new(),
                });
            } else if let (Some(chapter), Some(part)) = (chapter(line), parts.last_mut()) {
                part.chapters.push(chapter);
            } else {
                return Err(SummaryError {
                    line: number,
                    text: trimmed.to_owned(),
                });
            }
        }
        parts.retain(|part| !part.chapters.is_empty());
        Ok(Self { parts })
    }

    /// All chapters in order.
    pub fn chapters(&self) -> impl Iterator<Item = &Chapter> {
        self.parts.iter().flat_map(|part| &part.chapters)
    }
}

/// `- [Title](file.md)`, indented for a chapter within another one, or without the hyphen before all others.
fn chapter(line: &str) -> Option<Chapter> {
    let text = line.trim_start();
    let depth = (line.len() - text.len()) / 2;
    let link = text.strip_prefix("- ").unwrap_or(text);
    let (title, file) = link.strip_prefix('[')?.split_once("](")?;
    Some(Chapter {
        title: title.to_owned(),
        file: file.strip_suffix(')')?.to_owned(),
        depth: depth.min(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_chapters() {
        let text = "# Summary\n\n[About](index.md)\n\n# Start\n\n- [One](one.md)\n  - [Two](two.md)\n<!--\n- [Later](later.md)\n-->\n";
        let summary = Summary::parse(text).expect("it is one");
        let listed: Vec<_> = summary
            .chapters()
            .map(|it| (it.title.as_str(), it.file.as_str(), it.depth))
            .collect();
        assert_eq!(
            listed,
            [
                ("About", "index.md", 0),
                ("One", "one.md", 0),
                ("Two", "two.md", 1)
            ]
        );
        assert_eq!(summary.parts[1].title, "Start");
    }

    #[test]
    fn anything_else_is_said() {
        let error = Summary::parse("- [One](one.md)\nhello\n").expect_err("it is none");
        assert_eq!(error.line, 2);
    }
}
