//! `AWS::Serverless::LayerVersion`, `AWS::Lambda::LayerVersion`, and the `Layers` of a function.
//!
//! Source of names: AWS SAM developer guide, `LayerVersion`, and CloudFormation template reference,
//! `AWS::Lambda::LayerVersion`, read 2026-11-23.

use std::path::PathBuf;

use crate::template::{Fields, Kind, Known, Node, Resolver, Resource, ignored, used};

use super::code::{Assets, asset, code_path, folder};

const NO_CHECK: &str = "every function may use the layer";

const SERVERLESS_PROPERTIES: [Known; 9] = [
    used("CompatibleArchitectures"),
    used("CompatibleRuntimes"),
    used("ContentUri"),
    used("Description"),
    used("LayerName"),
    used("LicenseInfo"),
    used("PublishLambdaVersion"),
    used("RetentionPolicy"),
    ignored("LayerPolicy", NO_CHECK),
];

const LAMBDA_PROPERTIES: [Known; 6] = [
    used("CompatibleArchitectures"),
    used("CompatibleRuntimes"),
    used("Content"),
    used("Description"),
    used("LayerName"),
    used("LicenseInfo"),
];

/// Checks a layer that no function may use.
pub(crate) fn check_layer(resolver: &Resolver<'_>, index: usize, assets: &Assets) {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(if resource.kind == Kind::LambdaLayer {
        LAMBDA_PROPERTIES.as_slice()
    } else {
        SERVERLESS_PROPERTIES.as_slice()
    });
    // What is wrong with it is in the report.
    let _path = layer_path(&fields, resource, assets);
    let method = resource.metadata.and_then(|it| it.get("BuildMethod"));
    if let Some(node) = method {
        resolver.report.warn(
            node.span,
            resource.logical_id,
            resource.resource_type,
            Some("Metadata.BuildMethod".to_owned()),
            "the layer's folder is used as it is: build it first, as `sam build` would",
        );
    }
}

/// The folders of a function's layers, absolute, in their order.
pub(super) fn layers(fields: &Fields<'_>, assets: &Assets) -> Vec<PathBuf> {
    let resolver = fields.resolver;
    let elsewhere = |node: &Node| {
        let meaning = "a layer that is not in this template is not put in place; put what it \
                       holds into the code, or into an `AWS::Serverless::LayerVersion`";
        fields.warn("Layers", node.span, meaning);
    };
    // A parameter with a list of ARNs, for example.
    if let Some(entry) = fields.entry("Layers")
        && entry.value.call().is_some()
        && !entry.value.is_reported()
    {
        elsewhere(&entry.value);
        return Vec::new();
    }
    let layer = |node: &Node| {
        let referenced = resolver.referenced(node);
        let index = referenced.filter(|index| {
            let kind = resolver.resources[*index].kind;
            matches!(kind, Kind::Layer | Kind::LambdaLayer)
        });
        let Some(index) = index else {
            elsewhere(node);
            return None;
        };
        let resource = &resolver.resources[index];
        let path = layer_path(&Fields::of_resource(resolver, resource), resource, assets)?;
        Some(std::path::absolute(&path).unwrap_or(path))
    };
    let nodes = fields.list("Layers").iter();
    nodes
        .filter(|node| !node.is_no_value())
        .filter_map(layer)
        .collect()
}

fn layer_path(fields: &Fields<'_>, resource: &Resource<'_>, assets: &Assets) -> Option<PathBuf> {
    let help = "name the directory with the layer's content, relative to the template";
    let uri = if resource.kind == Kind::LambdaLayer {
        let entry = fields.required("Content", help)?;
        asset(fields, "Content", entry, resource, assets, help)?
    } else {
        folder(fields, "ContentUri", help)?
    };
    Some(code_path(&assets.directory, &uri))
}
