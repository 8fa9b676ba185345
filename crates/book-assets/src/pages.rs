//! Files of the book, by their path.

/// Files by their path.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// Name and title of each chapter, in the order of the book. The name is that of its file, without the ending.
pub const CHAPTERS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

/// A file such as `testing.html` or `book.css`; `None` if there is none of this path.
#[must_use]
pub fn file(path: &str) -> Option<&'static [u8]> {
    let (_, content) = FILES.iter().find(|(name, _)| *name == path)?;
    Some(content)
}

/// The Markdown of a chapter, or of the section of it that an anchor names; `None` if there is no such thing.
#[must_use]
pub fn markdown(chapter: &str, anchor: Option<&str>) -> Option<&'static str> {
    let text = std::str::from_utf8(file(&format!("{chapter}.md"))?).expect("the build read text");
    match anchor {
        None => Some(text),
        Some(anchor) => book::section::section(text, anchor),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    /// What a package grows by for its book, at the most.
    const BYTES_MAX: usize = 300 * 1024;

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
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        for (path, content) in FILES {
            encoder.write_all(content).expect(path);
        }
        let bytes = encoder.finish().expect("memory takes all of it").len();
        assert!(bytes <= BYTES_MAX, "{bytes} bytes");
    }
}
