//! `BuildMethod: esbuild`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stack::FunctionResource;
use tokio::process::Command;

use super::npm::{Installed, Wanted, has_other_lock, npm};
use super::program::{Program, on_path, relative, run};
use super::provided::{self, Provided};
use super::{Workshop, clear};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;

/// The esbuild for projects that bring none. SAM uses the project's own.
const ESBUILD: &str = "esbuild@0.25.12";

/// Packages of Lambda's Node.js runtimes, which SAM leaves out of a bundle unless told otherwise. Source:
/// aws-lambda-builders, workflow `nodejs_npm_esbuild`, read 2026-11.
const EXTERNAL: [&str; 2] = ["@aws-sdk/*", "@smithy/*"];

/// Bundles a function as SAM does, with the project's esbuild or one of ours. Returns the bundle's folder, and the
/// bundled packages that the project does not name.
///
/// # Errors
/// npm or esbuild fails.
pub async fn esbuild(
    function: &FunctionResource,
    subject: &Subject,
    source: &Path,
    debugged: bool,
    workshop: Workshop<'_>,
) -> Result<(PathBuf, Option<Provided>), BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let installed = packages(subject, source, workshop).await?;
    let mut modules = installed.map_or_else(Vec::new, |it| it.modules);
    let program = program(subject, source, &modules, workshop).await?;
    let arguments = arguments(function, source, &target, debugged);
    let provided = bundled(source, &modules, &arguments, workshop).await;
    modules.extend(provided.iter().map(|it| it.folder.join("node_modules")));
    clear(&target)?;
    let mut command = Command::new(&program);
    command
        .current_dir(source)
        .args(&arguments)
        .arg(format!("--outdir={}", target.display()));
    // esbuild searches these after the folders above the source.
    if let Ok(path) = std::env::join_paths(&modules) {
        command.env("NODE_PATH", path);
    }
    let shown = format!("esbuild {} (in {})", arguments.join(" "), relative(source));
    let progress = Progress::start(format!("bundling {}", subject.shown));
    run(subject, Program::new(command, shown), progress).await?;
    Ok((target, provided))
}

/// Installs the packages of the nearest `package.json`. None if `node_modules` lies above the source, or another
/// package manager than npm installed it: then esbuild uses the developer's installation.
async fn packages(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<Option<Installed>, BuildError> {
    for (steps, folder) in workshop.upwards(source).enumerate() {
        if steps > 0 && folder.join("node_modules").is_dir() {
            return Ok(None);
        }
        if folder.join("package.json").is_file() {
            let by_another = |it: &Path| has_other_lock(it) && it.join("node_modules").is_dir();
            if workshop.upwards(folder).any(by_another) {
                return Ok(None);
            }
            return npm(subject, folder, Wanted::Build, workshop).await;
        }
    }
    Ok(None)
}

/// The project's esbuild, that of the machine, or ours.
async fn program(
    subject: &Subject,
    source: &Path,
    modules: &[PathBuf],
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let above = workshop.upwards(source).map(|it| it.join("node_modules"));
    let mut own = modules.iter().cloned().chain(above);
    if let Some(program) = own
        .by_ref()
        .map(|modules| modules.join(".bin/esbuild"))
        .find(|program| program.is_file())
        .or_else(|| on_path("esbuild"))
    {
        return Ok(program);
    }
    let wanted = ESBUILD.to_owned();
    let provided = provided::tool(subject, &wanted, workshop.runtimes).await?;
    Ok(provided.join("node_modules/.bin/esbuild"))
}

/// Installs packages that Lambda brings, that the code imports and bundles, and that the project does not have.
async fn bundled(
    source: &Path,
    modules: &[PathBuf],
    arguments: &[String],
    workshop: Workshop<'_>,
) -> Option<Provided> {
    let above = workshop.upwards(source).map(|it| it.join("node_modules"));
    let folders: Vec<PathBuf> = modules.iter().cloned().chain(above).collect();
    let is_external = |name: &str| {
        let patterns = arguments.iter();
        let mut patterns = patterns.filter_map(|it| it.strip_prefix("--external:"));
        patterns.any(|pattern| match pattern.split_once('*') {
            Some((head, _)) => name.starts_with(head),
            None => name == pattern,
        })
    };
    let wanted: BTreeSet<String> = provided::imported(source)
        .into_iter()
        .filter(|name| !is_external(name))
        .filter(|name| !folders.iter().any(|folder| folder.join(name).is_dir()))
        .collect();
    provided::provide(wanted, workshop.runtimes).await
}

/// SAM's `BuildProperties` in esbuild's words. Source: SAM developer guide, "Building Node.js Lambda functions with
/// esbuild".
fn arguments(
    function: &FunctionResource,
    source: &Path,
    target: &Path,
    debugged: bool,
) -> Vec<String> {
    let empty = Value::Null;
    let properties = function.build_properties.as_ref().unwrap_or(&empty);
    let texts = |name: &str| -> Vec<String> {
        match &properties[name] {
            Value::Array(values) => values.iter().filter_map(text).collect(),
            value => text(value).into_iter().collect(),
        }
    };
    let flag = |name: &str, default: bool| match &properties[name] {
        Value::Bool(value) => *value,
        Value::String(value) => value == "true",
        _ => default,
    };
    let mut arguments = texts("EntryPoints");
    if arguments.is_empty() {
        arguments.push(entry_point(&function.handler, source));
    }
    let module = module(&function.handler);
    let is_of_handler = |entry: &String| {
        let entry = entry.trim_start_matches("./");
        entry
            .rsplit_once('.')
            .is_some_and(|(file, _)| file == module)
    };
    // SAM names the built file in `Handler`; here it is built where `Handler` looks for it.
    if module.contains('/') && arguments.iter().any(is_of_handler) {
        arguments.push("--outbase=.".to_owned());
    }
    arguments.extend(["--bundle", "--platform=node"].map(str::to_owned));
    let one = |name: &str, option: &str, default: Option<&str>| {
        let value = texts(name)
            .into_iter()
            .next()
            .or(default.map(str::to_owned));
        value.map(|value| format!("--{option}={value}"))
    };
    arguments.extend(one("Format", "format", Some("cjs")));
    arguments.extend(one("Target", "target", Some("es2022")));
    if flag("Minify", true) && !debugged {
        arguments.push("--minify".to_owned());
    }
    if flag("Sourcemap", false) || debugged {
        arguments.push("--sourcemap".to_owned());
        // The bundle runs in another folder, where relative paths lead nowhere.
        arguments.push(format!("--source-root={}/", target.display()));
    }
    if flag("KeepNames", false) {
        arguments.push("--keep-names".to_owned());
    }
    if properties["External"].is_null() {
        arguments.extend(EXTERNAL.map(|it| format!("--external:{it}")));
    }
    for (name, option, separator) in [
        ("External", "external", ":"),
        ("Loader", "loader", ":"),
        ("OutExtension", "out-extension", ":"),
        ("Banner", "banner", ":"),
        ("Define", "define", ":"),
    ] {
        let values = texts(name).into_iter();
        arguments.extend(values.map(|value| format!("--{option}{separator}{value}")));
    }
    let main_fields = texts("MainFields");
    if !main_fields.is_empty() {
        arguments.push(format!("--main-fields={}", main_fields.join(",")));
    }
    arguments
}

/// The file that a handler is in, without its ending.
fn module(handler: &str) -> &str {
    let module = handler.rsplit_once('.').map_or("app", |(module, _)| module);
    module.trim_start_matches("./")
}

/// The file that a handler is in.
fn entry_point(handler: &str, source: &Path) -> String {
    let module = module(handler);
    let candidates = ["ts", "tsx", "mts", "js", "mjs"].map(|ending| format!("{module}.{ending}"));
    let there = candidates.iter().find(|it| source.join(it).is_file());
    there.unwrap_or(&candidates[0]).clone()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
