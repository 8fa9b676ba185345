//! The template's sections and its resources, before anything is resolved.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::limits::RESOURCES_MAX;

use super::condition::Expanded;
use super::function::LANGUAGE_EXTENSIONS;
use super::globals::Globals;
use super::keys::{Keys, names};
use super::report::{shorten, suggestion};
use super::{
    Entry, EventApi, Node, Parameters, Report, Reported, Resource, Role, Span, Type, Types,
    at_most, section,
};

/// Source: CloudFormation user guide, "Template anatomy"; `Globals` from SAM's; read 2026-11-23.
const SECTIONS: Keys = Keys {
    known: names! {
        AWSTemplateFormatVersion Conditions Description Globals Hooks Mappings Metadata Outputs
        Parameters Resources Rules Transform
    },
    unknown: "unknown section",
    help: "sections are {}",
};

const ATTRIBUTES: Keys = Keys {
    // AWS's conformance suite finds its test functions by `TestingMetadata`; SAM accepts it.
    known: names! {
        Condition Connectors CreationPolicy DeletionPolicy DependsOn IgnoreGlobals Metadata Properties
        TestingMetadata Type UpdatePolicy UpdateReplacePolicy Version
    },
    unknown: "unknown attribute",
    help: "properties belong below `Properties:`; check the indentation",
};

const SAM_TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// The sections that matter.
pub(crate) struct Document {
    pub description: Option<String>,
    pub resources: Vec<Resource>,
    /// Resources that are not created, with the condition that excludes them.
    pub absent: BTreeMap<String, String>,
    pub outputs: Vec<Entry>,
}

impl Document {
    pub fn open(
        expanded: Expanded,
        types: &Types,
        parameters: &Parameters,
        report: &Report,
    ) -> Result<Self, Reported> {
        let Expanded { root, absent } = expanded;
        let Some(sections) = root.entries() else {
            let found = root.describe();
            let message = format!("a template is a mapping of sections, found {found}");
            let help = "a template needs at least a `Resources` section";
            return Err(report.problem(root.span, message, "not a template", help));
        };
        let message = |name: &str| format!("`{name}` is not a section of a template");
        SECTIONS.check(sections, report, message);
        warn_of_sections(sections, report);
        let globals = Globals::open(root.get("Globals"), types, report);
        let mut resources = declared(&root, types, report);
        complete(&mut resources, 0, &globals, parameters, report)?;
        let implicit = resources.len();
        for api in [EventApi::HTTP, EventApi::REST] {
            resources.extend(implicit_api(&resources, api, types));
        }
        complete(&mut resources, implicit, &globals, parameters, report)?;
        let mut written = resources.iter().map(|resource| &resource.resource_type);
        if written.any(|name| name.starts_with("AWS::Serverless::")) {
            check_transform(&root, report);
        }
        let description = root.get("Description").and_then(Node::text);
        Ok(Self {
            description: description.map(str::to_owned),
            resources,
            absent,
            outputs: section(&root, "Outputs", report).to_vec(),
        })
    }
}

fn warn_of_sections(sections: &[Entry], report: &Report) {
    for section in sections {
        let meaning = match &*section.key {
            // CDK puts this rule into every template; it concerns deployments on AWS only.
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
        let message = "the template uses `AWS::Serverless` resources without SAM's transform";
        let help = format!("add `Transform: {SAM_TRANSFORM}`; AWS refuses the template without it");
        report.problem(Span::START, message, "missing near the top", help);
        return;
    };
    let names = transform.items_or_self();
    let is_sam = |name: &Node| name.text() == Some(SAM_TRANSFORM);
    if !names.iter().any(is_sam) {
        let message = "`Transform` does not name SAM's transform";
        let help = format!("it must be, or contain, `{SAM_TRANSFORM}`");
        report.problem(transform.span, message, "another transform", help);
    }
    let is_known = |name: &Node| is_sam(name) || name.text() == Some(LANGUAGE_EXTENSIONS);
    for name in names.iter().filter(|name| !is_known(name)) {
        let meaning = "only SAM's transform and the language extensions are applied";
        report.warn(name.span, "Transform", "section", None, meaning);
    }
}

/// The resources that the template declares.
fn declared(root: &Node, types: &Types, report: &Report) -> Vec<Resource> {
    let entries = section(root, "Resources", report);
    if root.get("Resources").is_none() {
        let message = "the template has no `Resources`";
        let help = "list functions, HTTP APIs and tables under `Resources`";
        report.problem(Span::START, message, "begins here", help);
    }
    let read = |entry| resource(entry, types, report).ok();
    let entries = at_most(RESOURCES_MAX, entries, "resources", report);
    entries.iter().filter_map(read).collect()
}

fn resource(entry: &Entry, types: &Types, report: &Report) -> Result<Resource, Reported> {
    let id = &entry.key;
    let wrong = |message: &str, label: &str, help: &str| {
        report.problem(entry.key_span, message, label, help)
    };
    let alphanumeric = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !alphanumeric || id.is_empty() || id.len() > 255 {
        let message = format!("`{}` cannot be a logical id", shorten(id));
        let help = "logical ids are 1 to 255 letters and digits";
        return Err(wrong(&message, "this name", help));
    }
    let Some(attributes) = entry.value.entries() else {
        let found = entry.value.describe();
        let message = format!("resource `{id}` must be a mapping, found {found}");
        let help = "a resource has a `Type` and, indented below it, `Properties`";
        return Err(wrong(&message, "this resource", help));
    };
    check_attributes(id, &entry.value, attributes, report);
    let Some(type_node) = entry.value.get("Type") else {
        let message = format!("resource `{id}` has no `Type`");
        let help = "for example `Type: AWS::Serverless::Function`";
        return Err(wrong(&message, "this resource", help));
    };
    let resource_type = type_node.text().unwrap_or_default();
    let kind = Type::named(resource_type, types);
    if kind.role == Role::Unsupported {
        check_type(id, type_node, types, report)?;
    }
    let mut resource = Resource {
        resource_type: resource_type.into(),
        metadata: entry.value.get("Metadata").cloned(),
        depends_on: entry.value.get("DependsOn").cloned(),
        ignored_globals: entry.value.get("IgnoreGlobals").cloned(),
        ..Resource::new(Rc::clone(id), entry.key_span, kind)
    };
    match entry.value.get("Properties") {
        Some(properties) if properties.entries().is_some() => {
            resource.properties = properties.clone();
        }
        Some(properties) if !properties.is_no_value() => {
            let message = format!("`Properties` of `{id}` must be a mapping");
            let help = "write each property on a line of its own, indented below `Properties:`";
            return Err(report.problem(properties.span, message, properties.describe(), help));
        }
        Some(_) | None => {}
    }
    Ok(resource)
}

/// Reports the attributes that CloudFormation rejects.
///
/// SAM drops unknown attributes of its own resources, so AWS accepts them with a `Description`, for example. There,
/// only a likely misspelling is a problem. Source: aws-sam-translator 1.115.0, `Resource.from_dict`.
fn check_attributes(id: &str, resource: &Node, attributes: &[Entry], report: &Report) {
    let message = |name: &str| format!("a resource has no `{name}`, as `{id}` does");
    let type_name = resource
        .get("Type")
        .and_then(Node::text)
        .unwrap_or_default();
    if !type_name.starts_with("AWS::Serverless::") {
        ATTRIBUTES.check(attributes, report, message);
        return;
    }
    for attribute in attributes {
        let is_known = ATTRIBUTES.known.contains(&&*attribute.key);
        if is_known || suggestion(&attribute.key, ATTRIBUTES.known.iter().copied()).is_some() {
            ATTRIBUTES.check(std::slice::from_ref(attribute), report, message);
        } else if &*attribute.key != "Description" {
            let name = Some(shorten(&attribute.key));
            let meaning = "SAM drops it: properties belong below `Properties:`";
            report.warn(attribute.key_span, id, type_name, name, meaning);
        }
    }
}

/// Tells a misspelled type from one that is not provided here, which gets its warning later.
fn check_type(id: &str, node: &Node, types: &Types, report: &Report) -> Result<(), Reported> {
    let Some(name) = node.text().filter(|name| name.contains("::")) else {
        let message = format!("`Type` of `{id}` is not a resource type");
        let help = "types look like `AWS::Serverless::Function`";
        return Err(report.problem(node.span, message, "this value", help));
    };
    let Some(meant) = suggestion(name, types.iter().map(|kind| kind.name)) else {
        return Ok(());
    };
    let message = format!("`{}` is not a resource type", shorten(name));
    let (label, help) = (
        format!("the type of `{id}`"),
        format!("did you mean `{meant}`?"),
    );
    Err(report.problem(node.span, message, label, help))
}

/// Merges `Globals` into the resources from one on, and adds what SAM makes of them.
fn complete(
    resources: &mut Vec<Resource>,
    first: usize,
    globals: &Globals<'_>,
    parameters: &Parameters,
    report: &Report,
) -> Result<(), Reported> {
    for index in first..resources.len() {
        globals.merge_into(&mut resources[index], report)?;
        let made = (resources[index].kind.makes)(index, resources, parameters);
        resources.extend(made);
    }
    Ok(())
}

/// The API that SAM adds for events that name none, if there are any.
fn implicit_api(resources: &[Resource], api: EventApi, types: &Types) -> Option<Resource> {
    let mut declared = resources.iter().filter(|resource| resource.made.is_none());
    if declared.any(|resource| &*resource.logical_id == api.implicit_id) {
        return None;
    }
    let is_meant = |event: &&Resource| event.api() == Some((api, api.implicit_id));
    let event = resources.iter().find(is_meant)?;
    let kind = Type::named(api.type_name, types);
    Some(Resource::new(api.implicit_id.into(), event.id_span, kind))
}
