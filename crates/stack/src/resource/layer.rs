//! `AWS::Serverless::LayerVersion`, `AWS::Lambda::LayerVersion`, and the `Layers` of a function.
//!
//! Source of names: AWS SAM developer guide, `LayerVersion`, and CloudFormation template reference,
//! `AWS::Lambda::LayerVersion`, read 2026-11-23.

use std::path::PathBuf;

use crate::Layer;
use crate::template::{Fields, Named, Node, Pseudo, Role, Shared, Type, Yields, properties};

use super::code::{Assets, asset, code_path, folder};
use super::reading::Reading;

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: CompatibleArchitectures, CompatibleRuntimes, ContentUri, Description, LayerName,
            LicenseInfo, PublishLambdaVersion, RetentionPolicy;
        ignored: "every function may use the layer" => LayerPolicy;
    },
    shared: Some(Shared {
        section: "LayerVersion",
        own: &["ContentUri", "LayerName"],
    }),
    ..layer_type("AWS::Serverless::LayerVersion")
};

pub(super) static LAMBDA_TYPE: Type = Type {
    properties: properties! {
        used: CompatibleArchitectures, CompatibleRuntimes, Content, Description, LayerName,
            LicenseInfo;
    },
    ..layer_type("AWS::Lambda::LayerVersion")
};

const fn layer_type(name: &'static str) -> Type {
    Type {
        role: Role::Layer,
        named: Named::By("LayerName", 140),
        reference: Yields::Arn(Pseudo::layer_arn),
        ..Type::plain(name)
    }
}

/// Checks a layer, which no function may use.
pub(super) fn read(fields: &Fields<'_>, _: usize, reading: &mut Reading<'_>) {
    // What is wrong with it is in the report.
    let _path = layer_path(fields, reading.assets);
}

/// A function's layers, in their order.
pub(super) fn layers(fields: &Fields<'_>, assets: &Assets) -> Vec<Layer> {
    let resolver = fields.resolver;
    let elsewhere = |node: &Node| {
        let meaning = "a layer that is not in this template is not put in place; put what it \
                       holds into the code, or into an `AWS::Serverless::LayerVersion`";
        fields.warn("Layers", node.span, meaning);
    };
    // A parameter with a list of ARNs, for example.
    if let Some(node) = fields.node("Layers")
        && node.call().is_some()
        && !node.is_reported()
    {
        elsewhere(node);
        return Vec::new();
    }
    let layer = |node: &Node| {
        let is_layer = |index: &usize| resolver.resources[*index].kind.role == Role::Layer;
        let Some(index) = resolver.referenced(node).filter(is_layer) else {
            elsewhere(node);
            return None;
        };
        let layer = Fields::of(resolver, index);
        let path = layer_path(&layer, assets)?;
        let method = layer.metadata("BuildMethod");
        Some(Layer {
            logical_id: layer.logical_id.to_owned(),
            path: std::path::absolute(&path).unwrap_or(path),
            build_method: method.and_then(|it| layer.text_of("Metadata.BuildMethod", it)),
        })
    };
    let nodes = fields.list("Layers").iter();
    nodes
        .filter(|node| !node.is_no_value())
        .filter_map(layer)
        .collect()
}

fn layer_path(fields: &Fields<'_>, assets: &Assets) -> Option<PathBuf> {
    let help = "name the directory with the layer's content, relative to the template";
    let uri = if fields.resource_type == LAMBDA_TYPE.name {
        asset(fields, "Content", assets, help)?
    } else {
        folder(fields, "ContentUri", help)?
    };
    Some(code_path(&assets.directory, &uri))
}
