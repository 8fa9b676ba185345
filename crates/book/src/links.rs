//! Checks that every link within the repository has a target.

use std::collections::BTreeMap;

use crate::markdown::Markdown;

/// A link without a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file that contains it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub target: String,
    pub problem: &'static str,
}

/// Checks the links of Markdown files: by path from the root, with their text. `exists` knows files and folders by such
/// paths. External addresses are not checked: that would depend on other machines.
#[must_use]
pub fn check(files: &BTreeMap<String, String>, exists: impl Fn(&str) -> bool) -> Vec<Broken> {
    let parsed: BTreeMap<&str, Markdown<'_>> = files
        .iter()
        .map(|(path, text)| (path.as_str(), Markdown::parse(text)))
        .collect();
    let mut broken = Vec::new();
    for (file, page) in &parsed {
        for link in &page.links {
            let problem = problem(file, &link.target, &parsed, &exists);
            broken.extend(problem.map(|problem| Broken {
                file: (*file).to_owned(),
                line: link.line,
                target: link.target.clone(),
                problem,
            }));
        }
    }
    broken
}

fn problem(
    file: &str,
    target: &str,
    pages: &BTreeMap<&str, Markdown<'_>>,
    exists: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    if is_elsewhere(target) {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(file, path) else {
        return Some("leads out of the repository");
    };
    match pages.get(path.as_str()) {
        _ if !exists(&path) => Some("there is no such file"),
        Some(page) if !anchor.is_empty() && !page.has_anchor(anchor) => {
            Some("the page has no such heading")
        }
        _ => None,
    }
}

/// Whether a link is an address, not a path.
#[must_use]
pub fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The path from the root of a file's link target; `None` above the root.
#[must_use]
pub fn resolve(file: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(file.to_owned());
    }
    let mut segments: Vec<&str> = file.split('/').collect();
    segments.pop();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "# Here\n\n[a](b.md#there) [b](b.md#nowhere)\n[c](../x.rs) [d](../../x) [e](#here) [f](gone.md)\n[g](https://a.b/c)\n";
        let files = BTreeMap::from([
            ("docs/a.md".to_owned(), text.to_owned()),
            ("docs/b.md".to_owned(), "## There\n".to_owned()),
        ]);
        let there = ["docs/a.md", "docs/b.md", "x.rs"];
        let found: Vec<_> = check(&files, |path| there.contains(&path))
            .into_iter()
            .map(|it| (it.line, it.target, it.problem))
            .collect();
        let expected = [
            (3, "b.md#nowhere", "the page has no such heading"),
            (4, "../../x", "leads out of the repository"),
            (4, "gone.md", "there is no such file"),
        ];
        assert_eq!(
            found,
            expected.map(|(line, target, problem)| (line, target.to_owned(), problem))
        );
    }
}
