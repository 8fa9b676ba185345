//! Loads a stack from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::limits::TEMPLATE_BYTES_MAX;
use crate::resource::{self, Assets, outputs};
use crate::samconfig::SamConfig;
use crate::template::{
    Document, Named, Pseudo, Report, Reported, Resolver, Text, expand, parameters, parse, section,
};
use crate::{LoadStackError, Output, Stack, cloud_assembly};

/// What the template does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// `AWS::Region`; `us-east-1` by default.
    pub region: String,
    /// `AWS::AccountId`, twelve digits; `000000000000` by default.
    pub account_id: String,
    /// Instead of the name in `samconfig.toml`, or the directory's.
    pub stack_name: Option<String>,
    /// Values of parameters, over those in `samconfig.toml` and the template's defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            stack_name: None,
            parameters: BTreeMap::new(),
        }
    }
}

/// What is looked for in a directory, as `sam` does.
const FILE_NAMES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// Loads the template at `path`, or in it if it is a directory, with the `samconfig.toml` beside it.
///
/// In a directory, `samconfig.toml` may name the template; else it is looked for by its usual names.
/// A directory that `cdk synth` wrote is read by its manifest: of several stacks in it, the options
/// name one.
///
/// # Errors
///
/// [`LoadStackError`] if a file cannot be read, if an option is wrong, or if the template is: then
/// with all problems that one pass can find.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Stack, LoadStackError> {
    let mut config = SamConfig::read(if path.is_dir() { path } else { parent(path) })?;
    let name = options.stack_name.as_deref();
    let path = match cloud_assembly::choose(path, name)? {
        Some(stack) => {
            config.stack_name = config.stack_name.or(Some(stack.name));
            stack.template
        }
        None => path.to_owned(),
    };
    let (path, text) = find(&path, &config)?;
    let directory = parent(&path);
    let assets = Assets {
        // Joined to `.`, the directory itself would be no path at all.
        directory: std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned()),
        paths: cloud_assembly::assets(&path)?,
    };
    load_text(text, &path, &assets, config, options)
}

fn parent(path: &Path) -> &Path {
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
                format!("`samconfig.toml` names `{named}`, which is not there")
            }
            None if path.join("cdk.json").is_file() => {
                "run `cdk synth`, and name its `cdk.out`".to_owned()
            }
            None if path.is_dir() => {
                format!("the directory has none of {names}; name the template file")
            }
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
        Err(Reported) => None,
        Ok(root) => {
            let entries = section(&root, "Parameters", &report);
            let declared = |name: &str| entries.iter().any(|it| &*it.key == name);
            check_parameter_names(options, declared)?;
            config.warn_of_unknown(declared);
            let mut overrides = config.parameter_overrides.clone();
            overrides.extend(options.parameters.clone());
            let parameters = parameters(entries, &overrides, &report);
            let expanded = expand(&root, &parameters, &pseudo, &report);
            match Document::open(&expanded, &resource::types(), &report) {
                Err(Reported) => None,
                Ok(document) => {
                    let resolver = Resolver::new(
                        &report,
                        pseudo.clone(),
                        &document.resources,
                        document.absent,
                        parameters,
                    );
                    let outputs = outputs(&resolver, document.outputs);
                    let description = document.description.map(str::to_owned);
                    Some(build(&resolver, path, assets, description, outputs))
                }
            }
        }
    };
    let warnings = report.finish()?;
    let mut stack = stack.expect("without a problem there is a stack");
    stack.warnings = warnings;
    stack.warnings.append(&mut config.warnings);
    Ok(stack)
}

fn build(
    resolver: &Resolver<'_>,
    path: &Path,
    assets: &Assets,
    description: Option<String>,
    outputs: Vec<Output>,
) -> Stack {
    for property in ["FunctionName", "TableName"] {
        check_unique_names(resolver, property);
    }
    let Pseudo {
        stack_name,
        region,
        account_id,
    } = resolver.pseudo.clone();
    let stack = Stack {
        name: stack_name,
        region,
        account_id,
        template_path: path.to_owned(),
        description,
        outputs,
        ..Stack::default()
    };
    resource::read(resolver, assets, stack)
}

/// Reports resources that a property gives the name of another one.
fn check_unique_names(resolver: &Resolver<'_>, property: &str) {
    let mut names = BTreeMap::new();
    for (index, resource) in resolver.resources.iter().enumerate() {
        let is_named = matches!(resource.kind.named, Named::By(by, _) if by == property);
        let Some(name) = resolver.name(index).ok().filter(|_| is_named) else {
            continue;
        };
        let other = *names.entry(name).or_insert(resource.logical_id);
        if other != resource.logical_id {
            let span = resource
                .property(property)
                .map_or(resource.id_span, |node| node.span);
            resolver.report.problem(
                span,
                format!("`{}` and `{other}` have the same name", resource.logical_id),
                format!("the second `{property}` like this"),
                "names are unique within a region; leave one out or change it",
            );
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
    let Some(name) = options.parameters.keys().find(|name| !declared(name)) else {
        return Ok(());
    };
    let message = format!("the template has no parameter `{name}`");
    Err(wrong_option(
        message,
        "its parameters are listed under `Parameters`",
    ))
}

fn pseudo(
    directory: &Path,
    config: &SamConfig,
    options: &LoadOptions,
) -> Result<Pseudo, LoadStackError> {
    let LoadOptions {
        region, account_id, ..
    } = options;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if region.is_empty() || region.len() > 64 || !region.bytes().all(is_word) {
        let message = format!("`{region}` is no region");
        return Err(wrong_option(message, "regions look like `us-east-1`"));
    }
    if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("`{account_id}` is no account id");
        return Err(wrong_option(message, "account ids are twelve digits"));
    }
    let given = options.stack_name.as_ref().or(config.stack_name.as_ref());
    if let Some(name) = given.filter(|name| !is_stack_name(name)) {
        let message = format!("`{name}` is no name for a stack");
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
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The directory's name, with what CloudFormation does not take in a name replaced.
fn directory_name(directory: &Path) -> String {
    let absolute = std::path::absolute(directory);
    let absolute = absolute.as_deref().unwrap_or(directory);
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .take(100)
        .collect();
    let name = name.trim_matches('-');
    if is_stack_name(name) {
        name.to_owned()
    } else {
        format!("stack-{name}").trim_end_matches('-').to_owned()
    }
}
