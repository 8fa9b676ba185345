//! `Parameters` and the values that they have.

use std::collections::{BTreeMap, HashMap};

use crate::limits::{PARAMETER_VALUE_BYTES_MAX, PARAMETERS_MAX};

use super::node::Scalar;
use super::words::{Keys, did_you_mean, names, shorten};
use super::{Entry, Function, Node, Report, Reported, Span};

/// Values by name, for every declared parameter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(HashMap<String, ParameterValue>);

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.get(name)
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Text, or a parameter's: what SAM makes logical ids of, before references have values.
    pub fn constant<'r>(&'r self, node: &'r Node) -> Option<&'r str> {
        let Some(call) = node.call() else {
            return node.text();
        };
        match self.get(call.argument.text()?)? {
            ParameterValue::Text(text) if call.function == Function::Ref => Some(text),
            ParameterValue::Text(_) | ParameterValue::List(_) | ParameterValue::Reported => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterValue {
    Text(String),
    List(Vec<String>),
    /// There is none, and a problem says why.
    Reported,
}

/// Source: CloudFormation template reference, "Parameters", read 2026-11-23.
const PROPERTIES: Keys = Keys {
    known: names! {
        AllowedPattern AllowedValues ConstraintDescription Default Description MaxLength MaxValue
        MinLength MinValue NoEcho Type
    },
    unknown: "unknown property",
    help: "parameters have {}",
};

/// Most memory that a compiled `AllowedPattern` may take, in bytes. Ours: real ones are far
/// smaller, and the time to match grows with it.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Types besides those that begin with `AWS::`.
const TYPES: [&str; 4] = ["String", "Number", "List<Number>", "CommaDelimitedList"];

/// Reads the section; `overrides` win over defaults.
pub(crate) fn parameters(
    entries: &[Entry],
    overrides: &BTreeMap<String, String>,
    report: &Report,
) -> Parameters {
    if let Some(entry) = entries.get(PARAMETERS_MAX) {
        let message = format!("the template has more than {PARAMETERS_MAX} parameters");
        let help = "that is CloudFormation's limit";
        report.problem(entry.key_span, message, "one too many", help);
    }
    let read = |entry: &Entry| {
        let declaration = Declaration {
            entry,
            name: shorten(&entry.key),
            given: overrides.get(&*entry.key),
            report,
        };
        let value = declaration.value().unwrap_or(ParameterValue::Reported);
        (entry.key.to_string(), value)
    };
    Parameters(entries.iter().take(PARAMETERS_MAX).map(read).collect())
}

/// A parameter being read.
struct Declaration<'a> {
    entry: &'a Entry,
    /// For messages.
    name: String,
    given: Option<&'a String>,
    report: &'a Report,
}

impl Declaration<'_> {
    fn get(&self, property: &str) -> Option<&Node> {
        self.entry.value.get(property)
    }

    fn value(&self) -> Result<ParameterValue, Reported> {
        let Self { entry, name, .. } = self;
        let Some(properties) = entry.value.entries() else {
            let (message, found) = ("must be a mapping", entry.value.describe());
            let help = "a parameter has at least a `Type`";
            return Err(self.wrong_entry(message, found, help));
        };
        PROPERTIES.check(properties, self.report, |property| {
            format!("a parameter has no `{property}`, as `{name}` does")
        });
        let Some(type_node) = self.get("Type").filter(|node| node.text().is_some()) else {
            let help = "for example `Type: String`";
            return Err(self.wrong_entry("has no `Type`", "this parameter", help));
        };
        let text = self.text()?;
        if text.len() > PARAMETER_VALUE_BYTES_MAX {
            let message =
                format!("parameter `{name}` is longer than {PARAMETER_VALUE_BYTES_MAX} bytes");
            return Err(self.wrong(message, "that is CloudFormation's limit"));
        }
        self.check_allowed(&text)?;
        self.check_bounds(&text)?;
        self.check_pattern(&text)?;
        self.typed(type_node, text)
    }

    /// What is given, or the default. A default of a list type may be written as a YAML list by
    /// people, but not for CloudFormation.
    fn text(&self) -> Result<String, Reported> {
        let name = &self.name;
        let default = match (self.given, self.get("Default")) {
            (Some(given), _) => return Ok(given.clone()),
            (None, Some(default)) => default,
            (None, None) => {
                let help = "add a `Default`, or give a value in `parameter_overrides` of \
                            `samconfig.toml`";
                let found = "no `Default` here, and none given";
                return Err(self.wrong_entry("has no value", found, help));
            }
        };
        let text = default.scalar_value().map(Scalar::plain_text);
        text.ok_or_else(|| {
            let message = format!("`Default` of parameter `{name}` must be text");
            let help = "write a list as text with commas: `Default: a,b`";
            self.report
                .problem(default.span, message, default.describe(), help)
        })
    }

    fn typed(&self, type_node: &Node, text: String) -> Result<ParameterValue, Reported> {
        let name = &self.name;
        let is_number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
        match type_node.text().unwrap_or_default() {
            "String" => Ok(ParameterValue::Text(text)),
            "Number" if is_number(&text) => Ok(ParameterValue::Text(text)),
            "List<Number>" if items.iter().all(|item| is_number(item)) => {
                Ok(ParameterValue::List(items))
            }
            number @ ("Number" | "List<Number>") => {
                let shown = shorten(&text);
                let message = format!("parameter `{name}` is of type {number}, `{shown}` is not");
                Err(self.wrong(message, "give digits"))
            }
            "CommaDelimitedList" => Ok(ParameterValue::List(items)),
            aws if aws.starts_with("AWS::") || aws.starts_with("List<AWS::") => {
                // CDK puts that one into every template, for its own sake only.
                if &*self.entry.key != "BootstrapVersion" {
                    let shown = shorten(aws);
                    let meaning =
                        format!("`{shown}` is not looked up: the value is taken as it is");
                    self.warn(self.entry.key_span, "Type", meaning);
                }
                Ok(if aws.starts_with("List<") {
                    ParameterValue::List(items)
                } else {
                    ParameterValue::Text(text)
                })
            }
            other => {
                let otherwise = format!("types are {} and AWS's own", TYPES.join(", "));
                let message = format!("`{}` is no type of a parameter", shorten(other));
                let label = format!("the type of `{name}`");
                let help = did_you_mean(other, TYPES, otherwise);
                Err(self.report.problem(type_node.span, message, label, help))
            }
        }
    }

    fn check_allowed(&self, text: &str) -> Result<(), Reported> {
        let Some(allowed) = self.get("AllowedValues") else {
            return Ok(());
        };
        let name = &self.name;
        let Some(items) = allowed.items() else {
            let message = format!("`AllowedValues` of parameter `{name}` must be a list");
            let help = "write one value per line, each after `- `";
            return Err(self
                .report
                .problem(allowed.span, message, allowed.describe(), help));
        };
        let scalars = items.iter().filter_map(Node::scalar_value);
        let texts: Vec<String> = scalars.map(Scalar::plain_text).collect();
        if texts.iter().any(|allowed| allowed == text) {
            return Ok(());
        }
        let message = format!("parameter `{name}` may not be `{}`", shorten(text));
        let help = format!("allowed are: {}", shorten(&texts.join(", ")));
        Err(self.wrong(message, &help))
    }

    fn check_bounds(&self, text: &str) -> Result<(), Reported> {
        let length = Some(text.chars().count() as f64);
        let number = text.trim().parse::<f64>().ok();
        for (property, value, sign) in [
            ("MinLength", length, 1.0),
            ("MaxLength", length, -1.0),
            ("MinValue", number, 1.0),
            ("MaxValue", number, -1.0),
        ] {
            let bound = self.get(property).and_then(Node::text);
            let bound = bound.and_then(|bound| bound.trim().parse::<f64>().ok());
            // A lower bound, or an upper one with both signs turned.
            if bound
                .zip(value)
                .is_some_and(|(bound, it)| it * sign < bound * sign)
            {
                let (name, shown) = (&self.name, shorten(text));
                let message = format!("parameter `{name}` is `{shown}`, against its `{property}`");
                return Err(self.wrong(message, &format!("see `{property}` of the parameter")));
            }
        }
        Ok(())
    }

    /// The pattern must match the whole value.
    fn check_pattern(&self, text: &str) -> Result<(), Reported> {
        let Some(node) = self.get("AllowedPattern") else {
            return Ok(());
        };
        let pattern = node.text().unwrap_or_default();
        let compiled = regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(PATTERN_BYTES_MAX)
            .build();
        let Ok(compiled) = compiled else {
            let meaning = "this pattern cannot be checked here; AWS checks it";
            self.warn(node.span, "AllowedPattern", meaning.to_owned());
            return Ok(());
        };
        if compiled.is_match(text) {
            return Ok(());
        }
        let described = self.get("ConstraintDescription").and_then(Node::text);
        let help = match described {
            Some(description) => shorten(description),
            None => format!("the pattern is `{}`", shorten(pattern)),
        };
        let (name, text) = (&self.name, shorten(text));
        let message = format!("parameter `{name}` is `{text}`, against its `AllowedPattern`");
        Err(self.wrong(message, &help))
    }

    /// Reports a parameter as a whole.
    fn wrong_entry(&self, message: &str, found: &str, help: &str) -> Reported {
        let message = format!("parameter `{}` {message}", self.name);
        self.report
            .problem(self.entry.key_span, message, found, help)
    }

    /// Reports a wrong value, where it is written.
    fn wrong(&self, message: String, help: &str) -> Reported {
        let span = match (self.given, self.get("Default")) {
            (None, Some(default)) => default.span,
            _ => self.entry.key_span,
        };
        self.report.problem(span, message, "this value", help)
    }

    fn warn(&self, span: Span, property: &str, meaning: String) {
        let property = Some(property.to_owned());
        let id = &self.entry.key;
        self.report.warn(span, id, "parameter", property, meaning);
    }
}
