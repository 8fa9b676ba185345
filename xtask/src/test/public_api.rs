//! The interface of the published crates: a list of it in the repository, and examples of the functions that users
//! call.
//!
//! Both come from rustdoc, which is not allowed to warn. The lists are `docs/api/CRATE.txt`; a change of one is a
//! change that users see. `UPDATE_EXPECT=1` writes them anew.

mod examples;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use rustdoc_types::{Crate, FORMAT_VERSION};
use serde::Deserialize;

use crate::process;
use crate::screen;
use crate::test::stage::Context;
use crate::workspace::{Workspace, cargo};

/// Packages whose interface is a promise.
const PACKAGES: [&str; 4] = [
    "lambdura",
    "lambdura-macros",
    "lambdura-testing",
    "powertools",
];

/// All their features.
const FEATURES: &str = "lambdura/embedded,powertools/lambda-runtime";

/// Pages whose examples are compiled with those of the crates.
const PAGES: [&str; 3] = [
    "crates/powertools/README.md",
    "crates/sdk/README.md",
    "docs/testing.md",
];

/// Compares each crate's interface with its list, and looks for examples.
pub fn check(context: &mut Context) -> Result<()> {
    let workspace = &context.workspace;
    let documents = describe(workspace)?;
    let mut crates = Vec::new();
    for (package, document) in PACKAGES.iter().zip(&documents) {
        compare(workspace, package, document)?;
        crates.push(read(document)?);
    }
    let mut pages = Vec::new();
    for page in PAGES {
        let path = workspace.root.join(page);
        let text = fs::read_to_string(&path);
        pages.push(text.with_context(|| format!("read `{page}`"))?);
    }
    let missing = examples::missing(&crates, &pages);
    if !missing.is_empty() {
        bail!(
            "no example shows {}:\n  {}",
            match missing.len() {
                1 => "one thing that users call".to_owned(),
                count => format!("{count} things that users call"),
            },
            missing.join("\n  ")
        );
    }
    Ok(())
}

/// Rustdoc's description of each package, as JSON.
fn describe(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command.current_dir(&workspace.root);
    command.env("RUSTDOC", rustdoc(workspace)?);
    command.env(
        "RUSTDOCFLAGS",
        "--deny warnings -Z unstable-options --output-format json",
    );
    command.args(["doc", "--locked", "--no-deps", "--features", FEATURES]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    process::run(&mut command)?;
    let document = |package: &&str| {
        let file = format!("doc/{}.json", package.replace('-', "_"));
        workspace.target.join(file)
    };
    Ok(PACKAGES.iter().map(document).collect())
}

/// A rustdoc of the stable compiler that may write JSON. Only it: build scripts look at the variable, and everything
/// would be compiled anew.
fn rustdoc(workspace: &Workspace) -> Result<PathBuf> {
    let script = workspace.chores().join("rustdoc");
    let text = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";
    fs::create_dir_all(workspace.chores()).context("create the folder of the chores")?;
    let write = || -> std::io::Result<()> {
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("write `{}`", script.display()))?;
    Ok(script)
}

fn read(document: &Path) -> Result<Crate> {
    #[derive(Deserialize)]
    struct Format {
        format_version: u32,
    }
    let text =
        fs::read_to_string(document).with_context(|| format!("read `{}`", document.display()))?;
    let format: Format = serde_json::from_str(&text).context("read what rustdoc wrote")?;
    ensure!(
        format.format_version == FORMAT_VERSION,
        "this compiler's rustdoc writes format {}, and format {FORMAT_VERSION} is read here: take Rust 1.95, or newer \
         `public-api` and `rustdoc-types` in xtask/Cargo.toml",
        format.format_version
    );
    serde_json::from_str(&text).context("read what rustdoc wrote")
}

/// Compares an interface with its list, or writes the list.
fn compare(workspace: &Workspace, package: &str, document: &Path) -> Result<()> {
    let api = public_api::Builder::from_rustdoc_json(document)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .with_context(|| format!("list what `{package}` offers"))?;
    let list = api.to_string();
    let path = workspace.root.join(format!("docs/api/{package}.txt"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return fs::write(&path, list).with_context(|| format!("write `{}`", path.display()));
    }
    let before = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let changes = changes(&before, &list);
    for change in &changes {
        screen::note(change);
    }
    ensure!(
        changes.is_empty(),
        "what `{package}` offers is not what docs/api/{package}.txt says: UPDATE_EXPECT=1 writes it anew, CHANGELOG.md \
         tells users"
    );
    Ok(())
}

/// Lines that one list has and the other has not.
fn changes(before: &str, after: &str) -> Vec<String> {
    let only = |text: &str, other: &str, sign: char| {
        let other: std::collections::BTreeSet<&str> = other.lines().collect();
        let lines = text.lines().filter(move |line| !other.contains(line));
        lines.map(|line| format!("{sign} {line}")).collect()
    };
    let mut changes: Vec<String> = only(before, after, '-');
    changes.extend::<Vec<String>>(only(after, before, '+'));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_named() {
        let (before, after) = ("pub fn a()\npub fn b()\n", "pub fn a()\npub fn c()\n");
        assert_eq!(changes(before, after), ["- pub fn b()", "+ pub fn c()"]);
        assert!(changes(before, before).is_empty());
    }
}
