//! `cargo xtask dist`: the release binary, and packages around it.
//!
//! Packages are made by the crate `packaging`, so that `xtask` itself stays quick to compile.

mod trial;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anstream::println;
use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::process;
use crate::screen;
use crate::setup::{Binaries, build_pages};
use crate::workspace::{Workspace, cargo, empty_folder};

/// Build the release binary and make packages of it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask dist                                       packages for this machine, in target/packages
  cargo xtask dist --target x86_64-unknown-linux-musl    a binary that runs on any Linux
  cargo xtask dist --try                                 and install them where neither Rust nor Node is
  cargo xtask dist --twice                               and make it all again, to see that the bytes are the same")]
pub struct DistArguments {
    /// What to build for [default: this machine, linked statically where rustc can]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Make packages of this binary instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where the packages go [default: target/packages]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Install the packages in fresh systems, and run the demo there (Debian, as root)
    #[arg(long = "try")]
    is_tried: bool,
    /// Compress little, whatever the packages' size: for a `--binary` that is not optimised
    #[arg(long)]
    quick: bool,
    /// Build the binary from nothing a second time, in another folder, make the packages a second time, and compare
    #[arg(long = "twice")]
    is_made_twice: bool,
}

/// Builds, packs, and tries where that is asked for.
pub fn run(workspace: &Workspace, arguments: &DistArguments) -> Result<ExitCode> {
    let target = match &arguments.target {
        Some(target) => target.clone(),
        None => usual_target()?,
    };
    let epoch = epoch(workspace)?;
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => {
            build_pages(workspace)?;
            build(workspace, &target, &epoch, &workspace.target)?
        }
    };
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| workspace.target.join("packages"));
    empty_folder(&out)?;
    let packaging = packaging(workspace)?;
    let pack = |binary: &Path, out: &Path| {
        let mut command = pack(&packaging, workspace, &target, &epoch);
        command.arg("--binary").arg(binary);
        command.args(arguments.quick.then_some("--quick"));
        process::run(command.arg("--out").arg(out))
    };
    screen::step(&format!("Packing for {target}"));
    pack(&binary, &out)?;
    if arguments.is_made_twice {
        let again = workspace.chores().join("again");
        empty_folder(&again)?;
        let binary = match &arguments.binary {
            Some(binary) => binary.clone(),
            None => build(workspace, &target, &epoch, &again.join("target"))?,
        };
        screen::step("Packing once more");
        let packages = again.join("packages");
        empty_folder(&packages)?;
        pack(&binary, &packages)?;
        compare(&out, &packages)?;
    }
    if arguments.is_tried {
        trial::run(workspace, &out, arguments.quick)?;
    }
    println!("The packages are in {}.", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes packages of a program that the tests have built, and tries those that need no Debian of their own. Leaves no
/// files.
pub fn rehearse(workspace: &Workspace, binaries: &Binaries, scratch: &Path) -> Result<()> {
    if !cfg!(target_os = "linux") {
        screen::note("packages of Linux are tried on Linux");
        return Ok(());
    }
    // Without debug information, which is most of it.
    let binary = scratch.join("lambdura");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&binary);
    process::run(strip.arg(binaries.path("lambdura")))?;
    let out = scratch.join("packages");
    let mut command = pack(
        &binaries.path("packaging"),
        workspace,
        &host()?,
        &epoch(workspace)?,
    );
    command.arg("--quick").arg("--binary").arg(&binary);
    process::run(command.arg("--out").arg(&out))?;
    trial::run_quickly(workspace, &out)?;
    fs::remove_dir_all(scratch).with_context(|| format!("remove `{}`", scratch.display()))
}

/// The command that makes packages of a binary.
fn pack(program: &Path, workspace: &Workspace, target: &str, epoch: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--target", target, "--epoch", epoch]);
    command.arg("--root").arg(&workspace.root);
    command
}

fn host() -> Result<String> {
    let about = process::output(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// This machine, with musl where the standard library for it is installed.
fn usual_target() -> Result<String> {
    let host = host()?;
    let static_target = host.replace("-linux-gnu", "-linux-musl");
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", &static_target]);
    let libraries = process::output(&mut rustc)?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(static_target);
    }
    screen::note(&format!(
        "rustc has no {static_target} here, so the binary needs this system's C library"
    ));
    Ok(host)
}

/// The time of the last commit, which builds of it carry as their own time.
fn epoch(workspace: &Workspace) -> Result<String> {
    if let Ok(told) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(told);
    }
    let printed = workspace.git(&["log", "-1", "--format=%ct"])?;
    Ok(printed.trim().to_owned())
}

/// Builds the binary with `folder` as target folder.
fn build(workspace: &Workspace, target: &str, epoch: &str, folder: &Path) -> Result<PathBuf> {
    screen::step(&format!(
        "Building lambdura for {target} in {}",
        folder.display()
    ));
    let mut command = cargo();
    command.current_dir(&workspace.root);
    command.args(["build", "--locked", "--package", crate::demo::CLI_PACKAGE]);
    command.args(["--profile", "dist", "--target", target]);
    command.arg("--target-dir").arg(folder);
    // The binary must not depend on the folder of the build.
    let places = places(workspace, folder)?;
    let flags = |option: &str, separator: &str| {
        let mut text = OsString::new();
        for (from, to) in &places {
            if !text.is_empty() {
                text.push(separator);
            }
            text.push(option);
            text.push(from);
            text.push("=");
            text.push(to);
        }
        text
    };
    // cargo's own separator: paths may hold blanks.
    command.env(
        "CARGO_ENCODED_RUSTFLAGS",
        flags("--remap-path-prefix=", "\u{1f}"),
    );
    command.env("LIBSQLITE3_FLAGS", sqlite_flags());
    command.env("CFLAGS", flags("-ffile-prefix-map=", " "));
    command.env("SOURCE_DATE_EPOCH", epoch);
    process::run(&mut command)?;
    Ok(folder.join(target).join("dist/lambdura"))
}

/// Compiler flags of SQLite: those of `.cargo/config.toml`, and without the extensions that Lambdura does not use.
fn sqlite_flags() -> String {
    const CONFIG: &str = include_str!("../../.cargo/config.toml");
    let everywhere = CONFIG
        .lines()
        .find_map(|line| line.strip_prefix("LIBSQLITE3_FLAGS = "))
        .expect("the configuration sets them");
    let unused = ["FTS3", "FTS5", "RTREE", "DBSTAT_VTAB"].map(|it| format!("-USQLITE_ENABLE_{it}"));
    format!("{} {}", everywhere.trim_matches('"'), unused.join(" "))
}

/// Folders of this machine, and their names in the binary.
fn places(workspace: &Workspace, target: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let cargo_home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => {
            let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
            PathBuf::from(home).join(".cargo")
        }
    };
    Ok(vec![
        (workspace.root.clone(), "/lambdura"),
        (target.to_owned(), "/target"),
        (cargo_home, "/cargo"),
    ])
}

fn packaging(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(&workspace.root);
    process::run(command.args(["build", "--locked", "--package", "packaging"]))?;
    Ok(workspace.target.join("debug/packaging"))
}

/// Whether two folders hold the same files.
fn compare(one: &Path, other: &Path) -> Result<()> {
    let (names, others) = (names(one)?, names(other)?);
    ensure!(
        names == others,
        "the second time there are other packages: {}",
        names
            .symmetric_difference(&others)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    );
    for name in names {
        let read = |folder: &Path| {
            let path = folder.join(&name);
            fs::read(&path).with_context(|| format!("read `{}`", path.display()))
        };
        ensure!(
            read(one)? == read(other)?,
            "`{name}` is not the same the second time"
        );
    }
    screen::note("the same bytes");
    Ok(())
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.with_context(|| format!("read `{}`", folder.display()))?;
        Ok(entry.file_name().to_string_lossy().into_owned())
    };
    entries.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_compared_both_ways() {
        let folder = std::env::temp_dir().join(format!("xtask-compare-{}", std::process::id()));
        let (one, other) = (folder.join("one"), folder.join("other"));
        for made in [&one, &other] {
            empty_folder(made).unwrap();
            fs::write(made.join("a"), "1").unwrap();
        }
        assert!(compare(&one, &other).is_ok());
        fs::write(other.join("b"), "2").unwrap();
        let error = compare(&one, &other).unwrap_err().to_string();
        assert_eq!(error, "the second time there are other packages: b");
        assert!(compare(&other, &one).is_err());
        fs::write(one.join("b"), "3").unwrap();
        let error = compare(&one, &other).unwrap_err().to_string();
        assert_eq!(error, "`b` is not the same the second time");
        fs::remove_dir_all(&folder).unwrap();
    }
}
