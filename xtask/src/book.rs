//! `cargo xtask book`: the book as a website.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use ::book::site::{Book, Pictures};
use anstream::println;
use anyhow::{Context as _, Result};
use clap::Args;

use crate::workspace::{Workspace, empty_folder};

/// Make the book's pages, and draw its pictures
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask book                 the pages, in target/book
  cargo xtask book --draw          draws docs/pictures/*.svg again, from the histories beside them

The reference of the command line is made by its tests: UPDATE_EXPECT=1 cargo test -p cli reference")]
pub struct BookArguments {
    /// Where the pages go [default: target/book]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the pictures of the concepts again, too
    #[arg(long)]
    draw: bool,
}

/// Makes every page anew.
pub fn run(workspace: &Workspace, arguments: &BookArguments) -> Result<ExitCode> {
    let docs = workspace.root.join("docs");
    if arguments.draw {
        for (path, drawn) in ::book::picture::draw_all(&docs.join("pictures"))? {
            fs::write(&path, drawn).with_context(|| format!("write `{}`", path.display()))?;
        }
    }
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| workspace.target.join("book"));
    empty_folder(&out)?;
    let files = Book::read(&docs)?.site(Pictures::All)?;
    for file in &files {
        let path = out.join(&file.path);
        let folder = path.parent().unwrap_or(&out);
        fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
        fs::write(&path, &file.content).with_context(|| format!("write `{}`", path.display()))?;
    }
    println!(
        "{} files; begin at {}",
        files.len(),
        out.join("index.html").display()
    );
    Ok(ExitCode::SUCCESS)
}
