//! Shape of Rust modules: documented, of a readable size, and split by noun.

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// Longer files are too long to read, unless they are tables.
const LINES_MAX: usize = 600;

/// Tables that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[(
    "console/src/api/schema.d.ts",
    "generated from console/openapi.json",
)];

/// Languages whose files are held to a readable size.
const SIZED: &[&str] = &["rs", "ts", "tsx", "mjs", "js", "css", "py", "sh", "sql"];

/// Names that say nothing about the content.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "misc", "manager",
];

/// Findings in the shape of all files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    check_excepting(files, LONG_FILES)
}

/// As [`check`], where `long_files` may be longer than others.
fn check_excepting(files: &[SourceFile], long_files: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let path = file.path.as_str();
        let lines = file.text.lines().count();
        let has_reason = long_files.iter().any(|(long, _)| *long == path);
        if lines > LINES_MAX && SIZED.contains(&extension(path)) && !has_reason {
            let problem = format!(
                "has {lines} lines: split it at a seam, or give a reason in xtask/src/tidy/modules.rs"
            );
            findings.push(Finding::about(path, problem));
        }
        if lines <= LINES_MAX && has_reason {
            findings.push(Finding::about(
                path,
                "needs no entry among the long files any more",
            ));
        }
        if extension(path) == "rs" {
            findings.extend(check_module(file));
        }
    }
    for (path, _) in long_files {
        if !files.iter().any(|file| file.path == *path) {
            findings.push(Finding::about(
                path,
                "is named among the long files and does not exist",
            ));
        }
    }
    findings
}

fn check_module(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = file.path.as_str();
    // Files that the SDK's misuse tests compile stay as a user would write them.
    if !path.contains("/tests/fail/") && !file.text.starts_with("//!") {
        findings.push(Finding::at(
            path,
            1,
            "does not open with `//!`: say what the module is responsible for",
        ));
    }
    let name = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    if EMPTY_NAMES.contains(&name) {
        findings.push(Finding::about(
            path,
            "is named after nothing: one noun, one file",
        ));
    }
    // Procedural macros must be defined in the root of their crate.
    let defines_macros = file.text.contains("\n#[proc_macro");
    if path.ends_with("/src/lib.rs") && !defines_macros {
        let starts = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "impl ",
            "impl<",
            "pub struct ",
            "pub enum ",
        ];
        let logic = |line: &str| starts.iter().any(|start| line.starts_with(start));
        if let Some(line) = file.text.lines().position(logic) {
            findings.push(Finding::at(
                path,
                line + 1,
                "holds logic: `lib.rs` declares and re-exports",
            ));
        }
    }
    findings
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        findings_excepting(path, text, &[])
    }

    fn findings_excepting(path: &str, text: &str, long_files: &[(&str, &str)]) -> Vec<String> {
        let file = SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let findings = check_excepting(&[file], long_files);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn modules_say_what_they_are_for() {
        assert_eq!(findings("crates/x/src/wait.rs", "//! Waits.\n"), [""; 0]);
        assert_eq!(findings("crates/x/src/wait.rs", "use std::fs;\n").len(), 1);
        assert_eq!(
            findings("crates/x/tests/fail/misuse.rs", "fn main() {}\n"),
            [""; 0]
        );
    }

    #[test]
    fn long_files_need_a_reason() {
        let text = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(findings("crates/x/src/long.rs", &text).len(), 1);
        assert_eq!(findings("docs/long.md", &text), [""; 0]);
    }

    #[test]
    fn a_reason_for_a_long_file_is_kept_true() {
        let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        let given = [("crates/x/src/long.rs", "generated")];
        assert_eq!(
            findings_excepting("crates/x/src/long.rs", &long, &given),
            [""; 0]
        );
        assert_eq!(
            findings_excepting("crates/x/src/long.rs", "//! Short.\n", &given),
            ["crates/x/src/long.rs: needs no entry among the long files any more"]
        );
        assert_eq!(
            findings_excepting("crates/x/src/wait.rs", "//! Waits.\n", &given),
            ["crates/x/src/long.rs: is named among the long files and does not exist"]
        );
    }

    #[test]
    fn names_and_libraries_are_held_to_the_style() {
        assert_eq!(findings("crates/x/src/utils.rs", "//! Things.\n").len(), 1);
        let expected = ["crates/x/src/lib.rs:2: holds logic: `lib.rs` declares and re-exports"];
        assert_eq!(
            findings("crates/x/src/lib.rs", "//! X.\npub fn x() {}\n"),
            expected
        );
    }
}
