//! Why an image cannot be used.

use std::io;

use thiserror::Error;

/// Where code lies in Lambda's images.
pub(super) const TASK_ROOT: &str = "/var/task";

/// Why a Dockerfile does not become a folder.
#[derive(Debug, Error)]
pub(super) enum ImageError {
    /// A line needs a container engine, or names a file that is not there.
    #[error("line {line} of its Dockerfile is not understood: {why}")]
    Line { line: usize, why: String },
    /// The template, or the Dockerfile as a whole, has such a problem.
    #[error("{0}")]
    Whole(String),
    #[error("{what}: {cause}")]
    File { what: String, cause: io::Error },
}

impl ImageError {
    pub fn line(line: usize, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Line { line, why }
    }

    pub fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::File { what, cause }
    }
}
