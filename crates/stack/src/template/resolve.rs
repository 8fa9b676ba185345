//! Evaluates references and functions to plain values.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::limits::RESOLVED_BYTES_MAX;

use super::declared::Target;
use super::dependency::{creation_order, report_unresolved};
use super::parameter::{Parameters, plain_text};
use super::part::Part;
use super::reference::{placeholder, references};
use super::{
    Declared, Function, Kind, Node, NodeValue, Pseudo, Report, Reported, Resource, Span, api_id,
    physical_name,
};

/// Where a value is wanted, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub logical_id: &'p str,
    pub resource_type: &'p str,
    /// The property's path.
    pub property: &'p str,
    /// Functions that are not evaluated stay in their long form, instead of being a problem: the
    /// value is only kept, never used.
    pub opaque: bool,
}

/// Knows every name's value.
pub(crate) struct Resolver<'t> {
    pub report: &'t Report,
    pub pseudo: Pseudo,
    pub resources: &'t [Resource<'t>],
    pub(super) parameters: Parameters,
    pub(super) declared: Declared<'t>,
    /// What `Ref` yields for functions, HTTP APIs and tables, by index; missing where a problem
    /// stands in the way.
    names: RefCell<HashMap<usize, String>>,
    bytes: Cell<usize>,
}

impl<'t> Resolver<'t> {
    /// Resolves the names of all resources, each after those that it needs.
    pub fn new(
        report: &'t Report,
        pseudo: Pseudo,
        resources: &'t [Resource<'t>],
        absent: &'t BTreeMap<String, String>,
        parameters: Parameters,
    ) -> Self {
        let declared = Declared::new(resources, absent, &parameters);
        let order = creation_order(resources, &declared, report);
        let resolver = Self {
            report,
            pseudo,
            resources,
            parameters,
            declared,
            names: RefCell::default(),
            bytes: Cell::new(0),
        };
        for index in order {
            if let Ok(name) = resolver.physical_name(&resources[index]) {
                resolver.names.borrow_mut().insert(index, name);
            }
        }
        resolver
    }

    /// The resource's name as AWS would have it; an HTTP API's id.
    pub fn name(&self, index: usize) -> Result<String, Reported> {
        self.names.borrow().get(&index).cloned().ok_or(Reported)
    }

    /// The first alias of a function: `AutoPublishAlias`, or a resource's.
    pub fn alias(&self, index: usize) -> Option<&str> {
        self.aliases(index).first().map(String::as_str)
    }

    /// The alias that SAM points events at: `AutoPublishAlias`.
    pub fn published_alias(&self, index: usize) -> Option<&str> {
        self.resources[index].property("AutoPublishAlias")?;
        self.alias(index)
    }

    /// All aliases of a function.
    pub fn aliases(&self, index: usize) -> &[String] {
        let aliases = self.declared.aliases.get(&index);
        aliases.map(Vec::as_slice).unwrap_or_default()
    }

    /// What a version, alias or URL is a part of.
    pub fn part(&self, index: usize) -> Option<&Part> {
        self.declared.parts.get(&index)
    }

    /// The function that a node means, by reference to it or to a part of it.
    pub fn function_of(&self, node: &Node) -> Option<Part> {
        self.declared.part_of(node, self.resources)
    }

    /// The first resource that a node refers to, in whatever words.
    pub fn mentioned(&self, node: &Node) -> Option<usize> {
        let references = references(node).into_iter();
        let mut targets = references.filter_map(|it| self.declared.find(it.name));
        targets.find_map(|(target, _)| match target {
            Target::Resource(index) => Some(index),
            _ => None,
        })
    }

    /// The resource that a node refers to with `!Ref`.
    pub fn referenced(&self, node: &Node) -> Option<usize> {
        let call = node.call().filter(|call| call.function == Function::Ref)?;
        match self.declared.find(call.argument.text()?)? {
            (Target::Resource(index), None) => Some(index),
            _ => None,
        }
    }

    fn physical_name(&self, resource: &Resource<'_>) -> Result<String, Reported> {
        let (property, characters_max) = match resource.kind {
            Kind::Function | Kind::LambdaFunction => ("FunctionName", 64),
            Kind::Table | Kind::SimpleTable => ("TableName", 255),
            Kind::Layer | Kind::LambdaLayer => ("LayerName", 140),
            Kind::HttpApi | Kind::RestApi | Kind::GatewayHttp | Kind::GatewayRest => {
                return Ok(api_id(&self.pseudo.stack_name, resource.logical_id));
            }
            Kind::Url
            | Kind::Version
            | Kind::Alias
            | Kind::GatewayPart
            | Kind::Quiet
            | Kind::Other => {
                return Ok(self.placeholder_name(resource));
            }
        };
        let given = resource.property(property).filter(|it| !it.is_no_value());
        let Some(node) = given else {
            return Ok(physical_name(
                &self.pseudo.stack_name,
                resource.logical_id,
                characters_max,
            ));
        };
        self.text(
            node,
            Place {
                logical_id: resource.logical_id,
                resource_type: resource.resource_type,
                property,
                opaque: false,
            },
        )
    }

    pub(super) fn placeholder_name(&self, resource: &Resource<'_>) -> String {
        physical_name(&self.pseudo.stack_name, resource.logical_id, 255)
    }

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
                return Ok(plain_text(scalar));
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
        let Place {
            logical_id,
            property,
            ..
        } = place;
        Err(self.report.problem(
            node.span,
            format!("`{property}` of `{logical_id}` must be a single value, found {what}"),
            what,
            "write text or a number; `!Join` makes text of a list",
        ))
    }

    /// `written` is what stands in a `!Sub`: the name with its attribute.
    pub(super) fn unresolved(&self, name: &str, written: &str, node: &Node) -> Reported {
        if self.report.is_full() {
            return Reported;
        }
        let span = self.span(node, written);
        report_unresolved(name, span, &self.declared, self.report)
    }

    pub(super) fn malformed(&self, node: &Node, function: &str, form: &str) -> Reported {
        self.report.problem(
            node.span,
            format!("the argument of `{function}` has the wrong form"),
            node.describe(),
            format!("write it like `{form}`"),
        )
    }

    /// The place of `${name}` in a `!Sub`, else of the whole node.
    pub(super) fn span(&self, node: &Node, name: &str) -> Span {
        if self.report.is_full() {
            return node.span;
        }
        placeholder(node, name, self.report)
    }

    /// The place of a part of a text, where it is written like that, else of the whole text.
    pub(super) fn part_span(&self, node: &Node, part: &str) -> Span {
        let found = self.report.text.slice(node.span).find(part);
        match found {
            Some(at) if !part.is_empty() => Span {
                offset: node.span.offset + at,
                len: part.len(),
            },
            Some(_) | None => node.span,
        }
    }

    pub(super) fn charge(&self, bytes: usize, span: Span) -> Result<(), Reported> {
        // One more, so that empty values cost something too.
        let total = self.bytes.get().saturating_add(bytes).saturating_add(1);
        self.bytes.set(total);
        if total <= RESOLVED_BYTES_MAX {
            return Ok(());
        }
        Err(self.report.problem(
            span,
            format!("references expand to more than {RESOLVED_BYTES_MAX} bytes"),
            "the limit is passed here",
            "repeat long values less often",
        ))
    }
}
