//! The change of a file by a release.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// A file as it is and as it is to be.
#[derive(Debug)]
pub struct Change {
    pub path: PathBuf,
    pub before: String,
    pub after: String,
}

impl Change {
    pub fn is_changed(&self) -> bool {
        self.before != self.after
    }

    pub fn write(&self) -> Result<()> {
        fs::write(&self.path, &self.after)
            .with_context(|| format!("write `{}`", self.path.display()))
    }
}
