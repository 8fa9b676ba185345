//! `AWS::Serverless::Application` and `AWS::CloudFormation::Stack`: templates within a template.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::Application`, and CloudFormation
//! template reference, `AWS::CloudFormation::Stack`, read 2026-11-28.

use std::path::PathBuf;

use crate::template::{Fields, Node, Role, Type, properties};

use super::code::{Assets, code_path};

const NO_NOTIFICATIONS: &str = "nobody is notified of deployments";
const NO_TIMEOUT: &str = "the start of a nested template has no time limit";

pub(super) static APPLICATION: Type = Type {
    properties: properties! {
        used: Parameters;
        required: Location = "the nested template's file, relative to this one";
        ignored:
            NO_NOTIFICATIONS => NotificationARNs;
            "tags are not kept" => Tags;
            NO_TIMEOUT => TimeoutInMinutes;
    },
    ..nested_type("AWS::Serverless::Application")
};

pub(super) static STACK: Type = Type {
    properties: properties! {
        used: Parameters;
        required: TemplateURL = "the nested template's file, relative to this one";
        ignored:
            NO_NOTIFICATIONS => NotificationARNs;
            "tags are not kept" => Tags;
            NO_TIMEOUT => TimeoutInMinutes;
    },
    ..nested_type("AWS::CloudFormation::Stack")
};

/// The template itself is loaded while names are resolved: its outputs are among them.
const fn nested_type(name: &'static str) -> Type {
    Type {
        role: Role::Nested,
        reference: |it| Ok(it.pseudo.nested(&it.resource.logical_id).stack_id()),
        ..Type::plain(name)
    }
}

/// The path of the template that a resource nests, and the property that names it. A template elsewhere has no path,
/// and causes a warning.
pub(crate) fn nested_path<'f>(
    fields: &Fields<'f>,
    assets: &Assets,
) -> Option<(&'f Node, Option<PathBuf>)> {
    let property = match fields.resource_type == STACK.name {
        true => "TemplateURL",
        false => "Location",
    };
    let node = fields.node(property)?;
    let asset = fields.metadata("aws:asset:path").and_then(Node::text);
    let location = match asset {
        Some(path) => Some(path.to_owned()),
        None if node.entries().is_some() => None,
        None => Some(fields.text_of(property, node)?).filter(|it| !it.contains("://")),
    };
    if location.is_none() {
        let meaning = "the nested template is stored elsewhere and is not fetched: nothing in it is started; keep a copy beside this template and name that";
        fields.warn_of(property, meaning);
    }
    let path = location.map(|location| code_path(&assets.directory, &location));
    Some((node, path))
}
