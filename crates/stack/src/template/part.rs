//! Versions, aliases and URLs: which functions they are parts of.

use super::declared::{Declared, Target, alias, constant};
use super::parameter::Parameters;
use super::reference::references;
use super::{Kind, Node, Resource};

/// The alias for versions that are published without one.
const NEWEST: &str = "newest";

/// What is a part of a function and a resource of its own: a version, an alias, a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub function: usize,
    /// Which version it means; `None` is `$LATEST`.
    pub alias: Option<String>,
}

impl<'t> Declared<'t> {
    /// The aliases of each function: its own, then those that are resources.
    pub(super) fn find_aliases(&mut self, resources: &[Resource<'t>], parameters: &Parameters) {
        for (index, resource) in resources.iter().enumerate() {
            if let Some(alias) = alias(resource, parameters) {
                self.aliases.insert(index, vec![alias.to_owned()]);
            }
        }
        for (index, resource) in resources.iter().enumerate() {
            let function = resource.property("FunctionName");
            let function = function.and_then(|node| self.function(node, resources));
            if let (Kind::Alias, Some(function)) = (resource.kind, function) {
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
    }

    pub(super) fn find_parts(&mut self, resources: &[Resource<'t>]) {
        for (index, resource) in resources.iter().enumerate() {
            let part = match resource.kind {
                Kind::Version => {
                    let function = resource.property("FunctionName");
                    let function = function.and_then(|node| self.function(node, resources));
                    function.map(|function| {
                        let aliases = self.aliases.entry(function).or_default();
                        if aliases.is_empty() {
                            aliases.push(NEWEST.to_owned());
                        }
                        let alias = aliases.first().cloned();
                        Part { function, alias }
                    })
                }
                Kind::Url => self.url(resource, resources),
                Kind::Function
                | Kind::LambdaFunction
                | Kind::HttpApi
                | Kind::RestApi
                | Kind::Table
                | Kind::SimpleTable
                | Kind::Layer
                | Kind::LambdaLayer
                | Kind::Alias
                | Kind::GatewayHttp
                | Kind::GatewayRest
                | Kind::GatewayPart
                | Kind::Quiet
                | Kind::Other => None,
            };
            if let Some(part) = part {
                self.parts.insert(index, part);
            }
        }
    }

    /// The function behind an `AWS::Lambda::Url`, and the alias that the URL or the reference names.
    fn url(&self, resource: &Resource<'t>, resources: &[Resource<'t>]) -> Option<Part> {
        let target = resource.property("TargetFunctionArn")?;
        let part = self.part_of(target, resources)?;
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
            (Target::Alias(index), _) => self.aliases.get(&index)?.first().cloned(),
            (Target::Resource(index), _) => self.parts.get(&index)?.alias.clone(),
            _ => None,
        });
        Some(Part { function, alias })
    }

    /// The function that a node means: by reference to it or to a part of it, or by its name.
    fn function(&self, node: &Node, resources: &[Resource<'t>]) -> Option<usize> {
        for reference in references(node) {
            match self.find(reference.name)? {
                (Target::Resource(index), _) if resources[index].kind.is_function() => {
                    return Some(index);
                }
                (Target::Resource(index), _) => {
                    if let Some(part) = self.parts.get(&index) {
                        return Some(part.function);
                    }
                }
                (Target::Alias(index) | Target::Version(index) | Target::Url(index), _) => {
                    return Some(index);
                }
                (Target::Pseudo | Target::Parameter | Target::Role(_) | Target::Stage(_), _) => {}
            }
        }
        let name = node.text()?.rsplit(":function:").next()?;
        let name = name.split(':').next()?;
        resources.iter().position(|resource| {
            let given = resource.property("FunctionName").and_then(Node::text);
            resource.kind.is_function() && given == Some(name)
        })
    }
}
