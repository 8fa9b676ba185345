//! Where the code of a function or layer is: a folder, a text, an asset of CDK's, a bucket, or an image built from a
//! Dockerfile.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use crate::template::{Fields, Node, shorten};
use crate::{ImageBuild, OtherServices, S3Object};

use super::image::image_build;

/// The options that make the server fetch S3 objects.
pub(super) const FETCHED_WITH: &str = "`--aws-endpoint URL` or `--aws-credentials env|profile`";

const HELP: &str = "name the directory with the function's code, relative to the template";

/// Where CDK's assets and layers lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets {
    /// The template's directory.
    pub directory: PathBuf,
    /// Paths by the key of the S3 object that an asset becomes.
    pub paths: BTreeMap<String, String>,
    /// The ARNs of the layers that are available here, of all templates that nest each other.
    pub layers: Rc<RefCell<BTreeSet<String>>>,
    /// Layers given in the options, not in the templates, by their ARNs.
    pub brought_layers: Rc<BTreeMap<String, PathBuf>>,
    /// Where AWS's other services run.
    pub services: OtherServices,
    /// Further files that were read besides the first template: nested templates, documents.
    pub files: Rc<RefCell<Vec<PathBuf>>>,
    /// How many nested templates have been loaded.
    pub templates: Rc<Cell<usize>>,
}

/// The code of a function.
#[derive(Default)]
pub(super) struct Code {
    /// As written.
    pub uri: String,
    pub path: PathBuf,
    pub inline: Option<String>,
    /// Why it cannot be run here.
    pub cannot_run: Option<String>,
    /// A container image, which has neither handler nor runtime.
    pub is_image: bool,
    pub image: Option<ImageBuild>,
    pub object: Option<S3Object>,
}

impl Code {
    fn folder(directory: &Path, uri: String) -> Self {
        Self {
            path: code_path(directory, &uri),
            uri,
            ..Self::default()
        }
    }

    /// A container image, which is never started here. With a Dockerfile, its instructions are followed instead.
    fn image(fields: &Fields<'_>, directory: &Path, uri: String) -> Self {
        if let Some(build) = image_build(fields, directory) {
            return Self {
                uri,
                is_image: true,
                image: Some(build),
                ..Self::default()
            };
        }
        let named = match uri.as_str() {
            "" => String::new(),
            uri => format!(" (`{}`)", shorten(uri)),
        };
        let reason = format!(
            "its code is a container image{named}, and container images are not run here: \
             name its Dockerfile (`Metadata` with `DockerContext` and `Dockerfile`), or package it as a \
             folder, with `PackageType: Zip`"
        );
        Self {
            uri,
            cannot_run: Some(reason),
            is_image: true,
            ..Self::default()
        }
    }

    /// An object in S3, which is fetched if a service can be asked for it.
    fn object(object: S3Object, services: OtherServices) -> Self {
        let uri = object.to_string();
        let reason = || {
            format!(
                "its code is the S3 object `{}`, which is fetched with {FETCHED_WITH} only: start with one \
                 of them, or name a folder, a `.zip` or a `.jar` beside the template",
                shorten(&uri)
            )
        };
        Self {
            cannot_run: (services == OtherServices::Nowhere).then(reason),
            object: (services != OtherServices::Nowhere).then_some(object),
            uri,
            ..Self::default()
        }
    }

    /// A URL, or an object whose location is not in the template.
    fn unknown(uri: String) -> Self {
        let reason = format!(
            "its code is `{}`, which is not fetched: name a folder, a `.zip` or a `.jar` beside the \
             template, or an S3 object with its bucket and key",
            shorten(&uri)
        );
        Self {
            uri,
            cannot_run: Some(reason),
            ..Self::default()
        }
    }

    fn of(source: Source, assets: &Assets) -> Self {
        match source {
            Source::Path(uri) => Self::folder(&assets.directory, uri),
            Source::Object(object) => Self::object(object, assets.services),
            Source::Unknown(uri) => Self::unknown(uri),
        }
    }

    fn inline(text: String) -> Self {
        Self {
            inline: Some(text),
            ..Self::default()
        }
    }
}

/// `CodeUri` or `InlineCode` of SAM's function; the template's folder without either.
pub(super) fn serverless_code(fields: &Fields<'_>, assets: &Assets) -> Option<Code> {
    let directory = &assets.directory;
    if let Some(text) = fields.node("InlineCode") {
        return inline(fields, "InlineCode", "InlineCode", text);
    }
    if fields.node("ImageUri").is_some() || is_image(fields) {
        let uri = fields.text("ImageUri").unwrap_or_default();
        return Some(Code::image(fields, directory, uri));
    }
    if fields.node("CodeUri").is_none() {
        return Some(Code::folder(directory, ".".to_owned()));
    }
    Some(Code::of(source(fields, "CodeUri", HELP)?, assets))
}

/// `Code` of CloudFormation's function: a folder as `aws cloudformation package` takes it, the text itself, a container
/// image, or an S3 object that CDK made of a folder which its manifests name.
pub(super) fn lambda_code(fields: &Fields<'_>, assets: &Assets) -> Option<Code> {
    let image = fields.node("Code").and_then(|code| code.get("ImageUri"));
    if image.is_some() || is_image(fields) {
        // CDK's image is a `!Sub` of an account's registry, which does not help the reader.
        let uri = image.and_then(Node::text).unwrap_or_default();
        return Some(Code::image(fields, &assets.directory, uri.to_owned()));
    }
    if let Some(text) = fields.required("Code", HELP)?.get("ZipFile") {
        return inline(fields, "Code", "Code.ZipFile", text);
    }
    Some(Code::of(asset(fields, "Code", assets, HELP)?, assets))
}

/// Where code or a layer comes from.
pub(super) enum Source {
    /// A local folder or archive, as written.
    Path(String),
    Object(S3Object),
    /// Any other source that is not local: its URL, as far as it is written out.
    Unknown(String),
}

/// A local folder or archive, written as such, or the one behind the S3 object that is written.
pub(super) fn asset(
    fields: &Fields<'_>,
    property: &str,
    assets: &Assets,
    help: &str,
) -> Option<Source> {
    let node = fields.required(property, help)?;
    if node.entries().is_none() {
        return source(fields, property, help);
    }
    if let Some(path) = fields.metadata("aws:asset:path").and_then(Node::text) {
        return Some(Source::Path(path.to_owned()));
    }
    let key = node.get("S3Key").and_then(Node::text);
    match key.and_then(|key| assets.paths.get(key)) {
        Some(path) => Some(Source::Path(path.clone())),
        None => {
            let names = ["S3Bucket", "S3Key", "S3ObjectVersion"];
            Some(object(fields, property, node, names))
        }
    }
}

/// A property that is a local folder or archive, or an S3 object.
pub(super) fn source(fields: &Fields<'_>, property: &str, help: &str) -> Option<Source> {
    let node = fields.required(property, help)?;
    if node.entries().is_some() {
        return Some(object(fields, property, node, ["Bucket", "Key", "Version"]));
    }
    let text = fields.text(property)?;
    if let Some((bucket, key)) = text.strip_prefix("s3://").and_then(|it| it.split_once('/'))
        && !bucket.is_empty()
        && !key.is_empty()
    {
        return Some(Source::Object(S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: None,
        }));
    }
    let is_remote = |scheme: &&str| text.starts_with(scheme);
    if ["s3://", "https://", "http://"].iter().any(is_remote) {
        return Some(Source::Unknown(text));
    }
    if text.contains("://") || text.is_empty() {
        fields.wrong(property, "must be a directory", "not a path", help);
        return None;
    }
    Some(Source::Path(text))
}

/// The S3 object that a mapping names by bucket, key and version; a part that only AWS knows makes it an unknown
/// source.
fn object(fields: &Fields<'_>, property: &str, node: &Node, names: [&str; 3]) -> Source {
    let part = |name: &str| {
        let value = fields.opaque(&format!("{property}.{name}"), node.get(name)?);
        match value {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    };
    let [bucket, key, version] = names;
    match (part(bucket), part(key)) {
        (Some(bucket), Some(key)) => Source::Object(S3Object {
            bucket,
            key,
            version: part(version),
        }),
        (bucket, key) => {
            let shown = |part: Option<String>| part.unwrap_or_else(|| "…".to_owned());
            Source::Unknown(format!("s3://{}/{}", shown(bucket), shown(key)))
        }
    }
}

fn is_image(fields: &Fields<'_>) -> bool {
    fields.node("PackageType").is_some()
        && fields.word("PackageType", &["Zip", "Image"]) == Some("Image")
}

/// Code given as text, which only interpreters accept.
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

/// Whether `Metadata.SkipBuild` says that the code has been built.
pub(super) fn skips_build(fields: &Fields<'_>) -> bool {
    let value = fields.metadata("SkipBuild").and_then(Node::scalar_value);
    value.is_some_and(|value| value.plain_text().eq_ignore_ascii_case("true"))
}

/// Joins the paths without looking at the disk: the build may create the directory later.
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
