//! The template's sections and its resources, before anything is resolved.

use std::borrow::Cow;

use crate::limits::RESOURCES_MAX;

use super::declared::{IMPLICIT_HTTP_API, Kind};
use super::globals::Globals;
use super::parse::shorten;
use super::suggestion::suggestion;
use super::{Entry, Node, NodeValue, Report, Reported, Span};

/// Source: CloudFormation user guide, "Template anatomy"; `Globals` from SAM's; read 2026-11-23.
const SECTIONS: [&str; 12] = [
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
];

const RESOURCE_ATTRIBUTES: [&str; 11] = [
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
];

const SAM_TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// The sections that matter.
pub(crate) struct Document<'t> {
    pub description: Option<&'t str>,
    pub parameters: &'t [Entry],
    pub resources: Vec<Resource<'t>>,
    pub outputs: &'t [Entry],
}

/// One entry of `Resources`, with `Globals` merged in.
pub(crate) struct Resource<'t> {
    pub logical_id: &'t str,
    pub id_span: Span,
    pub kind: Kind,
    pub resource_type: &'t str,
    pub properties: Option<Cow<'t, Node>>,
    pub metadata: Option<&'t Node>,
    /// `DependsOn`.
    pub depends_on: Vec<&'t Node>,
}

impl Resource<'_> {
    pub fn property(&self, name: &str) -> Option<&Node> {
        self.properties.as_ref()?.get(name)
    }

    /// The functions' events, as name and mapping.
    pub fn events(&self) -> &[Entry] {
        let events = self.property("Events").and_then(Node::entries);
        events.unwrap_or_default()
    }
}

impl<'t> Document<'t> {
    pub fn open(root: &'t Node, report: &Report) -> Result<Self, Reported> {
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
        for section in sections {
            check_section(section, report);
        }
        let globals = Globals::open(root.get("Globals"), report);
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
            .filter_map(|entry| resource(entry, report).ok())
            .collect();
        resources.extend(implicit_http_api(&resources));
        for resource in &mut resources {
            globals.merge_into(resource, report)?;
        }
        if resources
            .iter()
            .any(|resource| resource.resource_type.starts_with("AWS::Serverless::"))
        {
            check_transform(root, report);
        }
        Ok(Self {
            description: root.get("Description").and_then(Node::text),
            parameters: section(root, "Parameters", report),
            resources,
            outputs: section(root, "Outputs", report),
        })
    }
}

fn check_section(section: &Entry, report: &Report) {
    let name = &*section.key;
    if !SECTIONS.contains(&name) {
        let help = match suggestion(name, SECTIONS) {
            Some(section) => format!("did you mean `{section}`?"),
            None => format!("sections are {}", SECTIONS.join(", ")),
        };
        report.problem(
            section.key_span,
            format!("`{}` is no section of a template", shorten(name)),
            "unknown section",
            help,
        );
    }
    let meaning = match name {
        "Conditions" => "conditions are not evaluated; what depends on one is always created",
        "Mappings" => "`Fn::FindInMap` is not evaluated here",
        "Rules" => "rules are not checked",
        "Hooks" => "hooks are not run",
        _ => return,
    };
    report.warn(section.key_span, name, "section", None, meaning);
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
    let names = match &transform.value {
        NodeValue::Sequence(names) => names.as_slice(),
        NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
            std::slice::from_ref(transform)
        }
    };
    let is_sam = |name: &&Node| name.text() == Some(SAM_TRANSFORM);
    if !names.iter().any(|name| is_sam(&name)) {
        report.problem(
            transform.span,
            "`Transform` does not name SAM's transform",
            "another transform",
            format!("it must be, or contain, `{SAM_TRANSFORM}`"),
        );
    }
    for name in names.iter().filter(|name| !is_sam(name)) {
        let meaning = "only SAM's transform is applied";
        report.warn(name.span, "Transform", "section", None, meaning);
    }
}

/// The entries of a section that is a mapping.
fn section<'t>(root: &'t Node, name: &str, report: &Report) -> &'t [Entry] {
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

fn resource<'t>(entry: &'t Entry, report: &Report) -> Result<Resource<'t>, Reported> {
    let logical_id = &*entry.key;
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
    for attribute in attributes {
        check_attribute(logical_id, attribute, report);
    }
    let type_node = entry.value.get("Type").ok_or_else(|| {
        report.problem(
            entry.key_span,
            format!("resource `{logical_id}` has no `Type`"),
            "this resource",
            "for example `Type: AWS::Serverless::Function`",
        )
    })?;
    let resource_type = type_node.text().unwrap_or_default();
    let kind = Kind::from_type(resource_type);
    if kind == Kind::Other {
        check_type(logical_id, type_node, report)?;
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
    if let Some(condition) = entry.value.get("Condition") {
        report.warn(
            condition.span,
            logical_id,
            resource_type,
            Some("Condition".to_owned()),
            "conditions are not evaluated: the resource is always created",
        );
    }
    let depends_on = match entry.value.get("DependsOn") {
        None => Vec::new(),
        Some(node) => match &node.value {
            NodeValue::Sequence(names) => names.iter().collect(),
            NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => vec![node],
        },
    };
    Ok(Resource {
        logical_id,
        id_span: entry.key_span,
        kind,
        resource_type,
        properties: properties
            .filter(|properties| properties.entries().is_some())
            .map(Cow::Borrowed),
        metadata: entry.value.get("Metadata"),
        depends_on,
    })
}

fn check_attribute(logical_id: &str, attribute: &Entry, report: &Report) {
    let name = &*attribute.key;
    if RESOURCE_ATTRIBUTES.contains(&name) {
        return;
    }
    let help = match suggestion(name, RESOURCE_ATTRIBUTES) {
        Some(attribute) => format!("did you mean `{attribute}`?"),
        None => "properties belong below `Properties:`; check the indentation".to_owned(),
    };
    report.problem(
        attribute.key_span,
        format!(
            "a resource has no `{}`, as `{logical_id}` does",
            shorten(name)
        ),
        "unknown attribute",
        help,
    );
}

/// Tells a misspelled type from one that is not provided here, which gets its warning later.
fn check_type(logical_id: &str, node: &Node, report: &Report) -> Result<(), Reported> {
    let Some(name) = node.text().filter(|name| name.contains("::")) else {
        return Err(report.problem(
            node.span,
            format!("`Type` of `{logical_id}` is not a resource type"),
            "this value",
            "types look like `AWS::Serverless::Function`",
        ));
    };
    match suggestion(name, Kind::TYPES) {
        Some(meant) => Err(report.problem(
            node.span,
            format!("`{}` is no resource type", shorten(name)),
            format!("the type of `{logical_id}`"),
            format!("did you mean `{meant}`?"),
        )),
        None => Ok(()),
    }
}

/// The API that SAM makes up for `HttpApi` events without an `ApiId`.
fn implicit_http_api<'t>(resources: &[Resource<'t>]) -> Option<Resource<'t>> {
    if resources
        .iter()
        .any(|resource| resource.logical_id == IMPLICIT_HTTP_API)
    {
        return None;
    }
    let is_implicit = |event: &&Entry| {
        let named = event.value.get("Properties").and_then(|it| it.get("ApiId"));
        event.value.get("Type").and_then(Node::text) == Some("HttpApi")
            && named.is_none_or(|id| {
                id.call().and_then(|call| call.argument.text()) == Some(IMPLICIT_HTTP_API)
            })
    };
    let event = resources
        .iter()
        .filter(|resource| resource.kind == Kind::Function)
        .find_map(|resource| {
            let event = resource.events().iter().find(is_implicit)?;
            Some(event.key_span)
        })?;
    Some(Resource {
        logical_id: IMPLICIT_HTTP_API,
        id_span: event,
        kind: Kind::HttpApi,
        resource_type: Kind::TYPES[1],
        properties: None,
        metadata: None,
        depends_on: Vec::new(),
    })
}
