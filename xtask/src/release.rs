//! `cargo xtask release`: changes the files for a release, and publishes its crates.
//!
//! Nothing is pushed from here: when a maintainer pushes the tag, `.github/workflows/release.yml` does the rest, and
//! calls this chore for the upload to crates.io.

mod change;
mod changelog;
mod compiler;
mod crates;
mod publish;
mod versions;

use std::process::ExitCode;

use anstream::println;
use anyhow::{Result, bail, ensure};
use clap::Args;
use owo_colors::OwoColorize;

use crate::process;
use crate::screen;
use crate::workspace::{Workspace, cargo};
use change::Change;

/// Make a release: changelog, versions, crates as they are published, and the tag
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask release 0.1.0 --dry-run    say what would change, and pack the crates
  cargo xtask release 0.1.0              change it, commit, and tag; pushing the tag is left to you
  cargo xtask release --crates           only pack the crates, as the tests do
  cargo xtask release --crates --build   and compile what was packed, as crates.io's users will
  cargo xtask release --publish          upload the crates of the tagged commit that are not on crates.io")]
pub struct ReleaseArguments {
    /// The new version
    #[arg(value_name = "VERSION", required_unless_present_any = ["crates", "publish"])]
    version: Option<String>,
    /// Change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only pack the crates that are published
    #[arg(long)]
    crates: bool,
    /// Compile the packed crates
    #[arg(long)]
    build: bool,
    /// Upload the crates to crates.io, in the name of whoever's token `CARGO_REGISTRY_TOKEN` is
    #[arg(long, conflicts_with_all = ["version", "crates", "dry_run"])]
    publish: bool,
}

/// Checks all that can be checked beforehand, and then changes files, unless it is a dry run.
pub fn run(workspace: &Workspace, arguments: &ReleaseArguments) -> Result<ExitCode> {
    if arguments.publish {
        publish::run(workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(version) = arguments.version.as_deref().filter(|_| !arguments.crates) else {
        crates::pack(workspace, arguments.build)?;
        return Ok(ExitCode::SUCCESS);
    };
    let changed = workspace.git(&["status", "--porcelain"])?;
    if !changed.trim().is_empty() {
        let problem = "there are changes that are not committed";
        if !arguments.dry_run {
            bail!("{problem}");
        }
        screen::note(problem);
    }
    let Plan { tag, files } = plan(workspace, version)?;
    crates::pack(workspace, arguments.build)?;
    for change in &files {
        let what = match change.is_changed() {
            true => "changes",
            false => "stays",
        };
        println!("  {what:<8}{}", change.path.display());
    }
    if arguments.dry_run {
        println!(
            "Nothing was changed; without `--dry-run` these are, and {} is set.",
            tag.bold()
        );
        return Ok(ExitCode::SUCCESS);
    }
    for change in &files {
        change.write()?;
    }
    // The lockfile has the versions of the workspace's own crates.
    process::run(
        cargo()
            .current_dir(&workspace.root)
            .args(["update", "--workspace"]),
    )?;
    workspace.git(&[
        "commit",
        "--all",
        "--message",
        &format!("release: {version}"),
    ])?;
    workspace.git(&[
        "tag",
        "--annotate",
        &tag,
        "--message",
        &format!("Lambdura {version}"),
    ])?;
    println!("Look at it, then: git push origin HEAD {tag}");
    Ok(ExitCode::SUCCESS)
}

/// Packs the crates that are published, without compiling them, and plans the next release without making it.
pub fn rehearse(workspace: &Workspace) -> Result<()> {
    let before = workspace.git(&["status", "--porcelain"])?;
    let version = versions::next(workspace)?;
    let plan = plan(workspace, &version)?;
    for change in &plan.files {
        ensure!(
            change.is_changed(),
            "a release of {version} would not change `{}`",
            change.path.display()
        );
    }
    crates::pack(workspace, false)?;
    ensure!(
        workspace.git(&["status", "--porcelain"])? == before,
        "planning a release changed files"
    );
    Ok(())
}

/// The changes of a release.
#[derive(Debug)]
struct Plan {
    tag: String,
    files: Vec<Change>,
}

/// Checks all that can be checked beforehand.
fn plan(workspace: &Workspace, version: &str) -> Result<Plan> {
    versions::check(workspace, version)?;
    let tag = format!("v{version}");
    ensure!(
        workspace.git(&["tag", "--list", &tag])?.trim().is_empty(),
        "there is a tag `{tag}` already"
    );
    let mut files = vec![changelog::released(workspace, version)?];
    files.extend(versions::changed(workspace, version)?);
    versions::check_leftovers(workspace, &files, version)?;
    Ok(Plan { tag, files })
}
