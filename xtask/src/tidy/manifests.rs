//! Checks every member's manifest.

use std::fs;

use anyhow::{Context, Result};

use crate::tidy::finding::Finding;
use crate::workspace::Workspace;

/// Published one day, so never without a licence; built nowhere else until then.
const LICENSE: &str = "MIT OR Apache-2.0";

/// Findings in the manifests.
pub fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let mut find = |problem: &str| findings.push(Finding::about(&package.name, problem));
        let manifest = fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("read `{}`", package.manifest_path.display()))?;
        if !opts_in_to_lints(&manifest) {
            find("does not opt in to the workspace's lints: add `[lints]` with `workspace = true`");
        }
        if package.publish.as_deref() != Some(&[]) {
            find("must have `publish.workspace = true`");
        }
        if package.license.as_deref() != Some(LICENSE) {
            find("must have `license.workspace = true`");
        }
        if !package.folder().starts_with(&workspace.root) {
            find("lies outside of the repository");
        }
    }
    Ok(findings)
}

fn opts_in_to_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim);
    lines.any(|line| line == "[lints]")
        && lines
            .take_while(|line| !line.starts_with('['))
            .any(|line| line == "workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_count_only_in_their_own_table() {
        assert!(opts_in_to_lints("[package]\n[lints]\nworkspace = true\n"));
        assert!(!opts_in_to_lints(
            "[lints]\n[dependencies.x]\nworkspace = true\n"
        ));
        assert!(!opts_in_to_lints("[package]\n"));
    }
}
