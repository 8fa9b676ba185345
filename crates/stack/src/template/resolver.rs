//! What a template's names stand for, resolved in the order in which AWS would create them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::limits::RESOLVED_BYTES_MAX;

use super::dependency::creation_order;
use super::function::{placeholder, references};
use super::names::{Names, Part, Target};
use super::parameter::ParameterValue;
use super::words::{did_you_mean, shorten};
use super::{
    Function, Lookup, Named, Node, OtherAttributes, Parameters, Pseudo, Report, Reported, Resource,
    Span, Yields,
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
    pub resources: &'t [Resource],
    pub(super) parameters: Parameters,
    names: Names,
    /// The names of resources, by index; missing where a problem stands in the way.
    resolved: RefCell<HashMap<usize, String>>,
    bytes: Cell<usize>,
}

impl<'t> Resolver<'t> {
    /// Resolves the names of all resources, each after those that it needs. `absent` are those that
    /// are not created, with the condition that says so.
    pub fn new(
        report: &'t Report,
        pseudo: Pseudo,
        resources: &'t [Resource],
        absent: BTreeMap<String, String>,
        parameters: Parameters,
    ) -> Self {
        let names = Names::new(resources, absent, &parameters);
        let order = creation_order(resources, &names, report);
        let resolver = Self {
            report,
            pseudo,
            resources,
            parameters,
            names,
            resolved: RefCell::default(),
            bytes: Cell::new(0),
        };
        for index in order {
            if let Ok(name) = resolver.physical_name(index) {
                resolver.resolved.borrow_mut().insert(index, name);
            }
        }
        resolver
    }

    /// The resource's name as AWS would have it; an API's id.
    pub fn name(&self, index: usize) -> Result<String, Reported> {
        self.resolved.borrow().get(&index).cloned().ok_or(Reported)
    }

    /// The logical id that people know a resource by, or what SAM makes it of.
    pub fn shown_id(&self, index: usize) -> &'t str {
        let resource = &self.resources[index];
        let of = resource.made.as_ref().map_or(index, |made| made.of);
        &self.resources[of].logical_id
    }

    /// All aliases of a function: `AutoPublishAlias`, then those that are resources.
    pub fn aliases(&self, index: usize) -> &[String] {
        let aliases = self.names.aliases.get(&index);
        aliases.map(Vec::as_slice).unwrap_or_default()
    }

    /// The alias that SAM points events at: `AutoPublishAlias`.
    pub fn published_alias(&self, index: usize) -> Option<String> {
        self.resources[index].property("AutoPublishAlias")?;
        self.aliases(index).first().cloned()
    }

    /// What a version, alias or URL is a part of.
    pub fn part(&self, index: usize) -> Option<&Part> {
        self.names.parts.get(&index)
    }

    /// The function that a node means, by reference to it or to a part of it.
    pub fn function_of(&self, node: &Node) -> Option<Part> {
        self.names.part_of(node, self.resources)
    }

    /// The resource with a logical id.
    pub fn find(&self, logical_id: &str) -> Option<usize> {
        match self.names.find(logical_id)? {
            (Target::Resource(index), None) => Some(index),
            _ => None,
        }
    }

    /// The first resource that a node refers to, in whatever words.
    pub fn mentioned(&self, node: &Node) -> Option<usize> {
        let references = references(node).into_iter();
        let mut targets = references.filter_map(|it| self.names.find(it.name));
        targets.find_map(|(target, _)| match target {
            Target::Resource(index) => Some(index),
            Target::Pseudo | Target::Parameter => None,
        })
    }

    /// The resource that a node refers to with `!Ref`.
    pub fn referenced(&self, node: &Node) -> Option<usize> {
        let call = node.call().filter(|call| call.function == Function::Ref)?;
        self.find(call.argument.text()?)
    }

    fn physical_name(&self, index: usize) -> Result<String, Reported> {
        let resource = &self.resources[index];
        let id = &*resource.logical_id;
        let (property, characters_max) = match resource.kind.named {
            Named::By(property, characters_max) => (property, characters_max),
            Named::ApiId => return Ok(self.pseudo.api_id(id)),
            Named::Placeholder => return Ok(self.placeholder_name(index)),
        };
        let Some(node) = resource.property(property) else {
            return Ok(self.pseudo.physical_name(id, characters_max));
        };
        let place = Place {
            logical_id: id,
            resource_type: &resource.resource_type,
            property,
            opaque: false,
        };
        self.text(node, place)
    }

    pub(super) fn placeholder_name(&self, index: usize) -> String {
        let id = &self.resources[index].logical_id;
        self.pseudo.physical_name(id, 255)
    }

    /// What `!Ref` yields.
    pub(super) fn reference(
        &self,
        name: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let index = match self.names.find(name) {
            None => return Err(self.unresolved(name, name, node)),
            Some((_, Some(_))) => {
                return Err(self.wrong_form(node, Function::Ref, Function::GetAtt.form()));
            }
            Some((Target::Pseudo, None)) => return self.pseudo_parameter(name, node),
            Some((Target::Parameter, None)) => return self.parameter(name, node),
            Some((Target::Resource(index), None)) => index,
        };
        self.charge(name.len(), node.span)?;
        self.yielded(self.resources[index].kind.reference, index, node, place)
    }

    fn pseudo_parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        self.charge(name.len(), node.span)?;
        self.pseudo.value(name).ok_or_else(|| {
            let message = format!("`{}` has no value to put into text", shorten(name));
            let help = "`AWS::NoValue` removes a property: `Property: !Ref AWS::NoValue`";
            let span = self.span(node, name);
            self.report.problem(span, message, "this name", help)
        })
    }

    fn parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        self.charge(name.len(), node.span)?;
        match self.parameters.get(name) {
            Some(ParameterValue::Text(text)) => {
                self.charge(text.len(), node.span)?;
                Ok(text.as_str().into())
            }
            Some(ParameterValue::List(items)) => {
                self.charge(items.iter().map(String::len).sum(), node.span)?;
                Ok(items.as_slice().into())
            }
            Some(ParameterValue::Reported) | None => Err(Reported),
        }
    }

    /// What `!GetAtt` yields.
    pub(super) fn attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let written = format!("{name}.{attribute}");
        // SAM calls some of what it makes like an attribute: `Function.Alias`.
        if self.find(&written).is_some() {
            return self.reference(&written, node, place);
        }
        let Some((target, None)) = self.names.find(name) else {
            return Err(self.unresolved(name, &written, node));
        };
        self.charge(written.len(), node.span)?;
        let Target::Resource(index) = target else {
            return Err(self.no_attribute(name, attribute, node, &[]));
        };
        let kind = self.resources[index].kind;
        let mut known = kind.attributes.iter();
        if let Some((_, yields)) = known.find(|(name, _)| *name == attribute) {
            return self.yielded(*yields, index, node, place);
        }
        let value = || format!("{}.{}", self.placeholder_name(index), shorten(attribute));
        match kind.other_attributes {
            OtherAttributes::Problem => {
                Err(self.no_attribute(name, attribute, node, kind.attributes))
            }
            OtherAttributes::Placeholder => Ok(value().into()),
            OtherAttributes::StandIn => {
                Ok(self.lookup(index, node, place).stand_in(value()).into())
            }
        }
    }

    fn no_attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
        known: &[(&str, Yields)],
    ) -> Reported {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match known {
            [] => "use `!Ref` for it".to_owned(),
            _ => format!("it has {}", names.join(", ")),
        };
        let span = self.span(node, &format!("{name}.{attribute}"));
        let (name, attribute) = (shorten(name), shorten(attribute));
        let message = format!("`{name}` has no attribute `{attribute}`");
        self.report
            .problem(span, message, "unknown attribute", help)
    }

    fn yielded(
        &self,
        yields: Yields,
        index: usize,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let text = yields(&self.lookup(index, node, place))?;
        self.charge(text.len(), node.span)?;
        Ok(text.into())
    }

    fn lookup<'r>(&'r self, index: usize, node: &'r Node, place: Place<'r>) -> Lookup<'r> {
        Lookup {
            resolver: self,
            index,
            node,
            place,
        }
    }

    /// Warns of a value, unless it is only kept.
    pub(super) fn warn(&self, span: Span, place: Place<'_>, meaning: &str) {
        if !place.opaque {
            let property = Some(place.property.to_owned());
            let (id, resource_type) = (place.logical_id, place.resource_type);
            self.report.warn(span, id, resource_type, property, meaning);
        }
    }

    /// `written` is what stands in a `!Sub`: the name with its attribute.
    fn unresolved(&self, name: &str, written: &str, node: &Node) -> Reported {
        let span = || placeholder(node, written, self.report);
        report_unresolved(name, span, &self.names, self.report)
    }

    /// The place of `${name}` in a `!Sub`, else of the whole node.
    pub(super) fn span(&self, node: &Node, name: &str) -> Span {
        if self.report.is_full() {
            return node.span;
        }
        placeholder(node, name, self.report)
    }

    pub(super) fn charge(&self, bytes: usize, span: Span) -> Result<(), Reported> {
        // One more, so that empty values cost something too.
        let total = self.bytes.get().saturating_add(bytes).saturating_add(1);
        self.bytes.set(total);
        if total <= RESOLVED_BYTES_MAX {
            return Ok(());
        }
        let message = format!("references expand to more than {RESOLVED_BYTES_MAX} bytes");
        let help = "repeat long values less often";
        let label = "the limit is passed here";
        Err(self.report.problem(span, message, label, help))
    }
}

/// Reports a name that stands for nothing. Its place is searched for, so only if there is room.
pub(super) fn report_unresolved(
    name: &str,
    span: impl FnOnce() -> Span,
    names: &Names,
    report: &Report,
) -> Reported {
    if report.is_full() {
        return Reported;
    }
    let shown = shorten(name);
    if let Some(condition) = names.absent.get(name) {
        let message = format!("`{shown}` is not created");
        let label = format!("its condition `{}` does not hold", shorten(condition));
        let help =
            "refer to it under the same condition: `!If [Condition, !Ref It, !Ref AWS::NoValue]`";
        return report.problem(span(), message, label, help);
    }
    let otherwise = "a reference names a parameter, a resource or a pseudo parameter; \
                     in `!Sub`, `${!Name}` is the literal text `${Name}`";
    let help = did_you_mean(name, names.sorted(), otherwise);
    let message = format!("`{shown}` is not in this template");
    report.problem(span(), message, "refers to nothing", help)
}
