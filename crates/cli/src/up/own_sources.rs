//! The folders in which developers edit the running code: debuggers and tracebacks lead there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stack::{FunctionResource, Stack};

use super::tree::is_left_out;

/// Files that are looked at for the one that an asset of CDK's was made of.
const FILES_MAX: usize = 20_000;

/// The folder of each function, by function name.
pub fn folders(stack: &Stack) -> BTreeMap<String, PathBuf> {
    // Many functions may be one asset, and looking for its original is long.
    let mut known = BTreeMap::new();
    let functions = stack.functions.iter();
    let functions = functions.map(|it| {
        let module = it.handler.rsplit_once('.').map(|(module, _)| module);
        let folder = known
            .entry((it.code_path.as_path(), module))
            .or_insert_with(|| {
                let folder = folder(it, stack);
                std::path::absolute(&folder).unwrap_or(folder)
            });
        (it.name.clone(), folder.clone())
    });
    functions.collect()
}

/// The folder that the developer edits. An asset of CDK's is a copy: of the folder that has the handler's file as it
/// is.
pub fn folder(function: &FunctionResource, stack: &Stack) -> PathBuf {
    let code = &function.code_path;
    let name = code.file_name().and_then(|it| it.to_str());
    if !name.is_some_and(|it| it.starts_with("asset.")) {
        return code.clone();
    }
    let beside = stack.template_path.parent().unwrap_or(Path::new("."));
    let project = std::path::absolute(beside).unwrap_or_else(|_| beside.to_owned());
    let Some(project) = project.ancestors().find(|it| it.join("cdk.json").is_file()) else {
        return code.clone();
    };
    let Some((module, _)) = function.handler.rsplit_once('.') else {
        return code.clone();
    };
    let files = ["py", "js", "mjs", "cjs"].map(|ending| format!("{module}.{ending}"));
    let there = files
        .iter()
        .map(Path::new)
        .find(|it| code.join(it).is_file());
    let original = there.and_then(|file| {
        let content = fs::read(code.join(file)).ok()?;
        let mut looked_at = 0;
        copy_of(file, &content, project, &mut looked_at)
    });
    original.unwrap_or_else(|| code.clone())
}

/// The folder below this one in which a file has this content.
fn copy_of(file: &Path, content: &[u8], folder: &Path, looked_at: &mut usize) -> Option<PathBuf> {
    if fs::read(folder.join(file)).is_ok_and(|it| it == content) {
        return Some(folder.to_owned());
    }
    for entry in fs::read_dir(folder).ok()?.flatten() {
        *looked_at += 1;
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
        if !is_folder || is_left_out(&name) || entry.path().join("manifest.json").is_file() {
            continue;
        }
        if *looked_at > FILES_MAX {
            return None;
        }
        let found = copy_of(file, content, &entry.path(), looked_at);
        if found.is_some() {
            return found;
        }
    }
    None
}
