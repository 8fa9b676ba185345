//! Functions that are built, put where `lambdura up --no-build` looks for them.
//!
//! `lambdura up` would ask cargo for the functions alone. That is another set of features than together with
//! `lambdura` itself, so cargo would compile the AWS SDK twice.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Binaries;

/// A function of a template: its logical id, and the program that it is.
pub type FunctionProgram = (&'static str, &'static str);

/// Copies each function's program into `data_dir`, whole or not at all: an older one may be running.
pub fn install(binaries: &Binaries, functions: &[FunctionProgram], data_dir: &Path) -> Result<()> {
    for (logical_id, program) in functions {
        let folder = data_dir.join("build").join(logical_id);
        let partial = folder.join(format!("bootstrap.partial-{}", std::process::id()));
        let target = folder.join("bootstrap");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::copy(binaries.path(program), &partial))
            .and_then(|_| fs::rename(&partial, &target))
            .with_context(|| format!("put the program `{program}` at `{}`", target.display()))?;
    }
    Ok(())
}
