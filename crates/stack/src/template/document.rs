//! The template's sections and its resources, before anything is resolved.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::limits::RESOURCES_MAX;

use super::declared::{IMPLICIT_HTTP_API, IMPLICIT_REST_API};
use super::expand::{Expanded, LANGUAGE_EXTENSIONS};
use super::globals::Globals;
use super::parse::shorten;
use super::suggestion::suggestion;
use super::{Entry, Kind, Node, NodeValue, Report, Reported, Span};

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
    pub resources: Vec<Resource<'t>>,
    /// Resources that are not created, with the condition that says so.
    pub absent: &'t BTreeMap<String, String>,
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
    pub fn events(&self) -> impl Iterator<Item = &Entry> {
        let events = self.property("Events").and_then(Node::entries);
        let events = events.unwrap_or_default().iter();
        events.filter(|event| !event.value.is_no_value())
    }
}

impl<'t> Document<'t> {
    pub fn open(expanded: &'t Expanded, report: &Report) -> Result<Self, Reported> {
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
        resources.extend(implicit_api(&resources, &HTTP_API));
        resources.extend(implicit_api(&resources, &REST_API));
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
            resources,
            absent,
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
        // CDK puts this one into every template; it is about AWS's side of a deployment.
        "Rules" if is_only(&section.value, "CheckBootstrapVersion") => return,
        "Rules" => "rules are not checked",
        "Hooks" => "hooks are not run",
        _ => return,
    };
    report.warn(section.key_span, name, "section", None, meaning);
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
    let is_known = |name: &&Node| is_sam(name) || name.text() == Some(LANGUAGE_EXTENSIONS);
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

fn resource<'t>(entry: &'t Entry, report: &Report) -> Result<Resource<'t>, Reported> {
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
    match suggestion(name, Kind::types()) {
        Some(meant) => Err(report.problem(
            node.span,
            format!("`{}` is no resource type", shorten(name)),
            format!("the type of `{logical_id}`"),
            format!("did you mean `{meant}`?"),
        )),
        None => Ok(()),
    }
}

/// An API that SAM makes up for events that name none.
struct Implicit {
    logical_id: &'static str,
    kind: Kind,
    event_type: &'static str,
    /// The event's property that names an API.
    property: &'static str,
}

const HTTP_API: Implicit = Implicit {
    logical_id: IMPLICIT_HTTP_API,
    kind: Kind::HttpApi,
    event_type: "HttpApi",
    property: "ApiId",
};

const REST_API: Implicit = Implicit {
    logical_id: IMPLICIT_REST_API,
    kind: Kind::RestApi,
    event_type: "Api",
    property: "RestApiId",
};

fn implicit_api<'t>(resources: &[Resource<'t>], implicit: &Implicit) -> Option<Resource<'t>> {
    if resources
        .iter()
        .any(|resource| resource.logical_id == implicit.logical_id)
    {
        return None;
    }
    let is_implicit = |event: &&Entry| {
        let properties = event.value.get("Properties");
        let named = properties.and_then(|it| it.get(implicit.property));
        event.value.get("Type").and_then(Node::text) == Some(implicit.event_type)
            && named.is_none_or(|id| {
                id.call().and_then(|call| call.argument.text()) == Some(implicit.logical_id)
            })
    };
    let event = resources
        .iter()
        .filter(|resource| resource.kind == Kind::Function)
        .find_map(|resource| {
            let event = resource.events().find(is_implicit)?;
            Some(event.key_span)
        })?;
    Some(Resource {
        logical_id: implicit.logical_id,
        id_span: event,
        kind: implicit.kind,
        resource_type: implicit.kind.type_name(),
        properties: None,
        metadata: None,
        depends_on: Vec::new(),
    })
}
