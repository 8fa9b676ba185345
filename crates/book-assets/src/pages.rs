//! Files of the book, by their path.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

/// Files by their path, packed.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// Name and title of each chapter, in the order of the book. The name is that of its file, without the ending.
pub const CHAPTERS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

/// A file such as `testing.html` or `book.css`; `None` if there is none of this path.
#[must_use]
pub fn file(path: &str) -> Option<Vec<u8>> {
    let (_, packed) = FILES.iter().find(|(name, _)| *name == path)?;
    let mut content = Vec::new();
    DeflateDecoder::new(*packed)
        .read_to_end(&mut content)
        .expect("the build packed it");
    Some(content)
}

/// The Markdown of a chapter, or of the section of it that an anchor names; `None` if there is no such thing.
#[must_use]
pub fn markdown(chapter: &str, anchor: Option<&str>) -> Option<String> {
    let text =
        String::from_utf8(file(&format!("{chapter}.md"))?).expect("the build read it as text");
    match anchor {
        None => Some(text),
        Some(anchor) => book::section::section(&text, anchor).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program grows by for its book, at the most.
    const BYTES_MAX: usize = 400 * 1024;

    #[test]
    fn every_chapter_is_a_page_and_a_text() {
        for (name, title) in CHAPTERS {
            let page = file(&format!("{name}.html")).expect("each chapter has a page");
            assert!(page.starts_with(b"<!doctype html>"), "{title}");
            assert!(
                markdown(name, None).is_some_and(|text| text.starts_with("# ")),
                "{title}"
            );
        }
        assert_eq!(file("nothing.html"), None);
    }

    #[test]
    fn it_is_small() {
        let bytes: usize = FILES.iter().map(|(_, packed)| packed.len()).sum();
        assert!(bytes <= BYTES_MAX, "{bytes} bytes");
    }
}
