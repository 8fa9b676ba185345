//! The book as HTML: a page for each chapter, with the table of contents beside it.
//!
//! Pages need no external files: the style and the one script are files beside them, and the search reads the pages
//! themselves. So the same files serve as a website, as a folder on a disk, and for `lambdura docs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::links;
use crate::markdown::Markdown;
use crate::summary::{Chapter, Summary, SummaryError};

/// The target of links that leave the book.
const REPOSITORY: &str = "https://github.com/lambdura/lambdura/blob/main";
const STYLE: &str = include_str!("theme/book.css");
const SCRIPT: &str = include_str!("theme/book.js");

/// The book in a folder.
#[derive(Debug)]
pub struct Book {
    /// The table of contents.
    pub summary: Summary,
    /// The text of each chapter, by its file name.
    pub texts: BTreeMap<String, String>,
    folder: PathBuf,
}

/// A file of the site.
#[derive(Debug)]
pub struct File {
    /// Such as `testing.html` or `pictures/replay.svg`.
    pub path: String,
    pub content: Vec<u8>,
}

/// The pictures included in the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// All of them.
    All,
    /// Only drawings, if the size matters; screenshots are replaced by their description.
    Drawings,
}

/// Why a book cannot be read.
#[derive(Debug, Error)]
pub enum BookError {
    /// A file is missing or cannot be read.
    #[error("read `{path}`")]
    Read {
        /// Which one.
        path: String,
        #[source]
        cause: io::Error,
    },
    /// The table of contents is invalid.
    #[error(transparent)]
    Summary(#[from] SummaryError),
}

impl Book {
    /// Reads the table of contents and every chapter.
    ///
    /// # Errors
    /// When a chapter is missing, or the table of contents is invalid.
    pub fn read(folder: &Path) -> Result<Self, BookError> {
        let summary = Summary::parse(&read(folder, "SUMMARY.md")?)?;
        let mut texts = BTreeMap::new();
        for chapter in summary.chapters() {
            texts.insert(chapter.file.clone(), read(folder, &chapter.file)?);
        }
        Ok(Self {
            summary,
            texts,
            folder: folder.to_owned(),
        })
    }

    /// Every file of the site.
    ///
    /// # Errors
    /// When a picture of a chapter cannot be read.
    pub fn site(&self, pictures: Pictures) -> Result<Vec<File>, BookError> {
        let mut files = vec![
            File {
                path: "book.css".to_owned(),
                content: STYLE.into(),
            },
            File {
                path: "book.js".to_owned(),
                content: SCRIPT.into(),
            },
        ];
        let chapters: Vec<&Chapter> = self.summary.chapters().collect();
        for (index, chapter) in chapters.iter().enumerate() {
            let before = index.checked_sub(1).map(|it| chapters[it]);
            let page = self.page(chapter, before, chapters.get(index + 1).copied(), pictures);
            files.push(File {
                path: page_name(&chapter.file),
                content: page.into_bytes(),
            });
        }
        for path in self.pictures(pictures) {
            let whole = self.folder.join(&path);
            let content = fs::read(&whole).map_err(|cause| BookError::Read {
                path: whole.display().to_string(),
                cause,
            })?;
            files.push(File { path, content });
        }
        Ok(files)
    }

    /// The pictures that chapters show.
    fn pictures(&self, pictures: Pictures) -> Vec<String> {
        let mut found: Vec<String> = self
            .texts
            .values()
            .flat_map(|text| Markdown::parse(text).links)
            .map(|link| link.target)
            .filter(|target| is_picture(target) && is_shown(target, pictures))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn page(
        &self,
        chapter: &Chapter,
        before: Option<&Chapter>,
        after: Option<&Chapter>,
        pictures: Pictures,
    ) -> String {
        let text = self.texts.get(&chapter.file).map_or("", String::as_str);
        let markdown = Markdown::parse(text);
        let body = markdown.html(|target| self.relinked(target, pictures));
        let mut out = String::with_capacity(body.len() + 8 * 1024);
        let title = escape(&chapter.title);
        // Writing into a string cannot fail.
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} - Lambdura</title>\n<link rel=\"stylesheet\" href=\"book.css\">\n\
             <script src=\"book.js\" defer></script>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#content\">Skip to the text</a>\n"
        );
        self.contents(&mut out, chapter);
        let _ = write!(out, "<main id=\"content\">\n{body}");
        neighbours(&mut out, before, after);
        out.push_str("</main>\n");
        on_this_page(&mut out, &markdown);
        out.push_str("</body>\n</html>\n");
        out
    }

    /// The table of contents, with this chapter marked.
    fn contents(&self, out: &mut String, chapter: &Chapter) {
        out.push_str(
            "<nav class=\"contents\" aria-label=\"Chapters\">\n<p class=\"name\"><a href=\"index.html\">Lambdura</a></p>\n\
             <input type=\"search\" id=\"search\" placeholder=\"Search\" aria-label=\"Search the book\" hidden>\n\
             <ol id=\"found\" hidden></ol>\n<div id=\"chapters\">\n",
        );
        for part in &self.summary.parts {
            if !part.title.is_empty() {
                let _ = writeln!(out, "<h2>{}</h2>", escape(&part.title));
            }
            out.push_str("<ul>\n");
            for other in &part.chapters {
                let here = if other.file == chapter.file {
                    " aria-current=\"page\""
                } else {
                    ""
                };
                let _ = writeln!(
                    out,
                    "<li class=\"depth-{}\"><a href=\"{}\"{here}>{}</a></li>",
                    other.depth,
                    page_name(&other.file),
                    escape(&other.title)
                );
            }
            out.push_str("</ul>\n");
        }
        out.push_str("</div>\n</nav>\n");
    }

    /// The target of a chapter's link on the site. `None` for a picture that is not included.
    fn relinked(&self, target: &str, pictures: Pictures) -> Option<String> {
        if links::is_elsewhere(target) || target.starts_with('#') {
            return Some(target.to_owned());
        }
        if is_picture(target) {
            return is_shown(target, pictures).then(|| target.to_owned());
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let hash = if anchor.is_empty() { "" } else { "#" };
        if self.texts.contains_key(path) {
            return Some(format!("{}{hash}{anchor}", page_name(path)));
        }
        let path = links::resolve("docs/SUMMARY.md", path)?;
        Some(format!("{REPOSITORY}/{path}{hash}{anchor}"))
    }
}

fn neighbours(out: &mut String, before: Option<&Chapter>, after: Option<&Chapter>) {
    out.push_str("<nav class=\"neighbours\" aria-label=\"Neighbouring chapters\">\n");
    for (chapter, relation, arrow) in [(before, "prev", "←"), (after, "next", "→")] {
        if let Some(chapter) = chapter {
            let (page, title) = (page_name(&chapter.file), escape(&chapter.title));
            let _ = writeln!(
                out,
                "<a rel=\"{relation}\" href=\"{page}\">{arrow} {title}</a>"
            );
        }
    }
    out.push_str("</nav>\n");
}

fn on_this_page(out: &mut String, markdown: &Markdown<'_>) {
    let sections: Vec<_> = markdown
        .headings
        .iter()
        .filter(|it| it.level == 2)
        .collect();
    if sections.len() < 3 {
        return;
    }
    out.push_str(
        "<nav class=\"sections\" aria-label=\"On this page\">\n<h2>On this page</h2>\n<ul>\n",
    );
    for heading in sections {
        let text = escape(&heading.text);
        let _ = writeln!(out, "<li><a href=\"#{}\">{text}</a></li>", heading.anchor);
    }
    out.push_str("</ul>\n</nav>\n");
}

fn page_name(file: &str) -> String {
    format!("{}.html", file.strip_suffix(".md").unwrap_or(file))
}

fn is_picture(target: &str) -> bool {
    target.ends_with(".svg") || target.ends_with(".png")
}

fn is_shown(target: &str, pictures: Pictures) -> bool {
    match pictures {
        Pictures::All => true,
        Pictures::Drawings => target.ends_with(".svg"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn read(folder: &Path, name: &str) -> Result<String, BookError> {
    let path = folder.join(name);
    fs::read_to_string(&path).map_err(|cause| BookError::Read {
        path: path.display().to_string(),
        cause,
    })
}
