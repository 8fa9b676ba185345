//! Templates within a template: each is loaded like a separate one when a resource refers to it, and becomes a part of
//! the same stack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::limits::{NESTED_DEPTH_MAX, NESTED_TEMPLATES_MAX, TEMPLATE_BYTES_MAX};
use crate::load::{Source, build, parent};
use crate::resource::{Assets, nested_path};
use crate::template::{
    Entry, Fields, Givers, Node, Report, Reported, Resolver, Role, Text, parameters, parse,
    section, shorten,
};
use crate::{Stack, cloud_assembly};

/// The template that a resource nests, loaded; `None` if it lies elsewhere.
pub(crate) fn load_nested(
    resolver: &Resolver<'_>,
    index: usize,
    source: &Source<'_>,
) -> Result<Option<Stack>, Reported> {
    let fields = Fields::of(resolver, index);
    let (node, path) = nested_path(&fields, source.assets).ok_or(Reported)?;
    let Some(path) = path else { return Ok(None) };
    remember_layers(resolver, source.assets);
    let text = read(resolver, node, &path, source)?;
    let report = Report::new(text);
    let loaded = load_text(&fields, &path, source, &report);
    let mut stack = resolver.report.adopt(report, loaded, fields.logical_id)?;
    stack.prefix(fields.logical_id);
    Ok(Some(stack))
}

/// The file's text, unless templates nest too deep, too often, or each other.
fn read(
    resolver: &Resolver<'_>,
    node: &Node,
    path: &Path,
    source: &Source<'_>,
) -> Result<Text, Reported> {
    let wrong = |message: String, label: &str, help: &str| {
        resolver.report.problem(node.span, message, label, help)
    };
    let shown = path.display();
    let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if source.around.contains(&canonical) {
        let message = format!("`{shown}` nests itself");
        let help = "name another template: this one would never end";
        return Err(wrong(message, "goes in a circle", help));
    }
    if source.around.len() > NESTED_DEPTH_MAX {
        let message = format!("templates nest deeper than {NESTED_DEPTH_MAX} levels");
        return Err(wrong(
            message,
            "too deep",
            "put resources into fewer templates",
        ));
    }
    let loaded = source.assets.templates.get() + 1;
    source.assets.templates.set(loaded);
    if loaded > NESTED_TEMPLATES_MAX {
        let message = format!("there are more than {NESTED_TEMPLATES_MAX} nested templates");
        return Err(wrong(
            message,
            "one too many",
            "put resources into fewer templates",
        ));
    }
    source.assets.files.borrow_mut().push(path.to_owned());
    match Text::read(path, TEMPLATE_BYTES_MAX) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => {
            let message = format!("there is no template at `{shown}`");
            let help = "name the nested template's file, relative to this one";
            Err(wrong(message, "no such file", help))
        }
        Err(error) => {
            let help = "a nested template is a file with text of up to 1 MiB";
            Err(wrong(error.to_string(), "this file", help))
        }
    }
}

fn load_text(
    fields: &Fields<'_>,
    path: &Path,
    source: &Source<'_>,
    report: &Report,
) -> Result<Stack, Reported> {
    let root = parse(report)?;
    let entries = section(&root, "Parameters", report);
    let given = given_parameters(fields, path, entries);
    let parameters = parameters(entries, &given, Givers::Template, source.references, report);
    let mut assets = Assets {
        directory: parent(path).to_owned(),
        ..source.assets.clone()
    };
    // The assets of CDK's nested stacks are in the manifest of the enclosing stack.
    if let Ok(own) = cloud_assembly::assets(path) {
        assets.paths.extend(own);
    }
    let mut around = source.around.clone();
    around.extend(path.canonicalize());
    let source = Source {
        path,
        assets: &assets,
        references: source.references,
        around,
    };
    let pseudo = fields.resolver.pseudo.nested(fields.logical_id);
    build(&root, &source, parameters, pseudo, report)
}

/// The resource's values for parameters of the nested template.
fn given_parameters(
    fields: &Fields<'_>,
    path: &Path,
    declared: &[Entry],
) -> BTreeMap<String, String> {
    let Some(node) = fields.node("Parameters") else {
        return BTreeMap::new();
    };
    let Some(entries) = node.entries() else {
        let help = "write one `Name: value` per line, indented";
        fields.wrong("Parameters", "must be a mapping", node.describe(), help);
        return BTreeMap::new();
    };
    let mut given = BTreeMap::new();
    for entry in entries.iter().filter(|it| !it.value.is_no_value()) {
        if !declared.iter().any(|it| it.key == entry.key) {
            let (name, path) = (shorten(&entry.key), path.display());
            let message = format!("`{path}` has no parameter `{name}`");
            let help = "its parameters are listed under its `Parameters`";
            fields.problem(entry.key_span, &message, "unknown parameter", help);
            continue;
        }
        let value = fields.joined(&format!("Parameters.{}", entry.key), &entry.value);
        given.extend(value.map(|value| (entry.key.to_string(), value)));
    }
    given
}

/// Notes the layers of a template, by their ARNs, which nested templates receive as parameters.
fn remember_layers(resolver: &Resolver<'_>, assets: &Assets) {
    for (index, resource) in resolver.resources.iter().enumerate() {
        if resource.kind.role == Role::Layer
            && let Ok(name) = resolver.name(index)
        {
            assets.remember_layer(
                &Fields::of(resolver, index),
                resolver.pseudo.layer_arn(&name),
            );
        }
    }
}

/// The canonical path of a template, as [`Source::around`] has it.
pub(crate) fn outermost(path: &Path) -> Vec<PathBuf> {
    path.canonicalize().into_iter().collect()
}
