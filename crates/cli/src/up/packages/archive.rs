//! Code that is an archive already: a zip or jar file.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Workshop, clear, failed};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};

/// Whether a file is one that can be unpacked, by its name.
pub fn is_archive(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|it| it.eq_ignore_ascii_case("zip") || it.eq_ignore_ascii_case("jar"))
}

/// Unpacks an archive, within the limits of a deployment package.
///
/// # Errors
/// It cannot be read, is not an archive, or has content that is not allowed.
pub fn unpack(
    subject: &Subject,
    archive: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let bytes = fs::read(archive).map_err(|cause| BuildError::Read {
        path: archive.to_owned(),
        cause,
    })?;
    clear(&target)?;
    fs::create_dir_all(&target).map_err(failed(&target))?;
    server::unpack(&bytes, &target).map_err(|cause| BuildError::Archive {
        subject: subject.clone(),
        path: archive.to_owned(),
        cause,
    })?;
    Ok(target)
}
