//! Leftovers in the text of files.

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// Text that must not stay in files. Words are written in two halves, so that this table does not find itself.
struct Leftover {
    extensions: &'static [&'static str],
    text: &'static str,
    advice: &'static str,
}

const RUST: &[&str] = &["rs"];
const SCRIPTS: &[&str] = &["ts", "tsx", "mjs", "js"];
const PYTHON: &[&str] = &["py"];
const CODE: &[&str] = &[
    "rs", "ts", "tsx", "mjs", "js", "css", "py", "sh", "sql", "toml", "yaml",
];

const DEAD_CODE: &str = concat!("allow(", "dead_code");

const LEFTOVERS: &[Leftover] = &[
    leftover(RUST, concat!("todo", "!("), "write it"),
    leftover(RUST, concat!("unimplemented", "!("), "write it"),
    leftover(RUST, concat!("dbg", "!("), "take it out"),
    leftover(
        RUST,
        concat!("#[", "ignore"),
        "assert what happens today, and say so",
    ),
    leftover(RUST, DEAD_CODE, "take the dead code out"),
    leftover(SCRIPTS, concat!(".", "only("), "run all tests"),
    leftover(
        SCRIPTS,
        concat!(".", "skip("),
        "assert what happens today, and say so",
    ),
    leftover(SCRIPTS, concat!("debugger", ";"), "take it out"),
    leftover(
        PYTHON,
        concat!("pytest.mark.", "skip"),
        "assert what happens today, and say so",
    ),
    leftover(
        PYTHON,
        concat!("pytest.mark.", "xfail"),
        "assert what happens today, and say so",
    ),
    leftover(CODE, concat!("FIX", "ME"), "put it right, or file an issue"),
    leftover(CODE, concat!("XX", "X"), "put it right, or file an issue"),
    leftover(CODE, concat!("<<<<", "<<<"), "finish the merge"),
];

const fn leftover(
    extensions: &'static [&'static str],
    text: &'static str,
    advice: &'static str,
) -> Leftover {
    Leftover {
        extensions,
        text,
        advice,
    }
}

/// Findings in the lines of all files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let path = file.path.as_str();
        // rustfmt takes care of Rust, where white space may be part of a string; golden output is as it was printed,
        // and in a patch the white space stands for lines that are not changed.
        let exempt = [".rs", ".stderr", ".patch"]
            .iter()
            .any(|end| path.ends_with(end));
        for (line, text) in (1..).zip(file.text.split('\n')) {
            if !exempt && text.trim_end() != text {
                findings.push(Finding::at(path, line, "ends in white space"));
            }
            findings.extend(leftovers(path, line, text));
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(Finding::about(path, "does not end with a line break"));
        }
    }
    findings
}

fn leftovers(path: &str, line: usize, text: &str) -> Vec<Finding> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    // Each of several test programs uses only a part of a shared support module.
    let in_tests = path.contains("/tests/");
    let found = LEFTOVERS
        .iter()
        .filter(|it| !(in_tests && it.text == DEAD_CODE))
        .filter(|it| it.extensions.contains(&extension) && text.contains(it.text));
    let mut findings: Vec<_> = found
        .map(|it| Finding::at(path, line, format!("holds `{}`: {}", it.text, it.advice)))
        .collect();
    let todo = concat!("TO", "DO");
    let names_issue = text.contains(concat!("TO", "DO(#"));
    if CODE.contains(&extension) && text.contains(todo) && !names_issue {
        findings.push(Finding::at(
            path,
            line,
            format!("holds a {todo} that names no issue"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn clean_text_has_no_findings() {
        assert_eq!(findings("a.rs", "//! A.\n\nfn main() {}\n"), [""; 0]);
        assert_eq!(findings("empty.rs", ""), [""; 0]);
    }

    #[test]
    fn white_space_at_the_end_is_found() {
        assert_eq!(
            findings("a.md", "one \ntwo\t\n"),
            ["a.md:1: ends in white space", "a.md:2: ends in white space"]
        );
        assert_eq!(
            findings("a.md", "one"),
            ["a.md: does not end with a line break"]
        );
        assert_eq!(findings("a.md", "one\r\n"), ["a.md:1: ends in white space"]);
    }

    #[test]
    fn leftovers_are_found_in_their_language_only() {
        let macro_call = concat!("    dbg", "!(x);\n");
        assert_eq!(findings("a.rs", macro_call).len(), 1);
        assert_eq!(findings("a.md", macro_call), [""; 0]);
        assert_eq!(
            findings("a.test.mjs", concat!("it.on", "ly('x')\n")).len(),
            1
        );
    }

    #[test]
    fn a_todo_names_its_issue() {
        assert_eq!(findings("a.rs", concat!("// TO", "DO: later\n")).len(), 1);
        assert_eq!(
            findings("a.rs", concat!("// TO", "DO(#12): later\n")),
            [""; 0]
        );
    }
}
