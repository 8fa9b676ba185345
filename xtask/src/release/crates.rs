//! The crates that are published, under the names that they have on crates.io.
//!
//! In the workspace a crate is called like its folder. `engine`, `store` and the like belong to others on crates.io, so
//! a copy of these crates is made in which each has its published name, while its code still calls the others as before
//! (ADR 22). `cargo publish --dry-run` is run there, and by the release's workflow [`publish`](super::publish).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{compiler, versions};
use crate::process;
use crate::screen;
use crate::workspace::{Workspace, cargo, empty_folder};

/// Crates that are published: their folder, and their name on crates.io. Each after those that it needs.
const CRATES: &[(&str, &str)] = &[
    ("stdx", "lambdura-stdx"),
    ("model", "lambdura-model"),
    ("engine", "lambdura-engine"),
    ("store", "lambdura-store"),
    ("store-sqlite", "lambdura-store-sqlite"),
    ("runtime", "lambdura-runtime"),
    ("schedule", "lambdura-schedule"),
    ("lambda-api", "lambdura-lambda-api"),
    ("wire", "lambdura-wire"),
    ("wind", "lambdura-wind"),
    ("sdk-macros", "lambdura-macros"),
    ("sdk", "lambdura"),
    ("sdk-testing", "lambdura-testing"),
    ("powertools", "lambdura-powertools"),
];

/// Where a publication without upload leaves its archives, below `target/package`.
const ARCHIVES: &str = "tmp-crate";

/// Bytes of an archive that crates.io takes.
const ARCHIVE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Packs all of them and uploads nothing; compiles the packed crates if `is_built`.
pub fn pack(workspace: &Workspace, is_built: bool) -> Result<()> {
    screen::step("Packing the crates that are published");
    let stage = stage(workspace)?;
    compiler::check(&stage)?;
    let target = workspace.chores().join("crates-target");
    // An archive of an earlier run must not be taken for one of this run.
    let packed = target.join("package");
    empty_folder(&packed)?;
    let mut command = cargo();
    command.current_dir(&stage);
    command.env("CARGO_TARGET_DIR", &target);
    // `cargo publish` does everything but the upload.
    command.args(["publish", "--dry-run", "--workspace", "--allow-dirty"]);
    if !is_built {
        command.arg("--no-verify");
    }
    process::run(&mut command)?;
    let version = versions::current(workspace)?;
    for (_, name) in CRATES {
        let archive = packed
            .join(ARCHIVES)
            .join(format!("{name}-{version}.crate"));
        let about = fs::metadata(&archive)
            .with_context(|| format!("there is no archive `{}`", archive.display()))?;
        ensure!(
            about.len() <= ARCHIVE_BYTES_MAX,
            "`{name}` is too large for crates.io"
        );
    }
    screen::note(&format!(
        "{} crates in {}",
        CRATES.len(),
        packed.join(ARCHIVES).display()
    ));
    Ok(())
}

/// The names on crates.io, each after those that it needs.
pub fn names() -> impl Iterator<Item = &'static str> {
    CRATES.iter().map(|(_, name)| *name)
}

/// A workspace of the published crates alone, in their published form.
pub fn stage(workspace: &Workspace) -> Result<PathBuf> {
    let stage = workspace.chores().join("crates");
    empty_folder(&stage)?;
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
    };
    let write = |path: &Path, text: &str| {
        fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
    };
    let version = versions::current(workspace)?;
    let manifest = read(&workspace.root.join("Cargo.toml"))?;
    write(
        &stage.join("Cargo.toml"),
        &root_manifest(&manifest, version),
    )?;
    // All other packages keep their versions.
    let lock = workspace.root.join("Cargo.lock");
    fs::copy(&lock, stage.join("Cargo.lock"))
        .with_context(|| format!("copy `{}`", lock.display()))?;
    for file in workspace.files()? {
        let of_crate = CRATES.iter().find_map(|(folder, name)| {
            let within = file.strip_prefix(Path::new("crates").join(folder)).ok()?;
            Some((folder, name, within))
        });
        let Some((folder, name, within)) = of_crate else {
            continue;
        };
        // Tests need crates that are not published.
        if within.starts_with("tests") || within.starts_with("benches") {
            continue;
        }
        let to = stage.join(folder).join(within);
        make_parent(&to)?;
        let from = workspace.root.join(&file);
        if within == Path::new("Cargo.toml") {
            write(&to, &crate_manifest(&read(&from)?, folder, name)?)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("copy `{}`", from.display()))?;
        }
    }
    for (folder, name) in CRATES {
        let folder = stage.join(folder);
        for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
            fs::copy(workspace.root.join(license), folder.join(license))
                .with_context(|| format!("copy `{license}`"))?;
        }
        let readme = folder.join("README.md");
        if !readme.exists() {
            write(&readme, &inner_readme(name))?;
        }
    }
    Ok(stage)
}

fn make_parent(file: &Path) -> Result<()> {
    let folder = file.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}

/// The root manifest with these members alone, which know each other by their published names.
fn root_manifest(manifest: &str, version: &str) -> String {
    let mut text = String::new();
    let mut is_left_out = false;
    for line in manifest.lines() {
        if line.starts_with("members = [") {
            let members: Vec<_> = CRATES
                .iter()
                .map(|(folder, _)| format!("\"{folder}\""))
                .collect();
            text.push_str(&format!("members = [{}]\n", members.join(", ")));
            is_left_out = true;
            continue;
        }
        if line.starts_with('[') {
            // Sections that only this workspace needs: its patches, and its build profiles.
            is_left_out = line.starts_with("[patch.") || line.starts_with("[profile.");
        }
        if is_left_out {
            is_left_out = line != "]";
            continue;
        }
        match line.split_once(" = { path = \"crates/") {
            None if line == "publish = false" => {}
            None => {
                text.push_str(line);
                text.push('\n');
            }
            Some((key, rest)) => {
                let folder = rest.split('"').next().unwrap_or_default();
                if let Some((_, name)) = CRATES.iter().find(|(it, _)| *it == folder) {
                    text.push_str(&format!(
                        "{key} = {{ path = \"{folder}\", package = \"{name}\", version = \"={version}\" }}\n"
                    ));
                }
            }
        }
    }
    // Leaves out `bench/`, which is not published.
    text.lines()
        .filter(|line| !line.contains("{ path = \"bench/"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// A crate's manifest with its published name, and without its tests.
fn crate_manifest(manifest: &str, folder: &str, name: &str) -> Result<String> {
    let mut text = String::new();
    let mut is_left_out = false;
    let mut has_library = false;
    let mut own_name = None;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_left_out = line.starts_with("[dev-dependencies")
                || matches!(line, "[[test]]" | "[[bench]]" | "[[example]]");
            has_library |= line == "[lib]";
        }
        if is_left_out || line == "publish.workspace = true" {
            continue;
        }
        match line.strip_prefix("name = \"") {
            Some(rest) if own_name.is_none() => {
                own_name = rest.split('"').next().map(str::to_owned);
                text.push_str(&format!("name = \"{name}\"\nreadme = \"README.md\"\nautoexamples = false\nexclude = [\"examples\"]\n"));
            }
            _ if line.starts_with("readme = ") => {}
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let own_name = own_name.with_context(|| format!("the crate `{folder}` has no name"))?;
    // Its own code, and that of other crates, use its name of the workspace.
    if own_name != name {
        ensure!(!has_library, "`{folder}` has a library section of its own");
        let library = own_name.replace('-', "_");
        text.push_str(&format!("\n[lib]\nname = \"{library}\"\n"));
    }
    Ok(text)
}

fn inner_readme(name: &str) -> String {
    format!(
        "# {name}\n\nA part of [Lambdura](https://github.com/lambdura/lambdura), AWS Lambda durable functions anywhere, that \
         `lambdura` and `lambdura-testing` are made of.\nIt has no interface of its own to rely on: every release may change it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_knows_the_published_crates_by_their_names() {
        let manifest = "[workspace]\nmembers = [\n    \"crates/*\",\n]\n\n[workspace.package]\nversion = \"0.1.0\"\npublish = false\n\n\
            [workspace.dependencies]\nserde = \"1\"\nengine = { path = \"crates/engine\" }\nserver = { path = \"crates/server\" }\n\n\
            [patch.crates-io]\nit = { path = \"it\" }\n\n[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
        let root = root_manifest(manifest, "0.1.0");
        assert!(root.contains(
            "engine = { path = \"engine\", package = \"lambdura-engine\", version = \"=0.1.0\" }\n"
        ));
        assert!(root.contains("serde = \"1\"\n") && root.contains("unsafe_code"));
        for gone in ["server", "patch", "publish", "crates/*"] {
            assert!(!root.contains(gone), "{gone}: {root}");
        }
    }

    #[test]
    fn a_crate_is_called_otherwise_only_outside() {
        let manifest = "[package]\nname = \"engine\"\npublish.workspace = true\n\n[dependencies]\nmodel.workspace = true\n\n\
            [dev-dependencies]\nproptest.workspace = true\n";
        let published =
            crate_manifest(manifest, "engine", "lambdura-engine").expect("it has a name");
        assert!(published.contains("name = \"lambdura-engine\"\n"));
        assert!(published.ends_with("[lib]\nname = \"engine\"\n"));
        assert!(!published.contains("proptest") && !published.contains("publish"));
    }
}
