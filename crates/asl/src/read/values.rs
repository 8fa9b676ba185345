//! Fields that contain expressions.

use serde_json::Value;

use super::fields::Fields;
use super::reader::{Reader, kind};
use crate::definition::ProblemCode;
use crate::flow::{ResultPath, Selected};
use crate::intrinsic::Expression;
use crate::jsonata::Query;
use crate::language::Language;
use crate::path::{Path, Root};
use crate::position::below;
use crate::template::Template;

/// Deepest nesting of a template.
const DEPTH_MAX: usize = 64;

/// A value with expressions in it.
pub(super) fn template(reader: &Reader, at: &str, value: &Value, language: Language) -> Template {
    deep_template(reader, at, value, language, 0)
}

fn deep_template(
    reader: &Reader,
    at: &str,
    value: &Value,
    language: Language,
    depth: usize,
) -> Template {
    if depth > DEPTH_MAX {
        reader.wrong(at, format!("values nest deeper than {DEPTH_MAX}"));
        return Template::Value(Value::Null);
    }
    let inner = |token: &str, value: &Value| {
        deep_template(reader, &below(at, token), value, language, depth + 1)
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                match (language, name.strip_suffix(".$"), value) {
                    (Language::JsonPath, Some(bare), Value::String(text)) => {
                        let expression = expression(reader, &below(at, name), text);
                        (bare.to_owned(), expression)
                    }
                    (Language::JsonPath, Some(bare), other) => {
                        let message = format!(
                            "`{name}` ends in `.$`: its value is a path or an intrinsic function, not {}",
                            kind(other)
                        );
                        reader.wrong(&below(at, name), message);
                        (bare.to_owned(), Template::Value(Value::Null))
                    }
                    _ => (name.clone(), inner(name, value)),
                }
            });
            let members: Vec<_> = members.collect();
            for (index, (name, _)) in members.iter().enumerate() {
                if members[..index].iter().any(|(other, _)| other == name) {
                    let message = format!("`{name}` and `{name}.$` cannot both be there");
                    reader.wrong(&below(at, name), message);
                }
            }
            let plain = |template: &Template| match template {
                Template::Value(value) => Some(value.clone()),
                _ => None,
            };
            match members
                .iter()
                .map(|(name, member)| Some((name.clone(), plain(member)?)))
                .collect::<Option<serde_json::Map<_, _>>>()
            {
                Some(object) => Template::Value(Value::Object(object)),
                None => Template::Object(members),
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items: Vec<_> = items
                .map(|(index, item)| inner(&index.to_string(), item))
                .collect();
            if items.iter().all(|item| matches!(item, Template::Value(_))) {
                return Template::Value(value.clone());
            }
            Template::Array(items)
        }
        Value::String(text) if language == Language::Jsonata => jsonata(reader, at, text),
        other => Template::Value(other.clone()),
    }
}

/// A text in a JSONata state, which may be an expression.
pub(super) fn jsonata(reader: &Reader, at: &str, text: &str) -> Template {
    let Some(source) = Query::within(text) else {
        if text.starts_with("{%") || text.ends_with("%}") {
            let message = "a JSONata expression begins with `{%` and ends with `%}`, with nothing around them";
            reader.say(ProblemCode::InvalidJsonata, at, message);
        }
        return Template::Value(Value::from(text));
    };
    match Query::parse(source) {
        Ok(query) => Template::Query(query),
        Err(message) => {
            reader.say(ProblemCode::InvalidJsonata, at, message);
            Template::Value(Value::Null)
        }
    }
}

/// A path or an intrinsic function.
pub(super) fn expression(reader: &Reader, at: &str, text: &str) -> Template {
    match Expression::parse(text) {
        Ok(expression) => {
            for path in expression.paths() {
                reserved(reader, at, path);
            }
            Template::Expression(expression)
        }
        Err(message) => {
            reader.say(ProblemCode::InvalidPath, at, message);
            Template::Value(Value::Null)
        }
    }
}

/// A path, for a field that does not allow intrinsic functions.
pub(super) fn path(reader: &Reader, at: &str, text: &str) -> Option<Path> {
    match Path::parse(text) {
        Ok(path) => {
            reserved(reader, at, &path);
            Some(path)
        }
        Err(error) => {
            reader.say(ProblemCode::InvalidPath, at, error.to_string());
            None
        }
    }
}

fn reserved(reader: &Reader, at: &str, path: &Path) {
    if *path.root() == Root::Variable(String::from("states")) {
        let message = "`$states` is only there in JSONata: JSONPath has `$` and `$$`";
        reader.say(ProblemCode::InvalidPath, at, message);
    }
}

impl Fields<'_> {
    /// `InputPath`, `OutputPath`
    pub(super) fn selected(&self, name: &'static str) -> Selected {
        match self.get(name) {
            None => Selected::All,
            Some(Value::Null) => Selected::Nothing,
            Some(Value::String(text)) => {
                let path = path(self.reader, &self.at(name), text);
                path.map_or(Selected::All, Selected::Path)
            }
            Some(other) => {
                self.wrong(
                    name,
                    format!("`{name}` is a path or null, not {}", kind(other)),
                );
                Selected::All
            }
        }
    }

    /// `ResultPath`
    pub(super) fn result_path(&self) -> ResultPath {
        let name = "ResultPath";
        match self.get(name) {
            None => ResultPath::Whole,
            Some(Value::Null) => ResultPath::Discard,
            Some(Value::String(text)) => {
                let Some(path) = path(self.reader, &self.at(name), text) else {
                    return ResultPath::Whole;
                };
                if !path.is_reference() || *path.root() != Root::Input {
                    let message = format!(
                        "`ResultPath` is a reference path within the input, such as `$.order.total`: `{text}` is none"
                    );
                    self.reader
                        .say(ProblemCode::InvalidPath, &self.at(name), message);
                }
                ResultPath::At(path)
            }
            Some(other) => {
                self.wrong(
                    name,
                    format!("`{name}` is a path or null, not {}", kind(other)),
                );
                ResultPath::Whole
            }
        }
    }

    /// A template: `Parameters`, `Arguments`, `ResultSelector`, `Output`, …
    pub(super) fn template(&self, name: &'static str, language: Language) -> Option<Template> {
        let value = self.get(name)?;
        Some(template(self.reader, &self.at(name), value, language))
    }

    /// `Assign`
    pub(super) fn assign(&self, language: Language) -> Vec<(String, Template)> {
        let Some(object) = self.object("Assign") else {
            return Vec::new();
        };
        let mut assigned = Vec::new();
        for (name, value) in object.members() {
            let at = object.at(name);
            let (bare, template) = match (language, name.strip_suffix(".$"), value) {
                (Language::JsonPath, Some(bare), Value::String(text)) => {
                    (bare, expression(self.reader, &at, text))
                }
                _ => (name.as_str(), template(self.reader, &at, value, language)),
            };
            // Source: Step Functions developer guide, variables: names are Unicode identifiers of up to 80 characters.
            let mut letters = bare.chars();
            let is_name = letters
                .next()
                .is_some_and(|it| it.is_alphabetic() || it == '_')
                && letters.all(|it| it.is_alphanumeric() || it == '_')
                && bare.chars().count() <= 80;
            if !is_name || bare == "states" {
                let message = format!(
                    "`{bare}` cannot be the name of a variable: it is an identifier of up to 80 characters, and not `states`"
                );
                self.reader.wrong(&at, message);
            }
            assigned.push((bare.to_owned(), template));
        }
        assigned
    }

    /// A number: a literal, an expression, or the value of the field with the suffix `Path`.
    pub(super) fn number(
        &self,
        name: &'static str,
        path_name: Option<&'static str>,
        language: Language,
        (low, high): (f64, f64),
    ) -> Option<Template> {
        let by_path = path_name.filter(|_| language == Language::JsonPath);
        if let Some(path_name) = by_path
            && let Some(text) = self.text(path_name)
        {
            if self.has(name) {
                self.ask(name);
                self.wrong(
                    path_name,
                    format!("`{name}` and `{path_name}` cannot both be there"),
                );
            }
            return Some(self.reference(path_name, &text));
        }
        let value = self.get(name)?;
        if let (Language::Jsonata, Value::String(text)) = (language, value)
            && Query::within(text).is_some()
        {
            return Some(jsonata(self.reader, &self.at(name), text));
        }
        // Only a percentage may have a fraction.
        let is_share = name == "ToleratedFailurePercentage";
        let fits = value.as_f64().is_some_and(|number| {
            (low..=high).contains(&number) && (is_share || number.fract() == 0.0)
        });
        if !fits {
            let what = if is_share { "number" } else { "whole number" };
            let expression = match language {
                Language::JsonPath => "",
                Language::Jsonata => ", or an expression in `{% %}`",
            };
            let message =
                format!("`{name}` is a {what} from {low} to {high}{expression}, not `{value}`");
            self.wrong(name, message);
        }
        Some(Template::Value(value.clone()))
    }

    /// A reference path, for a field whose name ends in `Path`.
    pub(super) fn reference(&self, name: &'static str, text: &str) -> Template {
        match self.reference_path(name, text) {
            Some(path) => Template::Expression(Expression::Path(path)),
            None => Template::Value(Value::Null),
        }
    }

    /// A reference path, or an intrinsic function. Source: Amazon States Language specification, Fail state.
    pub(super) fn reference_or_call(&self, name: &'static str, text: &str) -> Template {
        if text.starts_with("States.") {
            return expression(self.reader, &self.at(name), text);
        }
        self.reference(name, text)
    }

    pub(super) fn reference_path(&self, name: &'static str, text: &str) -> Option<Path> {
        let at = self.at(name);
        let path = path(self.reader, &at, text)?;
        if path.is_single() {
            return Some(path);
        }
        let message = format!(
            "`{name}` is a reference path, which names one place, such as `$.order.total`: `{text}` is none"
        );
        self.reader.say(ProblemCode::InvalidPath, &at, message);
        None
    }
}
