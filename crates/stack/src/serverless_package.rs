//! The output of `serverless package` of the Serverless Framework: a folder with a template, the archives that it names
//! as objects of a bucket, and a file with the service's name.
//!
//! Source: the Serverless Framework 3.40.0, whose output was looked at on 2026-11-30.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::LoadStackError;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::template::Text;

/// The output folder, in the service's folder.
pub const FOLDER: &str = ".serverless";

const TEMPLATE: &str = "cloudformation-template-update-stack.json";
const STATE: &str = "serverless-state.json";

/// The file names of a service.
const SERVICE_FILES: [&str; 5] = [
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "serverless.js",
    "serverless.ts",
];

/// A packaged service.
pub(crate) struct Package {
    pub template: PathBuf,
    /// The framework's name for the stack.
    pub stack_name: Option<String>,
    pub region: Option<String>,
}

/// The file that shows that a directory is a service.
pub(crate) fn service_file(directory: &Path) -> Option<&'static str> {
    let mut names = SERVICE_FILES.into_iter();
    names.find(|name| directory.join(name).is_file())
}

/// The package in a service's directory, or the directory itself if it is a package.
///
/// # Errors
/// A file is there that cannot be read.
pub(crate) fn choose(directory: &Path) -> Result<Option<Package>, LoadStackError> {
    let folder = match directory.join(TEMPLATE).is_file() {
        true => directory.to_owned(),
        false if service_file(directory).is_some() => directory.join(FOLDER),
        false => return Ok(None),
    };
    let template = folder.join(TEMPLATE);
    if !template.is_file() {
        return Ok(None);
    }
    let state = state(&folder)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (service, provider) = (&state["service"], &state["service"]["provider"]);
    let named = |service: &str| {
        let stage = provider["stage"].as_str().unwrap_or("dev");
        format!("{service}-{stage}")
    };
    Ok(Some(Package {
        template,
        stack_name: text(&provider["stackName"]).or_else(|| service["service"].as_str().map(named)),
        region: text(&provider["region"]),
    }))
}

/// The archives beside a template, by the keys in the template.
///
/// # Errors
/// A file is there that cannot be read.
pub(crate) fn archives(template: &Path) -> Result<BTreeMap<String, String>, LoadStackError> {
    let mut archives = BTreeMap::new();
    let is_its_own = template.file_name().is_some_and(|it| it == TEMPLATE);
    let Some(folder) = template.parent().filter(|_| is_its_own) else {
        return Ok(archives);
    };
    let state = state(folder)?;
    let Some(prefix) = state["package"]["artifactDirectoryName"].as_str() else {
        return Ok(archives);
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if let Some(name) = entry.file_name().to_str().filter(|it| it.ends_with(".zip")) {
            archives.insert(format!("{prefix}/{name}"), name.to_owned());
        }
    }
    Ok(archives)
}

/// The state file; none of its members is required.
fn state(folder: &Path) -> Result<Value, LoadStackError> {
    let text = Text::read(&folder.join(STATE), MANIFEST_BYTES_MAX)?;
    let value = text.and_then(|text| serde_json::from_str(&text.content).ok());
    Ok(value.unwrap_or_default())
}
