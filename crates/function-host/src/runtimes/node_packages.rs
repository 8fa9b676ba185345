//! Packages that Lambda's Node.js runtimes include: installed by npm if a function imports them and does not have them.
//!
//! Each set has its own folder, and the link `current` leads to the newest. An installed set never changes, because
//! processes may be reading it. The client looks there only for packages that it finds nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::preparation::PrepareRuntimeError;
use crate::unix;

/// Lines of npm's output that an error repeats.
const OUTPUT_LINES: usize = 20;

/// The result of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePackages {
    /// The folder with their `node_modules`.
    pub folder: PathBuf,
    /// The version of each.
    pub versions: BTreeMap<String, String>,
    /// Names that the registry does not know.
    pub unknown: BTreeSet<String>,
}

/// The path of the link `current` to the newest set, below the folder of all runtimes.
pub(super) fn current(dir: &Path) -> PathBuf {
    dir.join("nodejs-packages-1/current")
}

/// The versions that Lambda may have: AWS's SDK moves within its major version there too.
fn versions_wanted(name: &str) -> &'static str {
    if name.starts_with("@aws-sdk/") {
        "^3"
    } else if name == "@aws/durable-execution-sdk-js" {
        "^2.4.0"
    } else {
        "*"
    }
}

/// The names in the newest set.
pub(super) fn present(dir: &Path) -> BTreeSet<String> {
    let manifest = json(&current(dir).join("package.json"));
    let names = manifest["dependencies"].as_object();
    names
        .into_iter()
        .flat_map(|it| it.keys().cloned())
        .collect()
}

/// Installs a new set with the missing packages and the present ones.
///
/// # Errors
/// npm fails or is not installed, or a file cannot be written.
pub(super) fn install(
    dir: &Path,
    wanted: &BTreeSet<String>,
) -> Result<NodePackages, PrepareRuntimeError> {
    let current = current(dir);
    let mut unknown = BTreeSet::new();
    loop {
        let before = present(dir);
        let mut names: BTreeSet<String> = before.union(wanted).cloned().collect();
        names.retain(|name| !unknown.contains(name));
        if names.is_empty() || names == before {
            return Ok(installed(current, unknown));
        }
        let set = names
            .iter()
            .map(|name| (name.as_str(), versions_wanted(name)));
        let folder = current.with_file_name(folder_name(&names));
        let refused = match npm_install(&folder, set.collect()) {
            Ok(()) => BTreeSet::new(),
            Err(Refused::Unknown(names)) => names,
            Err(Refused::Failed(error)) => return Err(error),
        };
        if !refused.is_empty() {
            unknown.extend(refused);
            continue;
        }
        // If another server has installed another set meanwhile, that one stays.
        if present(dir) == before {
            lead_to(&folder, &current)?;
            return Ok(installed(current, unknown));
        }
    }
}

/// Installs a program, such as `esbuild@0.25.12`; returns the folder with its `node_modules`.
///
/// # Errors
/// As [`install`].
pub(super) fn install_tool(dir: &Path, tool: &str) -> Result<PathBuf, PrepareRuntimeError> {
    let folder = tool_folder(dir, tool);
    let (name, version) = tool.rsplit_once('@').unwrap_or((tool, "*"));
    match npm_install(&folder, BTreeMap::from([(name, version)])) {
        Ok(()) => Ok(folder),
        Err(Refused::Failed(error)) => Err(error),
        Err(Refused::Unknown(_)) => Err(PrepareRuntimeError::Install {
            runtime: "nodejs".to_owned(),
            command: format!("npm install {tool}"),
            output: "the package registry does not know it".to_owned(),
        }),
    }
}

pub(super) fn tool_folder(dir: &Path, tool: &str) -> PathBuf {
    dir.join("nodejs-tools").join(tool.replace('/', "+"))
}

fn installed(folder: PathBuf, unknown: BTreeSet<String>) -> NodePackages {
    let folder = folder.canonicalize().unwrap_or(folder);
    let manifest = json(&folder.join("package.json"));
    let names = manifest["dependencies"].as_object();
    let version = |name: &String| {
        let package = json(&folder.join("node_modules").join(name).join("package.json"));
        Some((name.clone(), package["version"].as_str()?.to_owned()))
    };
    NodePackages {
        versions: names
            .into_iter()
            .flat_map(|it| it.keys())
            .filter_map(version)
            .collect(),
        folder,
        unknown,
    }
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn folder_name(names: &BTreeSet<String>) -> String {
    let mut hasher = DefaultHasher::new();
    for name in names {
        (name, versions_wanted(name)).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Why npm installed nothing.
enum Refused {
    /// The registry does not know these packages.
    Unknown(BTreeSet<String>),
    Failed(PrepareRuntimeError),
}

/// Installs beside the folder and moves it there, so that a broken installation is never mistaken for a complete one.
fn npm_install(folder: &Path, packages: BTreeMap<&str, &str>) -> Result<(), Refused> {
    if folder.is_dir() {
        return Ok(());
    }
    let partial = folder.with_extension(format!("partial-{}", std::process::id()));
    let io = |cause| {
        Refused::Failed(PrepareRuntimeError::Io {
            runtime: "nodejs".to_owned(),
            path: partial.clone(),
            cause,
        })
    };
    let _ = fs::remove_dir_all(&partial);
    unix::create_private_dir(&partial).map_err(io)?;
    let manifest = serde_json::json!({"private": true, "dependencies": packages});
    fs::write(partial.join("package.json"), manifest.to_string()).map_err(io)?;
    let output = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&partial)
        .stdin(Stdio::null())
        .output()
        .map_err(io)?;
    if output.status.success() {
        return match fs::rename(&partial, folder) {
            Ok(()) => Ok(()),
            // Another server was faster.
            Err(_) if folder.is_dir() => fs::remove_dir_all(&partial).map_err(io),
            Err(cause) => Err(io(cause)),
        };
    }
    // The partial installation is useless, and the output has all its information.
    let _ = fs::remove_dir_all(&partial);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let unknown = unknown_in(&said, packages.keys().copied());
    if !unknown.is_empty() {
        return Err(Refused::Unknown(unknown));
    }
    let names: Vec<&str> = packages.keys().copied().collect();
    let lines: Vec<&str> = said.lines().collect();
    Err(Refused::Failed(PrepareRuntimeError::Install {
        runtime: "nodejs".to_owned(),
        command: format!("npm install {}", names.join(" ")),
        output: lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n"),
    }))
}

/// The packages for which npm got the answer 404.
fn unknown_in<'a>(said: &str, names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("404")).collect();
    let is_named = |name: &str| {
        let quoted = format!("{name}@");
        let encoded = name.replace('/', "%2f");
        let ends = |line: &str| line.split_whitespace().any(|word| word.ends_with(&encoded));
        lines
            .iter()
            .any(|line| line.contains(&quoted) || ends(line))
    };
    names
        .filter(|name| is_named(name))
        .map(str::to_owned)
        .collect()
}

/// Points a link to a folder, atomically for readers.
fn lead_to(folder: &Path, link: &Path) -> Result<(), PrepareRuntimeError> {
    let partial = link.with_extension(format!("partial-{}", std::process::id()));
    let io = |cause| PrepareRuntimeError::Io {
        runtime: "nodejs".to_owned(),
        path: link.to_owned(),
        cause,
    };
    let _ = fs::remove_file(&partial);
    symlink(folder.file_name().unwrap_or_default(), &partial).map_err(io)?;
    fs::rename(&partial, link).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_the_registry_does_not_know_are_told_from_other_failures() {
        let said = "npm error code E404\n\
                    npm error 404 Not Found - GET https://packages.example/@aws-sdk%2fclient-no - Not found\n\
                    npm error 404  '@aws-sdk/client-nope@^3' is not in this registry.";
        let names = [
            "@aws-sdk/client-no",
            "@aws-sdk/client-nope",
            "@aws-sdk/client-s3",
        ];
        let unknown: Vec<String> = unknown_in(said, names.into_iter()).into_iter().collect();
        assert_eq!(unknown, ["@aws-sdk/client-no", "@aws-sdk/client-nope"]);
        assert!(unknown_in("npm error network timeout", names.into_iter()).is_empty());
    }
}
