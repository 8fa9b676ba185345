//! Packages of npm: `lambdura`, which chooses; one for each platform, which holds the binary; and the package for
//! tests.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use sha2::{Digest as _, Sha256};

use crate::calls;
use crate::compress::{brotli, gzip};
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::package::Package;
use crate::release::{HOMEPAGE, LICENSE, Release, SUMMARY};
use crate::tar;
use crate::target::Machine;
use crate::tree::Tree;

/// Every platform that there is a package for, whichever is made here.
const PLATFORMS: [&str; 4] = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

pub fn packages(release: &Release, inputs: &Inputs) -> Result<Vec<Package>> {
    Ok(vec![
        chooser(release, inputs)?,
        platform(release, inputs)?,
        testing(release, inputs)?,
    ])
}

fn chooser(release: &Release, inputs: &Inputs) -> Result<Package> {
    let version = &release.version;
    let mut manifest = manifest("lambdura", version, SUMMARY);
    let optional = PLATFORMS.map(|it| (format!("@lambdura/{it}"), Value::from(version.as_str())));
    manifest["bin"] = json!({ "lambdura": "bin/lambdura.mjs" });
    manifest["optionalDependencies"] = Value::Object(optional.into_iter().collect());
    let mut tree = Tree::default();
    tree.add_program("bin/lambdura.mjs", include_str!("../files/lambdura.mjs"));
    inputs.add_documents(&mut tree);
    pack("lambdura", &manifest, tree, release)
}

fn platform(release: &Release, inputs: &Inputs) -> Result<Package> {
    let (system, machine) = (
        release.target.node_platform(),
        release.target.node_machine(),
    );
    let about = format!("The binary of lambdura for {system} on {machine}");
    let name = format!("@lambdura/{system}-{machine}");
    let mut manifest = manifest(&name, &release.version, &about);
    manifest["os"] = json!([system]);
    manifest["cpu"] = json!([machine]);
    if release.target.is_linux() && glibc_version(&inputs.binary).is_some() {
        manifest["libc"] = json!(["glibc"]);
    }
    // The program that `bin/lambdura.mjs` unpacks, and the folder for it.
    let hash = format!("{:x}", Sha256::digest(&inputs.binary));
    let mut program = inputs.binary.clone();
    let is_rewritten = release.target.machine == Machine::X86_64;
    if is_rewritten {
        calls::from_the_beginning(&mut program);
    }
    manifest["lambdura"] = json!({ "sha256": hash, "callsFromTheBeginning": is_rewritten });
    let mut tree = Tree::default();
    tree.add("bin/lambdura.br", brotli(&program, release.effort)?);
    for (name, text) in &inputs.licenses {
        tree.add(*name, text.clone());
    }
    tree.add("README.md", format!("{about}. Install `lambdura`.\n"));
    let name = format!("lambdura-{system}-{machine}");
    pack(&name, &manifest, tree, release)
}

fn testing(release: &Release, inputs: &Inputs) -> Result<Package> {
    let mut tree = Tree::default();
    let mut manifest = Value::Null;
    for (path, file) in inputs.node.files() {
        if path == "package.json" {
            manifest = serde_json::from_slice(&file.content)
                .context("read the package.json of clients/node")?;
        } else {
            tree.add(path, file.content.clone());
        }
    }
    manifest["version"] = Value::from(release.version.as_str());
    pack("lambdura-testing", &manifest, tree, release)
}

fn manifest(name: &str, version: &str, about: &str) -> Value {
    json!({
        "name": name,
        "version": version,
        "description": about,
        "license": LICENSE,
        "homepage": HOMEPAGE,
        "repository": { "type": "git", "url": format!("git+{HOMEPAGE}.git") },
        "engines": { "node": ">=18" },
    })
}

fn pack(name: &str, manifest: &Value, mut tree: Tree, release: &Release) -> Result<Package> {
    let text = serde_json::to_string_pretty(manifest).context("write a package.json")?;
    tree.add("package.json", text + "\n");
    let archive = tar::write(&tree, "package/", false, release.epoch)?;
    Ok(Package {
        name: format!("{name}-{}.tgz", release.version),
        content: gzip(&archive, release.effort)?,
    })
}
