//! `Parameters` and the values that they have.

use std::collections::{BTreeMap, HashMap};

use crate::limits::{PARAMETER_VALUE_BYTES_MAX, PARAMETERS_MAX};

use super::node::Scalar;
use super::parse::shorten;
use super::suggestion::suggestion;
use super::{Entry, Node, NodeValue, Report, Reported};

/// Values by name, for every declared parameter.
pub(crate) type Parameters = HashMap<String, ParameterValue>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterValue {
    Text(String),
    List(Vec<String>),
    /// There is none, and a problem says why.
    Reported,
}

/// Source: CloudFormation template reference, "Parameters", read 2026-11-23.
const PROPERTIES: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

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
        report.problem(
            entry.key_span,
            format!("the template has more than {PARAMETERS_MAX} parameters"),
            "one too many",
            "that is CloudFormation's limit",
        );
    }
    let read = |entry: &Entry| {
        let given = overrides.get(&*entry.key);
        let value = value(entry, given, report).unwrap_or(ParameterValue::Reported);
        (entry.key.to_string(), value)
    };
    entries.iter().take(PARAMETERS_MAX).map(read).collect()
}

fn value(
    entry: &Entry,
    given: Option<&String>,
    report: &Report,
) -> Result<ParameterValue, Reported> {
    let name = shorten(&entry.key);
    let Some(properties) = entry.value.entries() else {
        return Err(report.problem(
            entry.key_span,
            format!("parameter `{name}` must be a mapping"),
            entry.value.describe(),
            "a parameter has at least a `Type`",
        ));
    };
    for property in properties {
        if !PROPERTIES.contains(&&*property.key) {
            let help = match suggestion(&property.key, PROPERTIES) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("parameters have {}", PROPERTIES.join(", ")),
            };
            report.problem(
                property.key_span,
                format!(
                    "a parameter has no `{}`, as `{name}` does",
                    shorten(&property.key)
                ),
                "unknown property",
                help,
            );
        }
    }
    let parameter_type = entry
        .value
        .get("Type")
        .and_then(Node::text)
        .ok_or_else(|| {
            report.problem(
                entry.key_span,
                format!("parameter `{name}` has no `Type`"),
                "this parameter",
                "for example `Type: String`",
            )
        })?;
    let text = match (given, entry.value.get("Default")) {
        (Some(given), _) => given.clone(),
        (None, Some(default)) => default_text(&name, default, report)?,
        (None, None) => {
            return Err(report.problem(
                entry.key_span,
                format!("parameter `{name}` has no value"),
                "no `Default` here, and none given",
                "add a `Default`, or give a value in `parameter_overrides` of `samconfig.toml`",
            ));
        }
    };
    let wrong = |message: String, help: String| {
        let span = match (given, entry.value.get("Default")) {
            (None, Some(default)) => default.span,
            _ => entry.key_span,
        };
        report.problem(span, message, "this value", help)
    };
    if text.len() > PARAMETER_VALUE_BYTES_MAX {
        return Err(wrong(
            format!("parameter `{name}` is longer than {PARAMETER_VALUE_BYTES_MAX} bytes"),
            "that is CloudFormation's limit".to_owned(),
        ));
    }
    check_constraints(entry, &text, report, &wrong)?;
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    let list = || text.split(',').map(|item| item.trim().to_owned());
    match parameter_type {
        "String" => Ok(ParameterValue::Text(text)),
        "Number" if is_number(&text) => Ok(ParameterValue::Text(text)),
        "List<Number>" if list().all(|item| is_number(&item)) => {
            Ok(ParameterValue::List(list().collect()))
        }
        "Number" | "List<Number>" => Err(wrong(
            format!(
                "parameter `{name}` is of type {parameter_type}, `{}` is not",
                shorten(&text)
            ),
            "give digits".to_owned(),
        )),
        "CommaDelimitedList" => Ok(ParameterValue::List(list().collect())),
        other => {
            if !other.starts_with("AWS::") && !other.starts_with("List<AWS::") {
                return Err(report.problem(
                    entry
                        .value
                        .get("Type")
                        .map_or(entry.key_span, |node| node.span),
                    format!("`{}` is no type of a parameter", shorten(other)),
                    format!("the type of `{name}`"),
                    match suggestion(other, TYPES) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("types are {} and AWS's own", TYPES.join(", ")),
                    },
                ));
            }
            // CDK puts that one into every template, for its own sake only.
            if &*entry.key != "BootstrapVersion" {
                report.warn(
                    entry.key_span,
                    &entry.key,
                    "parameter",
                    Some("Type".to_owned()),
                    format!(
                        "`{}` is not looked up: the value is taken as it is",
                        shorten(other)
                    ),
                );
            }
            Ok(if other.starts_with("List<") {
                ParameterValue::List(list().collect())
            } else {
                ParameterValue::Text(text)
            })
        }
    }
}

/// A default of a list type may be written as a YAML list by people, but not for CloudFormation.
fn default_text(name: &str, default: &Node, report: &Report) -> Result<String, Reported> {
    match &default.value {
        NodeValue::Scalar(scalar) => Ok(plain_text(scalar)),
        NodeValue::Sequence(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => Err(report.problem(
            default.span,
            format!("`Default` of parameter `{name}` must be text"),
            default.describe(),
            "write a list as text with commas: `Default: a,b`",
        )),
    }
}

/// Booleans in CloudFormation's spelling, anything else as written.
pub(super) fn plain_text(scalar: &Scalar) -> String {
    match scalar.as_bool() {
        Some(boolean) => boolean.to_string(),
        None => scalar.text.to_string(),
    }
}

fn check_constraints(
    entry: &Entry,
    text: &str,
    report: &Report,
    wrong: &dyn Fn(String, String) -> Reported,
) -> Result<(), Reported> {
    let name = shorten(&entry.key);
    let shown = shorten(text);
    if let Some(allowed) = entry.value.get("AllowedValues") {
        let NodeValue::Sequence(allowed) = &allowed.value else {
            return Err(report.problem(
                allowed.span,
                format!("`AllowedValues` of parameter `{name}` must be a list"),
                allowed.describe(),
                "write one value per line, each after `- `",
            ));
        };
        let texts: Vec<String> = allowed
            .iter()
            .filter_map(|value| match &value.value {
                NodeValue::Scalar(scalar) => Some(plain_text(scalar)),
                NodeValue::Sequence(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => None,
            })
            .collect();
        if !texts.iter().any(|allowed| allowed == text) {
            return Err(wrong(
                format!("parameter `{name}` may not be `{shown}`"),
                format!("allowed are: {}", shorten(&texts.join(", "))),
            ));
        }
    }
    let bound =
        |property: &str| -> Option<f64> { entry.value.get(property)?.text()?.trim().parse().ok() };
    let length = text.chars().count() as f64;
    let number = text.trim().parse::<f64>().ok();
    let bounds = [
        (
            "MinLength",
            bound("MinLength").is_some_and(|min| length < min),
        ),
        (
            "MaxLength",
            bound("MaxLength").is_some_and(|max| length > max),
        ),
        (
            "MinValue",
            bound("MinValue")
                .zip(number)
                .is_some_and(|(min, it)| it < min),
        ),
        (
            "MaxValue",
            bound("MaxValue")
                .zip(number)
                .is_some_and(|(max, it)| it > max),
        ),
    ];
    for (property, broken) in bounds {
        if broken {
            return Err(wrong(
                format!("parameter `{name}` is `{shown}`, against its `{property}`"),
                format!("see `{property}` of the parameter"),
            ));
        }
    }
    check_pattern(entry, text, report, wrong)
}

/// The pattern must match the whole value.
fn check_pattern(
    entry: &Entry,
    text: &str,
    report: &Report,
    wrong: &dyn Fn(String, String) -> Reported,
) -> Result<(), Reported> {
    let Some(node) = entry.value.get("AllowedPattern") else {
        return Ok(());
    };
    let pattern = node.text().unwrap_or_default();
    let compiled = regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(PATTERN_BYTES_MAX)
        .build();
    match compiled {
        Ok(compiled) if compiled.is_match(text) => Ok(()),
        Ok(_) => {
            let described = entry.value.get("ConstraintDescription");
            let help = match described.and_then(Node::text) {
                Some(description) => shorten(description),
                None => format!("the pattern is `{}`", shorten(pattern)),
            };
            let (name, text) = (shorten(&entry.key), shorten(text));
            let message = format!("parameter `{name}` is `{text}`, against its `AllowedPattern`");
            Err(wrong(message, help))
        }
        Err(_) => {
            report.warn(
                node.span,
                &entry.key,
                "parameter",
                Some("AllowedPattern".to_owned()),
                "this pattern cannot be checked here; AWS checks it",
            );
            Ok(())
        }
    }
}
