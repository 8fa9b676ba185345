//! The file that tells scripts and tests where everything is, once everything answers.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use server::Deployment;

use super::not_provided::NotProvided;

/// The file's content.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// URL of the Lambda API.
    endpoint: String,
    /// URL of the console: on the same port.
    console: String,
    /// URL of the demo's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// URL by logical id.
    http_apis: BTreeMap<String, String>,
    /// URL with the stage, by logical id.
    rest_apis: BTreeMap<String, String>,
    /// URL by logical id.
    function_urls: BTreeMap<String, String>,
    /// Values of API keys, by logical id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    api_keys: BTreeMap<String, String>,
    /// What to invoke, by function name.
    functions: BTreeMap<String, String>,
    /// Why a function cannot run here, by function name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    left_out: BTreeMap<String, String>,
    /// Where functions are in their CDK app, by function name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    constructs: BTreeMap<String, String>,
    /// Parts of the template that do nothing here, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_provided: Vec<NotProvided>,
    /// Absolute.
    data_dir: PathBuf,
    /// Of this process.
    pid: u32,
}

impl Ready {
    /// The content for a deployment.
    pub fn new(endpoint: &str, deployment: &Deployment, data_dir: &Path) -> Self {
        let functions = deployment.functions.iter();
        Self {
            endpoint: endpoint.to_owned(),
            console: endpoint.to_owned(),
            page: None,
            http_apis: deployment.http_apis.clone(),
            rest_apis: deployment.rest_apis.clone(),
            function_urls: deployment.function_urls.clone(),
            api_keys: deployment.api_keys.clone(),
            functions: functions
                .map(|function| (function.name.clone(), function.arn.clone()))
                .collect(),
            left_out: deployment
                .left_out
                .iter()
                .map(|function| (function.name.clone(), function.reason.clone()))
                .collect(),
            constructs: deployment
                .functions
                .iter()
                .filter_map(|it| Some((it.name.clone(), it.construct_path.clone()?)))
                .collect(),
            not_provided: deployment.warnings.iter().map(NotProvided::from).collect(),
            data_dir: data_dir.to_owned(),
            pid: std::process::id(),
        }
    }

    /// The same with a page that belongs to the system.
    pub fn set_page(&mut self, url: &str) {
        self.page = Some(url.to_owned());
    }
}

/// The file's place. It is removed in the beginning and in the end: while it exists, the service answers.
#[derive(Debug)]
pub struct ReadyFile {
    path: PathBuf,
}

impl ReadyFile {
    /// Removes what an earlier run left.
    ///
    /// # Errors
    /// When it cannot be removed: scripts would believe it.
    pub fn new(path: PathBuf) -> anyhow::Result<Self> {
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot remove the old `{}`", path.display()));
            }
        }
        Ok(Self { path })
    }

    /// Writes it atomically: readers see all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, ready: &Ready) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(ready)?;
        let mut partial = self.path.clone().into_os_string();
        partial.push(format!(".partial-{}", std::process::id()));
        // Only the owner may read it, as it names all addresses.
        let written = || {
            let mut options = std::fs::OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&partial)?;
            file.write_all((text + "\n").as_bytes())?;
            std::fs::rename(&partial, &self.path)
        };
        written().with_context(|| format!("cannot write the ready file `{}`", self.path.display()))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "cannot remove the ready file");
            }
        }
    }
}
