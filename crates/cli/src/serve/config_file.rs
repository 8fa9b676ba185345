//! `lambdura.toml`: settings of `lambdura serve`. Each key is the name of a flag; flags and the environment take
//! precedence over the file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _};
use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;
use toml::Spanned;

use crate::args::Arguments;
use crate::exit::CliError;

/// Read where no other file is named, if it is there.
const DEFAULT: &str = "lambdura.toml";

/// Larger files are something else.
const BYTES_MAX: u64 = 1024 * 1024;

/// Flags that are no settings: they name the file, or something to do once.
const NO_SETTINGS: &[&str] = &["config", "check", "help", "version"];

/// A problem in the file.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
struct ConfigError {
    message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label]
    at: Option<SourceSpan>,
    #[help]
    help: Option<String>,
}

/// Reads the command line; for `serve`, with the settings of the file. Wrong arguments end the process, as clap does
/// it.
///
/// # Errors
/// A problem in the file, with line and column.
pub fn parse(words: Vec<OsString>) -> Result<Arguments, CliError> {
    let command = Arguments::command();
    let matches = command.clone().get_matches_from(&words);
    let Some(("serve", serve)) = matches.subcommand() else {
        return Ok(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()));
    };
    let named = serve.get_one::<PathBuf>("config");
    let path = named.map_or(Path::new(DEFAULT), PathBuf::as_path);
    if named.is_none() && !path.exists() {
        return Ok(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()));
    }
    let text = read(path)?;
    let settings = settings(path, &text)?;
    let command = command.mut_subcommand("serve", |serve| with_defaults(serve, settings));
    let matches = command.get_matches_from(&words);
    Ok(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

fn read(path: &Path) -> Result<String, CliError> {
    let failed = |error: std::io::Error| {
        CliError::usage(
            format!(
                "the settings in `{}` cannot be read: {error}",
                path.display()
            ),
            "`--config FILE` names another file",
        )
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > BYTES_MAX {
        return Err(CliError::usage(
            format!(
                "`{}` has {length} bytes, which is too large for settings",
                path.display()
            ),
            "`--config FILE` names another file",
        ));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The settings, by the id of the argument.
fn settings(path: &Path, text: &str) -> Result<BTreeMap<String, Vec<String>>, CliError> {
    let wrong = |message: String, at: Option<std::ops::Range<usize>>, help: Option<String>| {
        CliError::diagnostic(ConfigError {
            message,
            source_code: NamedSource::new(path.display().to_string(), text.to_owned()),
            at: at.map(SourceSpan::from),
            help,
        })
    };
    let table: BTreeMap<Spanned<String>, Spanned<toml::Value>> =
        toml::from_str(text).map_err(|error| {
            wrong(
                format!("the settings are not TOML: {}", error.message()),
                error.span(),
                None,
            )
        })?;
    let serve = serve_command();
    let known = known(&serve);
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        let name = key.get_ref().as_str();
        let Some(arg) = known.get(name) else {
            let closest = closest(name, known.keys().copied());
            let help = closest.map(|it| format!("did you mean `{it}`?"));
            let help =
                help.or_else(|| Some("`lambdura serve --help` lists what can be set".to_owned()));
            return Err(wrong(
                format!("there is no setting `{name}`"),
                Some(key.span()),
                help,
            ));
        };
        let values = values(value.get_ref())
            .map_err(|problem| wrong(format!("`{name}` {problem}"), Some(value.span()), None))?;
        for value_text in &values {
            check(name, arg, value_text).map_err(|problem| {
                wrong(format!("`{name}`: {problem}"), Some(value.span()), None)
            })?;
        }
        settings.insert(arg.get_id().to_string(), values);
    }
    Ok(settings)
}

pub(super) fn serve_command() -> clap::Command {
    let command = Arguments::command();
    let serve = command.find_subcommand("serve");
    let mut serve = serve.cloned().expect("it is one of the commands");
    serve.build();
    serve
}

/// Every setting, by its key.
pub(super) fn known(serve: &clap::Command) -> BTreeMap<&str, &clap::Arg> {
    let arguments = serve.get_arguments().filter(|arg| !arg.is_global_set());
    let named = arguments.filter_map(|arg| Some((arg.get_long()?, arg)));
    named
        .filter(|(name, _)| !NO_SETTINGS.contains(name))
        .collect()
}

/// A value in the words of a command line.
fn values(value: &toml::Value) -> Result<Vec<String>, &'static str> {
    use toml::Value;
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(flag) => Ok(flag.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err("must be a text, a whole number, true or false, or a list of those")
        }
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        other => Ok(vec![one(other)?]),
    }
}

/// Whether a flag would take the value.
fn check(name: &str, arg: &clap::Arg, value: &str) -> Result<(), String> {
    let takes_values = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if !takes_values {
        let boolish = BoolishValueParser::new();
        let flag = clap::builder::TypedValueParser::parse_ref(
            &boolish,
            &clap::Command::new("serve"),
            None,
            std::ffi::OsStr::new(value),
        );
        return flag
            .map(drop)
            .map_err(|_| "must be true or false".to_owned());
    }
    // Alone: whether it needs other settings is seen when all are there.
    let arg = arg.clone();
    let arg = clap::Arg::new("setting")
        .long("setting")
        .action(arg.get_action().clone())
        .value_parser(arg.get_value_parser().clone());
    let alone = clap::Command::new("serve").no_binary_name(true).arg(arg);
    match alone.try_get_matches_from([format!("--setting={value}")]) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            let line = line.strip_prefix("error: ").unwrap_or(line);
            Err(line.replace("--setting", &format!("--{name}")))
        }
    }
}

/// The command, with other defaults. The texts last as long as the process, which reads its command line once.
fn with_defaults(command: clap::Command, settings: BTreeMap<String, Vec<String>>) -> clap::Command {
    settings.into_iter().fold(command, |command, (id, values)| {
        let values: Vec<&'static str> = values
            .into_iter()
            .map(|value| &*Box::leak(value.into_boxed_str()))
            .collect();
        command.mut_arg(id, |arg| arg.default_values(values))
    })
}

fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|it| (strsim::jaro_winkler(name, it), it));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score > 0.8).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use serde_json::{Value, json};

    use super::*;
    use crate::args::Command;

    /// `UPDATE_EXPECT=1` writes it anew.
    #[test]
    fn the_schema_of_the_file_is_current() {
        let serve = serve_command();
        let mut properties = serde_json::Map::new();
        for (name, arg) in known(&serve) {
            let mut property = shape(arg);
            property["description"] = json!(arg.get_help().map(ToString::to_string));
            properties.insert(name.to_owned(), property);
        }
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://github.com/lambdura/lambdura/raw/main/docs/schemas/settings.schema.json",
            "title": "lambdura.toml",
            "description": "Settings of `lambdura serve`: each key is the name of a flag.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        let text = serde_json::to_string_pretty(&schema).expect("it is JSON") + "\n";
        expect_file!["../../../../docs/schemas/settings.schema.json"].assert_eq(&text);
    }

    /// The schema of a value.
    fn shape(arg: &clap::Arg) -> Value {
        let words = arg.get_possible_values();
        let words: Vec<_> = words.iter().map(|word| word.get_name()).collect();
        let one = match arg.get_action() {
            action if !action.takes_values() => json!({ "type": "boolean" }),
            _ if words.is_empty() => json!({ "type": ["string", "integer", "boolean"] }),
            _ => json!({ "enum": words }),
        };
        match arg.get_action() {
            ArgAction::Append => json!({ "anyOf": [one, { "type": "array", "items": one }] }),
            _ => one,
        }
    }

    fn parsed(file: &str, words: &[&str]) -> Result<crate::args::ServeArguments, CliError> {
        let directory = tempfile::tempdir().expect("a folder");
        let path = directory.path().join("lambdura.toml");
        std::fs::write(&path, file).expect("it can be written");
        let mut all: Vec<OsString> = ["lambdura", "serve", "--config"].map(Into::into).into();
        all.push(path.into());
        all.extend(words.iter().map(Into::into));
        match parse(all)?.command {
            Command::Serve(serve) => Ok(*serve),
            other => panic!("{other:?}"),
        }
    }

    fn refused(file: &str) -> String {
        let error = parsed(file, &[]).expect_err("it is wrong");
        let CliError::Diagnostic(diagnostic) = error else {
            panic!("{error}");
        };
        let mut text = String::new();
        miette::NarratableReportHandler::new()
            .render_report(&mut text, diagnostic.as_ref())
            .expect("it can be written");
        text
    }

    #[test]
    fn the_file_counts_where_no_flag_does() {
        let file = "listen = \"127.0.0.1:4001\"\nconcurrency = 7\nno-authorizers = true\nenv = [\"A=1\", \"B=2\"]\n";
        let arguments = parsed(file, &[]).expect("it is right");
        assert_eq!(arguments.server.listen.port(), 4001);
        assert_eq!(arguments.server.concurrency, 7);
        assert!(arguments.server.no_authorizers);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(arguments.server.env, [pair("A", "1"), pair("B", "2")]);
        assert_eq!(arguments.data_dir, Path::new(".lambdura"), "the default");
        let flag = ["--listen", "127.0.0.1:5001"];
        let arguments = parsed(file, &flag).expect("it is right");
        assert_eq!(arguments.server.listen.port(), 5001);
        assert_eq!(arguments.server.concurrency, 7);
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_is() {
        let text = refused("listen = \"127.0.0.1:4001\"\nconcurency = 7\n");
        assert!(text.contains("there is no setting `concurency`"), "{text}");
        assert!(text.contains("did you mean `concurrency`?"), "{text}");
        assert!(text.contains("line 2"), "{text}");
        let text = refused("concurrency = 0\n");
        assert!(text.contains("must be a number from 1 to 1000"), "{text}");
        let text = refused("no-authorizers = \"perhaps\"\n");
        assert!(text.contains("must be true or false"), "{text}");
        let text = refused("listen = 1.5\n");
        assert!(text.contains("must be a text"), "{text}");
        assert!(refused("check = true\n").contains("there is no setting `check`"));
        assert!(refused("listen = \n").contains("not TOML"));
    }
}
