//! `AWS::Serverless::LayerVersion`, `AWS::Lambda::LayerVersion`, and the `Layers` of a function.
//!
//! Source of names: AWS SAM developer guide, `LayerVersion`, and CloudFormation template reference,
//! `AWS::Lambda::LayerVersion`, read 2026-11-23.

use std::path::PathBuf;

use crate::template::{Fields, Named, Node, Pseudo, Role, Shared, Type, properties};
use crate::{LayerResource, OtherServices, S3Object};

use super::code::{Assets, FETCHED_WITH, Source, asset, code_path, skips_build, source};
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
        ..Type::plain(name)
    }
}

/// Reads a layer, whether functions use it or not.
pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(place) = place(fields, reading.assets) else {
        return;
    };
    let (path, object) = match place {
        Place::Path(path) => (std::path::absolute(&path).unwrap_or(path), None),
        Place::Object(object) => (PathBuf::new(), Some(object)),
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
        path,
        object,
        cannot_use: None,
        build_method: text("BuildMethod").filter(|_| !skips_build(fields)),
        build_architecture: text("BuildArchitecture"),
        build_properties: properties.and_then(|it| fields.opaque("Metadata.BuildProperties", it)),
        compatible_runtimes: fields.texts("CompatibleRuntimes"),
    };
    let mut known = reading.assets.layers.borrow_mut();
    known.insert(layer.arn.clone());
    reading.stack.layers.push(layer);
}

/// The layers of a function.
#[derive(Default)]
pub(super) struct Layers {
    /// The ARNs of those that are available here, in their order.
    pub here: Vec<String>,
    /// The ARNs of the others.
    pub missing: Vec<String>,
}

/// The layers of a function; warns of those that are not available here.
pub(super) fn layers(fields: &Fields<'_>, assets: &Assets) -> Layers {
    let resolver = fields.resolver;
    let mut layers = Layers::default();
    // A parameter with a list of ARNs, for example.
    if let Some(node) = fields.node("Layers")
        && node.call().is_some()
    {
        for arn in fields.texts("Layers") {
            layers.add(fields, assets, node, arn);
        }
        return layers;
    }
    for node in fields.list("Layers").iter().filter(|it| !it.is_no_value()) {
        let is_layer = |index: &usize| resolver.resources[*index].kind.role == Role::Layer;
        let Some(index) = resolver.referenced(node).filter(is_layer) else {
            if let Some(arn) = fields.text_of("Layers", node) {
                layers.add(fields, assets, node, arn);
            }
            continue;
        };
        let name = resolver.name(index).unwrap_or_default();
        let arn = resolver.pseudo.layer_arn(&name);
        match place(&Fields::of(resolver, index), assets) {
            Some(_) => layers.here.push(arn),
            None => match assets.brought(&arn) {
                Some(brought) => layers.here.push(brought),
                None => layers.missing.push(arn),
            },
        }
    }
    layers
}

impl Layers {
    /// Adds a layer by its ARN.
    fn add(&mut self, fields: &Fields<'_>, assets: &Assets, node: &Node, arn: String) {
        if assets.layers.borrow().contains(&arn) {
            self.here.push(arn);
        } else if let Some(brought) = assets.brought(&arn) {
            self.here.push(brought);
        } else {
            fields.warn("Layers", node.span, not_here(&arn));
            self.missing.push(arn);
        }
    }
}

/// Most characters of an ARN in messages: AWS's own bound is lower.
const ARN_MAX: usize = 300;

/// Says that a layer is in no template, and how to provide it.
fn not_here(arn: &str) -> String {
    // Not shortened, so that it can be copied.
    let printable = arn.chars().filter(|it| !it.is_control());
    let arn: String = printable.take(ARN_MAX).collect();
    format!(
        "the layer `{arn}` is not here, and functions run without it: bring it with `lambdura up --layer {arn}=FOLDER` \
         (or its `.zip`, which `aws lambda get-layer-version-by-arn --arn {arn}` says where to get), or put what it holds \
         into the code"
    )
}

impl Assets {
    /// The name under which the options give a layer: its ARN, with or without the version.
    fn brought(&self, arn: &str) -> Option<String> {
        let unversioned = arn
            .rsplit_once(':')
            .map_or(arn, |(unversioned, _)| unversioned);
        let brought = |arn: &str| self.brought_layers.get_key_value(arn);
        let (name, _) = brought(arn).or_else(|| brought(unversioned))?;
        Some(name.clone())
    }

    /// Notes a layer that is available here, for templates that refer to it by its ARN.
    pub fn remember_layer(&self, fields: &Fields<'_>, arn: String) {
        if place(fields, self).is_some() {
            self.layers.borrow_mut().insert(arn);
        }
    }
}

/// Where a layer lies.
enum Place {
    Path(PathBuf),
    /// In S3, if a service can be asked for it.
    Object(S3Object),
}

/// The location of a layer of the template. Warns if it is unavailable, unless the options provide it.
fn place(fields: &Fields<'_>, assets: &Assets) -> Option<Place> {
    let help = "name the directory with the layer's content, relative to the template";
    let (property, source) = if fields.resource_type == LAMBDA_TYPE.name {
        ("Content", asset(fields, "Content", assets, help)?)
    } else {
        ("ContentUri", source(fields, "ContentUri", help)?)
    };
    match source {
        Source::Path(uri) => Some(Place::Path(code_path(&assets.directory, &uri))),
        away @ (Source::Object(_) | Source::Unknown(_)) => {
            let name = fields.resolver.name(fields.index()).unwrap_or_default();
            let arn = fields.resolver.pseudo.layer_arn(&name);
            if assets.brought(&arn).is_some() {
                return None;
            }
            let what = match away {
                Source::Object(object) if assets.services != OtherServices::Nowhere => {
                    return Some(Place::Object(object));
                }
                Source::Object(object) => {
                    format!("the S3 object `{object}`, which is fetched with {FETCHED_WITH} only")
                }
                Source::Unknown(url) | Source::Path(url) => {
                    format!("`{url}`, which is not fetched")
                }
            };
            let meaning = format!(
                "the layer is {what}, and functions run without it: bring it with `lambdura up --layer {arn}=FOLDER|ZIP`"
            );
            fields.warn_of(property, &meaning);
            None
        }
    }
}
