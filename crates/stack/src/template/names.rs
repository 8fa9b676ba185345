//! What names in a template stand for: parameters, resources, and what SAM makes of resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::parameter::{ParameterValue, Parameters};
use super::{EventApi, Function, Made, Node, Pseudo, Resource, Role};

/// What a name stands for. The index is the resource's, in the document's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Pseudo,
    Parameter,
    Resource(usize),
    Made(Made, usize),
}

impl Target {
    /// The resource that must exist first.
    pub fn resource(self) -> Option<usize> {
        match self {
            Self::Pseudo | Self::Parameter => None,
            Self::Resource(index) | Self::Made(_, index) => Some(index),
        }
    }
}

/// What is a part of a function and a resource of its own: a version, an alias, a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub function: usize,
    /// Which version it means; `None` is `$LATEST`.
    pub alias: Option<String>,
}

/// Every name of the template.
pub(crate) struct Names<'t> {
    targets: HashMap<Cow<'t, str>, Target>,
    /// Resources that are not created, with the condition that says so.
    pub absent: &'t BTreeMap<String, String>,
    /// Parts of functions, by their index.
    pub parts: HashMap<usize, Part>,
    /// The aliases of functions, by the function's index.
    pub aliases: HashMap<usize, Vec<String>>,
}

impl<'t> Names<'t> {
    pub fn new(
        resources: &[Resource<'t>],
        absent: &'t BTreeMap<String, String>,
        parameters: &Parameters,
    ) -> Self {
        let mut targets = HashMap::new();
        // What SAM makes comes first, so that a name that is declared takes precedence.
        for (index, resource) in resources.iter().enumerate() {
            let id = resource.logical_id;
            for (suffix, made) in made(resource, parameters) {
                targets.insert(format!("{id}{suffix}").into(), Target::Made(made, index));
            }
        }
        for name in Pseudo::NAMES {
            targets.insert(name.into(), Target::Pseudo);
        }
        for name in parameters.keys() {
            targets.insert(Cow::Owned(name.clone()), Target::Parameter);
        }
        for (index, resource) in resources.iter().enumerate() {
            targets.insert(resource.logical_id.into(), Target::Resource(index));
        }
        let mut names = Self {
            targets,
            absent,
            parts: HashMap::new(),
            aliases: HashMap::new(),
        };
        names.find_aliases(resources, parameters);
        names.find_parts(resources);
        names
    }

    /// What a name stands for, and the attribute after its dot.
    pub fn find<'n>(&self, name: &'n str) -> Option<(Target, Option<&'n str>)> {
        let (name, attribute) = match name.split_once('.') {
            Some((name, attribute)) => (name, Some(attribute)),
            None => (name, None),
        };
        let target = self.targets.get(name).copied();
        Some((target.or_else(|| self.version(name))?, attribute))
    }

    /// Ten hexadecimal digits of a hash that only SAM knows: any are taken.
    fn version(&self, name: &str) -> Option<Target> {
        let (function, hash) = name.split_at_checked(name.len().checked_sub(10)?)?;
        let function = function.strip_suffix("Version")?;
        if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match self.targets.get(function) {
            Some(Target::Resource(index)) => Some(Target::Made(Made::Version, *index)),
            _ => None,
        }
    }

    /// All names, for suggestions.
    pub fn sorted(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.targets.keys().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }
}

/// What SAM makes of a resource, by what it appends to the logical id.
fn made(resource: &Resource<'_>, parameters: &Parameters) -> Vec<(String, Made)> {
    match resource.kind.role {
        Role::ServerlessFunction => {
            let mut all = vec![("Role".to_owned(), Made::Role)];
            if let Some(alias) = alias(resource, parameters) {
                let alias = alias.replace('-', "D").replace('_', "U");
                all.push((format!("Alias{alias}"), Made::Alias));
            }
            let url = resource.property("FunctionUrlConfig");
            if url.is_some_and(|url| !url.is_no_value()) {
                all.push(("Url".to_owned(), Made::Url));
            }
            all
        }
        Role::RestApi => {
            let stage = stage_name(resource, parameters);
            vec![(format!("{stage}Stage"), Made::Stage)]
        }
        Role::HttpApi => {
            let stage = resource.property("StageName").and_then(Node::text);
            let suffix = match stage {
                None | Some("$default") => "ApiGatewayDefaultStage".to_owned(),
                Some(stage) => format!("{stage}Stage"),
            };
            vec![(suffix, Made::Stage)]
        }
        _ => Vec::new(),
    }
}

/// `AutoPublishAlias`: text, or a parameter, because SAM makes a logical id of it.
pub(super) fn alias<'r>(resource: &'r Resource<'_>, parameters: &'r Parameters) -> Option<&'r str> {
    if resource.kind.role != Role::ServerlessFunction {
        return None;
    }
    constant(resource.property("AutoPublishAlias")?, parameters)
}

/// `StageName`, which SAM makes a logical id of as well, or the stage of an API that has none.
pub(super) fn stage_name<'r>(resource: &'r Resource<'_>, parameters: &'r Parameters) -> &'r str {
    let mut apis = EventApi::ALL.into_iter();
    let api = apis.find(|api| api.role == resource.kind.role);
    given_stage(resource, parameters).unwrap_or(api.map_or("$default", |api| api.stage))
}

/// `StageName`.
pub(super) fn given_stage<'r>(
    resource: &'r Resource<'_>,
    parameters: &'r Parameters,
) -> Option<&'r str> {
    constant(resource.property("StageName")?, parameters)
}

/// Text, or a parameter's.
pub(super) fn constant<'r>(node: &'r Node, parameters: &'r Parameters) -> Option<&'r str> {
    let Some(call) = node.call() else {
        return node.text();
    };
    match parameters.get(call.argument.text()?)? {
        ParameterValue::Text(text) if call.function == Function::Ref => Some(text),
        ParameterValue::Text(_) | ParameterValue::List(_) | ParameterValue::Reported => None,
    }
}
