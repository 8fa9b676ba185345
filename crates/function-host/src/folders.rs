//! Lambda's folders, and the places of their contents on this machine.

use std::path::{Path, PathBuf};

/// The folder in a function's code that replaces `/opt`.
pub const LAYERS_FOLDER: &str = ".opt";

/// Lambda's folder for layers, and its folder for the code.
pub(crate) const LAYERS_ROOT: &str = "/opt";
pub(crate) const TASK_ROOT: &str = "/var/task";

/// The path on this machine for a path of Lambda's, or for one relative to the code.
pub(crate) fn on_this_machine(code_dir: &Path, path: &str) -> PathBuf {
    let path = Path::new(path);
    if let Ok(rest) = path.strip_prefix(LAYERS_ROOT) {
        return code_dir.join(LAYERS_FOLDER).join(rest);
    }
    let own = path.strip_prefix(TASK_ROOT).unwrap_or(path);
    code_dir.join(own.strip_prefix(".").unwrap_or(own))
}
