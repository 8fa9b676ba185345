//! The template's sections and its resources, before anything is resolved.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::limits::RESOURCES_MAX;

use super::expand::{Expanded, LANGUAGE_EXTENSIONS};
use super::globals::Globals;
use super::keys::Keys;
use super::schema::type_named;
use super::words::{shorten, suggestion};
use super::{Entry, EventApi, Node, Report, Reported, Resource, Role, Span, Types};

/// Source: CloudFormation user guide, "Template anatomy"; `Globals` from SAM's; read 2026-11-23.
const SECTIONS: Keys = Keys {
    known: &[
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    ],
    unknown: "unknown section",
    help: "sections are {}",
};

const ATTRIBUTES: Keys = Keys {
    known: &[
        "Condition",
        "Connectors",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        // What AWS's conformance suite finds its test functions by; SAM lets it pass.
        "TestingMetadata",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    ],
    unknown: "unknown attribute",
    help: "properties belong below `Properties:`; check the indentation",
};

const SAM_TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// The sections that matter.
pub(crate) struct Document<'t> {
    pub description: Option<&'t str>,
    pub resources: Vec<Resource<'t>>,
    /// Resources that are not created, with the condition that says so.
    pub absent: &'t BTreeMap<String, String>,
    pub outputs: &'t [Entry],
}

impl<'t> Document<'t> {
    pub fn open(expanded: &'t Expanded, types: &Types, report: &Report) -> Result<Self, Reported> {
        let Expanded { root, absent } = expanded;
        let Some(sections) = root.entries() else {
            return Err(report.problem(
                root.span,
                format!(
                    "a template is a mapping of sections, found {}",
                    root.describe()
                ),
                "not a template",
                "a template needs at least a `Resources` section",
            ));
        };
        SECTIONS.check(sections, report, |name| {
            format!("`{name}` is no section of a template")
        });
        warn_of_sections(sections, report);
        let globals = Globals::open(root.get("Globals"), types, report);
        let entries = section(root, "Resources", report);
        if root.get("Resources").is_none() {
            report.problem(
                Span { offset: 0, len: 0 },
                "the template has no `Resources`",
                "begins here",
                "list functions, HTTP APIs and tables under `Resources`",
            );
        }
        if entries.len() > RESOURCES_MAX {
            return Err(report.problem(
                entries[RESOURCES_MAX].key_span,
                format!("the template has more than {RESOURCES_MAX} resources"),
                "one too many",
                "that is CloudFormation's limit; split the template",
            ));
        }
        let mut resources: Vec<Resource> = entries
            .iter()
            .filter_map(|entry| resource(entry, types, report).ok())
            .collect();
        for api in &EventApi::ALL {
            resources.extend(implicit_api(&resources, api, types));
        }
        for resource in &mut resources {
            globals.merge_into(resource, report)?;
        }
        let mut written = resources.iter().map(|resource| resource.resource_type);
        if written.any(|name| name.starts_with("AWS::Serverless::")) {
            check_transform(root, report);
        }
        Ok(Self {
            description: root.get("Description").and_then(Node::text),
            resources,
            absent,
            outputs: section(root, "Outputs", report),
        })
    }
}

fn warn_of_sections(sections: &[Entry], report: &Report) {
    for section in sections {
        let meaning = match &*section.key {
            // CDK puts this one into every template; it is about AWS's side of a deployment.
            "Rules" if is_only(&section.value, "CheckBootstrapVersion") => continue,
            "Rules" => "rules are not checked",
            "Hooks" => "hooks are not run",
            _ => continue,
        };
        report.warn(section.key_span, &section.key, "section", None, meaning);
    }
}

fn is_only(node: &Node, key: &str) -> bool {
    matches!(node.entries(), Some([entry]) if &*entry.key == key)
}

fn check_transform(root: &Node, report: &Report) {
    let Some(transform) = root.get("Transform") else {
        report.problem(
            Span { offset: 0, len: 0 },
            "the template uses `AWS::Serverless` resources without SAM's transform",
            "missing near the top",
            format!("add `Transform: {SAM_TRANSFORM}`; AWS refuses the template without it"),
        );
        return;
    };
    let names = transform.items_or_self();
    let is_sam = |name: &Node| name.text() == Some(SAM_TRANSFORM);
    if !names.iter().any(is_sam) {
        report.problem(
            transform.span,
            "`Transform` does not name SAM's transform",
            "another transform",
            format!("it must be, or contain, `{SAM_TRANSFORM}`"),
        );
    }
    let is_known = |name: &Node| is_sam(name) || name.text() == Some(LANGUAGE_EXTENSIONS);
    for name in names.iter().filter(|name| !is_known(name)) {
        let meaning = "only SAM's transform and the language extensions are applied";
        report.warn(name.span, "Transform", "section", None, meaning);
    }
}

/// The entries of a section that is a mapping.
pub(crate) fn section<'t>(root: &'t Node, name: &str, report: &Report) -> &'t [Entry] {
    let Some(node) = root.get(name) else {
        return &[];
    };
    node.entries().unwrap_or_else(|| {
        report.problem(
            node.span,
            format!("`{name}` must be a mapping, found {}", node.describe()),
            "not a mapping",
            format!("give each entry of `{name}` a name and indent what belongs to it"),
        );
        &[]
    })
}

fn resource<'t>(
    entry: &'t Entry,
    types: &Types,
    report: &Report,
) -> Result<Resource<'t>, Reported> {
    let logical_id = &*entry.key;
    if logical_id.starts_with("Fn::ForEach") {
        return Err(report.problem(
            entry.key_span,
            "`Fn::ForEach` is not supported here",
            "a loop",
            "write the resources out",
        ));
    }
    let alphanumeric = logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !alphanumeric || logical_id.is_empty() || logical_id.len() > 255 {
        return Err(report.problem(
            entry.key_span,
            format!("`{}` cannot be a logical id", shorten(logical_id)),
            "this name",
            "logical ids are 1 to 255 letters and digits",
        ));
    }
    let Some(attributes) = entry.value.entries() else {
        return Err(report.problem(
            entry.key_span,
            format!(
                "resource `{logical_id}` must be a mapping, found {}",
                entry.value.describe()
            ),
            "this resource",
            "a resource has a `Type` and, indented below it, `Properties`",
        ));
    };
    ATTRIBUTES.check(attributes, report, |name| {
        format!("a resource has no `{name}`, as `{logical_id}` does")
    });
    let type_node = entry.value.get("Type").ok_or_else(|| {
        report.problem(
            entry.key_span,
            format!("resource `{logical_id}` has no `Type`"),
            "this resource",
            "for example `Type: AWS::Serverless::Function`",
        )
    })?;
    let resource_type = type_node.text().unwrap_or_default();
    let kind = type_named(resource_type, types);
    if kind.role == Role::Unsupported {
        check_type(logical_id, type_node, types, report)?;
    }
    let properties = entry.value.get("Properties");
    if let Some(properties) = properties
        && properties.entries().is_none()
        && !properties.is_no_value()
    {
        return Err(report.problem(
            properties.span,
            format!("`Properties` of `{logical_id}` must be a mapping"),
            properties.describe(),
            "write each property on a line of its own, indented below `Properties:`",
        ));
    }
    let depends_on = entry.value.get("DependsOn").map(Node::items_or_self);
    Ok(Resource {
        logical_id,
        id_span: entry.key_span,
        kind,
        resource_type,
        properties: properties
            .filter(|properties| properties.entries().is_some())
            .map(Cow::Borrowed),
        metadata: entry.value.get("Metadata"),
        depends_on: depends_on.unwrap_or_default(),
    })
}

/// Tells a misspelled type from one that is not provided here, which gets its warning later.
fn check_type(
    logical_id: &str,
    node: &Node,
    types: &Types,
    report: &Report,
) -> Result<(), Reported> {
    let Some(name) = node.text().filter(|name| name.contains("::")) else {
        return Err(report.problem(
            node.span,
            format!("`Type` of `{logical_id}` is not a resource type"),
            "this value",
            "types look like `AWS::Serverless::Function`",
        ));
    };
    match suggestion(name, types.iter().map(|kind| kind.name)) {
        Some(meant) => Err(report.problem(
            node.span,
            format!("`{}` is no resource type", shorten(name)),
            format!("the type of `{logical_id}`"),
            format!("did you mean `{meant}`?"),
        )),
        None => Ok(()),
    }
}

/// The API that SAM makes up for events that name none, if there are any.
fn implicit_api<'t>(
    resources: &[Resource<'t>],
    api: &EventApi,
    types: &Types,
) -> Option<Resource<'t>> {
    let mut declared = resources.iter().map(|resource| resource.logical_id);
    if declared.any(|id| id == api.implicit_id) {
        return None;
    }
    let is_implicit = |event: &&Entry| {
        let meant = EventApi::meant_by(event);
        meant.is_some_and(|(kind, id)| kind.role == api.role && id == api.implicit_id)
    };
    let mut functions = resources
        .iter()
        .filter(|resource| resource.kind.role == Role::ServerlessFunction);
    let event = functions.find_map(|function| function.events().find(is_implicit))?;
    Some(Resource {
        logical_id: api.implicit_id,
        id_span: event.key_span,
        kind: type_named(api.type_name, types),
        resource_type: api.type_name,
        properties: None,
        metadata: None,
        depends_on: &[],
    })
}
