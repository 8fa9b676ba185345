//! `samconfig.toml`: the template, the stack's name and parameters, as `sam build` and `sam deploy` would read them.
//!
//! Source: AWS SAM developer guide, "AWS SAM CLI configuration file", read 2026-11-23.

use std::collections::BTreeMap;
use std::path::Path;

use crate::limits::SAMCONFIG_BYTES_MAX;
use crate::template::{Report, Span, Text};
use crate::{LoadStackError, Warning};

/// The settings of the environment `default` for `deploy`, or for every command.
#[derive(Debug, Default)]
pub(crate) struct SamConfig {
    pub stack_name: Option<String>,
    /// The region of the CDK app or packaged service that the template comes from; it replaces the file's there.
    pub app_region: Option<String>,
    /// Relative to the file.
    pub template_file: Option<String>,
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
        let table: toml::Table = match toml::from_str(&text.content) {
            Ok(table) => table,
            Err(error) => return Err(invalid(text, &error)),
        };
        let mut config = Self::default();
        // `sam deploy` may name the output of `sam build`, so `build` comes first.
        for command in ["build", "global", "deploy"] {
            let named = parameters(&table, command).and_then(|it| it.get("template_file"));
            let named = named.and_then(toml::Value::as_str).map(str::to_owned);
            config.template_file = config.template_file.or(named);
        }
        // A setting for one command overrides a setting for all commands.
        for command in ["deploy", "global"] {
            let Some(parameters) = parameters(&table, command) else {
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

    /// A text as on a command line, a list of such words, or a table; a list may contain tables too.
    fn add_overrides(&mut self, overrides: &toml::Value) {
        let items = match overrides {
            toml::Value::String(text) => words(text).into_iter().map(toml::Value::from).collect(),
            toml::Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        };
        for item in &items {
            match item {
                toml::Value::String(word) => self.add_word(word),
                other => self.add_table(other),
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        match pair(word) {
            Some((name, value)) => self.add(&name, value),
            None => self.warn("an entry without `Name=value` is ignored"),
        }
    }

    fn add_table(&mut self, table: &toml::Value) {
        let Some(table) = table.as_table() else {
            self.warn("an entry that is neither text nor table is ignored");
            return;
        };
        let named = table.get("ParameterKey").and_then(toml::Value::as_str);
        if let (Some(name), Some(value)) = (named, table.get("ParameterValue")) {
            self.add(name, text(value));
            return;
        }
        for (name, value) in table {
            self.add(name, text(value));
        }
    }

    fn add(&mut self, name: &str, value: String) {
        let overrides = &mut self.parameter_overrides;
        overrides.entry(name.to_owned()).or_insert(value);
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
            file: FILE_NAME.to_owned(),
            line: 0,
            column: 0,
        });
    }
}

fn invalid(text: Text, error: &toml::de::Error) -> LoadStackError {
    let span = error.span().unwrap_or(0..0);
    let span = Span::between(span.start, span.end);
    let message = format!("not valid TOML: {}", error.message());
    let help =
        "correct it, or remove the file: it is only read for the stack's name and parameters";
    Report::single(text, span, &message, "here", help)
}

fn parameters<'t>(table: &'t toml::Table, command: &str) -> Option<&'t toml::Value> {
    let environment = table.get("default")?;
    environment.get(command)?.get("parameters")
}

/// A value as text; a list becomes items with commas between them, the form of list parameters.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(boolean) => boolean.to_string(),
        toml::Value::Datetime(at) => at.to_string(),
        // CloudFormation has no parameters that are tables.
        toml::Value::Table(_) => String::new(),
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

/// Splits at blanks outside of quotation marks, which are dropped; a backslash quotes the next character.
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
