//! The targets of names in a template, and which versions, aliases and URLs belong to which functions.

use std::collections::{BTreeMap, HashMap};

use super::function::references;
use super::report::{did_you_mean, shorten};
use super::{Node, Parameters, Pseudo, Report, Reported, Resource, Role, Span};

/// The target of a name. The index is the resource's, in the document's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Pseudo,
    Parameter,
    Resource(usize),
}

/// A resource that is a part of a function: a version, an alias, a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub function: usize,
    /// The version that it means; `None` is `$LATEST`.
    pub alias: Option<String>,
}

/// The alias for versions that are published without one.
const NEWEST: &str = "newest";

/// Every name of the template.
pub(crate) struct Names {
    targets: HashMap<String, Target>,
    /// SAM's resources that are not provided here, with their logical ids: the names of the resources that SAM would
    /// make of them are unknown.
    unknown_makers: Vec<(String, usize)>,
    /// Resources that are not created, with the condition that excludes them.
    pub absent: BTreeMap<String, String>,
    /// Parts of functions, by their index.
    pub parts: HashMap<usize, Part>,
    /// The aliases of functions, by the function's index.
    pub aliases: HashMap<usize, Vec<String>>,
}

impl Names {
    pub fn new(
        resources: &[Resource],
        absent: BTreeMap<String, String>,
        parameters: &Parameters,
    ) -> Self {
        let mut names = Self {
            targets: HashMap::new(),
            unknown_makers: Vec::new(),
            absent,
            parts: HashMap::new(),
            aliases: HashMap::new(),
        };
        names.add_resources(resources, true);
        for name in Pseudo::NAMES {
            names.targets.insert(name.to_owned(), Target::Pseudo);
        }
        for name in parameters.keys() {
            names.targets.insert(name.clone(), Target::Parameter);
        }
        // Declared resources take precedence over those that SAM makes.
        names.add_resources(resources, false);
        names.find_unknown_makers(resources);
        names.find_aliases(resources, parameters);
        names.find_parts(resources);
        names
    }

    fn add_resources(&mut self, resources: &[Resource], made: bool) {
        for (index, resource) in resources.iter().enumerate() {
            if resource.made.is_some() != made || matches!(resource.kind.role, Role::Event(_)) {
                continue;
            }
            let target = Target::Resource(index);
            self.targets.insert(resource.logical_id.to_string(), target);
            let word = match resource.kind.role {
                Role::Alias => "Alias",
                Role::Version => "Version",
                Role::Stage => "Stage",
                _ => continue,
            };
            if let Some(made) = &resource.made {
                let id = &resources[made.of].logical_id;
                self.targets.insert(format!("{id}.{word}"), target);
            }
        }
    }

    /// The target of a name, and the attribute after its dot.
    pub fn find<'n>(&self, name: &'n str) -> Option<(Target, Option<&'n str>)> {
        if let Some(target) = self.targets.get(name) {
            return Some((*target, None));
        }
        let (name, attribute) = match name.split_once('.') {
            Some((name, attribute)) => (name, Some(attribute)),
            None => (name, None),
        };
        let target = self.targets.get(name).copied();
        let target = target.or_else(|| self.version(name));
        Some((target.or_else(|| self.made_by_unknown(name))?, attribute))
    }

    /// Resources that SAM makes of another one begin with its id: the API key of `Graph` is `GraphMyKey`.
    fn made_by_unknown(&self, name: &str) -> Option<Target> {
        let is_of = |maker: &&(String, usize)| name.starts_with(&maker.0);
        let maker = self.unknown_makers.iter().find(is_of)?;
        Some(Target::Resource(maker.1))
    }

    fn find_unknown_makers(&mut self, resources: &[Resource]) {
        for (index, resource) in resources.iter().enumerate() {
            let of_sam = resource.resource_type.starts_with("AWS::Serverless::");
            if resource.kind.role == Role::Unsupported && of_sam {
                let maker = (resource.logical_id.to_string(), index);
                self.unknown_makers.push(maker);
            }
        }
    }

    /// A version's name ends with ten hexadecimal digits of a hash that only SAM can compute: any ten are accepted.
    fn version(&self, name: &str) -> Option<Target> {
        let (function, hash) = name.split_at_checked(name.len().checked_sub(10)?)?;
        let function = function.strip_suffix("Version")?;
        if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.targets.get(&format!("{function}.Version")).copied()
    }

    /// All names, for suggestions.
    pub fn sorted(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.targets.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The aliases of each function: first the one of `AutoPublishAlias`, then the template's.
    fn find_aliases(&mut self, resources: &[Resource], parameters: &Parameters) {
        let all = || (resources.iter().enumerate()).filter(|(_, it)| it.kind.role == Role::Alias);
        for (index, resource) in all() {
            if let Some(made) = resource.made.as_ref().filter(|it| !it.name.is_empty()) {
                self.add_alias(index, made.of, &made.name);
            }
        }
        for (index, resource) in all().filter(|(_, it)| it.made.is_none()) {
            let Some(function) = self.named_function(resource, resources) else {
                continue;
            };
            let alias = resource.constant("Name", parameters);
            self.add_alias(index, function, alias.unwrap_or(&resource.logical_id));
        }
    }

    fn add_alias(&mut self, index: usize, function: usize, alias: &str) {
        let alias = alias.to_owned();
        let aliases = self.aliases.entry(function).or_default();
        if !aliases.contains(&alias) {
            aliases.push(alias.clone());
        }
        let alias = Some(alias);
        self.parts.insert(index, Part { function, alias });
    }

    fn find_parts(&mut self, resources: &[Resource]) {
        for (index, resource) in resources.iter().enumerate() {
            let part = match (resource.kind.role, &resource.made) {
                (Role::Version | Role::Url, Some(made)) => {
                    let alias = Some(made.name.to_string()).filter(|it| !it.is_empty());
                    let function = made.of;
                    // A URL without an alias means `$LATEST`; SAM makes no version without an alias.
                    let is_part = alias.is_some() || resource.kind.role == Role::Url;
                    is_part.then_some(Part { function, alias })
                }
                (Role::Version, None) => self.version_part(resource, resources),
                (Role::Url, None) => self.url_part(resource, resources),
                _ => None,
            };
            self.parts.extend(part.map(|part| (index, part)));
        }
    }

    fn version_part(&mut self, resource: &Resource, all: &[Resource]) -> Option<Part> {
        let function = self.named_function(resource, all)?;
        let aliases = self.aliases.entry(function).or_default();
        if aliases.is_empty() {
            aliases.push(NEWEST.to_owned());
        }
        let alias = aliases.first().cloned();
        Some(Part { function, alias })
    }

    /// The function behind an `AWS::Lambda::Url`, and the alias that the URL or the reference names.
    fn url_part(&self, resource: &Resource, all: &[Resource]) -> Option<Part> {
        let part = self.part_of(resource.property("TargetFunctionArn")?, all)?;
        let by_name = resource
            .property("Qualifier")
            .and_then(|node| match node.text() {
                Some(name) => Some(name.to_owned()),
                None => self.aliases.get(&part.function)?.first().cloned(),
            });
        let alias = by_name.or(part.alias);
        Some(Part { alias, ..part })
    }

    /// The function that a node means, and the alias in the reference.
    pub fn part_of(&self, node: &Node, resources: &[Resource]) -> Option<Part> {
        let function = self.function(node, resources)?;
        let mut named = references(node).into_iter();
        let alias = named.find_map(|reference| match self.find(reference.name)?.0 {
            Target::Resource(index) => self.parts.get(&index)?.alias.clone(),
            Target::Pseudo | Target::Parameter => None,
        });
        Some(Part { function, alias })
    }

    fn named_function(&self, resource: &Resource, all: &[Resource]) -> Option<usize> {
        self.function(resource.property("FunctionName")?, all)
    }

    /// The function that a node means: by reference to it or to a part of it, or by its name.
    fn function(&self, node: &Node, resources: &[Resource]) -> Option<usize> {
        for reference in references(node) {
            let Target::Resource(index) = self.find(reference.name)?.0 else {
                continue;
            };
            if resources[index].kind.role == Role::Function {
                return Some(index);
            }
            if let Some(part) = self.parts.get(&index) {
                return Some(part.function);
            }
        }
        let name = node.text()?.rsplit(":function:").next()?;
        let name = name.split(':').next()?;
        resources.iter().position(|resource| {
            let given = resource.property("FunctionName").and_then(Node::text);
            resource.kind.role == Role::Function && given == Some(name)
        })
    }
}

/// Reports a name without a target. Its place is searched only if the report has room.
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
