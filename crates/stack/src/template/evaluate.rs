//! Evaluates a node: text, lists, mappings, and every function that makes a value. Those that
//! choose a value or decide a condition are gone by then ([`super::condition`]).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::function::{Piece, pieces};
use super::node::Call;
use super::words::shorten;
use super::{Function, Node, NodeValue, Place, Reported, Resolver, Span};

impl Resolver<'_> {
    /// The value as JSON; `None` for `AWS::NoValue`.
    pub fn value(&self, node: &Node, place: Place<'_>) -> Result<Option<Value>, Reported> {
        Ok(Some(match &node.value {
            NodeValue::Scalar(scalar) => {
                self.charge(scalar.text.len(), node.span)?;
                scalar.to_json()
            }
            NodeValue::Sequence(items) => {
                self.charge(items.len(), node.span)?;
                let values = items
                    .iter()
                    .filter_map(|it| self.value(it, place).transpose());
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            NodeValue::Mapping(entries) => {
                let mut object = serde_json::Map::new();
                for entry in entries {
                    self.charge(entry.key.len(), entry.key_span)?;
                    if let Some(value) = self.value(&entry.value, place)? {
                        object.insert(entry.key.to_string(), value);
                    }
                }
                Value::Object(object)
            }
            NodeValue::Call(call) => return self.call(call, node.span, place),
        }))
    }

    /// The value as text, as written where it is a number.
    pub fn text(&self, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        let what = match &node.value {
            NodeValue::Scalar(scalar) if !scalar.is_null() => {
                self.charge(scalar.text.len(), node.span)?;
                return Ok(scalar.plain_text());
            }
            NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_) => {
                node.describe()
            }
            NodeValue::Call(call) => match self.call(call, node.span, place)? {
                Some(Value::String(text)) => return Ok(text),
                Some(Value::Bool(boolean)) => return Ok(boolean.to_string()),
                Some(Value::Number(number)) => return Ok(number.to_string()),
                Some(Value::Array(_)) => "a list",
                Some(Value::Object(_)) => "a mapping",
                Some(Value::Null) | None => "nothing",
            },
        };
        let (id, property) = (place.logical_id, place.property);
        let message = format!("`{property}` of `{id}` must be a single value, found {what}");
        let help = "write text or a number; `!Join` makes text of a list";
        Err(self.report.problem(node.span, message, what, help))
    }

    fn call(&self, call: &Call, span: Span, place: Place<'_>) -> Result<Option<Value>, Reported> {
        let argument = &*call.argument;
        Ok(Some(match call.function {
            Function::Ref => match argument.text() {
                Some("AWS::NoValue") => return Ok(None),
                Some(name) => self.reference(name, argument, place)?,
                None => return Err(self.malformed(argument, Function::Ref)),
            },
            Function::GetAtt => self.get_att(argument, place)?,
            Function::Sub => self.sub(argument, place)?.into(),
            Function::Join => self.join(argument, place)?.into(),
            Function::Select => self.select(argument, place)?,
            Function::Split => self.split(argument, place)?,
            Function::Length => self.list(argument, Function::Length, place)?.len().into(),
            Function::GetAzs => self.availability_zones(argument, place)?,
            Function::Base64 => {
                let text = self.text(argument, place)?;
                self.charge(text.len() * 4 / 3, argument.span)?;
                STANDARD.encode(text).into()
            }
            Function::ToJsonString => {
                let value = self.value(argument, place)?.unwrap_or(Value::Null);
                let text = value.to_string();
                self.charge(text.len(), argument.span)?;
                text.into()
            }
            Function::ImportValue => self.import_value(argument, place)?.into(),
            Function::Reported => return Err(Reported),
            Function::Other(name) if place.opaque => {
                let argument = self.value(argument, place)?.unwrap_or(Value::Null);
                json!({ name: argument })
            }
            Function::Condition
            | Function::Equals
            | Function::And
            | Function::Or
            | Function::Not
            | Function::If
            | Function::FindInMap => {
                let message = format!("`{}` has no place here", call.function.key());
                let help = "write it under `Conditions`, and choose values with `!If`";
                return Err(self.report.problem(span, message, "makes no value", help));
            }
            Function::Other(name) => {
                let (id, property) = (place.logical_id, place.property);
                let message =
                    format!("`{property}` of `{id}` uses `{name}`, which is not supported here");
                let label = format!("the argument of `{name}`");
                let help = "write the value out, or make it a parameter";
                return Err(self.report.problem(span, message, label, help));
            }
        }))
    }

    fn get_att(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let (name, attribute, node) = match argument.items() {
            Some([name, attribute]) => (name.text(), attribute.text(), name),
            Some(_) => (None, None, argument),
            None => {
                let written = argument.text().and_then(|text| text.split_once('.'));
                let (name, attribute) = written.unzip();
                (name, attribute, argument)
            }
        };
        match (name, attribute) {
            (Some(name), Some(attribute)) => self.attribute(name, attribute, node, place),
            _ => Err(self.malformed(argument, Function::GetAtt)),
        }
    }

    fn sub(&self, argument: &Node, place: Place<'_>) -> Result<String, Reported> {
        let (template, variables) = match argument.items() {
            None => (argument, Some([].as_slice())),
            Some([template, variables]) => (template, variables.entries()),
            Some(_) => (argument, None),
        };
        let Some(variables) = variables else {
            return Err(self.malformed(argument, Function::Sub));
        };
        let Some(text) = template.text() else {
            return Err(self.malformed(template, Function::Sub));
        };
        let mut own = HashMap::new();
        for entry in variables {
            own.insert(&*entry.key, self.text(&entry.value, place)?);
        }
        let mut result = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => {
                    self.charge(literal.len(), template.span)?;
                    result.push_str(literal);
                }
                Piece::Name(name) => match own.get(name) {
                    Some(value) => {
                        self.charge(value.len(), template.span)?;
                        result.push_str(value);
                    }
                    None => result.push_str(&self.substitute(name, template, place)?),
                },
                Piece::Unclosed(rest) => {
                    let message = format!("`{}` has no closing `}}`", shorten(rest));
                    let help = "close it, or write a literal `${` as `${!`";
                    let span = template.span;
                    return Err(self.report.problem(span, message, "in this text", help));
                }
            }
        }
        Ok(result)
    }

    fn substitute(&self, name: &str, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        let value = match name.split_once('.') {
            Some((name, attribute)) => self.attribute(name, attribute, node, place)?,
            None => self.reference(name, node, place)?,
        };
        if let Value::String(text) = value {
            return Ok(text);
        }
        let shown = shorten(name);
        let message = format!("`{shown}` is a list, which cannot be put into text");
        let (span, help) = (self.span(node, name), "make text of it with `!Join`");
        Err(self.report.problem(span, message, "a list", help))
    }

    fn join(&self, argument: &Node, place: Place<'_>) -> Result<String, Reported> {
        let [delimiter, list] = self.arguments(argument, Function::Join)?;
        let delimiter = self.delimiter(delimiter, place)?;
        let texts: Vec<String> = match list.items() {
            Some(items) => items
                .iter()
                .filter(|item| !item.is_no_value())
                .map(|item| match item.text() {
                    Some("") => Ok(String::new()),
                    _ => self.text(item, place),
                })
                .collect::<Result<_, _>>()?,
            None => {
                let text = |item| match item {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                let items = self.list(list, Function::Join, place)?;
                items.into_iter().map(text).collect()
            }
        };
        self.charge(delimiter.len() * texts.len(), argument.span)?;
        Ok(texts.join(&delimiter))
    }

    fn split(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let [delimiter, whole] = self.arguments(argument, Function::Split)?;
        let delimiter = self.delimiter(delimiter, place)?;
        if delimiter.is_empty() {
            return Err(self.malformed(argument, Function::Split));
        }
        let whole = self.text(whole, place)?;
        let parts: Vec<&str> = whole.split(&delimiter).collect();
        self.charge(whole.len() + parts.len(), argument.span)?;
        Ok(parts.into())
    }

    fn select(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let [index, list] = self.arguments(argument, Function::Select)?;
        let items = self.list(list, Function::Select, place)?;
        let text = self.text(index, place)?;
        let length = items.len();
        let chosen = text.trim().parse().ok();
        let chosen = chosen.and_then(|index: usize| items.into_iter().nth(index));
        chosen.ok_or_else(|| {
            let message = format!("`!Select` asks for item {} of {length}", shorten(&text));
            let help = "items are counted from 0";
            self.report
                .problem(index.span, message, "not in the list", help)
        })
    }

    /// Three zones: what most regions have at least.
    fn availability_zones(&self, argument: &Node, place: Place<'_>) -> Result<Value, Reported> {
        let region = match argument.text() {
            Some("") => String::new(),
            _ => self.text(argument, place)?,
        };
        let region = match region.as_str() {
            "" => &self.pseudo.region,
            region => region,
        };
        let zones = ["a", "b", "c"].map(|zone| format!("{region}{zone}"));
        Ok(zones.as_slice().into())
    }

    /// What other stacks export is not here: the name of the export stands in.
    fn import_value(&self, argument: &Node, place: Place<'_>) -> Result<String, Reported> {
        let name = self.text(argument, place)?;
        let shown = shorten(&name);
        let meaning = format!(
            "other stacks are not here to import from; the value is the placeholder `{shown}`"
        );
        self.warn(argument.span, place, &meaning);
        Ok(name)
    }

    /// An empty delimiter is usual, and null is not.
    fn delimiter(&self, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        match node.scalar_value() {
            Some(scalar) if !scalar.plain => Ok(scalar.text.to_string()),
            _ => self.text(node, place),
        }
    }

    /// The items of a list, whether it is written out or comes from a function. Single values stay as
    /// they are written: `1.10` is a version more often than a number.
    fn list(
        &self,
        node: &Node,
        function: Function,
        place: Place<'_>,
    ) -> Result<Vec<Value>, Reported> {
        if let Some(call) = node.call()
            && let Some(Value::Array(items)) = self.call(call, node.span, place)?
        {
            return Ok(items);
        }
        let Some(items) = node.items() else {
            return Err(self.malformed(node, function));
        };
        let value = |item: &Node| match item.scalar_value() {
            Some(scalar) => {
                self.charge(scalar.text.len(), item.span)?;
                Ok(Some(scalar.plain_text().into()))
            }
            None => self.value(item, place),
        };
        items
            .iter()
            .filter_map(|item| value(item).transpose())
            .collect()
    }

    /// The items of an argument that is a list of so many.
    pub(super) fn arguments<'n, const COUNT: usize>(
        &self,
        node: &'n Node,
        function: Function,
    ) -> Result<&'n [Node; COUNT], Reported> {
        let items = node.items().and_then(|items| items.try_into().ok());
        items.ok_or_else(|| self.malformed(node, function))
    }

    pub(super) fn malformed(&self, node: &Node, function: Function) -> Reported {
        self.wrong_form(node, function, function.form())
    }

    pub(super) fn wrong_form(&self, node: &Node, function: Function, form: &str) -> Reported {
        let message = format!("the argument of `{}` has the wrong form", function.key());
        let help = format!("write it like `{form}`");
        self.report
            .problem(node.span, message, node.describe(), help)
    }
}
