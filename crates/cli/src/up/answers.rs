//! The file of `--answers`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use server::Server;

use crate::exit::CliError;

/// Rules as the file has them.
#[derive(Debug)]
pub struct AnswersFile {
    path: PathBuf,
    rules: Value,
}

/// Reads the file, before anything is built for it.
///
/// # Errors
/// When there is none, or it is not YAML.
pub fn read(path: &Path) -> Result<AnswersFile, CliError> {
    let shown = path.display();
    let help = "`lambdura docs testing#answers` describes the rules";
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::usage(format!("`--answers {shown}` cannot be read: {error}"), help)
    })?;
    let rules = serde_saphyr::from_str(&text)
        .map_err(|error| CliError::usage(format!("`{shown}` is not YAML: {error}"), help))?;
    Ok(AnswersFile {
        path: path.to_owned(),
        rules,
    })
}

impl AnswersFile {
    /// The rules, for a server.
    pub fn rules(&self) -> Value {
        self.rules.clone()
    }

    /// Checks the rules against the functions of a server that has them.
    ///
    /// # Errors
    /// The problems of the rules.
    pub fn check(&self, server: &Server) -> Result<(), CliError> {
        let path = self.path.display().to_string();
        server.check_answers().map_err(|problem| {
            let help = "`lambdura docs testing#answers` describes the rules";
            CliError::usage(format!("`{path}`: {problem}"), help)
        })
    }
}
