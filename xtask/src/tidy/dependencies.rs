//! Pages that say which crates a program needs: the list covers the crates of the programs on the same page.

use std::collections::BTreeSet;

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// Paths that begin so need no dependency.
const BUILT_IN: [&str; 6] = ["std", "core", "alloc", "self", "super", "crate"];
/// Our crates are published under the product's name, and keep their short one in code.
const PRODUCT: &str = "lambdura_";

/// Findings in all Markdown files that have both a list of dependencies and Rust.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let pages = files.iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(findings).collect()
}

fn findings(page: &SourceFile) -> Vec<Finding> {
    let mut declared = BTreeSet::new();
    for (_, block) in blocks(&page.text, "toml") {
        declared.extend(dependencies(block));
    }
    if declared.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, block) in blocks(&page.text, "rust") {
        for name in crates(block) {
            if declared.contains(&name) || declared.contains(&format!("{PRODUCT}{name}")) {
                continue;
            }
            let problem =
                format!("the program uses `{name}`, which the page's dependencies do not list");
            findings.push(Finding::at(&page.path, line, problem));
        }
    }
    findings
}

/// Each fenced block of a language, with the line of its fence.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<(usize, &'a str)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("```") {
        let Some((info, code)) = after.split_once('\n') else {
            break;
        };
        let Some((block, following)) = code.split_once("```") else {
            break;
        };
        if info.split([',', ' ']).next() == Some(language) {
            let start = text.len() - rest.len() + before.len();
            blocks.push((text[..start].lines().count() + 1, block));
        }
        rest = following;
    }
    blocks
}

/// The crates in the dependency tables of a manifest, as code spells them.
fn dependencies(manifest: &str) -> impl Iterator<Item = String> + '_ {
    let mut is_table = false;
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            is_table = line.trim_end().ends_with("dependencies]");
            return None;
        }
        let (name, _) = line.split_once('=').filter(|_| is_table)?;
        Some(name.trim().replace('-', "_"))
    })
}

/// The crates with which paths in a program begin. Names brought in by `use`, and names of types, are no crates.
fn crates(program: &str) -> BTreeSet<String> {
    let code: String = program
        .lines()
        .filter_map(|line| line.split("//").next())
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut found = BTreeSet::new();
    let mut brought_in = BTreeSet::new();
    for (at, separator) in code.match_indices("::") {
        let before = &code[..at];
        let name = before.rsplit(|letter: char| !is_of_a_name(letter)).next();
        let name = name.unwrap_or_default();
        let outside = &before[..before.len() - name.len()];
        let is_first = !outside.ends_with([':', '.', '"']);
        if is_first && name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            found.insert(name.to_owned());
        }
        let after = &code[at + separator.len()..];
        let leaf: String = after.chars().take_while(|it| is_of_a_name(*it)).collect();
        brought_in.insert(leaf);
    }
    for line in code.lines().filter(|line| line.starts_with("use ")) {
        let names = line.split(|letter: char| !is_of_a_name(letter));
        brought_in.extend(names.skip(2).map(str::to_owned));
    }
    found.retain(|name| !BUILT_IN.contains(&name.as_str()) && !brought_in.contains(name));
    found
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let page = SourceFile {
            path: "README.md".to_owned(),
            text: text.to_owned(),
        };
        let findings = check(&[page]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_program_uses_is_listed() {
        let program = "\
```rust,no_run
use std::time::Duration;
use tools::{Logger, unit};

// serde::Serialize is not used
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Logger::new().run(unit::of(\"a::b\"), serde_json::to_string(&1));
}
```
";
        let complete = "```toml\n[dependencies]\nlambdura-tools = \"0.1\"\nserde_json = \"1\"\n\n[dev-dependencies]\ntokio = \"1\"\n```\n";
        assert_eq!(found(&format!("{complete}{program}")), [""; 0]);
        let short =
            "```toml\n[package]\ntokio = \"1\"\n[dependencies]\nlambdura-tools = \"0.1\"\n```\n";
        assert_eq!(
            found(&format!("{short}{program}")),
            [
                "README.md:7: the program uses `serde_json`, which the page's dependencies do not list",
                "README.md:7: the program uses `tokio`, which the page's dependencies do not list",
            ]
        );
        assert_eq!(found(program), [""; 0]);
    }
}
