//! A function's layers: what Lambda mounts at `/opt` lies in a folder of the code here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::function::FunctionConfig;

/// The folder in a function's code that takes the place of `/opt`.
pub const LAYERS_FOLDER: &str = ".opt";

/// Lambda's folder for layers, and its folder for the code.
const LAYERS_ROOT: &str = "/opt";
const TASK_ROOT: &str = "/var/task";

/// Where a path of Lambda's, or one relative to the code, lies on this machine.
pub(crate) fn on_this_machine(code_dir: &Path, path: &str) -> PathBuf {
    let path = Path::new(path);
    if let Ok(rest) = path.strip_prefix(LAYERS_ROOT) {
        return code_dir.join(LAYERS_FOLDER).join(rest);
    }
    let own = path.strip_prefix(TASK_ROOT).unwrap_or(path);
    code_dir.join(own.strip_prefix(".").unwrap_or(own))
}

/// The executable of a `provided.*` function: its own, or else a layer's.
pub(crate) fn bootstrap(code_dir: &Path) -> PathBuf {
    let own = code_dir.join("bootstrap");
    let layers = code_dir.join(LAYERS_FOLDER).join("bootstrap");
    if !own.exists() && layers.exists() {
        layers
    } else {
        own
    }
}

/// The search paths of a function that has layers, which it may change: those in `without_layers`, and the layers'.
/// Source: Lambda developer guide, "Packaging layers", "Layer paths for each Lambda runtime".
pub(crate) fn search_paths(
    function: &FunctionConfig,
    without_layers: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let root = function.code_dir.join(LAYERS_FOLDER);
    if !root.is_dir() {
        return BTreeMap::new();
    }
    let extended = |name: &str, folder: &str| {
        let folder = root.join(folder).display().to_string();
        let paths = match without_layers.get(name) {
            Some(paths) => format!("{paths}:{folder}"),
            None => folder,
        };
        (name.to_owned(), paths)
    };
    let mut search = BTreeMap::from([extended("PATH", "bin"), extended("LD_LIBRARY_PATH", "lib")]);
    if function.runtime.starts_with("python") {
        let packages = format!("python/lib/{}/site-packages", function.runtime);
        let folders = ["python", &packages].map(|folder| root.join(folder).display().to_string());
        search.insert("PYTHONPATH".to_owned(), folders.join(":"));
    }
    if function.runtime.starts_with("nodejs") {
        let (name, folder) = extended("NODE_PATH", "nodejs/node_modules");
        search.insert(name, folder);
    }
    search
}
