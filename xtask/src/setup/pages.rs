//! Pages that Vite builds and the command `lambdura` carries: the web console and the demo's page.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::process;
use crate::screen;
use crate::setup::node::{install_packages, npm, require_node};
use crate::workspace::Workspace;

/// Where the console lies.
pub const CONSOLE: &str = "console";

/// The pages in the command: each with its name, the folder of its build, and the source file that embeds it.
const PAGES: [(&str, &str, &str); 2] = [
    ("the console", CONSOLE, "crates/console-assets/src/asset.rs"),
    (
        "the demo's page",
        "demo/loan-approval/frontend",
        "crates/loan-demo/src/asset.rs",
    ),
];

/// The inputs of the build, beside `src` and `public`.
const BUILT_FROM: [&str; 4] = [
    "index.html",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];

/// Holds the hash of the build's inputs.
const STAMP: &str = "node_modules/.built-from";

/// Builds the console and the demo's page, unless they are up to date. Files that do not change are not written again,
/// because cargo would build the binary anew.
pub fn build_pages(workspace: &Workspace) -> Result<()> {
    require_node()?;
    for (what, folder, taken_in_by) in PAGES {
        let page = workspace.root.join(folder);
        let is_first = !page.join("dist").exists();
        build(what, &page)?;
        if is_first {
            // A program that was compiled before has no page, and cargo sees nothing new.
            touch(&workspace.root.join(taken_in_by))?;
        }
    }
    Ok(())
}

fn touch(source: &Path) -> Result<()> {
    let touched = fs::File::options()
        .append(true)
        .open(source)
        .and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| format!("touch `{}`", source.display()))
}

fn build(what: &str, page: &Path) -> Result<()> {
    install_packages(page)?;
    let wanted = hash_of_sources(page)?;
    let stamp = page.join(STAMP);
    match fs::read_to_string(&stamp) {
        Ok(built) if built == wanted && page.join("dist/index.html").exists() => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("read `{}`", stamp.display())),
    }
    screen::step(&format!("Building {what}"));
    process::run(npm(page).args(["run", "build", "--", "--logLevel", "warn"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("write `{}`", stamp.display()))
}

fn hash_of_sources(page: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = BUILT_FROM.map(|name| page.join(name)).to_vec();
    for folder in ["public", "src"] {
        list_files(&page.join(folder), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(&file).with_context(|| format!("read `{}`", file.display()))?;
        file.strip_prefix(page).unwrap_or(&file).hash(&mut hasher);
        content.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("read `{}`", folder.display()))?
            .path();
        if path.is_dir() {
            list_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
