//! The container image from scratch, as an archive of the Open Container Initiative: the command, and nothing else that
//! is a program.
//!
//! A binary that is linked statically needs nothing. For another one the libraries that it asks for are taken from this
//! machine, with their loader. The command is also the image's `/bin/sh`, which starts `bootstrap` scripts of one line
//! (`crates/cli/src/sh.rs`). For functions in Python or JavaScript there is `packaging/Containerfile`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::calendar::rfc3339;
use crate::compress::gzip;
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::package::Package;
use crate::release::{DESCRIPTION, HOMEPAGE, LICENSE, Release, SUMMARY};
use crate::tar;
use crate::tree::{File, Tree};

/// Where the command is.
const PROGRAM: &str = "usr/bin/lambdura";

/// The user, and the group, that it runs as: not root.
const USER: u32 = 1000;

/// Where executions, functions and caches are kept.
const DATA: &str = "data";

/// Certificates of this machine, as Debian and Fedora keep them: servers on other machines are reached by TLS.
const CERTIFICATES: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let layer = layer(release, inputs)?;
    let packed = gzip(&layer, release.effort)?;
    let created = rfc3339(release.epoch);
    let machine = release.target.debian_machine();
    let settings = json!({
        "User": format!("{USER}:{USER}"),
        "Env": [
            "PATH=/usr/bin:/bin",
            format!("HOME=/{DATA}"),
            format!("LAMBDURA_DATA_DIR=/{DATA}"),
        ],
        "Entrypoint": [format!("/{PROGRAM}")],
        "Cmd": ["serve"],
        "Volumes": { format!("/{DATA}"): {} },
        "WorkingDir": format!("/{DATA}"),
        "StopSignal": "SIGTERM",
        "Labels": labels(release, &created),
    });
    let config = to_bytes(&json!({
        "created": created,
        "architecture": machine,
        "os": "linux",
        "config": settings,
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "history": [{ "created": created, "created_by": "cargo xtask dist" }],
    }))?;
    let manifest = to_bytes(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", &config),
        "layers": [blob("application/vnd.oci.image.layer.v1.tar+gzip", &packed)],
    }))?;
    let mut entry = blob("application/vnd.oci.image.manifest.v1+json", &manifest);
    entry["platform"] = json!({ "architecture": machine, "os": "linux" });
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": release.version });
    let index = to_bytes(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }))?;
    // The document that `docker load` reads, with the same blobs.
    let for_docker = to_bytes(&json!([{
        "Config": path(&config),
        "RepoTags": [format!("lambdura:{}", release.version)],
        "Layers": [path(&packed)],
    }]))?;
    let mut tree = Tree::default();
    tree.add("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    tree.add("index.json", index);
    tree.add("manifest.json", for_docker);
    for content in [packed, config, manifest] {
        tree.add(path(&content), content);
    }
    Ok(Package {
        name: format!("lambdura-{}-{machine}.oci.tar", release.version),
        content: tar::write(&tree, "", true, release.epoch)?,
    })
}

/// The root folder of the image.
fn layer(release: &Release, inputs: &Inputs) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    let entry = |id: u32, name: &str| format!("{name}:x:{id}:{id}:{name}:/{DATA}:/sbin/nologin\n");
    let users = [entry(0, "root"), entry(USER, "lambdura")].concat();
    tree.add("etc/passwd", users);
    tree.add("etc/group", format!("root:x:0:\nlambdura:x:{USER}:\n"));
    // Without it glibc asks for names in another order than musl.
    tree.add("etc/nsswitch.conf", "hosts: files dns\n");
    tree.add("etc/ssl/certs/ca-certificates.crt", certificates()?);
    for (name, text) in &inputs.licenses {
        tree.add(format!("usr/share/doc/lambdura/{name}"), text.clone());
    }
    if glibc_version(&inputs.binary).is_some() {
        for library in libraries(&inputs.path)? {
            let content = fs::read(&library).with_context(|| format!("read `{library}`"))?;
            tree.add_program(library.trim_start_matches('/'), content);
        }
    }
    let mut archive = tar::Archive::new(release.epoch);
    let made = ["bin".to_owned(), "usr/bin".to_owned()];
    let folders: std::collections::BTreeSet<String> =
        tree.folders().into_iter().chain(made).collect();
    for folder in folders {
        archive.folder(&folder, 0o755, tar::ROOT)?;
    }
    archive.folder("tmp", 0o1777, tar::ROOT)?;
    archive.folder(DATA, 0o700, USER)?;
    for (path, file) in tree.files() {
        archive.file(path, file)?;
    }
    let program = File {
        content: inputs.binary.clone(),
        is_executable: true,
    };
    archive.file(PROGRAM, &program)?;
    archive.hard_link("bin/sh", PROGRAM)?;
    Ok(archive.finish())
}

fn certificates() -> Result<Vec<u8>> {
    for path in CERTIFICATES {
        if Path::new(path).exists() {
            return fs::read(path).with_context(|| format!("read `{path}`"));
        }
    }
    bail!("this machine has no certificates for the image: install `ca-certificates`")
}

/// The libraries of a binary and their loader, at the places that `ldd` prints.
fn libraries(binary: &Path) -> Result<Vec<String>> {
    let output = Command::new("ldd")
        .arg(binary)
        .output()
        .context("run `ldd`")?;
    ensure!(
        output.status.success(),
        "`ldd {}` failed: {}",
        binary.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    found(&String::from_utf8_lossy(&output.stdout))
}

fn found(listed: &str) -> Result<Vec<String>> {
    let mut libraries = Vec::new();
    for line in listed.lines() {
        let (name, place) = match line.trim().split_once(" => ") {
            Some((name, place)) => (name, place),
            None => (line.trim(), line.trim()),
        };
        let place = place.split(" (").next().unwrap_or_default();
        match place.starts_with('/') {
            true => libraries.push(place.to_owned()),
            // The kernel brings it.
            false if name.starts_with("linux-vdso.so") => {}
            false => bail!("the binary needs `{name}`, which is not on this machine"),
        }
    }
    Ok(libraries)
}

fn labels(release: &Release, created: &str) -> Value {
    json!({
        "org.opencontainers.image.title": SUMMARY,
        "org.opencontainers.image.description": DESCRIPTION,
        "org.opencontainers.image.source": HOMEPAGE,
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.licenses": LICENSE,
        "org.opencontainers.image.created": created,
    })
}

fn to_bytes(value: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec(value).context("write a document of the image")
}

/// How a document names content.
fn blob(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(content))
}

/// Where content lies in the archive.
fn path(content: &[u8]) -> String {
    format!("blobs/sha256/{:x}", Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_that_ldd_finds() {
        let listed = "\tlinux-vdso.so.1 (0x00007f07)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f08)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f09)\n";
        assert_eq!(
            found(listed).expect("all are there"),
            [
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2"
            ]
        );
        let error = found("\tlibz.so.1 => not found\n").expect_err("one is missing");
        assert_eq!(
            error.to_string(),
            "the binary needs `libz.so.1`, which is not on this machine"
        );
    }
}
