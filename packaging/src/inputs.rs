//! The inputs of packages: the binary, its manual and completions, and files of the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::readme::with_absolute_links;
use crate::tree::Tree;

/// Everything that is read from disk, once.
#[derive(Debug)]
pub struct Inputs {
    pub version: String,
    /// Where the binary is.
    pub path: PathBuf,
    pub binary: Vec<u8>,
    /// Pages of the manual, such as `lambdura-up.1`.
    pub manual: Tree,
    /// Completions, by shell.
    pub completions: BTreeMap<&'static str, Vec<u8>>,
    /// The tests' package of Python, below `lambdura_testing`.
    pub python: Tree,
    /// The tests' package of Node.js, with its manifest.
    pub node: Tree,
    /// With links that arrive from anywhere.
    pub readme: Vec<u8>,
    pub changelog: Vec<u8>,
    /// By file name.
    pub licenses: Vec<(&'static str, Vec<u8>)>,
}

/// The shells that packages have completions for.
pub const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

impl Inputs {
    /// Reads all of it; the binary is asked for its manual and completions, so it has to run here.
    pub fn read(root: &Path, binary: &Path) -> Result<Self> {
        let read =
            |path: &Path| fs::read(path).with_context(|| format!("read `{}`", path.display()));
        let mut completions = BTreeMap::new();
        for shell in SHELLS {
            completions.insert(shell, run(binary, &["completions", shell])?);
        }
        let mut licenses = Vec::new();
        for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
            licenses.push((name, read(&root.join(name))?));
        }
        let version = version(root)?;
        let readme = fs::read_to_string(root.join("README.md")).context("read `README.md`")?;
        Ok(Self {
            path: binary.to_owned(),
            manual: manual(binary)?,
            completions,
            python: files(&root.join("clients/python/src"), &["py", "typed"])?,
            node: node(root, "clients/node", &version)?,
            readme: with_absolute_links(&readme, "", &version).into_bytes(),
            changelog: read(&root.join("CHANGELOG.md"))?,
            licenses,
            binary: read(binary)?,
            version,
        })
    }

    /// Adds the licences and other documents that lie beside the program in every package.
    pub fn add_documents(&self, tree: &mut Tree) {
        tree.add("README.md", self.readme.clone());
        for (name, text) in &self.licenses {
            tree.add(*name, text.clone());
        }
    }
}

/// The version of the workspace.
pub fn version(root: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Manifest {
        workspace: Workspace,
    }
    #[derive(Deserialize)]
    struct Workspace {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let path = root.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let manifest: Manifest =
        toml::from_str(&text).with_context(|| format!("read `{}`", path.display()))?;
    Ok(manifest.workspace.package.version)
}

fn manual(binary: &Path) -> Result<Tree> {
    // Beside the binary: packaging leaves nothing elsewhere.
    let folder = binary.with_extension("man");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("empty `{}`", folder.display()))?;
    }
    let argument = folder.to_str().context("the binary's path is no text")?;
    run(binary, &["man", argument])?;
    let pages = files(&folder, &["1"])?;
    ensure!(pages.files().next().is_some(), "the binary wrote no manual");
    Ok(pages)
}

fn node(root: &Path, place: &str, version: &str) -> Result<Tree> {
    let folder = root.join(place);
    let mut tree = Tree::default();
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))
    };
    tree.add("package.json", read("package.json")?);
    let readme = with_absolute_links(&read("README.md")?, place, version);
    tree.add("README.md", readme);
    tree.extend_below("src", &files(&folder.join("src"), &["mjs", "ts"])?);
    Ok(tree)
}

/// Files with these extensions, below a folder.
fn files(folder: &Path, extensions: &[&str]) -> Result<Tree> {
    let mut tree = Tree::default();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        let entries = fs::read_dir(&at).with_context(|| format!("read `{}`", at.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("read `{}`", at.display()))?
                .path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let extension = path.extension().and_then(|it| it.to_str());
            if !extension.is_some_and(|it| extensions.contains(&it)) {
                continue;
            }
            let content = fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
            let within = path.strip_prefix(folder).unwrap_or(&path);
            tree.add(within.to_string_lossy(), content);
        }
    }
    Ok(tree)
}

fn run(binary: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(binary)
        .args(arguments)
        .output()
        .with_context(|| format!("run `{}`", binary.display()))?;
    ensure!(
        output.status.success(),
        "`{} {}` failed: {}",
        binary.display(),
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
