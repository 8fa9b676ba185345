//! Values of the parameter store and of secrets, which templates refer to: from a local file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::LoadStackError;
use crate::limits::REFERENCES_BYTES_MAX;
use crate::template::{Report, Span, Text, did_you_mean};

/// The values of `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}`, `{{resolve:secretsmanager:…}}` and parameters of type
/// `AWS::SSM::Parameter::Value`.
///
/// Values are secret: they are never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct References {
    /// Values of the parameter store by name, or by `name:version`.
    pub ssm: BTreeMap<String, String>,
    /// Secrets by name or ARN: a text, or a JSON object whose keys a template may name.
    pub secrets: BTreeMap<String, String>,
    /// The seed for secrets that the template has generated; without it they have no value.
    pub seed: Option<String>,
}

impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("References")
            .field("ssm", &self.ssm.keys())
            .field("secrets", &self.secrets.keys())
            .finish()
    }
}

/// For evaluations that know parameters and pseudo parameters only.
pub(crate) static NO_REFERENCES: References = References {
    ssm: BTreeMap::new(),
    secrets: BTreeMap::new(),
    seed: None,
};

/// The form of the file, for messages.
pub(crate) const FORM: &str =
    r#"{"ssm": {"/app/key": "value"}, "secretsmanager": {"app/db": {"password": "value"}}}"#;

const SECTIONS: [&str; 2] = ["ssm", "secretsmanager"];

impl References {
    /// Reads a file such as `{"ssm": {"/app/key": "value"}, "secretsmanager": {"app/db": {"password":
    /// "value"}}}`; `None` if there is none at this path.
    ///
    /// # Errors
    ///
    /// [`LoadStackError`] if the file cannot be read, is not JSON, or has another form.
    pub fn read(path: &Path) -> Result<Option<Self>, LoadStackError> {
        let Some(text) = Text::read(path, REFERENCES_BYTES_MAX)? else {
            return Ok(None);
        };
        match Self::parse(&text.content) {
            Ok(references) => Ok(Some(references)),
            Err((line, column, message)) => {
                let lines = text
                    .content
                    .split_inclusive('\n')
                    .take(line.saturating_sub(1));
                let before: usize = lines.map(str::len).sum();
                let offset = before + column.saturating_sub(1);
                let (span, help) = (Span { offset, len: 0 }, format!("write it like {FORM}"));
                Err(Report::single(text, span, &message, "here", &help))
            }
        }
    }

    /// Line, column and text of the problem.
    fn parse(text: &str) -> Result<Self, (usize, usize, String)> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            (
                error.line(),
                error.column(),
                format!("not valid JSON: {error}"),
            )
        })?;
        let wrong = |message: String| (1, 1, message);
        let sections = value
            .as_object()
            .ok_or_else(|| wrong("the file must hold a JSON object".to_owned()))?;
        let mut references = Self::default();
        for (name, section) in sections {
            let values = match name.as_str() {
                "ssm" => &mut references.ssm,
                "secretsmanager" => &mut references.secrets,
                other => {
                    let otherwise = format!("there are {}", SECTIONS.join(" and "));
                    let help = did_you_mean(other, SECTIONS, otherwise);
                    return Err(wrong(format!("unknown section `{other}`: {help}")));
                }
            };
            let entries = section
                .as_object()
                .ok_or_else(|| wrong(format!("`{name}` must be an object")))?;
            for (key, value) in entries {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Array(items) if name == "ssm" => comma_separated(items),
                    other => other.to_string(),
                };
                values.insert(key.clone(), text);
            }
        }
        Ok(references)
    }
}

/// A `StringList` as the parameter store keeps it.
fn comma_separated(items: &[Value]) -> String {
    let text = |item: &Value| match item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let texts: Vec<String> = items.iter().map(text).collect();
    texts.join(",")
}
