//! The output of `cdk synth`: a folder with a manifest, templates, and their assets.
//!
//! Source: the schemas of cloud-assembly-schema 36 to 48 and of asset manifests, read 2026-11-23.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::LoadStackError;
use crate::limits::{ASSEMBLIES_DEPTH_MAX, MANIFEST_BYTES_MAX};
use crate::template::{Report, Span, Text};

const MANIFEST: &str = "manifest.json";

/// A stack of an assembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssemblyStack {
    /// Its key in the manifest.
    id: String,
    /// The name that it would be deployed under.
    pub name: String,
    pub template: PathBuf,
    /// The region it would be deployed to, if the app names one: the template then contains it as a literal.
    pub region: Option<String>,
}

/// The selected stack, if the directory is an assembly: the only one, or the one with this name.
pub(crate) fn choose(
    directory: &Path,
    name: Option<&str>,
) -> Result<Option<AssemblyStack>, LoadStackError> {
    if !directory.join(MANIFEST).is_file() {
        return Ok(None);
    }
    let mut stacks = Vec::new();
    collect(directory, 0, &mut stacks)?;
    let named = |stack: &&AssemblyStack| name.is_some_and(|it| it == stack.name || it == stack.id);
    match (stacks.as_slice(), stacks.iter().find(named)) {
        (_, Some(stack)) => Ok(Some(stack.clone())),
        ([only], None) => Ok(Some(only.clone())),
        ([], None) => Err(LoadStackError::NotFound {
            path: directory.to_owned(),
            help: "its `manifest.json` names no stack; run `cdk synth`".to_owned(),
        }),
        (several, None) => {
            let names: Vec<&str> = several.iter().map(|it| it.name.as_str()).collect();
            Err(LoadStackError::Option {
                message: format!("`{}` holds several stacks", directory.display()),
                help: format!("choose one with `--stack`: {}", names.join(", ")),
            })
        }
    }
}

/// The names of an assembly's stacks; empty if the path is not an assembly.
///
/// # Errors
/// A manifest cannot be read.
pub fn stack_names(directory: &Path) -> Result<Vec<String>, LoadStackError> {
    let mut stacks = Vec::new();
    if directory.join(MANIFEST).is_file() {
        collect(directory, 0, &mut stacks)?;
    }
    Ok(stacks.into_iter().map(|stack| stack.name).collect())
}

/// The stacks of an assembly and of its nested assemblies, which are stages.
fn collect(
    directory: &Path,
    depth: usize,
    stacks: &mut Vec<AssemblyStack>,
) -> Result<(), LoadStackError> {
    let Some(manifest) = read(&directory.join(MANIFEST))? else {
        return Ok(());
    };
    let artifacts = manifest.get("artifacts").and_then(Value::as_object);
    // Sorted by name, independent of the manifest's order.
    let artifacts: BTreeMap<_, _> = artifacts.into_iter().flatten().collect();
    for (id, artifact) in artifacts {
        let property = |name: &str| artifact.get("properties")?.get(name)?.as_str();
        match artifact.get("type").and_then(Value::as_str) {
            Some("aws:cloudformation:stack") => {
                let Some(template) = property("templateFile") else {
                    continue;
                };
                stacks.push(AssemblyStack {
                    id: id.clone(),
                    name: property("stackName").unwrap_or(id).to_owned(),
                    template: directory.join(template),
                    region: artifact
                        .get("environment")
                        .and_then(Value::as_str)
                        .and_then(region),
                });
            }
            Some("cdk:cloud-assembly") if depth < ASSEMBLIES_DEPTH_MAX => {
                if let Some(name) = property("directoryName") {
                    collect(&directory.join(name), depth + 1, stacks)?;
                }
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// The region in `aws://ACCOUNT/REGION`.
fn region(environment: &str) -> Option<String> {
    let (_, region) = environment.strip_prefix("aws://")?.split_once('/')?;
    (region != "unknown-region").then(|| region.to_owned())
}

/// The folders of a template's assets, by the key of the S3 object that each would become: from
/// `X.assets.json` beside `X.template.json`.
pub(crate) fn assets(template: &Path) -> Result<BTreeMap<String, String>, LoadStackError> {
    let name = template.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| name.strip_suffix(".template.json"));
    let Some(stem) = stem else {
        return Ok(BTreeMap::new());
    };
    let manifest = read(&template.with_file_name(format!("{stem}.assets.json")))?;
    let files = manifest
        .as_ref()
        .and_then(|it| it.get("files")?.as_object());
    let mut paths = BTreeMap::new();
    for file in files.into_iter().flatten().map(|(_, file)| file) {
        let path = file.get("source").and_then(|it| it.get("path")?.as_str());
        let destinations = file.get("destinations").and_then(Value::as_object);
        for (_, destination) in destinations.into_iter().flatten() {
            let key = destination.get("objectKey").and_then(Value::as_str);
            if let (Some(key), Some(path)) = (key, path) {
                paths.insert(key.to_owned(), path.to_owned());
            }
        }
    }
    Ok(paths)
}

fn read(path: &Path) -> Result<Option<Value>, LoadStackError> {
    let Some(text) = Text::read(path, MANIFEST_BYTES_MAX)? else {
        return Ok(None);
    };
    let error = match serde_json::from_str(&text.content) {
        Ok(value) => return Ok(Some(value)),
        Err(error) => error,
    };
    let lines = text.content.split_inclusive('\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let offset = before + error.column().saturating_sub(1);
    let message = format!("not valid JSON: {error}");
    let (span, help) = (Span { offset, len: 0 }, "`cdk synth` writes the file again");
    Err(Report::single(
        text,
        span,
        &message,
        "reading ended here",
        help,
    ))
}
