//! Answers that are used instead of functions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use lambdura::NamedError;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::CliError;

/// The answers of one function, and how many calls it had.
pub struct Mock {
    answers: Vec<Answer>,
    calls: Mutex<usize>,
}

/// The answer to a call.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub enum Answer {
    /// The function returns this.
    Return(Value),
    /// It fails with this.
    Throw(Thrown),
    /// It returns `null`, and the holder of the task token in its input completes it with this.
    Token(Box<Answer>),
}

/// An error.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Thrown {
    pub error: String,
    #[serde(default)]
    pub cause: String,
}

impl Thrown {
    pub fn named(self) -> NamedError {
        NamedError::new(self.error, self.cause)
    }
}

/// Mocks by the names of functions.
pub type Mocks = BTreeMap<String, Arc<Mock>>;

/// Reads a file of mocks.
///
/// # Errors
/// When it cannot be read, or says something else.
pub fn read(path: &Path) -> Result<Mocks, CliError> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the mocks `{}`", path.display()))?;
    let mocks = parse(&text);
    Ok(mocks.with_context(|| format!("`{}` is not a file of mocks", path.display()))?)
}

fn parse(text: &str) -> anyhow::Result<Mocks> {
    let named: BTreeMap<String, Value> = serde_json::from_str(text)?;
    let mut mocks = Mocks::new();
    for (name, value) in named {
        let answers = match value {
            Value::Array(answers) => answers,
            one => vec![one],
        };
        let answers = answers.into_iter().map(serde_json::from_value);
        let answers = answers.collect::<Result<Vec<Answer>, _>>();
        let answers = answers.with_context(|| format!("the answers of `{name}`"))?;
        anyhow::ensure!(!answers.is_empty(), "`{name}` has no answer");
        let calls = Mutex::new(0);
        mocks.insert(name, Arc::new(Mock { answers, calls }));
    }
    Ok(mocks)
}

impl Mock {
    /// The answer of the next call. The last one stays.
    pub fn next(&self) -> Answer {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answers[(*calls).min(self.answers.len() - 1)].clone();
        *calls += 1;
        answer
    }
}

/// All texts in a value: one of them is the task token.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_follow_each_other_and_the_last_stays() {
        let text = r#"{ "f": [{ "Throw": { "Error": "Busy" } }, { "Return": 1 }], "g": { "Token": { "Return": null } } }"#;
        let mocks = parse(text).expect("it is a file of mocks");
        let busy = Thrown {
            error: String::from("Busy"),
            cause: String::new(),
        };
        assert_eq!(mocks["f"].next(), Answer::Throw(busy));
        assert_eq!(mocks["f"].next(), Answer::Return(json!(1)));
        assert_eq!(mocks["f"].next(), Answer::Return(json!(1)));
        assert_eq!(
            mocks["g"].next(),
            Answer::Token(Box::new(Answer::Return(Value::Null)))
        );
        for wrong in [
            "[]",
            r#"{ "f": [] }"#,
            r#"{ "f": { "Give": 1 } }"#,
            r#"{ "f": { "Throw": {} } }"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
