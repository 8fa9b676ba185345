//! Packages of the command `lambdura`, all around one binary: `cargo xtask dist` builds it and then runs this.
//!
//! Nothing is downloaded when a package is installed. The same inputs give the same bytes: [`tree`] is what every
//! package is made of, sorted, with one time for all files, and each archive format is written from it.

mod inputs;
mod package;
mod readme;
mod release;
mod target;
mod tree;

mod ar;
mod calendar;
mod calls;
mod compress;
mod elf;
mod tar;

mod debian;
mod image;
mod installed;
mod npm;
mod red_hat;
mod tarball;
mod wheel;

mod bill_of_materials;
mod checksums;
mod homebrew;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use crate::compress::Effort;
use crate::inputs::Inputs;
use crate::release::Release;
use crate::target::Target;

/// The largest package: people download it who only want to have a look. Megabytes as download pages count them.
const PACKAGE_BYTES_MAX: usize = 12_000_000;

/// Make packages of a binary that is built, or gather those of several targets
#[derive(Debug, Parser)]
struct Arguments {
    /// The workspace
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Only write checksums and formula of the packages that lie here
    #[arg(long, value_name = "DIR", conflicts_with = "binary")]
    gather: Option<PathBuf>,
    #[command(flatten)]
    packing: Option<Packing>,
}

#[derive(Debug, clap::Args)]
struct Packing {
    /// The binary
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// What it was built for
    #[arg(long, value_name = "TRIPLE")]
    target: Target,
    /// Seconds since 1970 that all files have
    #[arg(long, value_name = "SECONDS")]
    epoch: u64,
    /// Where the packages go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Compress little, and let packages be as large as they are: for trials with a binary that is not optimised
    #[arg(long)]
    quick: bool,
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
    match (&arguments.gather, &arguments.packing) {
        (Some(folder), _) => finish(&inputs::version(&arguments.root)?, folder),
        (None, Some(packing)) => pack(&arguments.root, packing),
        (None, None) => bail!("`--binary` names what to pack, `--gather` what was packed"),
    }
}

fn pack(root: &Path, arguments: &Packing) -> Result<()> {
    let inputs = Inputs::read(root, &arguments.binary)?;
    let release = Release {
        version: inputs.version.clone(),
        target: arguments.target,
        epoch: arguments.epoch,
        effort: match arguments.quick {
            true => Effort::Quick,
            false => Effort::Tight,
        },
    };
    let mut packages = vec![tarball::package(&release, &inputs)?];
    packages.extend(npm::packages(&release, &inputs)?);
    packages.push(wheel::package(&release, &inputs)?);
    if release.target.is_linux() {
        packages.push(debian::package(&release, &inputs)?);
        packages.push(red_hat::package(&release, &inputs)?);
    }
    packages.push(bill_of_materials::package(&release, root)?);
    for package in &packages {
        ensure!(
            arguments.quick || package.content.len() <= PACKAGE_BYTES_MAX,
            "`{}` is larger than {}: {}",
            package.name,
            size_text(PACKAGE_BYTES_MAX),
            size_text(package.content.len())
        );
    }
    if release.target.is_linux() {
        // The image may have any size: its layers are compressed by gzip, which every registry knows and whose result
        // is half as large again as that of xz.
        packages.push(image::package(&release, &inputs)?);
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("create `{}`", arguments.out.display()))?;
    for package in &packages {
        let path = arguments.out.join(&package.name);
        std::fs::write(&path, &package.content)
            .with_context(|| format!("write `{}`", path.display()))?;
        println!("{:>9} {}", size_text(package.content.len()), package.name);
    }
    finish(&release.version, &arguments.out)
}

/// Writes the checksums and the formula of all packages in a folder: a release gathers several targets in one.
fn finish(version: &str, folder: &Path) -> Result<()> {
    checksums::write(folder)?;
    homebrew::write(version, folder)
}

fn size_text(bytes: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
    let mb = bytes as f64 / 1_000_000.0;
    format!("{mb:.2} MB")
}
