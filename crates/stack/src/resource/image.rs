//! Container images: how a template says that they are built.
//!
//! Source of names: AWS SAM developer guide, "Building applications", CloudFormation template reference,
//! `AWS::Lambda::Function` `ImageConfig`, and the metadata that aws-cdk-lib writes for image assets, read 2026-11-28.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::ImageBuild;
use crate::template::{Fields, Node, properties};

use super::code::code_path;

/// What happens instead of building an image.
const IS_READ: &str = "no image is made or run: what its Dockerfile says is done instead, as for a function whose code is \
                       a folder";

/// The names that a function's metadata has for the parts of a build: SAM's, and CDK's.
struct Words {
    context: &'static str,
    dockerfile: &'static str,
    arguments: &'static str,
    target: &'static str,
}

const SAM: Words = Words {
    context: "DockerContext",
    dockerfile: "Dockerfile",
    arguments: "DockerBuildArgs",
    target: "DockerBuildTarget",
};

const CDK: Words = Words {
    context: "aws:asset:path",
    dockerfile: "aws:asset:dockerfile-path",
    arguments: "aws:asset:docker-build-args",
    target: "aws:asset:docker-build-target",
};

/// How the image of a function is built; `None` if the template names no folder for it.
pub(super) fn image_build(fields: &Fields<'_>, directory: &Path) -> Option<ImageBuild> {
    let has = |words: &Words| fields.metadata(words.context).is_some();
    let words = [SAM, CDK].into_iter().find(has)?;
    let text = |name: &str| {
        let node = fields.metadata(name)?;
        fields.text_of(&format!("Metadata.{name}"), node)
    };
    let context = code_path(directory, &text(words.context)?);
    let dockerfile = text(words.dockerfile).unwrap_or_else(|| "Dockerfile".to_owned());
    let said = ["PackageType", "ImageUri", "Code"];
    if let Some(property) = said.into_iter().find(|name| fields.node(name).is_some()) {
        fields.warn_of(property, IS_READ);
    }
    let known = properties! { used: Command, EntryPoint, WorkingDirectory; };
    let config = fields.mapping("ImageConfig", known);
    let list = |name: &str| {
        let config = config.as_ref().filter(|it| it.node(name).is_some())?;
        Some(config.texts(name))
    };
    Some(ImageBuild {
        dockerfile: code_path(&context, &dockerfile),
        arguments: arguments(fields, words.arguments),
        target: text(words.target),
        command: list("Command"),
        entry_point: list("EntryPoint"),
        working_directory: config
            .as_ref()
            .and_then(|config| config.text("WorkingDirectory")),
        context,
    })
}

fn arguments(fields: &Fields<'_>, name: &str) -> BTreeMap<String, String> {
    let given = fields.metadata(name).and_then(Node::entries);
    let given = given.unwrap_or_default().iter();
    let value = |node: &Node, key: &str| {
        let value = fields.opaque(&format!("Metadata.{name}.{key}"), node)?;
        Some(match value {
            Value::String(text) => text,
            other => other.to_string(),
        })
    };
    given
        .filter_map(|entry| Some((entry.key.to_string(), value(&entry.value, &entry.key)?)))
        .collect()
}
