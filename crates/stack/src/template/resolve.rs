//! Resolves the names of a template's resources, in the order in which AWS would create them.

use std::collections::BTreeMap;

use crate::{References, Stack};

use super::dependency::creation_order;
use super::evaluate::Evaluation;
use super::names::Names;
use super::{Named, Parameters, Place, Pseudo, Report, Reported, Resolver, Resource, Role};

/// A template's values from outside.
pub(crate) struct Given<'t> {
    pub parameters: Parameters,
    pub references: &'t References,
    /// Loads the template that a resource nests; `None` if it lies elsewhere.
    pub nested: &'t LoadNested<'t>,
}

pub(crate) type LoadNested<'l> =
    dyn Fn(&Resolver<'_>, usize) -> Result<Option<Stack>, Reported> + 'l;

/// Resolves the names of all resources, each after those that it needs. `absent` are the resources
/// that are not created, with the condition that excludes them.
pub(crate) fn resolve<'t>(
    report: &'t Report,
    pseudo: Pseudo,
    resources: &'t [Resource],
    absent: BTreeMap<String, String>,
    given: Given<'t>,
) -> Resolver<'t> {
    let parameters = given.parameters;
    let names = Names::new(resources, absent, &parameters);
    let order = creation_order(resources, &names, report);
    let references = given.references;
    let resolver = Resolver::new(report, pseudo, resources, names, parameters, references);
    for index in order {
        if let Ok(name) = physical_name(&resolver, index) {
            resolver.set_name(index, name);
        }
        if resources[index].kind.role == Role::Nested
            && let Ok(stack) = (given.nested)(&resolver, index)
        {
            resolver.set_nested(index, stack);
        }
    }
    resolver
}

fn physical_name(resolver: &Resolver<'_>, index: usize) -> Result<String, Reported> {
    let resource = &resolver.resources[index];
    let id = &*resource.logical_id;
    let (property, characters_max) = match resource.kind.named {
        Named::By(property, characters_max) => (property, characters_max),
        Named::ApiId => return Ok(resolver.pseudo.api_id(id)),
        Named::Placeholder => return Ok(resource.placeholder_name(&resolver.pseudo)),
    };
    let Some(node) = resource.property(property) else {
        return Ok(resolver.pseudo.physical_name(id, characters_max));
    };
    let place = Place {
        logical_id: id,
        resource_type: &resource.resource_type,
        property,
        opaque: false,
    };
    Evaluation { resolver, place }.settled_text(node)
}
