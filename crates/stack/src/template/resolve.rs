//! What a template's names stand for, resolved in the order in which AWS would create them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use crate::limits::RESOLVED_BYTES_MAX;

use super::dependency::{creation_order, report_unresolved};
use super::names::{Names, Part, Target};
use super::parameter::Parameters;
use super::reference::{placeholder, references};
use super::{Function, Named, Node, Pseudo, Report, Reported, Resource, Span};

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
    pub(super) names: Names<'t>,
    /// What `Ref` yields for functions, HTTP APIs and tables, by index; missing where a problem
    /// stands in the way.
    resolved: RefCell<HashMap<usize, String>>,
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

    /// The resource's name as AWS would have it; an HTTP API's id.
    pub fn name(&self, index: usize) -> Result<String, Reported> {
        self.resolved.borrow().get(&index).cloned().ok_or(Reported)
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
        let aliases = self.names.aliases.get(&index);
        aliases.map(Vec::as_slice).unwrap_or_default()
    }

    /// What a version, alias or URL is a part of.
    pub fn part(&self, index: usize) -> Option<&Part> {
        self.names.parts.get(&index)
    }

    /// The function that a node means, by reference to it or to a part of it.
    pub fn function_of(&self, node: &Node) -> Option<Part> {
        self.names.part_of(node, self.resources)
    }

    /// The first resource that a node refers to, in whatever words.
    pub fn mentioned(&self, node: &Node) -> Option<usize> {
        let references = references(node).into_iter();
        let mut targets = references.filter_map(|it| self.names.find(it.name));
        targets.find_map(|(target, _)| match target {
            Target::Resource(index) => Some(index),
            _ => None,
        })
    }

    /// The resource that a node refers to with `!Ref`.
    pub fn referenced(&self, node: &Node) -> Option<usize> {
        let call = node.call().filter(|call| call.function == Function::Ref)?;
        match self.names.find(call.argument.text()?)? {
            (Target::Resource(index), None) => Some(index),
            _ => None,
        }
    }

    fn physical_name(&self, index: usize) -> Result<String, Reported> {
        let resource = &self.resources[index];
        let (property, characters_max) = match resource.kind.named {
            Named::By(property, characters_max) => (property, characters_max),
            Named::ApiId => return Ok(self.pseudo.api_id(resource.logical_id)),
            Named::Placeholder => return Ok(self.placeholder_name(index)),
        };
        let given = resource.property(property).filter(|it| !it.is_no_value());
        let Some(node) = given else {
            let id = resource.logical_id;
            return Ok(self.pseudo.physical_name(id, characters_max));
        };
        let place = Place {
            logical_id: resource.logical_id,
            resource_type: resource.resource_type,
            property,
            opaque: false,
        };
        self.text(node, place)
    }

    pub(super) fn placeholder_name(&self, index: usize) -> String {
        let id = self.resources[index].logical_id;
        self.pseudo.physical_name(id, 255)
    }

    /// Warns of a value, unless it is only kept.
    pub(super) fn warn(&self, span: Span, place: Place<'_>, meaning: impl Into<String>) {
        if !place.opaque {
            let property = Some(place.property.to_owned());
            let (id, resource_type) = (place.logical_id, place.resource_type);
            self.report.warn(span, id, resource_type, property, meaning);
        }
    }

    /// `written` is what stands in a `!Sub`: the name with its attribute.
    pub(super) fn unresolved(&self, name: &str, written: &str, node: &Node) -> Reported {
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
