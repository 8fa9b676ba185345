//! Packages that Lambda's Node.js runtimes bring: finds those that code imports, and installs them beside the runtime
//! client.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use owo_colors::OwoColorize;
use server::Runtimes;

use crate::neutral::neutral_lines;
use crate::screen::note;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;
use crate::up::tree::is_left_out;

/// Beginnings of the names of packages that Lambda brings.
const BEGINNINGS: [&str; 3] = ["@aws-sdk/", "@smithy/", "@aws/durable-execution-sdk-js"];

/// Endings of files that may import something.
const ENDINGS: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx"];

/// Folders within each other that are looked through.
const DEPTH_MAX: usize = 32;

/// Installed packages that no `package.json` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// The folder with their `node_modules`.
    pub folder: PathBuf,
    /// Versions of those that were asked for.
    pub versions: BTreeMap<String, String>,
}

/// The packages that Lambda brings and that the files of a folder, or its packages as peers, name.
pub fn imported(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    look_through(folder, 0, &mut names);
    for package in packages(&folder.join("node_modules")) {
        let manifest = fs::read_to_string(package.join("package.json")).unwrap_or_default();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
        let peers = manifest["peerDependencies"].as_object();
        let peers = peers.into_iter().flat_map(|it| it.keys());
        names.extend(
            peers
                .filter(|it| BEGINNINGS.iter().any(|known| it.starts_with(known)))
                .cloned(),
        );
    }
    names
}

/// Those of the packages that a function imports and does not have.
pub fn missing(artifact: &Path) -> BTreeSet<String> {
    let folders = ["node_modules", ".opt/nodejs/node_modules"].map(|it| artifact.join(it));
    let mut names = imported(artifact);
    names.retain(|name| !folders.iter().any(|folder| folder.join(name).is_dir()));
    names
}

fn packages(modules: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let mut packages = Vec::new();
    for entry in entries(modules) {
        if entry.file_name().as_encoded_bytes().starts_with(b"@") {
            packages.extend(entries(&entry.path()).map(|it| it.path()));
        } else {
            packages.push(entry.path());
        }
    }
    packages
}

fn look_through(folder: &Path, depth: usize, names: &mut BTreeSet<String>) {
    if depth > DEPTH_MAX {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && !is_left_out(&entry.file_name()) {
            look_through(&path, depth + 1, names);
        }
        let ending = path.extension().and_then(|it| it.to_str());
        if kind.is_file() && ending.is_some_and(|it| ENDINGS.contains(&it)) {
            // The build reports a file that cannot be read.
            names.extend(named_in(&fs::read(&path).unwrap_or_default()));
        }
    }
}

/// The packages that a text in JavaScript or TypeScript imports, as whole names or with a path behind them.
fn named_in(text: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| quote(byte)) {
        let rest = &text[at + 1..];
        let begins = |known: &&str| rest.starts_with(known.as_bytes());
        // Other texts name packages too, such as user agents.
        let before = text[..at].trim_ascii_end();
        let imports = [&b"("[..], b"from", b"import"];
        // AWS's SDK has symbols of such names: `Symbol.for("@smithy/…")`.
        let is_import =
            imports.iter().any(|it| before.ends_with(it)) && !before.ends_with(b".for(");
        if !BEGINNINGS.iter().any(begins) || !is_import {
            continue;
        }
        let end = rest.iter().position(|byte| quote(byte) || *byte == b'\n');
        let Some(specifier) = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok()) else {
            continue;
        };
        let name: Vec<&str> = specifier.splitn(3, '/').take(2).collect();
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if let [scope, package] = name[..]
            && !package.is_empty()
            && package.bytes().all(is_word)
            && (scope != "@aws" || package == "durable-execution-sdk-js")
        {
            names.insert(format!("{scope}/{package}"));
        }
    }
    names
}

/// Installs packages once per machine, and says which could not be installed; the start goes on without them.
pub async fn provide(wanted: BTreeSet<String>, runtimes: &Arc<Runtimes>) -> Option<Provided> {
    if wanted.is_empty() {
        return None;
    }
    let progress = runtimes.needs_node_packages(&wanted).then(|| {
        let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
        Progress::start(format!("installing {}", names.join(", ")))
    });
    let names = wanted.clone();
    let runtimes = Arc::clone(runtimes);
    let installed = tokio::task::spawn_blocking(move || runtimes.node_packages(&names)).await;
    let installed =
        installed.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
    let installed = match installed {
        Ok(installed) => {
            if let Some(progress) = progress {
                progress.done();
            }
            installed
        }
        Err(error) => {
            if let Some(progress) = progress {
                progress.failed();
            }
            note(format!(
                "{} functions import packages that Lambda brings, and they cannot be installed here; name them in \
                 `package.json`: {}",
                "!".yellow(),
                neutral_lines(&error.to_string())
            ));
            return None;
        }
    };
    for name in &installed.unknown {
        note(format!(
            "{} `{name}` is imported, and the package registry does not know it",
            "!".yellow()
        ));
    }
    let mut versions = installed.versions;
    versions.retain(|name, _| wanted.contains(name));
    Some(Provided {
        folder: installed.folder,
        versions,
    })
}

/// Installs a program once per machine; returns the folder with its `node_modules`.
///
/// # Errors
/// npm fails.
pub async fn tool(
    subject: &Subject,
    wanted: &str,
    runtimes: &Arc<Runtimes>,
) -> Result<PathBuf, BuildError> {
    let progress = (!runtimes.has_node_tool(wanted)).then(|| {
        Progress::start(format!(
            "installing {wanted}, which the project does not bring"
        ))
    });
    let (tool, shared) = (wanted.to_owned(), Arc::clone(runtimes));
    let installed = tokio::task::spawn_blocking(move || shared.node_tool(&tool)).await;
    let installed =
        installed.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
    match (progress, &installed) {
        (Some(progress), Ok(_)) => progress.done(),
        (Some(progress), Err(_)) => progress.failed(),
        (None, _) => {}
    }
    installed.map_err(|cause| BuildError::Tool {
        subject: subject.clone(),
        tool: wanted.to_owned(),
        cause: Box::new(cause),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_however_they_are_written() {
        let text = br#"
            import { S3 } from '@aws-sdk/client-s3';
            const { x } = require("@aws-sdk/lib-dynamodb/dist-cjs/x.js"), y=require(`@smithy/types`)
            import { withDurableExecution } from "@aws/durable-execution-sdk-js"
            import other from "@aws/durable-execution-sdk-js-testing"
            import(`@aws-sdk/${name}`); const none = require('@aws-sdk/')
            const agent = "@aws-sdk/client-sqs"; import"@aws-sdk/client-sns"; Symbol.for("@smithy/nor")
            // @aws-sdk/client-sqs without quotes
        "#;
        let names: Vec<String> = named_in(text).into_iter().collect();
        assert_eq!(
            names,
            [
                "@aws-sdk/client-s3",
                "@aws-sdk/client-sns",
                "@aws-sdk/lib-dynamodb",
                "@aws/durable-execution-sdk-js",
                "@smithy/types"
            ]
        );
    }

    #[test]
    fn what_a_function_has_is_not_missing() {
        let dir = tempfile::tempdir().unwrap();
        for (file, content) in [
            (
                "index.mjs",
                "import '@aws-sdk/client-s3'; import '@aws-sdk/client-sqs'",
            ),
            ("node_modules/@aws-sdk/client-s3/package.json", "{}"),
            (
                "node_modules/powertools/package.json",
                r#"{"peerDependencies": {"@aws-sdk/client-ssm": "3", "react": "18"}}"#,
            ),
            (
                "node_modules/powertools/index.js",
                "require('@aws-sdk/client-sns')",
            ),
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let names: Vec<String> = missing(dir.path()).into_iter().collect();
        assert_eq!(names, ["@aws-sdk/client-sqs", "@aws-sdk/client-ssm"]);
    }
}
