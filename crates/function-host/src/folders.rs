//! Lambda's folders, and where what lies in them lies on this machine.

use std::path::{Path, PathBuf};

/// The folder in a function's code that takes the place of `/opt`.
pub const LAYERS_FOLDER: &str = ".opt";

/// Lambda's folder for layers, and its folder for the code.
pub(crate) const LAYERS_ROOT: &str = "/opt";
pub(crate) const TASK_ROOT: &str = "/var/task";

/// Where a path of Lambda's, or one relative to the code, lies on this machine.
pub(crate) fn on_this_machine(code_dir: &Path, path: &str) -> PathBuf {
    let path = Path::new(path);
    if let Ok(rest) = path.strip_prefix(LAYERS_ROOT) {
        return code_dir.join(LAYERS_FOLDER).join(rest);
    }
    let own = path.strip_prefix(TASK_ROOT).unwrap_or(path);
    code_dir.join(own.strip_prefix(".").unwrap_or(own))
}
