//! A function's layers: the content of Lambda's `/opt` is here in a folder of the code, and appears at `/opt` if the
//! system allows it (see [`mounts`](crate::mounts)).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::exec_wrapper::EXEC_WRAPPER;
use crate::folders::{LAYERS_FOLDER, LAYERS_ROOT, TASK_ROOT, on_this_machine};
use crate::function::FunctionConfig;
use crate::mounts::LayersAt;

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

/// The search paths of a function that has layers; the function may change them. The defaults for programs and
/// libraries name Lambda's paths.
/// Source: Lambda developer guide, "Packaging layers", "Layer paths for each Lambda runtime".
pub(crate) fn search_paths(function: &FunctionConfig, at: &LayersAt) -> BTreeMap<String, String> {
    let mut search = BTreeMap::new();
    let files = function.code_dir.join(LAYERS_FOLDER);
    if !files.is_dir() {
        return search;
    }
    let root = match at {
        LayersAt::Opt(_) => Path::new(LAYERS_ROOT),
        LayersAt::CodeFolder => &files,
    };
    let list = |folders: &[String]| {
        let folders = folders.iter();
        let folders = folders.map(|folder| root.join(folder).display().to_string());
        folders.collect::<Vec<_>>().join(":")
    };
    if function.runtime.starts_with("python") {
        let packages = format!("python/lib/{}/site-packages", function.runtime);
        let folders = ["python".to_owned(), packages];
        search.insert("PYTHONPATH".to_owned(), list(&folders));
    }
    if let Some(version) = function.runtime.strip_prefix("nodejs") {
        let version = version.strip_suffix(".x").unwrap_or(version);
        let packages = format!("nodejs/node{version}/node_modules");
        let folders = ["nodejs/node_modules".to_owned(), packages];
        search.insert("NODE_PATH".to_owned(), list(&folders));
    }
    search
}

/// The program of an extension.
pub(crate) struct ExtensionProgram {
    /// Its file's name, by which it registers.
    pub(crate) name: String,
    /// Its path as its process sees it.
    pub(crate) path: PathBuf,
    /// Its path on this machine.
    pub(crate) file: PathBuf,
}

/// Returns the programs that Lambda starts beside a function's runtime, by name.
/// Source: Lambda developer guide, "Using the Lambda Extensions API", read 2026-11.
pub(crate) fn extensions(code_dir: &Path, at: &LayersAt) -> Vec<ExtensionProgram> {
    let folder = code_dir.join(LAYERS_FOLDER).join("extensions");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut programs: Vec<ExtensionProgram> = entries
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| ExtensionProgram {
            path: match at {
                LayersAt::Opt(_) => Path::new(LAYERS_ROOT).join("extensions").join(&name),
                LayersAt::CodeFolder => folder.join(&name),
            },
            file: folder.join(&name),
            name,
        })
        .collect();
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    programs
}

/// Variables with a list of paths, which may include Lambda's own.
const LISTS_OF_PATHS: [&str; 5] = [
    EXEC_WRAPPER,
    "LD_LIBRARY_PATH",
    "NODE_PATH",
    "PATH",
    "PYTHONPATH",
];

/// Replaces Lambda's folders, which the process does not see, with the real folders in the well-known variables. Paths
/// that only the machine has in `/opt` stay unchanged.
pub(crate) fn name_real_folders(
    function: &FunctionConfig,
    at: &LayersAt,
    environment: &mut BTreeMap<String, String>,
) {
    let code_dir = &function.code_dir;
    let opt_is_there = matches!(at, LayersAt::Opt(_));
    let real = |path: &str| {
        let is_layers = is_below(path, LAYERS_ROOT) && !opt_is_there;
        let is_code = is_below(path, TASK_ROOT) && !Path::new(TASK_ROOT).exists();
        let file = on_this_machine(code_dir, path);
        if is_code || (is_layers && file.exists()) {
            file.display().to_string()
        } else {
            path.to_owned()
        }
    };
    for name in LISTS_OF_PATHS {
        if let Some(list) = environment.get_mut(name) {
            let paths: Vec<String> = list.split(':').map(real).collect();
            *list = paths.join(":");
        }
    }
}

fn is_below(path: &str, root: &str) -> bool {
    Path::new(path).starts_with(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_variables_name_the_real_folders() {
        let code = tempfile::TempDir::new().expect("a folder");
        let mut function = FunctionConfig::for_tests();
        function.code_dir = code.path().to_owned();
        let layers = code.path().join(LAYERS_FOLDER);
        fs::create_dir_all(layers.join("bin")).expect("the layer");
        let name = |path: &str| {
            let mut environment = BTreeMap::from([
                ("PATH".to_owned(), path.to_owned()),
                ("OTHER".to_owned(), path.to_owned()),
            ]);
            name_real_folders(&function, &LayersAt::CodeFolder, &mut environment);
            assert_eq!(environment["OTHER"], path);
            environment.remove("PATH").expect("it is there")
        };
        let code = code.path().display();
        assert_eq!(
            name("/bin:/opt/bin:/opt/tools:/optional"),
            format!("/bin:{code}/.opt/bin:/opt/tools:/optional")
        );
        if !Path::new(TASK_ROOT).exists() {
            assert_eq!(name("/var/task/bin"), format!("{code}/bin"));
        }
        assert_eq!(name(""), "");
    }
}
