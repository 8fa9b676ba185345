//! Where the code of a function or layer lies: a folder, a text, or an asset of CDK's.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::template::{Fields, Node};

/// Why code that only a container runtime could start does not run.
const IMAGE: &str = "its code is a container image, which is not run here: package the function as `PackageType: Zip` \
                     and a folder of code";

/// Why code that lies elsewhere does not run.
const ELSEWHERE: &str = "its code is an object in S3, which is not fetched: name the folder or the zip file that it was \
                         made of";

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
    /// Why it cannot run here.
    pub cannot_run: Option<String>,
}

impl Code {
    fn folder(directory: &Path, uri: String) -> Self {
        Self {
            path: code_path(directory, &uri),
            uri,
            ..Self::default()
        }
    }

    fn inline(text: String) -> Self {
        Self {
            inline: Some(text),
            ..Self::default()
        }
    }

    fn that_cannot_run(why: &str) -> Self {
        Self {
            cannot_run: Some(why.to_owned()),
            ..Self::default()
        }
    }
}

/// `CodeUri` or `InlineCode` of SAM's function.
pub(super) fn serverless_code(fields: &Fields<'_>, directory: &Path) -> Option<Code> {
    if fields.node("InlineCode").is_some() {
        let text = fields.text("InlineCode")?;
        return inline(fields, "InlineCode", text);
    }
    if fields.node("ImageUri").is_some() || is_image(fields) {
        return Some(Code::that_cannot_run(IMAGE));
    }
    // As SAM's own tools have it.
    let Some(uri) = fields.node("CodeUri") else {
        return Some(Code::folder(directory, ".".to_owned()));
    };
    if is_elsewhere(uri) {
        return Some(Code::that_cannot_run(ELSEWHERE));
    }
    Some(Code::folder(directory, folder(fields, "CodeUri", HELP)?))
}

fn is_elsewhere(uri: &Node) -> bool {
    uri.entries().is_some() || uri.text().is_some_and(|text| text.starts_with("s3://"))
}

/// `Code` of CloudFormation's function: a folder as `aws cloudformation package` takes it, the text
/// itself, or an S3 object that CDK made of a folder which its manifests name.
pub(super) fn lambda_code(fields: &Fields<'_>, assets: &Assets) -> Option<Code> {
    if is_image(fields) {
        return Some(Code::that_cannot_run(IMAGE));
    }
    let code = fields.required("Code", HELP)?;
    if code.get("ImageUri").is_some() {
        return Some(Code::that_cannot_run(IMAGE));
    }
    if let Some(text) = code.get("ZipFile") {
        let text = fields.text_of("Code.ZipFile", text)?;
        return inline(fields, "Code", text);
    }
    if code.get("S3Key").is_some() && known_asset(fields, code, assets).is_none() {
        return Some(Code::that_cannot_run(ELSEWHERE));
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
    let path = known_asset(fields, node, assets);
    if path.is_none() {
        let must = "is an S3 object, and no asset of this template";
        let help = "name a directory; what CDK writes has `aws:asset:path` in `Metadata`";
        fields.wrong(property, must, "an S3 object", help);
    }
    path
}

/// The source of an S3 object that CDK makes of it.
fn known_asset(fields: &Fields<'_>, node: &Node, assets: &Assets) -> Option<String> {
    if let Some(path) = fields.metadata("aws:asset:path").and_then(Node::text) {
        return Some(path.to_owned());
    }
    let key = node.get("S3Key").and_then(Node::text);
    key.and_then(|key| assets.paths.get(key)).cloned()
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
    package.is_some_and(|package| package.text() != Some("Zip"))
}

/// Code that is a text, which only interpreters take.
fn inline(fields: &Fields<'_>, property: &str, text: String) -> Option<Code> {
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
        match component {
            Component::CurDir => {}
            Component::ParentDir => match path.components().next_back() {
                Some(Component::Normal(_)) => {
                    path.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::CurDir | Component::ParentDir) | None => path.push(".."),
            },
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                path.push(component);
            }
        }
    }
    path
}
