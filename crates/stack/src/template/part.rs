//! Versions, aliases and URLs: which functions they are parts of.

use super::names::{Names, Part, Target, alias, constant};
use super::parameter::Parameters;
use super::reference::references;
use super::{Made, Node, Resource, Role};

/// The alias for versions that are published without one.
const NEWEST: &str = "newest";

impl<'t> Names<'t> {
    /// The aliases of each function: its own, then those that are resources.
    pub(super) fn find_aliases(&mut self, resources: &[Resource<'t>], parameters: &Parameters) {
        for (index, resource) in resources.iter().enumerate() {
            if let Some(alias) = alias(resource, parameters) {
                self.aliases.insert(index, vec![alias.to_owned()]);
            }
        }
        for (index, resource) in resources.iter().enumerate() {
            if resource.kind.role != Role::Alias {
                continue;
            }
            let Some(function) = self.named_function(resource, resources) else {
                continue;
            };
            let name = resource.property("Name");
            let alias = name.and_then(|node| constant(node, parameters));
            let alias = alias.unwrap_or(resource.logical_id).to_owned();
            let aliases = self.aliases.entry(function).or_default();
            if !aliases.contains(&alias) {
                aliases.push(alias.clone());
            }
            let alias = Some(alias);
            self.parts.insert(index, Part { function, alias });
        }
    }

    pub(super) fn find_parts(&mut self, resources: &[Resource<'t>]) {
        for (index, resource) in resources.iter().enumerate() {
            let part = match resource.kind.role {
                Role::Version => self.version_part(resource, resources),
                Role::Url => self.url_part(resource, resources),
                _ => None,
            };
            if let Some(part) = part {
                self.parts.insert(index, part);
            }
        }
    }

    fn version_part(&mut self, resource: &Resource<'t>, all: &[Resource<'t>]) -> Option<Part> {
        let function = self.named_function(resource, all)?;
        let aliases = self.aliases.entry(function).or_default();
        if aliases.is_empty() {
            aliases.push(NEWEST.to_owned());
        }
        let alias = aliases.first().cloned();
        Some(Part { function, alias })
    }

    /// The function behind an `AWS::Lambda::Url`, and the alias that the URL or the reference names.
    fn url_part(&self, resource: &Resource<'t>, all: &[Resource<'t>]) -> Option<Part> {
        let part = self.part_of(resource.property("TargetFunctionArn")?, all)?;
        let given = resource
            .property("Qualifier")
            .filter(|it| !it.is_no_value());
        let by_name = given.and_then(|node| match node.text() {
            Some(name) => Some(name.to_owned()),
            None => self.aliases.get(&part.function)?.first().cloned(),
        });
        Some(Part {
            alias: by_name.or(part.alias),
            ..part
        })
    }

    /// The function that a node means, and the alias that it means it by.
    pub(super) fn part_of(&self, node: &Node, resources: &[Resource<'t>]) -> Option<Part> {
        let function = self.function(node, resources)?;
        let mut named = references(node).into_iter();
        let alias = named.find_map(|reference| match self.find(reference.name)? {
            (Target::Made(Made::Alias, index), _) => self.aliases.get(&index)?.first().cloned(),
            (Target::Resource(index), _) => self.parts.get(&index)?.alias.clone(),
            _ => None,
        });
        Some(Part { function, alias })
    }

    fn named_function(&self, resource: &Resource<'t>, all: &[Resource<'t>]) -> Option<usize> {
        self.function(resource.property("FunctionName")?, all)
    }

    /// The function that a node means: by reference to it or to a part of it, or by its name.
    fn function(&self, node: &Node, resources: &[Resource<'t>]) -> Option<usize> {
        for reference in references(node) {
            match self.find(reference.name)?.0 {
                Target::Resource(index) => {
                    if resources[index].kind.role.is_function() {
                        return Some(index);
                    }
                    if let Some(part) = self.parts.get(&index) {
                        return Some(part.function);
                    }
                }
                Target::Made(Made::Alias | Made::Version | Made::Url, index) => {
                    return Some(index);
                }
                Target::Pseudo | Target::Parameter | Target::Made(Made::Role | Made::Stage, _) => {}
            }
        }
        let name = node.text()?.rsplit(":function:").next()?;
        let name = name.split(':').next()?;
        resources.iter().position(|resource| {
            let given = resource.property("FunctionName").and_then(Node::text);
            resource.kind.role.is_function() && given == Some(name)
        })
    }
}
