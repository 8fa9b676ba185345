//! Where the code of a function or layer lies: a folder, a text, or an asset of CDK's.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::template::{Fields, Node, Refusal};

/// Code that only a container runtime could start.
pub(super) const IMAGE: Refusal = Refusal {
    problem: "asks for a container image, which is not supported here",
    found: "a container image",
    help: "package the function as a directory: `PackageType: Zip` and a folder of code",
};

const HELP: &str = "name the directory with the function's code, relative to the template";

/// Where CDK's assets lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets {
    /// The template's directory.
    pub directory: PathBuf,
    /// Paths by the key of the S3 object that an asset becomes.
    pub paths: BTreeMap<String, String>,
}

/// The code of a function.
#[derive(Default)]
pub(super) struct Code {
    /// As written.
    pub uri: String,
    pub path: PathBuf,
    pub inline: Option<String>,
}

impl Code {
    fn folder(directory: &Path, uri: String) -> Self {
        Self {
            path: code_path(directory, &uri),
            uri,
            inline: None,
        }
    }

    fn inline(text: String) -> Self {
        Self {
            inline: Some(text),
            ..Self::default()
        }
    }
}

/// `CodeUri` or `InlineCode` of SAM's function.
pub(super) fn serverless_code(fields: &Fields<'_>, directory: &Path) -> Option<Code> {
    if let Some(text) = fields.node("InlineCode") {
        return inline(fields, "InlineCode", "InlineCode", text);
    }
    if fields.node("ImageUri").is_some() || is_image(fields) {
        return None;
    }
    Some(Code::folder(directory, folder(fields, "CodeUri", HELP)?))
}

/// `Code` of CloudFormation's function: a folder as `aws cloudformation package` takes it, the text
/// itself, or an S3 object that CDK made of a folder which its manifests name.
pub(super) fn lambda_code(fields: &Fields<'_>, assets: &Assets) -> Option<Code> {
    if is_image(fields) {
        return None;
    }
    if let Some(text) = fields.required("Code", HELP)?.get("ZipFile") {
        return inline(fields, "Code", "Code.ZipFile", text);
    }
    let uri = asset(fields, "Code", assets, HELP)?;
    Some(Code::folder(&assets.directory, uri))
}

/// A local folder: written as one, or the source of the S3 object that is written.
pub(super) fn asset(
    fields: &Fields<'_>,
    property: &str,
    assets: &Assets,
    help: &str,
) -> Option<String> {
    let node = fields.required(property, help)?;
    if node.entries().is_none() {
        return folder(fields, property, help);
    }
    if let Some(path) = fields.metadata("aws:asset:path").and_then(Node::text) {
        return Some(path.to_owned());
    }
    let key = node.get("S3Key").and_then(Node::text);
    let path = key.and_then(|key| assets.paths.get(key));
    if path.is_none() {
        let must = "is an S3 object, and no asset of this template";
        let help = "name a directory; what CDK writes has `aws:asset:path` in `Metadata`";
        fields.wrong(property, must, "an S3 object", help);
    }
    path.cloned()
}

/// A property that is a local folder.
pub(super) fn folder(fields: &Fields<'_>, property: &str, help: &str) -> Option<String> {
    if fields.required(property, help)?.entries().is_some() {
        let must = "must be a directory, not an S3 object";
        fields.wrong(property, must, "an S3 object", help);
        return None;
    }
    let text = fields.text(property)?;
    if text.contains("://") || text.is_empty() {
        fields.wrong(property, "must be a directory", "not a path", help);
        return None;
    }
    Some(text)
}

fn is_image(fields: &Fields<'_>) -> bool {
    let package = fields.node("PackageType");
    let is_image = package.is_some_and(|package| package.text() != Some("Zip"));
    if is_image {
        fields.refuse("PackageType", IMAGE);
    }
    is_image
}

/// Code that is a text, which only interpreters take.
fn inline(fields: &Fields<'_>, property: &str, path: &str, text: &Node) -> Option<Code> {
    let text = fields.text_of(path, text)?;
    let runtime = fields.node("Runtime").and_then(Node::text);
    let takes = runtime.is_none_or(|it| it.starts_with("python") || it.starts_with("nodejs"));
    if !takes {
        let must = "is inline code, which `python` and `nodejs` runtimes take only";
        let help = "put the code into a directory, and name that";
        fields.wrong(property, must, "inline code", help);
    }
    takes.then(|| Code::inline(text))
}

/// Joins without looking at the disk: the directory may only come to be when the code is built.
pub(super) fn code_path(directory: &Path, code_uri: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in directory.join(code_uri).components() {
        let last = path.components().next_back();
        match (component, last) {
            (Component::CurDir, _)
            | (Component::ParentDir, Some(Component::RootDir | Component::Prefix(_))) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => _ = path.pop(),
            (component, _) => path.push(component),
        }
    }
    path
}
