//! The oldest compiler that the published crates promise to be compiled by.
//!
//! This checks that no dependency asks for a newer one. Clippy's lint `incompatible_msrv` checks that our own code uses
//! nothing newer of the standard library; the release's workflow compiles with that very compiler.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::process;
use crate::workspace::cargo;

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    rust_version: Option<String>,
}

/// Whether the crates of a workspace, with all their features, depend on nothing that asks for a newer compiler.
pub fn check(workspace: &Path) -> Result<()> {
    let mut command = cargo();
    command.current_dir(workspace);
    command.args(["metadata", "--all-features", "--format-version", "1"]);
    let json = process::output(&mut command)?;
    let metadata: Metadata =
        serde_json::from_str(&json).context("read what `cargo metadata` printed")?;
    let newer = newer_than_promised(&metadata)?;
    ensure!(
        newer.is_empty(),
        "the crates promise less than their dependencies ask for: {}; raise `rust-version` in Cargo.toml or take older ones",
        newer.join(", ")
    );
    Ok(())
}

/// Dependencies that ask for a newer compiler than the members promise.
fn newer_than_promised(metadata: &Metadata) -> Result<Vec<String>> {
    let is_member = |package: &&Package| metadata.workspace_members.contains(&package.id);
    let mut promised = None;
    for member in metadata.packages.iter().filter(is_member) {
        let version = member.rust_version.as_deref();
        let version = version.with_context(|| format!("`{}` has no rust-version", member.name))?;
        let version = numbers(version)?;
        promised = Some(promised.map_or(version, |least: [u64; 3]| least.min(version)));
    }
    let promised = promised.context("the workspace has no members")?;
    let mut newer = Vec::new();
    for package in &metadata.packages {
        if let Some(asked) = &package.rust_version
            && numbers(asked)? > promised
        {
            newer.push(format!(
                "{} {} asks for {asked}",
                package.name, package.version
            ));
        }
    }
    Ok(newer)
}

/// `1.85` and `1.94.1`: missing numbers are zero.
fn numbers(version: &str) -> Result<[u64; 3]> {
    let mut numbers = [0; 3];
    for (number, part) in numbers.iter_mut().zip(version.split('.')) {
        *number = part
            .parse()
            .with_context(|| format!("read the compiler's version `{version}`"))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, rust_version: Option<&str>) -> Package {
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            rust_version: rust_version.map(str::to_owned),
        }
    }

    #[test]
    fn a_dependency_may_not_ask_for_more_than_is_promised() {
        let metadata = Metadata {
            packages: vec![
                package("ours", Some("1.94.1")),
                package("older", Some("1.85")),
                package("silent", None),
                package("newer", Some("1.95")),
            ],
            workspace_members: vec!["ours".to_owned()],
        };
        let newer = newer_than_promised(&metadata).expect("all are versions");
        assert_eq!(newer, ["newer 1.0.0 asks for 1.95"]);
    }

    #[test]
    fn a_member_promises_something() {
        let metadata = Metadata {
            packages: vec![package("ours", None)],
            workspace_members: vec!["ours".to_owned()],
        };
        let error = newer_than_promised(&metadata).expect_err("it promises nothing");
        assert_eq!(error.to_string(), "`ours` has no rust-version");
    }
}
