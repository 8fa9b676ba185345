//! Turns the unreleased part of `CHANGELOG.md` into a release.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::change::Change;
use crate::process;
use crate::workspace::Workspace;

const UNRELEASED: &str = "## Unreleased\n";

/// The changelog with its unreleased part under the version and today's date.
pub fn released(workspace: &Workspace, version: &str) -> Result<Change> {
    let path = workspace.root.join("CHANGELOG.md");
    let before = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let today = process::output(Command::new("date").args(["--utc", "+%Y-%m-%d"]))?;
    let after = with_release(&before, version, today.trim())?;
    Ok(Change {
        path,
        before,
        after,
    })
}

fn with_release(changelog: &str, version: &str, today: &str) -> Result<String> {
    let (above, below) = changelog
        .split_once(UNRELEASED)
        .context("the changelog has no part `## Unreleased`")?;
    let entries = below.split("\n## ").next().unwrap_or_default();
    ensure!(
        entries.lines().any(|line| line.starts_with("- ")),
        "the changelog has nothing that is unreleased"
    );
    ensure!(
        !changelog.contains(&format!("## {version} ")),
        "the changelog has {version} already"
    );
    Ok(format!(
        "{above}{UNRELEASED}\n## {version} - {today}\n{below}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unreleased_gets_the_version() {
        let changelog = "# Changelog\n\n## Unreleased\n\n### Added\n\n- It.\n";
        let released = with_release(changelog, "0.1.0", "2026-12-01").expect("there is an entry");
        assert_eq!(
            released,
            "# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-12-01\n\n### Added\n\n- It.\n"
        );
        let error = with_release(&released, "0.2.0", "2026-12-02").expect_err("nothing is new");
        assert_eq!(
            error.to_string(),
            "the changelog has nothing that is unreleased"
        );
    }
}
