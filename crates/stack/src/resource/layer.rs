//! `AWS::Serverless::LayerVersion`, `AWS::Lambda::LayerVersion`, and the `Layers` of a function.
//!
//! Source of names: AWS SAM developer guide, `LayerVersion`, and CloudFormation template reference,
//! `AWS::Lambda::LayerVersion`, read 2026-11-23.

use std::path::PathBuf;

use crate::LayerResource;
use crate::template::{Fields, Named, Node, Pseudo, Role, Shared, Type, properties};

use super::code::{Assets, Source, asset, code_path, source};
use super::function::skips_build;
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
        reference: |it| it.arn(Pseudo::layer_arn),
        read: Some(read),
        ..Type::plain(name)
    }
}

/// Reads a layer, which functions may use or not.
fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(path) = layer_path(fields, reading.assets) else {
        return;
    };
    let name = fields.resolver.name(fields.index()).unwrap_or_default();
    let text = |name: &str| {
        let node = fields.metadata(name)?;
        fields.text_of(&format!("Metadata.{name}"), node)
    };
    let properties = fields.metadata("BuildProperties");
    let layer = LayerResource {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.layer_arn(&name),
        path: std::path::absolute(&path).unwrap_or(path),
        build_method: text("BuildMethod").filter(|_| !skips_build(fields)),
        build_architecture: text("BuildArchitecture"),
        build_properties: properties.and_then(|it| fields.opaque("Metadata.BuildProperties", it)),
        compatible_runtimes: fields.texts("CompatibleRuntimes"),
    };
    let mut known = reading.assets.layers.borrow_mut();
    known.insert(layer.arn.clone());
    reading.stack.layers.push(layer);
}

/// The ARNs of a function's layers, in their order, as far as they lie here.
pub(super) fn layers(fields: &Fields<'_>, assets: &Assets) -> Vec<String> {
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
            let arn = fields.text_of("Layers", node)?;
            if assets.layers.borrow().contains(&arn) {
                return Some(arn);
            }
            elsewhere(node);
            return None;
        };
        layer_path(&Fields::of(resolver, index), assets)?;
        let name = resolver.name(index).unwrap_or_default();
        Some(resolver.pseudo.layer_arn(&name))
    };
    let nodes = fields.list("Layers").iter().filter(|it| !it.is_no_value());
    nodes.filter_map(layer).collect()
}

impl Assets {
    /// Notes a layer that lies here, for templates that know it by its ARN.
    pub fn remember_layer(&self, fields: &Fields<'_>, arn: String) {
        if layer_path(fields, self).is_some() {
            self.layers.borrow_mut().insert(arn);
        }
    }
}

fn layer_path(fields: &Fields<'_>, assets: &Assets) -> Option<PathBuf> {
    let help = "name the directory with the layer's content, relative to the template";
    let (property, source) = if fields.resource_type == LAMBDA_TYPE.name {
        ("Content", asset(fields, "Content", assets, help)?)
    } else {
        ("ContentUri", source(fields, "ContentUri", help)?)
    };
    match source {
        Source::Path(uri) => Some(code_path(&assets.directory, &uri)),
        Source::Object(_) => {
            let meaning =
                "the layer is an S3 object, which is not fetched: functions run without it";
            fields.warn_of(property, meaning);
            None
        }
    }
}
