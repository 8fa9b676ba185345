//! Loads a stack from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::limits::TEMPLATE_BYTES_MAX;
use crate::nearby::{self, FILE_NAMES};
use crate::nested::{load_nested, outermost};
use crate::resource::{Assets, is_word, outputs, read_all, types};
use crate::samconfig::SamConfig;
use crate::serverless_package::{self, Package};
use crate::template::{
    Document, Given, Givers, Named, Node, Parameters, Pseudo, Report, Reported, Resolver, Text,
    expand, include, missing, parameters, parse, resolve, section,
};
use crate::{
    LayerResource, LoadOptions, LoadStackError, MissingParameter, References, Stack, cloud_assembly,
};

/// Loads the template at `path`, or in it if it is a directory, with the `samconfig.toml` beside it.
///
/// In a directory, `samconfig.toml` may name the template; else the usual names are tried. A directory that `cdk synth`
/// wrote is read by its manifest; if it has several stacks, the options select one. For a service of the Serverless
/// Framework, the output of `serverless package` is read.
///
/// # Errors
///
/// [`LoadStackError`] if a file cannot be read, if an option is wrong, or if the template is: then with all problems
/// that one pass can find.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Stack, LoadStackError> {
    let (config, path, text) = open(path, options)?;
    let directory = parent(&path);
    let mut paths = cloud_assembly::assets(&path)?;
    paths.extend(serverless_package::archives(&path)?);
    let assets = Assets {
        // Joined to `.`, the directory itself would be an empty path.
        directory: std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned()),
        paths,
        brought_layers: Rc::new(options.layers.clone()),
        services: options.services,
        ..Assets::default()
    };
    load_text(text, &path, &assets, config, options)
}

/// The parameters that [`load`] would find no value for. Empty if the template cannot be read: [`load`] reports the
/// reason.
///
/// # Errors
///
/// [`LoadStackError`] if a file cannot be read, or if an option is wrong.
pub fn missing_parameters(
    path: &Path,
    options: &LoadOptions,
) -> Result<Vec<MissingParameter>, LoadStackError> {
    let (config, _, text) = open(path, options)?;
    let report = Report::new(text);
    let Ok(root) = parse(&report) else {
        return Ok(Vec::new());
    };
    let mut overrides = config.parameter_overrides;
    overrides.extend(options.parameters.clone());
    Ok(missing(section(&root, "Parameters", &report), &overrides))
}

/// The template's text, its path, and the content of `samconfig.toml`.
fn open(path: &Path, options: &LoadOptions) -> Result<(SamConfig, PathBuf, Text), LoadStackError> {
    let mut config = SamConfig::read(if path.is_dir() { path } else { parent(path) })?;
    let name = options.stack_name.as_deref();
    let path = match cloud_assembly::choose(path, name)? {
        Some(stack) => {
            config.stack_name = config.stack_name.or(Some(stack.name));
            config.app_region = stack.region;
            stack.template
        }
        None => match packaged(path, &config)? {
            Some(package) => {
                config.stack_name = config.stack_name.or(package.stack_name);
                config.app_region = package.region;
                package.template
            }
            None => path.to_owned(),
        },
    };
    let (path, text) = find(&path, &config)?;
    Ok((config, path, text))
}

/// The selected service of the Serverless Framework, unless the directory has a template of its own.
fn packaged(path: &Path, config: &SamConfig) -> Result<Option<Package>, LoadStackError> {
    let is_file_of_its = path.is_file();
    let directory = if is_file_of_its { parent(path) } else { path };
    let has_template = FILE_NAMES.iter().any(|it| directory.join(it).is_file());
    if config.template_file.is_some() || has_template {
        return Ok(None);
    }
    let package = serverless_package::choose(directory)?;
    // A path to a file means that file: the package counts only if it is that template.
    Ok(package.filter(|it| !is_file_of_its || it.template == path))
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn find(path: &Path, config: &SamConfig) -> Result<(PathBuf, Text), LoadStackError> {
    let candidates = match &config.template_file {
        Some(named) if path.is_dir() => vec![path.join(named)],
        None if path.is_dir() => FILE_NAMES.iter().map(|name| path.join(name)).collect(),
        Some(_) | None => vec![path.to_owned()],
    };
    for candidate in candidates {
        if let Some(text) = Text::read(&candidate, TEMPLATE_BYTES_MAX)? {
            return Ok((candidate, text));
        }
    }
    let names = FILE_NAMES.join(", ");
    Err(LoadStackError::NotFound {
        path: path.to_owned(),
        help: match &config.template_file {
            Some(named) if path.is_dir() => {
                format!("`samconfig.toml` names `{named}`, which does not exist")
            }
            None if path.join("cdk.json").is_file() => {
                "run `cdk synth`, and name its `cdk.out`".to_owned()
            }
            None if path.is_dir() => nearby::help(path),
            Some(_) | None => format!("name a template file, or a directory with one of {names}"),
        },
    })
}

/// Loads a template that has been read.
pub(crate) fn load_text(
    text: Text,
    path: &Path,
    assets: &Assets,
    mut config: SamConfig,
    options: &LoadOptions,
) -> Result<Stack, LoadStackError> {
    let pseudo = pseudo(&assets.directory, &config, options)?;
    let report = Report::new(text);
    let stack = match parse(&report) {
        Err(Reported) => Err(Reported),
        Ok(root) => {
            let entries = section(&root, "Parameters", &report);
            let declared = |name: &str| entries.iter().any(|it| &*it.key == name);
            check_parameter_names(options, declared)?;
            config.warn_of_unknown(declared);
            let mut overrides = config.parameter_overrides.clone();
            overrides.extend(options.parameters.clone());
            let givers = Givers::Caller;
            let parameters = parameters(entries, &overrides, givers, &options.references, &report);
            let source = Source {
                path,
                assets,
                references: &options.references,
                around: outermost(path),
            };
            build(&root, &source, parameters, pseudo, &report)
        }
    };
    let warnings = report.finish()?;
    let mut stack = stack.expect("without a problem there is a stack");
    stack.more_files = assets.files.take();
    stack.layers.extend(brought(&assets.brought_layers));
    stack.warnings = warnings;
    stack.warnings.append(&mut config.warnings);
    Ok(stack)
}

/// The layers given in the options, which functions name by their ARNs.
fn brought(layers: &BTreeMap<String, PathBuf>) -> impl Iterator<Item = LayerResource> {
    layers.iter().map(|(arn, path)| LayerResource {
        logical_id: arn.clone(),
        arn: arn.clone(),
        path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        object: None,
        cannot_use: None,
        build_method: None,
        build_architecture: None,
        build_properties: None,
        compatible_runtimes: Vec::new(),
    })
}

/// Where a template comes from, and the files beside it.
pub(crate) struct Source<'s> {
    pub path: &'s Path,
    pub assets: &'s Assets,
    pub references: &'s References,
    /// The canonical paths of this template and of the templates that nest it.
    pub around: Vec<PathBuf>,
}

pub(crate) fn build(
    root: &Node,
    source: &Source<'_>,
    parameters: Parameters,
    pseudo: Pseudo,
    report: &Report,
) -> Result<Stack, Reported> {
    let files = &source.assets.files;
    let root = include(root, &source.assets.directory, files, report);
    let expanded = expand(&root, &parameters, &pseudo, report);
    let document = Document::open(expanded, &types(), &parameters, report)?;
    let (resources, absent) = (&document.resources, document.absent);
    let given = Given {
        parameters,
        references: source.references,
        nested: &|resolver, index| load_nested(resolver, index, source),
    };
    let resolver = resolve(report, pseudo.clone(), resources, absent, given);
    for property in ["FunctionName", "TableName"] {
        check_unique_names(&resolver, property);
    }
    let stack = Stack {
        name: pseudo.stack_name,
        region: pseudo.region,
        account_id: pseudo.account_id,
        template_path: source.path.to_owned(),
        description: document.description,
        outputs: outputs(&resolver, &document.outputs),
        ..Stack::default()
    };
    Ok(read_all(&resolver, source.assets, stack))
}

/// Reports resources with equal names, among those that this property names.
fn check_unique_names(resolver: &Resolver<'_>, property: &str) {
    let mut names = BTreeMap::new();
    for (index, resource) in resolver.resources.iter().enumerate() {
        let is_named = matches!(resource.kind.named, Named::By(by, _) if by == property);
        let Some(name) = resolver.name(index).ok().filter(|_| is_named) else {
            continue;
        };
        let other = *names.entry(name).or_insert(&resource.logical_id);
        if *other != resource.logical_id {
            let given = resource.property(property);
            let span = given.map_or(resource.id_span, |node| node.span);
            let message = format!("`{}` and `{other}` have the same name", resource.logical_id);
            let label = format!("the second `{property}` like this");
            let help = "names are unique within a region; leave one out or change it";
            resolver.report.problem(span, message, label, help);
        }
    }
}

fn wrong_option(message: String, help: &str) -> LoadStackError {
    let help = help.to_owned();
    LoadStackError::Option { message, help }
}

fn check_parameter_names(
    options: &LoadOptions,
    declared: impl Fn(&str) -> bool,
) -> Result<(), LoadStackError> {
    match options.parameters.keys().find(|name| !declared(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("the template has no parameter `{name}`");
            let help = "its parameters are listed under `Parameters`";
            Err(wrong_option(message, help))
        }
    }
}

fn pseudo(
    directory: &Path,
    config: &SamConfig,
    options: &LoadOptions,
) -> Result<Pseudo, LoadStackError> {
    let app_region = config.app_region.as_ref();
    let region = app_region.filter(|_| !options.is_region_chosen);
    let (region, account_id) = (region.unwrap_or(&options.region), &options.account_id);
    if !is_word(region, 1..=64, b"-") {
        let message = format!("`{region}` is not a region");
        return Err(wrong_option(message, "regions look like `us-east-1`"));
    }
    if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("`{account_id}` is not an account id");
        return Err(wrong_option(message, "account ids are twelve digits"));
    }
    let given = options.stack_name.as_ref().or(config.stack_name.as_ref());
    if let Some(name) = given.filter(|name| !is_stack_name(name)) {
        let message = format!("`{name}` is not a name for a stack");
        let help = "stack names are up to 128 letters, digits and hyphens, the first one a letter";
        return Err(wrong_option(message, help));
    }
    Ok(Pseudo {
        region: region.clone(),
        account_id: account_id.clone(),
        stack_name: given.cloned().unwrap_or_else(|| directory_name(directory)),
    })
}

fn is_stack_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && is_word(name, 1..=128, b"-")
}

/// The directory's name, with replacements for characters that CloudFormation rejects in a name.
fn directory_name(directory: &Path) -> String {
    let absolute = std::path::absolute(directory);
    let absolute = absolute.as_deref().unwrap_or(directory);
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    let allowed = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
    let name: String = name.chars().map(allowed).take(100).collect();
    match name.trim_matches('-') {
        name if is_stack_name(name) => name.to_owned(),
        name => format!("stack-{name}").trim_end_matches('-').to_owned(),
    }
}
