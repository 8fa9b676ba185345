//! Lockfiles name contents, not places: each user installs from the registry of their own settings.

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// The name of crates.io in Cargo.lock, the same with any mirror behind it.
const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Findings in the lockfiles of npm and cargo.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let (is_foreign, problem): (fn(&str) -> bool, _) = match name {
            "package-lock.json" => (
                |line| line.trim_start().starts_with("\"resolved\""),
                "names where a package came from: add `omit-lockfile-registry-resolved=true` to `.npmrc` and lock again",
            ),
            "Cargo.lock" => (
                |line| line.starts_with("source = ") && line != CRATES_IO,
                "takes a package from elsewhere than crates.io",
            ),
            _ => continue,
        };
        let foreign = (1..)
            .zip(file.text.lines())
            .filter(|(_, line)| is_foreign(line));
        findings.extend(foreign.map(|(line, _)| Finding::at(&file.path, line, problem)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> usize {
        check(&[SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn addresses_are_found() {
        assert_eq!(
            lines(
                "a/package-lock.json",
                "  \"resolved\": \"https://mirror.example/x.tgz\",\n"
            ),
            1
        );
        assert_eq!(
            lines("a/package-lock.json", "  \"integrity\": \"sha512-x\"\n"),
            0
        );
        assert_eq!(lines("Cargo.lock", &format!("{CRATES_IO}\n")), 0);
        assert_eq!(
            lines("Cargo.lock", "source = \"git+https://example.com/x\"\n"),
            1
        );
        assert_eq!(lines("notes.txt", "  \"resolved\": 1\n"), 0);
    }
}
