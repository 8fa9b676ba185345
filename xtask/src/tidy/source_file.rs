//! A file as the checks see it.

/// A file of the repository.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the root, with `/` between its parts.
    pub path: String,
    pub text: String,
}
