//! Help for a directory without a template: searches it and the folders below it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::serverless_package::service_file;

/// The template names searched in a directory, as `sam` does.
pub(crate) const FILE_NAMES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// How deep and how many entries of a folder are searched, and how many finds are listed: enough for usual projects.
const DEPTH_MAX: usize = 3;
const ENTRIES_MAX: usize = 500;
const NAMED_MAX: usize = 6;

/// Folders that hold copies and projects of others.
const SKIPPED: [&str; 6] = [
    "node_modules",
    "cdk.out",
    "target",
    "dist",
    "vendor",
    "venv",
];

/// Help for a path to a directory without a template.
pub(crate) fn help(directory: &Path) -> String {
    if let Some(file) = service_file(directory) {
        return format!(
            "`{file}` is of the Serverless Framework: run `npx serverless package`, and start again"
        );
    }
    let names = FILE_NAMES.join(", ");
    let nothing = format!("the directory has none of {names}");
    let files = files(directory);
    let templates: Vec<&PathBuf> = files.iter().filter(|it| is_template(it)).collect();
    if !templates.is_empty() {
        let shown = |path: &&PathBuf| path.file_name().map(|it| it.to_string_lossy().into_owned());
        let shown = templates.iter().filter_map(shown).collect();
        return format!("{nothing}; name one of its templates: {}", listed(shown));
    }
    let mut below = Vec::new();
    find_below(directory, directory, 1, &mut below);
    if !below.is_empty() {
        below.sort();
        return format!("{nothing}; name a folder below it: {}", listed(below));
    }
    if files.iter().any(|it| has_extension(it, &["tf"])) {
        return format!(
            "{nothing}; Terraform's files are not read here: write the functions into a template"
        );
    }
    format!("{nothing}; name the template file")
}

/// A directory's files and, with a slash, its folders, in order.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.take(ENTRIES_MAX).map(|it| it.path()).collect();
    paths.sort();
    paths
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = entries(directory);
    files.retain(|it| it.is_file());
    files
}

/// The projects below a directory, except those nested in other projects.
fn find_below(root: &Path, directory: &Path, depth: usize, found: &mut Vec<String>) {
    for folder in entries(directory) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !folder.is_dir() || name.starts_with('.') || SKIPPED.contains(&&*name) {
            continue;
        }
        let is_project = FILE_NAMES.iter().any(|it| folder.join(it).is_file())
            || folder.join("cdk.json").is_file()
            || service_file(&folder).is_some();
        if is_project {
            let path = folder.strip_prefix(root).unwrap_or(&folder);
            found.push(path.display().to_string());
        } else if depth < DEPTH_MAX {
            find_below(root, &folder, depth + 1, found);
        }
    }
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|it| it.to_str());
    extension.is_some_and(|it| extensions.contains(&it))
}

/// Whether a file begins like a template.
fn is_template(path: &Path) -> bool {
    const BEGINNING_BYTES: u64 = 64 * 1024;
    if !has_extension(path, &["yaml", "yml", "json"]) {
        return false;
    }
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|it| it.take(BEGINNING_BYTES).read_to_end(&mut beginning));
    let beginning = String::from_utf8_lossy(&beginning);
    let marks = [
        "AWSTemplateFormatVersion",
        "AWS::Serverless",
        "AWS::Lambda::Function",
    ];
    read.is_ok() && marks.iter().any(|mark| beginning.contains(mark))
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let listed = format!("`{}`", names.join("`, `"));
    match more {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}
