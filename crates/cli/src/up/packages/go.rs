//! Functions in Go: `go1.x`, and `provided` runtimes with Go's sources.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::program::{Program, relative, run};
use super::{Workshop, clear, failed};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;
use crate::up::source::BOOTSTRAP;

/// Builds the main package of a folder as `bootstrap`.
///
/// # Errors
/// Go is not installed, or the package does not compile.
pub async fn go(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    clear(&target)?;
    fs::create_dir_all(&target).map_err(failed(&target))?;
    let mut command = Command::new("go");
    command
        // AWS's client leaves out what only the runtime `go1.x` needed.
        .args(["build", "-tags", "lambda.norpc", "-o"])
        .arg(target.join(BOOTSTRAP))
        .arg(".")
        .current_dir(source);
    let shown = format!("go build (in {})", relative(source));
    let progress = Progress::start(format!("building {}", subject.shown));
    run(subject, Program::new(command, shown), progress).await?;
    Ok(target)
}
