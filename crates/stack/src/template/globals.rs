//! `Globals`: properties that resources of one type share.
//!
//! Mappings are merged, lists are joined with the global one first, anything else of the resource's
//! own wins; `Architectures` is replaced although it is a list. Source: AWS SAM developer guide,
//! "Globals section", and aws-sam-translator 1.115.0, read 2026-11-23.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use crate::limits::NODES_MAX;

use super::parse::shorten;
use super::suggestion::suggestion;
use super::{Entry, Kind, Node, NodeValue, Report, Reported, Resource};

/// Sections of `Globals` that SAM has, ours first.
const SECTIONS: [&str; 11] = [
    "Function",
    "HttpApi",
    "Api",
    "CapacityProvider",
    "LayerVersion",
    "MicroVMImage",
    "NetworkConnector",
    "SimpleTable",
    "StateMachine",
    "WebSocketApi",
    "GraphQLApi",
];

/// Properties that a function must say for itself.
const OF_ONE_FUNCTION: [&str; 6] = [
    "Events",
    "FunctionName",
    "ImageUri",
    "InlineCode",
    "Policies",
    "Role",
];

/// Properties that an HTTP API must say for itself.
const OF_ONE_HTTP_API: [&str; 5] = [
    "DefinitionBody",
    "DefinitionUri",
    "Description",
    "Name",
    "StageName",
];

/// Properties that a REST API must say for itself.
const OF_ONE_REST_API: [&str; 3] = ["DefinitionBody", "Description", "StageName"];

pub(crate) struct Globals<'t> {
    function: Option<&'t Node>,
    http_api: Option<&'t Node>,
    rest_api: Option<&'t Node>,
    simple_table: Option<&'t Node>,
    layer: Option<&'t Node>,
    /// Nodes that merging has made.
    weight: Cell<usize>,
}

impl<'t> Globals<'t> {
    pub fn open(node: Option<&'t Node>, report: &Report) -> Self {
        let entries = match node {
            None => &[],
            Some(node) => node.entries().unwrap_or_else(|| {
                report.problem(
                    node.span,
                    "`Globals` must be a mapping",
                    node.describe(),
                    "for example `Function:` with shared properties indented below it",
                );
                &[]
            }),
        };
        for entry in entries {
            if SECTIONS.contains(&&*entry.key) {
                continue;
            }
            let help = match suggestion(&entry.key, SECTIONS) {
                Some(section) => format!("did you mean `{section}`?"),
                None => "functions share under `Function`, HTTP APIs under `HttpApi`".to_owned(),
            };
            report.problem(
                entry.key_span,
                format!("`Globals` has no `{}`", shorten(&entry.key)),
                "unknown section",
                help,
            );
        }
        let section = |name: &str, own: &[&str]| {
            let entry = entries.iter().find(|entry| &*entry.key == name)?;
            let properties = entry.value.entries().or_else(|| {
                report.problem(
                    entry.key_span,
                    format!("`Globals.{name}` must be a mapping"),
                    entry.value.describe(),
                    "write each property on a line of its own",
                );
                None
            })?;
            for property in properties.iter().filter(|it| own.contains(&&*it.key)) {
                report.problem(
                    property.key_span,
                    format!("`{}` cannot be shared through `Globals`", property.key),
                    "belongs to one resource",
                    "move it to the resource's own `Properties`",
                );
            }
            Some(&entry.value)
        };
        Self {
            function: section("Function", &OF_ONE_FUNCTION),
            http_api: section("HttpApi", &OF_ONE_HTTP_API),
            rest_api: section("Api", &OF_ONE_REST_API),
            simple_table: section("SimpleTable", &["TableName"]),
            layer: section("LayerVersion", &["ContentUri", "LayerName"]),
            weight: Cell::new(0),
        }
    }

    pub fn merge_into(&self, resource: &mut Resource<'t>, report: &Report) -> Result<(), Reported> {
        let global = match resource.kind {
            Kind::Function => self.function,
            Kind::HttpApi => self.http_api,
            Kind::RestApi => self.rest_api,
            Kind::SimpleTable => self.simple_table,
            Kind::Layer => self.layer,
            Kind::LambdaFunction
            | Kind::Table
            | Kind::LambdaLayer
            | Kind::Url
            | Kind::Version
            | Kind::Alias
            | Kind::GatewayHttp
            | Kind::GatewayRest
            | Kind::GatewayPart
            | Kind::Quiet
            | Kind::Other => None,
        };
        let Some(global) = global else { return Ok(()) };
        let local = resource.properties.as_deref();
        let weight = self.weight.get() + global.weight + local.map_or(0, |local| local.weight);
        self.weight.set(weight);
        if weight > NODES_MAX {
            return Err(report.problem(
                global.span,
                format!("`Globals` make more than {NODES_MAX} values of this template"),
                "copied into every resource",
                "share less, or split the template",
            ));
        }
        resource.properties = Some(match local {
            None => Cow::Borrowed(global),
            Some(local) => Cow::Owned(merge(global, local)),
        });
        Ok(())
    }
}

fn merge(global: &Node, local: &Node) -> Node {
    let value = match (&global.value, &local.value) {
        (NodeValue::Mapping(global), NodeValue::Mapping(local)) => {
            NodeValue::Mapping(merge_entries(global, local))
        }
        (NodeValue::Sequence(global), NodeValue::Sequence(local)) => {
            NodeValue::Sequence(global.iter().chain(local).cloned().collect())
        }
        _ => return local.clone(),
    };
    Node::new(local.span, value)
}

fn merge_entries(global: &[Entry], local: &[Entry]) -> Vec<Entry> {
    let mut own: HashMap<&str, &Entry> = local.iter().map(|entry| (&*entry.key, entry)).collect();
    let mut merged: Vec<Entry> = global
        .iter()
        .map(|shared| match own.remove(&*shared.key) {
            None => shared.clone(),
            Some(entry) if &*entry.key == "Architectures" => entry.clone(),
            Some(entry) => Entry {
                value: merge(&shared.value, &entry.value),
                ..entry.clone()
            },
        })
        .collect();
    let rest = local.iter().filter(|entry| own.contains_key(&*entry.key));
    merged.extend(rest.cloned());
    merged
}
