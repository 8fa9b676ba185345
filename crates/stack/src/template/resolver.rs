//! The known values of a template's names: their targets, the names of resources, and the results of nested templates.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use crate::limits::RESOLVED_BYTES_MAX;
use crate::references::NO_REFERENCES;
use crate::{References, Stack};

use super::function::references;
use super::names::{Names, Part, Target};
use super::{Function, Node, Parameters, Pseudo, Report, Reported, Resource, Role, Span};

/// Why a nested template does not have an output.
pub(super) enum UnknownOutput {
    /// It has these outputs.
    Names(Vec<String>),
    /// A problem prevents all of them.
    Reported,
}

/// Knows every name's value.
pub(crate) struct Resolver<'t> {
    pub report: &'t Report,
    pub pseudo: Pseudo,
    pub resources: &'t [Resource],
    pub(super) parameters: Parameters,
    pub(super) names: Names,
    /// The names of resources, by index; missing if a problem prevents it.
    resolved: RefCell<HashMap<usize, String>>,
    /// The loaded nested templates, by index: `None` if they lie elsewhere; missing if a problem prevents it.
    nested: RefCell<BTreeMap<usize, Option<Stack>>>,
    pub(super) references: &'t References,
    bytes: Cell<usize>,
    /// The number of lookups that are waiting for each other.
    pub(super) dynamic_depth: Cell<usize>,
}

impl<'t> Resolver<'t> {
    /// Knows the targets of names, but not yet the name of any resource.
    pub(super) fn new(
        report: &'t Report,
        pseudo: Pseudo,
        resources: &'t [Resource],
        names: Names,
        parameters: Parameters,
        references: &'t References,
    ) -> Self {
        Self {
            report,
            pseudo,
            resources,
            parameters,
            names,
            resolved: RefCell::default(),
            nested: RefCell::default(),
            references,
            bytes: Cell::new(0),
            dynamic_depth: Cell::new(0),
        }
    }

    /// Knows parameters and pseudo parameters alone.
    pub fn of_parameters(report: &'t Report, pseudo: Pseudo, parameters: Parameters) -> Self {
        let names = Names::new(&[], BTreeMap::new(), &parameters);
        Self::new(report, pseudo, &[], names, parameters, &NO_REFERENCES)
    }

    /// Notes the name of a resource.
    pub(super) fn set_name(&self, index: usize, name: String) {
        self.resolved.borrow_mut().insert(index, name);
    }

    /// Notes a loaded nested template; `None` if it lies elsewhere.
    pub(super) fn set_nested(&self, index: usize, stack: Option<Stack>) {
        self.nested.borrow_mut().insert(index, stack);
    }

    /// The content of all nested templates, without their outputs.
    pub fn take_nested(&self) -> Stack {
        let mut all = Stack::default();
        for stack in self.nested.borrow().values().flatten() {
            all.absorb(stack.clone());
        }
        all
    }

    /// An output of a nested template; `None` if that lies elsewhere.
    pub(super) fn nested_output(
        &self,
        index: usize,
        name: &str,
    ) -> Result<Option<String>, UnknownOutput> {
        match self.nested.borrow().get(&index) {
            None => Err(UnknownOutput::Reported),
            Some(None) => Ok(None),
            Some(Some(stack)) => {
                let output = stack.outputs.iter().find(|output| output.name == name);
                let names = || stack.outputs.iter().map(|it| it.name.clone()).collect();
                let output = output.ok_or_else(|| UnknownOutput::Names(names()))?;
                Ok(Some(output.value.clone()))
            }
        }
    }

    /// The place of the resource whose nested template has this logical id.
    pub fn nesting(&self, logical_id: &str) -> Span {
        let nests = |resource: &&Resource| {
            resource.kind.role == Role::Nested && logical_id.starts_with(&*resource.logical_id)
        };
        let resource = self.resources.iter().find(nests);
        resource.map_or(Span::START, |resource| resource.id_span)
    }

    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The resource's name as AWS would have it; an API's id.
    pub fn name(&self, index: usize) -> Result<String, Reported> {
        self.resolved.borrow().get(&index).cloned().ok_or(Reported)
    }

    /// The logical id of a resource in the template; for one that SAM makes, that of its origin.
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

    /// The function that a version, alias or URL is a part of.
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

    /// The first resource that a node refers to, in any form.
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

    pub(super) fn charge(&self, bytes: usize, span: Span) -> Result<(), Reported> {
        // One more, so that empty values are charged too.
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
