//! Packages of the command `lambdura`, all around one binary: `cargo xtask dist` builds it and then runs this.
//!
//! Nothing is downloaded when a package is installed. The same inputs give the same bytes: [`tree`] is what every
//! package is made of, sorted, with one time for all files, and each archive format is written from it.

mod inputs;
mod release;
mod target;
mod tree;

mod ar;
mod compress;
mod elf;
mod tar;

mod debian;
mod installed;
mod npm;
mod red_hat;
mod tarball;
mod wheel;

mod bill_of_materials;
mod checksums;
mod homebrew;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::inputs::Inputs;
use crate::release::Release;
use crate::target::Target;

/// No package is larger: it is downloaded by people who only want to have a look.
const PACKAGE_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Make packages of a binary that is built
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// What it was built for
    #[arg(long, value_name = "TRIPLE")]
    target: Target,
    /// The workspace
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Seconds since 1970 that all files have
    #[arg(long, value_name = "SECONDS")]
    epoch: u64,
    /// Where the packages go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let inputs = Inputs::read(&arguments.root, &arguments.binary)?;
    let release = Release {
        version: inputs.version.clone(),
        target: arguments.target,
        epoch: arguments.epoch,
    };
    let mut packages = vec![tarball::package(&release, &inputs)?];
    packages.extend(npm::packages(&release, &inputs)?);
    packages.push(wheel::package(&release, &inputs)?);
    if release.target.is_linux() {
        packages.push(debian::package(&release, &inputs)?);
        packages.push(red_hat::package(&release, &inputs)?);
    }
    packages.push(bill_of_materials::package(&release, &arguments.root)?);
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("create `{}`", arguments.out.display()))?;
    for package in &packages {
        let path = arguments.out.join(&package.name);
        std::fs::write(&path, &package.content)
            .with_context(|| format!("write `{}`", path.display()))?;
        println!("{:>9} {}", size_text(package.content.len()), package.name);
        ensure!(
            package.content.len() <= PACKAGE_BYTES_MAX,
            "`{}` is larger than {}",
            package.name,
            size_text(PACKAGE_BYTES_MAX)
        );
    }
    // Of everything that lies there: a release gathers the packages of several targets in one folder.
    checksums::write(&arguments.out)?;
    homebrew::write(&release.version, &arguments.out)
}

fn size_text(bytes: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let mib = bytes as f64 / (1024.0 * 1024.0);
    format!("{mib:.1} MiB")
}

/// A file that is published.
#[derive(Debug)]
struct Package {
    name: String,
    content: Vec<u8>,
}
