//! `BuildMethod: makefile`.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::program::{Program, run};
use super::{Workshop, clear, failed};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;
use crate::up::tree;

/// Runs `make build-<logical id>` as SAM does: in a copy of the source, which the target may change, with the source's
/// Makefile, and with `ARTIFACTS_DIR`, an empty folder that exists. Source: aws-lambda-builders, workflow `custom_make`,
/// read 2026-11.
///
/// # Errors
/// make fails, or a file cannot be copied.
pub async fn makefile(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let scratch = target.with_extension("scratch");
    for folder in [&target, &scratch] {
        clear(folder)?;
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let artifacts = target.canonicalize().map_err(failed(&target))?;
    let source = source.canonicalize().map_err(failed(source))?;
    tree::copy_for_make(&source, &scratch, workshop.data_dir).map_err(failed(&scratch))?;
    let goal = format!("build-{}", subject.name);
    let mut command = Command::new("make");
    command
        .arg("--makefile")
        .arg(source.join("Makefile"))
        .arg(&goal)
        .current_dir(&scratch)
        .env("ARTIFACTS_DIR", &artifacts);
    let progress = Progress::start(format!("making {}", subject.shown));
    let program = Program::new(command, format!("make {goal}"));
    let made = run(subject, program, progress).await;
    clear(&scratch)?;
    made.map(|()| target)
}
