//! `cargo xtask tidy`: checks that no compiler makes.

mod arrows;
mod book;
mod circles;
mod dependencies;
mod finding;
mod lockfiles;
mod manifests;
mod modules;
mod real_time;
mod rooms;
mod source_file;
mod text;

use std::fs;
use std::process::ExitCode;

use anstream::println;
use anyhow::{Context, Result};

use crate::tidy::source_file::SourceFile;
use crate::workspace::Workspace;

/// Prints every finding; fails if there is one.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    let files = read_files(workspace)?;
    let mut findings = arrows::check(&workspace.packages);
    findings.extend(manifests::check(workspace)?);
    findings.extend(circles::check(&files));
    findings.extend(modules::check(&files));
    findings.extend(real_time::check(&files));
    findings.extend(rooms::check(&files));
    findings.extend(text::check(&files));
    findings.extend(lockfiles::check(&files));
    findings.extend(dependencies::check(&files));
    let paths = workspace.files()?;
    let paths = paths.iter().map(|path| path.to_string_lossy().into_owned());
    findings.extend(book::check(&files, &paths.collect()));
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", files.len(), findings.len());
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The text files; pictures and fonts are left out.
fn read_files(workspace: &Workspace) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for path in workspace.files()? {
        let bytes = fs::read(workspace.root.join(&path))
            .with_context(|| format!("read `{}`", path.display()))?;
        if let Ok(text) = String::from_utf8(bytes) {
            let path = path.to_string_lossy().into_owned();
            files.push(SourceFile { path, text });
        }
    }
    Ok(files)
}
