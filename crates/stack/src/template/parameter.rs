//! `Parameters` and their values.

use std::collections::{BTreeMap, HashMap};

use crate::References;
use crate::limits::{PARAMETER_VALUE_BYTES_MAX, PARAMETERS_MAX};

use super::keys::{Keys, names};
use super::node::Scalar;
use super::report::{did_you_mean, shorten};
use super::{Entry, Function, Node, Report, Reported, Span, at_most};

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

    /// A literal text, or a parameter's value: SAM builds logical ids from it before references have values.
    pub fn constant<'r>(&'r self, node: &'r Node) -> Option<&'r str> {
        let Some(call) = node.call() else {
            return node.text();
        };
        match self.get(call.argument.text()?)? {
            ParameterValue::Text(text) if call.function == Function::Ref => Some(text),
            ParameterValue::Text(_)
            | ParameterValue::List(_)
            | ParameterValue::Missing { .. }
            | ParameterValue::Reported => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterValue {
    Text(String),
    List(Vec<String>),
    /// A missing value of the parameter store: a problem at the place that uses it.
    Missing {
        name: String,
        span: Span,
    },
    /// There is no value, and a problem says why.
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

/// The source of parameter values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Givers {
    /// The caller that loads the template.
    Caller,
    /// The template that nests this one.
    Template,
}

/// Reads the section; `overrides` replace defaults.
pub(crate) fn parameters(
    entries: &[Entry],
    overrides: &BTreeMap<String, String>,
    givers: Givers,
    references: &References,
    report: &Report,
) -> Parameters {
    let read = |entry: &Entry| {
        let declaration = Declaration {
            entry,
            givers,
            name: shorten(&entry.key),
            given: overrides.get(&*entry.key),
            references,
            report,
        };
        let value = declaration.value().unwrap_or(ParameterValue::Reported);
        (entry.key.to_string(), value)
    };
    let entries = at_most(PARAMETERS_MAX, entries, "parameters", report);
    Parameters(entries.iter().map(read).collect())
}

/// A parameter that has neither a default nor a given value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingParameter {
    /// Its name.
    pub name: String,
    /// `Type`, such as `String`.
    pub type_name: String,
    /// `Description`.
    pub description: Option<String>,
    /// `AllowedValues`; empty if every value is allowed.
    pub allowed_values: Vec<String>,
    /// `NoEcho`: it is a secret.
    pub no_echo: bool,
}

/// The parameters of a section that have no value.
pub(crate) fn missing(
    entries: &[Entry],
    overrides: &BTreeMap<String, String>,
) -> Vec<MissingParameter> {
    let has_value =
        |entry: &Entry| overrides.contains_key(&*entry.key) || entry.value.get("Default").is_some();
    let entries = entries.iter().take(PARAMETERS_MAX);
    let missing = entries.filter(|it| !has_value(it) && it.value.entries().is_some());
    let text = |entry: &Entry, property| {
        let scalar = entry.value.get(property)?.scalar_value()?;
        Some(scalar.plain_text())
    };
    missing
        .map(|entry| {
            let allowed = entry.value.get("AllowedValues").and_then(Node::items);
            let allowed = allowed.into_iter().flatten();
            MissingParameter {
                name: entry.key.to_string(),
                type_name: text(entry, "Type").unwrap_or_default(),
                description: text(entry, "Description"),
                allowed_values: allowed
                    .filter_map(Node::scalar_value)
                    .map(Scalar::plain_text)
                    .collect(),
                no_echo: text(entry, "NoEcho").is_some_and(|it| it == "true"),
            }
        })
        .collect()
}

/// Reports a value of the parameter store that was not given.
pub(super) fn no_stored_value(name: &str, span: Span, report: &Report) -> Reported {
    let shown = shorten(name);
    let message = format!("`{shown}` of the parameter store has no value here");
    let help = format!(
        "give it one in `references.json` in the data folder, or in the file of \
         `--references`: {{\"ssm\": {{\"{shown}\": \"value\"}}}}"
    );
    report.problem(span, message, "nothing to resolve it to", help)
}

/// A parameter being read.
struct Declaration<'a> {
    entry: &'a Entry,
    /// For messages.
    name: String,
    givers: Givers,
    given: Option<&'a String>,
    references: &'a References,
    report: &'a Report,
}

impl Declaration<'_> {
    fn get(&self, property: &str) -> Option<&Node> {
        self.entry.value.get(property)
    }

    fn value(&self) -> Result<ParameterValue, Reported> {
        let Self { entry, name, .. } = self;
        let Some(properties) = entry.value.entries() else {
            let help = "a parameter has at least a `Type`";
            return Err(self.wrong("must be a mapping", entry.value.describe(), help));
        };
        let message = |property: &str| format!("a parameter has no `{property}`, as `{name}` does");
        PROPERTIES.check(properties, self.report, message);
        let Some(type_node) = self.get("Type").filter(|node| node.text().is_some()) else {
            let help = "for example `Type: String`";
            return Err(self.wrong("has no `Type`", "this parameter", help));
        };
        let text = self.text()?;
        if text.len() > PARAMETER_VALUE_BYTES_MAX {
            let message = format!("is longer than {PARAMETER_VALUE_BYTES_MAX} bytes");
            return Err(self.wrong_value(&message, "that is CloudFormation's limit"));
        }
        self.check_allowed(&text)?;
        self.check_bounds(&text)?;
        self.check_pattern(&text)?;
        self.typed(type_node, text)
    }

    /// The given value, or the default. A YAML list is a problem even for a list type, as in
    /// CloudFormation: the default must be text.
    fn text(&self) -> Result<String, Reported> {
        if let Some(given) = self.given {
            return Ok(given.clone());
        }
        let Some(default) = self.get("Default") else {
            let found = "no `Default` here, and no value was given";
            let name = &self.name;
            let help = match self.givers {
                Givers::Caller => format!(
                    "give it with `--parameter {name}=VALUE`, in `parameter_overrides` of \
                     `samconfig.toml`, or as a `Default`"
                ),
                Givers::Template => format!(
                    "the resource that nests this template gives it, as `Parameters: \
                     {{{name}: VALUE}}`; or add a `Default`"
                ),
            };
            return Err(self.wrong("has no value", found, &help));
        };
        let text = default.scalar_value().map(Scalar::plain_text);
        text.ok_or_else(|| {
            let help = "write a list as text with commas: `Default: a,b`";
            self.wrong_property("Default", "must be text", default, help)
        })
    }

    fn typed(&self, type_node: &Node, text: String) -> Result<ParameterValue, Reported> {
        let is_number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
        let name = type_node.text().unwrap_or_default();
        let stored = name.strip_prefix("AWS::SSM::Parameter::Value<");
        if let Some(inner) = stored.and_then(|rest| rest.strip_suffix('>')) {
            return Ok(self.stored(inner, text));
        }
        let is_list = name == "CommaDelimitedList" || name.starts_with("List<");
        let is_right = match name {
            "String" | "CommaDelimitedList" => true,
            "Number" => is_number(&text),
            "List<Number>" => items.iter().all(|item| is_number(item)),
            aws if aws.starts_with("AWS::") || aws.starts_with("List<AWS::") => {
                self.warn_of_aws_type(aws);
                true
            }
            other => {
                let otherwise = format!("types are {} and AWS's own", TYPES.join(", "));
                let message = format!("`{}` is not a type of a parameter", shorten(other));
                let label = format!("the type of `{}`", self.name);
                let help = did_you_mean(other, TYPES, otherwise);
                return Err(self.report.problem(type_node.span, message, label, help));
            }
        };
        match (is_right, is_list) {
            (true, true) => Ok(ParameterValue::List(items)),
            (true, false) => Ok(ParameterValue::Text(text)),
            (false, _) => {
                let message = format!("is of type {name}, `{}` is not", shorten(&text));
                Err(self.wrong_value(&message, "give digits"))
            }
        }
    }

    /// The parameter store's value with this name.
    fn stored(&self, inner: &str, name: String) -> ParameterValue {
        match self.references.ssm.get(&name) {
            Some(value) if inner == "CommaDelimitedList" || inner.starts_with("List<") => {
                let items = value.split(',').map(|item| item.trim().to_owned());
                ParameterValue::List(items.collect())
            }
            Some(value) => ParameterValue::Text(value.clone()),
            // CDK puts this parameter into every template, for its own use only.
            None if &*self.entry.key == "BootstrapVersion" => ParameterValue::Text(name),
            None => {
                let default = self.get("Default").filter(|_| self.given.is_none());
                let span = default.map_or(self.entry.key_span, |default| default.span);
                ParameterValue::Missing { name, span }
            }
        }
    }

    fn warn_of_aws_type(&self, name: &str) {
        let name = shorten(name);
        let meaning = format!("`{name}` is not looked up: the value is used as it is");
        self.warn(self.entry.key_span, "Type", &meaning);
    }

    fn check_allowed(&self, text: &str) -> Result<(), Reported> {
        let Some(allowed) = self.get("AllowedValues") else {
            return Ok(());
        };
        let Some(items) = allowed.items() else {
            let help = "write one value per line, each after `- `";
            return Err(self.wrong_property("AllowedValues", "must be a list", allowed, help));
        };
        let scalars = items.iter().filter_map(Node::scalar_value);
        let texts: Vec<String> = scalars.map(Scalar::plain_text).collect();
        if texts.iter().any(|allowed| allowed == text) {
            return Ok(());
        }
        let help = format!("allowed are: {}", shorten(&texts.join(", ")));
        Err(self.wrong_value(&format!("may not be `{}`", shorten(text)), &help))
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
            // A lower bound, or an upper one with both signs inverted.
            if let (Some(bound), Some(value)) = (bound, value)
                && value * sign < bound * sign
            {
                let help = format!("see `{property}` of the parameter");
                return Err(self.against(property, text, &help));
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
        let mut compiled = regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$"));
        let Ok(compiled) = compiled.size_limit(PATTERN_BYTES_MAX).build() else {
            let meaning = "this pattern cannot be checked here; AWS checks it";
            self.warn(node.span, "AllowedPattern", meaning);
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
        Err(self.against("AllowedPattern", text, &help))
    }

    /// Reports a value that a property does not allow.
    fn against(&self, property: &str, text: &str, help: &str) -> Reported {
        let message = format!("is `{}`, against its `{property}`", shorten(text));
        self.wrong_value(&message, help)
    }

    /// Reports a wrong value, where it is written.
    fn wrong_value(&self, message: &str, help: &str) -> Reported {
        let default = self.get("Default").filter(|_| self.given.is_none());
        let span = default.map_or(self.entry.key_span, |default| default.span);
        let message = format!("parameter `{}` {message}", self.name);
        self.report.problem(span, message, "this value", help)
    }

    /// Reports a parameter as a whole.
    fn wrong(&self, message: &str, found: &str, help: &str) -> Reported {
        let message = format!("parameter `{}` {message}", self.name);
        let span = self.entry.key_span;
        self.report.problem(span, message, found, help)
    }

    fn wrong_property(&self, property: &str, must: &str, node: &Node, help: &str) -> Reported {
        let message = format!("`{property}` of parameter `{}` {must}", self.name);
        let (span, found) = (node.span, node.describe());
        self.report.problem(span, message, found, help)
    }

    fn warn(&self, span: Span, property: &str, meaning: &str) {
        let (id, property) = (&self.entry.key, Some(property.to_owned()));
        self.report.warn(span, id, "parameter", property, meaning);
    }
}
