//! The binary's bill of materials in CycloneDX's form: every crate with version, licence and checksum.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::package::Package;
use crate::release::{HOMEPAGE, LICENSE, Release};

/// The crate that is the command.
const COMMAND: &str = "cli";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Crate {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

pub fn package(release: &Release, root: &Path) -> Result<Package> {
    let metadata = metadata(release, root)?;
    let checksums = checksums(root)?;
    let document = document(release, &metadata, &checksums)?;
    let mut text = serde_json::to_string_pretty(&document).context("write the bill")?;
    text.push('\n');
    Ok(Package {
        name: format!(
            "lambdura-{}-{}.cdx.json",
            release.version,
            release.target.triple()
        ),
        content: text.into_bytes(),
    })
}

fn metadata(release: &Release, root: &Path) -> Result<Metadata> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(["--filter-platform", release.target.triple()])
        .arg("--manifest-path")
        .arg(root.join("Cargo.toml"));
    let output = cargo.output().context("run `cargo metadata`")?;
    ensure!(
        output.status.success(),
        "`cargo metadata` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("read what `cargo metadata` printed")
}

/// Checksums of crates' archives, by name and version, from the lockfile.
fn checksums(root: &Path) -> Result<BTreeMap<(String, String), String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let path = root.join("Cargo.lock");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let lock: Lock = toml::from_str(&text).with_context(|| format!("read `{}`", path.display()))?;
    let packages = lock.package.into_iter();
    Ok(packages
        .filter_map(|it| Some(((it.name, it.version), it.checksum?)))
        .collect())
}

fn document(
    release: &Release,
    metadata: &Metadata,
    checksums: &BTreeMap<(String, String), String>,
) -> Result<Value> {
    let command = metadata.packages.iter().find(|it| it.name == COMMAND);
    let command = command.context("the workspace has no command")?;
    let linked = linked(metadata, &command.id);
    let by_id: BTreeMap<&str, &Crate> = metadata
        .packages
        .iter()
        .map(|it| (it.id.as_str(), it))
        .collect();
    let mut crates: Vec<&Crate> = linked
        .keys()
        .filter_map(|id| by_id.get(id).copied())
        .filter(|it| it.id != command.id)
        .collect();
    crates.sort_by_key(|it| (it.name.as_str(), it.version.as_str()));
    let components: Vec<Value> = crates.iter().map(|it| component(it, checksums)).collect();
    let mut dependencies: Vec<Value> = linked
        .iter()
        .filter_map(|(id, to)| {
            let to: BTreeSet<String> = to
                .iter()
                .filter_map(|id| by_id.get(id).map(|it| url(it)))
                .collect();
            Some(json!({ "ref": url(by_id.get(id)?), "dependsOn": to }))
        })
        .collect();
    dependencies.sort_by_key(|it| it["ref"].as_str().map(str::to_owned));
    let component = json!({
        "type": "application",
        "bom-ref": url(command),
        "name": "lambdura",
        "version": release.version,
        "licenses": [{ "expression": LICENSE }],
        "externalReferences": [{ "type": "vcs", "url": HOMEPAGE }],
    });
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component,
            "properties": [{ "name": "cdx:rustc:target", "value": release.target.triple() }],
        },
        "components": components,
        "dependencies": dependencies,
    });
    // Of the content, so that the same binary has the same bill.
    let hash = Sha256::digest(document.to_string());
    document["serialNumber"] = Value::from(serial_number(&hash));
    Ok(document)
}

/// The crates that are linked into the command or build it, by the crate that needs them, without those for tests.
fn linked<'m>(metadata: &'m Metadata, command: &'m str) -> BTreeMap<&'m str, Vec<&'m str>> {
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|it| (it.id.as_str(), it))
        .collect();
    let mut linked = BTreeMap::new();
    let mut open = vec![command];
    while let Some(id) = open.pop() {
        if linked.contains_key(id) {
            continue;
        }
        let edges = nodes.get(id).map_or(&[][..], |node| &node.deps);
        let needed: Vec<&str> = edges
            .iter()
            .filter(|edge| {
                edge.dep_kinds
                    .iter()
                    .any(|it| it.kind.as_deref() != Some("dev"))
            })
            .map(|edge| edge.pkg.as_str())
            .collect();
        open.extend(&needed);
        linked.insert(id, needed);
    }
    linked
}

fn component(it: &Crate, checksums: &BTreeMap<(String, String), String>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": url(it),
        "name": it.name,
        "version": it.version,
        "purl": url(it),
    });
    if let Some(license) = &it.license {
        // An old form of a choice between licences.
        let expression = license.replace('/', " OR ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(about) = &it.description {
        component["description"] = Value::from(about.trim());
    }
    if let Some(checksum) = checksums.get(&(it.name.clone(), it.version.clone())) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// Our own crates are of no registry.
fn url(it: &Crate) -> String {
    match it.source {
        Some(_) => format!("pkg:cargo/{}@{}", it.name, it.version),
        None => format!(
            "pkg:cargo/{}@{}?vcs_url=git%2B{HOMEPAGE}",
            it.name, it.version
        ),
    }
}

fn serial_number(hash: &[u8]) -> String {
    let mut id: [u8; 16] = std::array::from_fn(|at| hash[at]);
    // A name-based UUID of RFC 9562, version 8.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_holds_what_is_linked_and_not_what_tests_need() {
        let krate = |name: &str| {
            json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0", "source": "registry",
                "description": null})
        };
        let edge = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{ "kind": kind }]});
        let metadata = json!({
            "packages": [krate("cli"), krate("linked"), krate("built-with"), krate("tested-with")],
            "resolve": {"nodes": [
                {"id": "cli", "deps": [
                    edge("linked", Value::Null), edge("tested-with", json!("dev")), edge("built-with", json!("build"))]},
                {"id": "linked", "deps": []},
                {"id": "built-with", "deps": []},
                {"id": "tested-with", "deps": []},
            ]},
        });
        let metadata: Metadata = serde_json::from_value(metadata).expect("it is metadata");
        let release = Release {
            version: "0.1.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".parse().expect("it is a target"),
            epoch: 0,
            effort: crate::compress::Effort::Quick,
        };
        let sums = BTreeMap::from([(("linked".to_owned(), "1.0.0".to_owned()), "ab".to_owned())]);
        let bill = document(&release, &metadata, &sums).expect("it has a command");
        let names: Vec<_> = bill["components"]
            .as_array()
            .expect("it is a list")
            .iter()
            .map(|it| it["name"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(names, ["built-with", "linked"]);
        assert_eq!(bill["components"][1]["hashes"][0]["content"], "ab");
        assert_eq!(
            bill["components"][1]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
        let again = document(&release, &metadata, &sums).expect("it has a command");
        assert_eq!(bill, again);
    }
}
