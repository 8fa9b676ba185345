//! What names in a template stand for: parameters, resources, and what SAM makes of resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::parameter::{ParameterValue, Parameters};
use super::part::Part;
use super::suggestion::suggestion;
use super::{Function, Kind, Node, Pseudo, Resource};

/// The API that SAM makes up for `HttpApi` events that name none.
pub(crate) const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// The API that SAM makes up for `Api` events that name none, and its stage.
pub(crate) const IMPLICIT_REST_API: &str = "ServerlessRestApi";
pub(crate) const IMPLICIT_STAGE: &str = "Prod";

/// What a name stands for. The index is the resource's, in the document's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Pseudo,
    Parameter,
    Resource(usize),
    /// `<function>Alias<alias>` or `<function>.Alias`.
    Alias(usize),
    /// `<function>Version<ten hexadecimal digits>` or `<function>.Version`.
    Version(usize),
    /// `<function>Role`.
    Role(usize),
    /// `<function>Url`, from `FunctionUrlConfig`.
    Url(usize),
    /// `<API>ApiGatewayDefaultStage`, `<API><stage>Stage` or `<API>.Stage`.
    Stage(usize),
}

impl Target {
    /// The resource that must exist first.
    pub fn resource(self) -> Option<usize> {
        match self {
            Self::Pseudo | Self::Parameter => None,
            Self::Resource(index)
            | Self::Alias(index)
            | Self::Version(index)
            | Self::Role(index)
            | Self::Url(index)
            | Self::Stage(index) => Some(index),
        }
    }
}

/// Every name of the template.
pub(crate) struct Declared<'t> {
    targets: HashMap<Cow<'t, str>, Target>,
    /// Resources that are not created, with the condition that says so.
    pub absent: &'t BTreeMap<String, String>,
    /// Parts of functions, by their index.
    pub parts: HashMap<usize, Part>,
    /// The aliases of functions, by the function's index.
    pub aliases: HashMap<usize, Vec<String>>,
}

impl<'t> Declared<'t> {
    pub fn new(
        resources: &[Resource<'t>],
        absent: &'t BTreeMap<String, String>,
        parameters: &Parameters,
    ) -> Self {
        let mut targets = HashMap::new();
        // What SAM generates comes first, so that a name that is declared takes precedence.
        for (index, resource) in resources.iter().enumerate() {
            let id = resource.logical_id;
            match resource.kind {
                Kind::Function => {
                    if let Some(alias) = alias(resource, parameters) {
                        let alias = alias.replace('-', "D").replace('_', "U");
                        targets.insert(format!("{id}Alias{alias}").into(), Target::Alias(index));
                    }
                    targets.insert(format!("{id}Role").into(), Target::Role(index));
                    let url = resource.property("FunctionUrlConfig");
                    if url.is_some_and(|url| !url.is_no_value()) {
                        targets.insert(format!("{id}Url").into(), Target::Url(index));
                    }
                }
                Kind::RestApi => {
                    let stage = stage_name(resource, parameters).unwrap_or(IMPLICIT_STAGE);
                    targets.insert(format!("{id}{stage}Stage").into(), Target::Stage(index));
                }
                Kind::HttpApi => {
                    let stage = resource.property("StageName").and_then(Node::text);
                    let stage = match stage {
                        None | Some("$default") => "ApiGatewayDefaultStage".to_owned(),
                        Some(stage) => format!("{stage}Stage"),
                    };
                    targets.insert(format!("{id}{stage}").into(), Target::Stage(index));
                }
                Kind::LambdaFunction
                | Kind::Table
                | Kind::SimpleTable
                | Kind::Layer
                | Kind::LambdaLayer
                | Kind::Url
                | Kind::Version
                | Kind::Alias
                | Kind::GatewayHttp
                | Kind::GatewayRest
                | Kind::GatewayPart
                | Kind::Quiet
                | Kind::Other => {}
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
        let mut declared = Self {
            targets,
            absent,
            parts: HashMap::new(),
            aliases: HashMap::new(),
        };
        declared.find_aliases(resources, parameters);
        declared.find_parts(resources);
        declared
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
            Some(Target::Resource(index)) => Some(Target::Version(*index)),
            _ => None,
        }
    }

    /// A name that this one may be a misspelling of.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        let mut names: Vec<&str> = self.targets.keys().map(|name| &**name).collect();
        names.sort_unstable();
        suggestion(name, names)
    }
}

/// `AutoPublishAlias`: text, or a parameter, because SAM makes a logical id of it.
pub(super) fn alias<'r>(resource: &'r Resource<'_>, parameters: &'r Parameters) -> Option<&'r str> {
    if resource.kind != Kind::Function {
        return None;
    }
    constant(resource.property("AutoPublishAlias")?, parameters)
}

/// `StageName` of a REST API, which SAM makes a logical id of as well.
pub(super) fn stage_name<'r>(
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
    if call.function != Function::Ref {
        return None;
    }
    match parameters.get(call.argument.text()?)? {
        ParameterValue::Text(text) => Some(text),
        ParameterValue::List(_) | ParameterValue::Reported => None,
    }
}

/// The name of something that the template leaves to AWS: `<stack>-<logical id>`.
///
/// AWS appends a random part, which would only hide the name from whoever uses it here. Too long a
/// name is cut and ends with a part of its hash instead.
pub(crate) fn physical_name(stack_name: &str, logical_id: &str, characters_max: usize) -> String {
    let name = format!("{stack_name}-{logical_id}");
    if name.len() <= characters_max {
        return name;
    }
    let hash = base36(name.as_bytes(), 8);
    format!("{}-{hash}", &name[..characters_max - hash.len() - 1])
}

/// A function URL's id: thirty-two letters and digits.
pub(crate) fn url_id(stack_name: &str, logical_id: &str) -> String {
    base36(format!("{stack_name}/{logical_id}/url").as_bytes(), 32)
}

/// An API's id: ten letters and digits, as API Gateway's are.
pub(crate) fn api_id(stack_name: &str, logical_id: &str) -> String {
    base36(format!("{stack_name}/{logical_id}").as_bytes(), 10)
}

fn base36(bytes: &[u8], digits: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    Sha256::digest(bytes)
        .iter()
        .take(digits)
        .map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]))
        .collect()
}
