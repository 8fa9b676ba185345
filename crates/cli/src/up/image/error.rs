//! What stands in the way of an image.

use std::io;

use thiserror::Error;

/// Where code lies in Lambda's images.
pub(super) const TASK_ROOT: &str = "/var/task";

/// Why a Dockerfile does not become a folder.
#[derive(Debug, Error)]
pub(super) enum ImageError {
    /// It asks for something that is not done without a container engine, or for what is not there.
    #[error("line {line} of its Dockerfile is not understood: {why}")]
    Line { line: usize, why: String },
    /// So does the template, or the Dockerfile as a whole.
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
