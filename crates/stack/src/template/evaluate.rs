//! Evaluates a node: text, lists, mappings, and every function that makes a value. [`super::condition`] has already
//! replaced the functions that choose a value or decide a condition.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::function::{Piece, pieces, placeholder};
use super::names::{Target, report_unresolved};
use super::node::Call;
use super::parameter::{ParameterValue, no_stored_value};
use super::report::{did_you_mean, shorten};
use super::resolver::UnknownOutput;
use super::yields::{Whole, Yields};
use super::{
    Function, Lookup, Node, NodeValue, OtherAttributes, Place, Reported, Resolver, Role, Span, Type,
};

/// A value in its text form.
pub(super) fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Evaluates values for one place.
pub(crate) struct Evaluation<'r> {
    pub resolver: &'r Resolver<'r>,
    pub place: Place<'r>,
}

impl Evaluation<'_> {
    /// The value as JSON; `None` for `AWS::NoValue`.
    pub fn value(&self, node: &Node) -> Result<Option<Value>, Reported> {
        Ok(Some(match &node.value {
            NodeValue::Scalar(scalar) => {
                self.charge(scalar.text.len(), node.span)?;
                scalar.to_json()
            }
            NodeValue::Sequence(items) => {
                self.charge(items.len(), node.span)?;
                let values = items.iter().filter_map(|it| self.value(it).transpose());
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            NodeValue::Mapping(entries) => {
                let mut object = serde_json::Map::new();
                for entry in entries {
                    self.charge(entry.key.len(), entry.key_span)?;
                    if let Some(value) = self.value(&entry.value)? {
                        object.insert(entry.key.to_string(), value);
                    }
                }
                Value::Object(object)
            }
            NodeValue::Call(call) => return self.call(call, node.span),
        }))
    }

    /// The value as text; a number is taken as written.
    pub fn text(&self, node: &Node) -> Result<String, Reported> {
        let what = match &node.value {
            NodeValue::Scalar(scalar) if !scalar.is_null() => {
                self.charge(scalar.text.len(), node.span)?;
                return Ok(scalar.plain_text());
            }
            NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_) => {
                node.describe()
            }
            NodeValue::Call(call) => match self.call(call, node.span)? {
                Some(Value::String(text)) => return Ok(text),
                Some(Value::Bool(boolean)) => return Ok(boolean.to_string()),
                Some(Value::Number(number)) => return Ok(number.to_string()),
                Some(Value::Array(_)) => "a list",
                Some(Value::Object(_)) => "a mapping",
                Some(Value::Null) | None => "nothing",
            },
        };
        let (id, property) = (self.place.logical_id, self.place.property);
        let message = format!("`{property}` of `{id}` must be a single value, found {what}");
        let help = "write text or a number; `!Join` makes text of a list";
        Err(self.problem(node.span, message, what, help))
    }

    fn call(&self, call: &Call, span: Span) -> Result<Option<Value>, Reported> {
        let argument = &*call.argument;
        Ok(Some(match call.function {
            Function::Ref => match argument.text() {
                Some("AWS::NoValue") => return Ok(None),
                Some(name) => self.reference(name, argument)?,
                None => return Err(Function::Ref.malformed(argument, self.resolver.report)),
            },
            Function::GetAtt => self.get_att(argument)?,
            Function::Sub => self.sub(argument)?.into(),
            Function::Join => self.join(argument)?.into(),
            Function::Select => self.select(argument)?,
            Function::Split => self.split(argument)?,
            Function::Length => self.list(argument, Function::Length)?.len().into(),
            Function::GetAzs => self.availability_zones(argument)?,
            Function::Base64 => self.charged(STANDARD.encode(self.text(argument)?), argument)?,
            Function::ToJsonString => {
                let value = self.value(argument)?.unwrap_or(Value::Null);
                self.charged(value.to_string(), argument)?
            }
            Function::ImportValue => self.import_value(argument)?.into(),
            Function::Reported => return Err(Reported),
            Function::Other(name) if self.place.opaque => {
                let argument = self.value(argument)?.unwrap_or(Value::Null);
                json!({ name: argument })
            }
            Function::Condition
            | Function::Equals
            | Function::And
            | Function::Or
            | Function::Not
            | Function::If
            | Function::FindInMap
            | Function::ForEach => {
                let message = format!("`{}` has no place here", call.function.key());
                let help = "write it under `Conditions`, and choose values with `!If`";
                return Err(self.problem(span, message, "makes no value", help));
            }
            Function::Other(name) => {
                let (id, property) = (self.place.logical_id, self.place.property);
                let message =
                    format!("`{property}` of `{id}` uses `{name}`, which is not supported here");
                let label = format!("the argument of `{name}`");
                let help = "write the value out, or make it a parameter";
                return Err(self.problem(span, message, label, help));
            }
        }))
    }

    fn get_att(&self, argument: &Node) -> Result<Value, Reported> {
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
            (Some(name), Some(attribute)) => self.attribute(name, attribute, node),
            _ => Err(Function::GetAtt.malformed(argument, self.resolver.report)),
        }
    }

    fn sub(&self, argument: &Node) -> Result<String, Reported> {
        let (template, variables) = match argument.items() {
            None => (argument, Some([].as_slice())),
            Some([template, variables]) => (template, variables.entries()),
            Some(_) => (argument, None),
        };
        let Some(variables) = variables else {
            return Err(Function::Sub.malformed(argument, self.resolver.report));
        };
        let Some(text) = template.text() else {
            return Err(Function::Sub.malformed(template, self.resolver.report));
        };
        let own = variables
            .iter()
            .map(|it| Ok((&*it.key, self.text(&it.value)?)));
        let own: HashMap<&str, String> = own.collect::<Result<_, _>>()?;
        self.charge(text.len(), template.span)?;
        let mut result = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => result.push_str(literal),
                Piece::Name(name) => match own.get(name) {
                    Some(value) => {
                        self.charge(value.len(), template.span)?;
                        result.push_str(value);
                    }
                    None => result.push_str(&self.substitute(name, template)?),
                },
                Piece::Unclosed(rest) => {
                    let message = format!("`{}` has no closing `}}`", shorten(rest));
                    let help = "close it, or write a literal `${` as `${!`";
                    let span = template.span;
                    return Err(self.problem(span, message, "in this text", help));
                }
            }
        }
        Ok(result)
    }

    fn substitute(&self, name: &str, node: &Node) -> Result<String, Reported> {
        let value = match name.split_once('.') {
            Some((name, attribute)) => self.attribute(name, attribute, node)?,
            None => self.reference(name, node)?,
        };
        if let Value::String(text) = value {
            return Ok(text);
        }
        let shown = shorten(name);
        let message = format!("`{shown}` is a list, which cannot be put into text");
        let (span, help) = (self.span(node, name), "make text of it with `!Join`");
        Err(self.problem(span, message, "a list", help))
    }

    fn join(&self, argument: &Node) -> Result<String, Reported> {
        let [delimiter, list] = Function::Join.arguments(argument, self.resolver.report)?;
        let delimiter = self.delimiter(delimiter)?;
        let texts: Vec<String> = match list.items() {
            Some(items) => items
                .iter()
                .filter(|item| !item.is_no_value())
                .map(|item| match item.text() {
                    Some("") => Ok(String::new()),
                    _ => self.text(item),
                })
                .collect::<Result<_, _>>()?,
            None => {
                let items = self.list(list, Function::Join)?;
                items.into_iter().map(text_of).collect()
            }
        };
        self.charge(delimiter.len() * texts.len(), argument.span)?;
        Ok(texts.join(&delimiter))
    }

    fn split(&self, argument: &Node) -> Result<Value, Reported> {
        let [delimiter, whole] = Function::Split.arguments(argument, self.resolver.report)?;
        let delimiter = self.delimiter(delimiter)?;
        if delimiter.is_empty() {
            return Err(Function::Split.malformed(argument, self.resolver.report));
        }
        let whole = self.text(whole)?;
        let parts: Vec<&str> = whole.split(&delimiter).collect();
        self.charge(whole.len() + parts.len(), argument.span)?;
        Ok(parts.into())
    }

    fn select(&self, argument: &Node) -> Result<Value, Reported> {
        let [index, list] = Function::Select.arguments(argument, self.resolver.report)?;
        let items = self.list(list, Function::Select)?;
        let text = self.text(index)?;
        let length = items.len();
        let chosen = text.trim().parse().ok();
        let chosen = chosen.and_then(|index: usize| items.into_iter().nth(index));
        chosen.ok_or_else(|| {
            let message = format!("`!Select` asks for item {} of {length}", shorten(&text));
            let help = "items are counted from 0";
            self.problem(index.span, message, "not in the list", help)
        })
    }

    /// Three zones: most regions have at least that many.
    fn availability_zones(&self, argument: &Node) -> Result<Value, Reported> {
        let region = match argument.text() {
            Some("") => String::new(),
            _ => self.text(argument)?,
        };
        let region = match region.as_str() {
            "" => &self.resolver.pseudo.region,
            region => region,
        };
        let zones = ["a", "b", "c"].map(|zone| format!("{region}{zone}"));
        Ok(zones.as_slice().into())
    }

    /// Exports of other stacks are unknown here: the name of the export is used instead.
    fn import_value(&self, argument: &Node) -> Result<String, Reported> {
        let name = self.text(argument)?;
        let shown = shorten(&name);
        let meaning = format!(
            "other stacks are not here to import from; the value is the placeholder `{shown}`"
        );
        self.place
            .warn(argument.span, &meaning, self.resolver.report);
        Ok(name)
    }

    /// An empty delimiter is usual; null is not allowed.
    fn delimiter(&self, node: &Node) -> Result<String, Reported> {
        match node.scalar_value() {
            Some(scalar) if !scalar.plain => Ok(scalar.text.to_string()),
            _ => self.text(node),
        }
    }

    /// The items of a list, whether it is written out or comes from a function. Single values stay as they are written:
    /// `1.10` is a version more often than a number.
    pub(super) fn list(&self, node: &Node, function: Function) -> Result<Vec<Value>, Reported> {
        if let Some(call) = node.call()
            && let Some(Value::Array(items)) = self.call(call, node.span)?
        {
            return Ok(items);
        }
        let Some(items) = node.items() else {
            return Err(function.malformed(node, self.resolver.report));
        };
        let value = |item: &Node| match item.scalar_value() {
            Some(scalar) => {
                self.charge(scalar.text.len(), item.span)?;
                Ok(Some(scalar.plain_text().into()))
            }
            None => self.value(item),
        };
        items
            .iter()
            .filter_map(|item| value(item).transpose())
            .collect()
    }

    /// The value of `!Ref`.
    pub(super) fn reference(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        self.charge(name.len(), node.span)?;
        let index = match self.resolver.names.find(name) {
            None => return Err(self.unresolved(name, name, node)),
            Some((_, Some(_))) => {
                let form = Function::GetAtt.form();
                return Err(Function::Ref.wrong_form(node, form, self.resolver.report));
            }
            Some((Target::Pseudo, None)) => return self.pseudo_parameter(name, node),
            Some((Target::Parameter, None)) => return self.parameter(name, node),
            Some((Target::Resource(index), None)) => index,
        };
        self.yielded(self.resolver.resources[index].kind.reference, index, node)
    }

    fn pseudo_parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        self.resolver.pseudo.value(name).ok_or_else(|| {
            let message = format!("`{}` has no value to put into text", shorten(name));
            let help = "`AWS::NoValue` removes a property: `Property: !Ref AWS::NoValue`";
            let span = self.span(node, name);
            self.problem(span, message, "this name", help)
        })
    }

    fn parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        match self.resolver.parameters.get(name) {
            Some(ParameterValue::Text(text)) => self.charged(text.clone(), node),
            Some(ParameterValue::List(items)) => {
                self.charge(items.iter().map(String::len).sum(), node.span)?;
                Ok(items.as_slice().into())
            }
            Some(ParameterValue::Missing { name, span }) => {
                Err(no_stored_value(name, *span, self.resolver.report))
            }
            Some(ParameterValue::Reported) | None => Err(Reported),
        }
    }

    /// The value of `!GetAtt`.
    pub(super) fn attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
    ) -> Result<Value, Reported> {
        let written = format!("{name}.{attribute}");
        // SAM names some of its resources like an attribute: `Function.Alias`.
        if self.resolver.find(&written).is_some() {
            return self.reference(&written, node);
        }
        let Some((target, None)) = self.resolver.names.find(name) else {
            return Err(self.unresolved(name, &written, node));
        };
        self.charge(written.len(), node.span)?;
        let Target::Resource(index) = target else {
            return Err(self.no_attribute(name, attribute, node, None));
        };
        let kind = self.resolver.resources[index].kind;
        if kind.role == Role::Nested
            && let Some(output) = attribute.strip_prefix("Outputs.")
        {
            return self.output(index, name, output, node);
        }
        let mut known = kind.attributes.iter();
        if let Some((_, yields)) = known.find(|(name, _)| *name == attribute) {
            return self.yielded(*yields, index, node);
        }
        if kind.property_attributes.contains(&attribute) {
            let text = self.resolver.property_text(index, attribute)?;
            return self.charged(text.ok_or(Reported)?, node);
        }
        let placeholder = self.placeholder_name(index);
        let value = format!("{placeholder}.{}", shorten(attribute));
        match kind.other_attributes {
            OtherAttributes::Problem => Err(self.no_attribute(name, attribute, node, Some(kind))),
            OtherAttributes::Placeholder => Ok(value.into()),
            OtherAttributes::StandIn => Ok(self.lookup(index, node).stand_in(value).into()),
        }
    }

    /// An output of a nested template.
    fn output(
        &self,
        index: usize,
        name: &str,
        output: &str,
        node: &Node,
    ) -> Result<Value, Reported> {
        match self.resolver.nested_output(index, output) {
            Ok(Some(value)) => self.charged(value, node),
            Ok(None) => {
                let placeholder = self.placeholder_name(index);
                let value = format!("{placeholder}.{}", shorten(output));
                Ok(self.lookup(index, node).stand_in(value).into())
            }
            Err(UnknownOutput::Reported) => Err(Reported),
            Err(UnknownOutput::Names(names)) => {
                let (id, shown) = (shorten(name), shorten(output));
                let message = format!("the template that `{id}` nests has no output `{shown}`");
                let known = format!("its outputs: {}", shorten(&names.join(", ")));
                let help = did_you_mean(output, names.iter().map(String::as_str), known);
                let span = self.span(node, &format!("{name}.Outputs.{output}"));
                Err(self.problem(span, message, "no such output", help))
            }
        }
    }

    fn no_attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
        kind: Option<&Type>,
    ) -> Reported {
        let names = kind.map(|kind| {
            let attributes = kind.attributes.iter().map(|(name, _)| *name);
            attributes.chain(kind.property_attributes.iter().copied())
        });
        let names: Vec<&str> = names.into_iter().flatten().collect();
        let help = match names.as_slice() {
            [] => "use `!Ref` for it".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        let span = self.span(node, &format!("{name}.{attribute}"));
        let (name, attribute) = (shorten(name), shorten(attribute));
        let message = format!("`{name}` has no attribute `{attribute}`");
        self.problem(span, message, "unknown attribute", help)
    }

    fn yielded(&self, yields: Yields, index: usize, node: &Node) -> Result<Value, Reported> {
        self.charged(yields(&self.lookup(index, node))?, node)
    }

    fn lookup(&self, index: usize, node: &Node) -> Lookup<'_> {
        let resolver = self.resolver;
        Lookup {
            resource: &resolver.resources[index],
            name: resolver.name(index),
            shown_id: resolver.shown_id(index),
            whole: resolver.part(index).map(|part| Whole {
                name: resolver.name(part.function),
                alias: part.alias.as_deref(),
            }),
            parameters: resolver.parameters(),
            pseudo: &resolver.pseudo,
            report: resolver.report,
            place: self.place,
            span: node.span,
        }
    }

    fn placeholder_name(&self, index: usize) -> String {
        let resource = &self.resolver.resources[index];
        resource.placeholder_name(&self.resolver.pseudo)
    }

    fn charge(&self, bytes: usize, span: Span) -> Result<(), Reported> {
        self.resolver.charge(bytes, span)
    }

    /// Generated text, as a value.
    fn charged(&self, text: String, node: &Node) -> Result<Value, Reported> {
        self.charge(text.len(), node.span)?;
        Ok(text.into())
    }

    fn problem(
        &self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.resolver.report.problem(span, message, label, help)
    }

    /// `written` is the text in a `!Sub`: the name with its attribute.
    fn unresolved(&self, name: &str, written: &str, node: &Node) -> Reported {
        let span = || placeholder(node, written, self.resolver.report);
        report_unresolved(name, span, &self.resolver.names, self.resolver.report)
    }

    /// The place of `${name}` in a `!Sub`, else of the whole node.
    pub(super) fn span(&self, node: &Node, name: &str) -> Span {
        if self.resolver.report.is_full() {
            return node.span;
        }
        placeholder(node, name, self.resolver.report)
    }
}
