//! `samconfig.toml`: the stack's name and parameters, as `sam deploy` would take them.
//!
//! Source: AWS SAM developer guide, "AWS SAM CLI configuration file", read 2026-11-23.

use std::collections::BTreeMap;
use std::path::Path;

use crate::limits::SAMCONFIG_BYTES_MAX;
use crate::template::{Report, Span, Text};
use crate::{LoadStackError, Warning};

/// What the environment `default` says about `deploy`, or about every command.
#[derive(Debug, Default)]
pub(crate) struct SamConfig {
    pub stack_name: Option<String>,
    pub parameter_overrides: BTreeMap<String, String>,
    pub warnings: Vec<Warning>,
}

const FILE_NAME: &str = "samconfig.toml";

impl SamConfig {
    /// Reads the file in the template's directory, if there is one.
    pub fn read(directory: &Path) -> Result<Self, LoadStackError> {
        let Some(text) = Text::read(&directory.join(FILE_NAME), SAMCONFIG_BYTES_MAX)? else {
            return Ok(Self::default());
        };
        Self::parse(text)
    }

    pub fn parse(text: Text) -> Result<Self, LoadStackError> {
        let parsed: Result<toml::Table, toml::de::Error> = toml::from_str(&text.content);
        let table = match parsed {
            Ok(table) => table,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let report = Report::new(text);
                report.problem(
                    Span::between(span.start, span.end),
                    format!("not valid TOML: {}", error.message()),
                    "here",
                    "correct it, or remove the file: it is only read for the stack's name and \
                     parameters",
                );
                let invalid = report.finish().expect_err("a problem was just added");
                return Err(invalid.into());
            }
        };
        let mut config = Self::default();
        // What is said about one command wins over what is said about all.
        for command in ["deploy", "global"] {
            let parameters = table
                .get("default")
                .and_then(|environment| environment.get(command))
                .and_then(|command| command.get("parameters"));
            let Some(parameters) = parameters else {
                continue;
            };
            let name = parameters.get("stack_name").and_then(toml::Value::as_str);
            config.stack_name = config.stack_name.or_else(|| name.map(str::to_owned));
            if let Some(overrides) = parameters.get("parameter_overrides") {
                config.add_overrides(overrides);
            }
        }
        Ok(config)
    }

    fn add_overrides(&mut self, overrides: &toml::Value) {
        let words: Vec<String> = match overrides {
            toml::Value::String(text) => words(text),
            toml::Value::Array(items) => items
                .iter()
                .filter_map(toml::Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        for word in words {
            match pair(&word) {
                Some((name, value)) => {
                    self.parameter_overrides.entry(name).or_insert(value);
                }
                None => self.warn("an entry without `Name=value` is ignored"),
            }
        }
    }

    /// Warns about overrides of parameters that the template does not have.
    pub fn warn_of_unknown(&mut self, is_known: impl Fn(&str) -> bool) {
        let names: Vec<String> = self.parameter_overrides.keys().cloned().collect();
        for name in names.iter().filter(|name| !is_known(name)) {
            self.warn(&format!("the template has no parameter `{name}`"));
        }
    }

    fn warn(&mut self, meaning: &str) {
        self.warnings.push(Warning {
            logical_id: FILE_NAME.to_owned(),
            resource_type: "samconfig".to_owned(),
            property: Some("parameter_overrides".to_owned()),
            meaning: meaning.to_owned(),
            line: 0,
            column: 0,
        });
    }
}

/// `Name=value`, or `ParameterKey=Name,ParameterValue=value`.
fn pair(word: &str) -> Option<(String, String)> {
    let (name, value) = match word.strip_prefix("ParameterKey=") {
        Some(rest) => rest.split_once(",ParameterValue=")?,
        None => word.split_once('=')?,
    };
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    (!name.is_empty()).then(|| (name.to_owned(), unquoted.to_owned()))
}

/// Splits at blanks outside of quotation marks, which are dropped; a backslash takes the next
/// character as it is.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
