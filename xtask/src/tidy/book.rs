//! The book and every other Markdown file: links that arrive, chapters that are listed.

use std::collections::{BTreeMap, BTreeSet};

use ::book::{Summary, links};

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

const CONTENTS: &str = "docs/SUMMARY.md";

/// Findings in all Markdown files; `paths` are those of all files, pictures included.
pub fn check(files: &[SourceFile], paths: &BTreeSet<String>) -> Vec<Finding> {
    let pages: BTreeMap<String, String> = files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .map(|file| (file.path.clone(), file.text.clone()))
        .collect();
    let mut findings = chapters(&pages);
    let is_there = |path: &str| {
        let folder = format!("{path}/");
        let within = paths.range(folder.clone()..).next();
        path.is_empty() || paths.contains(path) || within.is_some_and(|it| it.starts_with(&folder))
    };
    for broken in links::check(&pages, is_there) {
        let problem = format!(
            "the link `{}` does not arrive: {}",
            broken.target, broken.problem
        );
        findings.push(Finding::at(&broken.file, broken.line, problem));
    }
    findings
}

/// Each page below `docs/` is a chapter, once, and the other way round.
fn chapters(pages: &BTreeMap<String, String>) -> Vec<Finding> {
    let Some(contents) = pages.get(CONTENTS) else {
        return vec![Finding::about(
            CONTENTS,
            "is missing: it lists the chapters of the book",
        )];
    };
    let summary = match Summary::parse(contents) {
        Ok(summary) => summary,
        Err(error) => return vec![Finding::about("docs", error.to_string())],
    };
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for chapter in summary.chapters() {
        let path = format!("docs/{}", chapter.file);
        if !pages.contains_key(&path) {
            findings.push(Finding::about(
                CONTENTS,
                format!("lists `{path}`, which is not there"),
            ));
        }
        if !listed.insert(path.clone()) {
            findings.push(Finding::about(CONTENTS, format!("lists `{path}` twice")));
        }
    }
    for path in pages.keys() {
        let is_page = path
            .strip_prefix("docs/")
            .is_some_and(|name| !name.contains('/'));
        if is_page && path != CONTENTS && !listed.contains(path) {
            findings.push(Finding::about(path, format!("is no chapter of {CONTENTS}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        check(&files, &paths)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn chapters_and_pages_are_the_same() {
        let contents = "- [One](one.md)\n- [One](one.md)\n- [Two](two.md)\n";
        let found = findings(&[
            (CONTENTS, contents),
            ("docs/one.md", "# One\n\n[code](../src) [adr](adr/1.md)\n"),
            ("docs/three.md", "# Three\n"),
            ("docs/adr/1.md", "# 1\n"),
            ("src/lib.rs", ""),
        ]);
        assert_eq!(
            found,
            [
                "docs/SUMMARY.md: lists `docs/one.md` twice",
                "docs/SUMMARY.md: lists `docs/two.md`, which is not there",
                "docs/three.md: is no chapter of docs/SUMMARY.md",
                "docs/SUMMARY.md:3: the link `two.md` does not arrive: there is no such file",
            ]
        );
    }
}
