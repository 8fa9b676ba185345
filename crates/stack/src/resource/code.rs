//! Where the code of a function or layer lies: a folder, a text, or an asset of CDK's.

use std::path::{Component, Path, PathBuf};

use crate::template::{Entry, Fields, Node, Resource};

/// The code of a function.
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
            uri: String::new(),
            path: PathBuf::new(),
            inline: Some(text),
        }
    }
}

/// `CodeUri` or `InlineCode` of SAM's function.
pub(super) fn serverless_code(fields: &Fields<'_>, directory: &Path) -> Option<Code> {
    if let Some(entry) = fields.entry("InlineCode") {
        return inline(fields, "InlineCode", entry);
    }
    if is_image(fields) {
        return None;
    }
    let help = "name the directory with the function's code, relative to the template";
    let uri = folder(fields, "CodeUri", help)?;
    Some(Code::folder(directory, uri))
}

/// `Code` of CloudFormation's function: a folder as `aws cloudformation package` takes it, the text
/// itself, or an S3 object that CDK made of a folder which its manifests name.
pub(super) fn lambda_code(
    fields: &Fields<'_>,
    resource: &Resource<'_>,
    assets: &Assets,
) -> Option<Code> {
    if is_image(fields) {
        return None;
    }
    let help = "name the directory with the function's code, relative to the template";
    let entry = fields.required("Code", help)?;
    if let Some(text) = entry.value.get("ZipFile") {
        let text = fields.text_of("Code.ZipFile", text)?;
        return check_inline_runtime(fields, "Code", entry).then(|| Code::inline(text));
    }
    let uri = asset(fields, "Code", entry, resource, assets, help)?;
    Some(Code::folder(&assets.directory, uri))
}

/// Where CDK's assets lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets {
    /// The template's directory.
    pub directory: PathBuf,
    /// Paths by the key of the S3 object that an asset becomes.
    pub paths: std::collections::BTreeMap<String, String>,
}

/// A local folder: written as one, or the source of the S3 object that is written.
pub(super) fn asset(
    fields: &Fields<'_>,
    property: &str,
    entry: &Entry,
    resource: &Resource<'_>,
    assets: &Assets,
    help: &str,
) -> Option<String> {
    if entry.value.entries().is_none() {
        return folder(fields, property, help);
    }
    let named = resource
        .metadata
        .and_then(|metadata| metadata.get("aws:asset:path"))
        .and_then(Node::text);
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let key = entry.value.get("S3Key").and_then(Node::text);
    let path = key.and_then(|key| assets.paths.get(key));
    if path.is_none() {
        fields.wrong(
            property,
            &entry.value,
            "is an S3 object, and no asset of this template",
            "an S3 object",
            "name a directory; what CDK writes has `aws:asset:path` in `Metadata`",
        );
    }
    path.cloned()
}

/// A property that is a local folder.
pub(super) fn folder(fields: &Fields<'_>, property: &str, help: &str) -> Option<String> {
    let entry = fields.required(property, help)?;
    if entry.value.entries().is_some() {
        fields.wrong(
            property,
            &entry.value,
            "must be a directory, not an S3 object",
            "an S3 object",
            help,
        );
        return None;
    }
    let text = fields.text_of(property, &entry.value)?;
    if text.contains("://") || text.is_empty() {
        fields.wrong(
            property,
            &entry.value,
            "must be a directory",
            "not a path",
            help,
        );
        return None;
    }
    Some(text)
}

fn is_image(fields: &Fields<'_>) -> bool {
    let image = fields.entry("ImageUri").map(|entry| ("ImageUri", entry));
    let package = fields
        .entry("PackageType")
        .filter(|entry| entry.value.text() != Some("Zip"));
    let Some((name, entry)) = image.or(package.map(|entry| ("PackageType", entry))) else {
        return false;
    };
    fields.wrong(
        name,
        &entry.value,
        "asks for a container image, which is not supported here",
        "a container image",
        "package the function as a directory: `PackageType: Zip` and a folder of code",
    );
    true
}

fn inline(fields: &Fields<'_>, property: &str, entry: &Entry) -> Option<Code> {
    let text = fields.text(property)?;
    check_inline_runtime(fields, property, entry).then(|| Code::inline(text))
}

/// Code is a text for interpreters only.
fn check_inline_runtime(fields: &Fields<'_>, property: &str, entry: &Entry) -> bool {
    let runtime = fields.entry("Runtime").and_then(|it| it.value.text());
    let takes = runtime.is_none_or(|it| it.starts_with("python") || it.starts_with("nodejs"));
    if !takes {
        fields.wrong(
            property,
            &entry.value,
            "is inline code, which `python` and `nodejs` runtimes take only",
            "inline code",
            "put the code into a directory, and name that",
        );
    }
    takes
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
