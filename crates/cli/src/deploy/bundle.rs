//! Reads a template, builds its functions, and packs them for a server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use owo_colors::OwoColorize;
use serde_json::{Value, json};
use server::{ArchivedCode, FolderCode, Runtimes};
use stack::Stack;

use crate::args::{DeployArguments, UpArguments};
use crate::client::{Client, StackServer};
use crate::exit::CliError;
use crate::screen::note;
use crate::up::build::{self, Built};
use crate::up::objects::{self, Fetch};
use crate::up::stack_options::{self, DATA_DIR};
use crate::up::{
    cdk, data_folder, image, inline, left_out, missing_layers, questions, secret_seed,
    state_machines,
};

/// The folder of builds, in the data folder beside a template. `lambdura up` keeps its own builds apart from it.
const BUILD_DIR: &str = "deploy";

/// Archives of code, by their SHA-256.
pub type Archives = BTreeMap<String, Vec<u8>>;

/// The parts of a deployment.
pub struct Bundle {
    /// Of the stack.
    pub name: String,
    /// The template, resolved, and which code each function has.
    pub submitted: Value,
    pub archives: Archives,
}

/// Reads and builds a template for this server.
///
/// # Errors
/// All problems of the template, and functions that cannot be built.
pub async fn bundle(arguments: &DeployArguments, server: &StackServer) -> Result<Bundle, CliError> {
    if let Some(name) = arguments.stack_name.as_deref()
        && !is_stack_name(name)
    {
        return Err(CliError::usage(
            format!("`{name}` is not a name for a stack"),
            "stack names are up to 128 letters, digits and hyphens, the first one a letter",
        ));
    }
    check_services(arguments, server)?;
    let mut up = arguments
        .for_up()
        .context("variables of the environment are no values for `lambdura up`")?;
    up.template = cdk::assembly(&up.template).await?;
    up.region = Some(server.region.clone());
    let data_dir = match &arguments.build_dir {
        Some(dir) => dir.clone(),
        None => beside(&up.template).join(DATA_DIR).join(BUILD_DIR),
    };
    let data_dir = std::path::absolute(&data_dir)
        .with_context(|| format!("cannot tell where `{}` is", data_dir.display()))?;
    up.data_dir = Some(data_dir.clone());
    questions::complete(&mut up).await?;
    let stack = stack_options::load(&up).map_err(CliError::diagnostic)?;
    let (stack, built) = built(stack, &up, &data_dir).await?;
    let folders = built.artifacts;
    let packing = tokio::task::spawn_blocking(move || pack(&data_dir, &folders));
    let packed = match packing.await {
        Ok(packed) => packed?,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    for warning in &stack.warnings {
        note(format!("{} {warning}", "!".yellow()));
    }
    let mut code = BTreeMap::new();
    let mut archives = Archives::new();
    for (id, ArchivedCode { sha256, archive }) in packed {
        code.insert(id, json!({ "sha256": sha256, "bytes": archive.len() }));
        archives.insert(sha256, archive);
    }
    let name = stack.name.clone();
    Ok(Bundle {
        submitted: json!({ "stack": without_paths(stack), "code": code }),
        name,
        archives,
    })
}

/// Whether CloudFormation would accept the name.
fn is_stack_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

async fn built(
    mut stack: Stack,
    up: &UpArguments,
    data_dir: &Path,
) -> Result<(Stack, Built), CliError> {
    data_folder::prepare(data_dir)?;
    secret_seed::keep(data_dir)?;
    inline::place(&mut stack, data_dir)?;
    // This command does not know where the server calls services.
    state_machines::place(&mut stack, data_dir, None)?;
    image::place(&mut stack, data_dir);
    let elsewhere = stack_options::elsewhere(&up.server)?;
    objects::fetch(&mut stack, &elsewhere, data_dir, Fetch::Anew).await;
    let runtimes = Arc::new(Runtimes::new(stack_options::runtimes_dir(data_dir)));
    let mut built = build::build(&stack, up, data_dir, &runtimes).await;
    missing_layers::start_without_wrappers(&mut stack, &built);
    for stand_in in &built.stand_ins {
        note(format!("{} {stand_in}", "!".yellow()));
    }
    let problems = std::mem::take(&mut built.problems);
    let count: usize = problems.iter().map(|it| it.functions.len()).sum();
    if count > 0 {
        left_out::say(problems, &BTreeSet::new(), &stack);
        let total = stack.functions.len();
        let message = format!("{count} of {total} functions cannot be built: see above");
        return Err(anyhow::anyhow!(message).into());
    }
    Ok((stack, built))
}

/// The archive of each function's code, by logical id.
fn pack(
    data_dir: &Path,
    folders: &BTreeMap<String, PathBuf>,
) -> Result<BTreeMap<String, ArchivedCode>, CliError> {
    let packed = FolderCode::open(data_dir).context("cannot make a folder for what is packed")?;
    let mut archives = BTreeMap::new();
    for (id, folder) in folders {
        let archived = packed
            .archive(folder)
            .with_context(|| format!("cannot pack the code of `{id}`"))?;
        archives.insert(id.clone(), archived);
    }
    // It is all in the archives.
    let copies = data_dir.join("code");
    if let Err(error) = std::fs::remove_dir_all(&copies) {
        tracing::debug!(%error, path = %copies.display(), "copies of packed code stay");
    }
    Ok(archives)
}

/// Removes paths on this machine, which are of no use to the server.
fn without_paths(mut stack: Stack) -> Stack {
    let name = stack.template_path.file_name().map(PathBuf::from);
    stack.template_path = name.unwrap_or_default();
    stack.more_files.clear();
    for function in &mut stack.functions {
        function.code_path = PathBuf::new();
        function.inline_code = None;
        function.image = None;
    }
    for layer in &mut stack.layers {
        layer.path = PathBuf::new();
    }
    stack
}

fn beside(template: &Path) -> PathBuf {
    let beside = match template.parent() {
        Some(parent) if !template.is_dir() => parent,
        Some(_) | None => template,
    };
    // CDK's output is deleted and written again.
    match beside.parent() {
        Some(above) if beside.join("manifest.json").is_file() => above.to_owned(),
        Some(_) | None => beside.to_owned(),
    }
}

/// Refuses a deployment that reads the template for other services (emulator, account, none) than the server has.
fn check_services(arguments: &DeployArguments, server: &StackServer) -> Result<(), CliError> {
    let here = match (&arguments.aws_endpoint, &arguments.aws_credentials) {
        (Some(_), _) => "emulator",
        (None, Some(_)) => "account",
        (None, None) => "nowhere",
    };
    let hint = match server.services.as_str() {
        services if services == here => return Ok(()),
        "emulator" => "say where the emulator is with `--aws-endpoint URL`",
        "account" => "say which keys with `--aws-credentials env` or `--aws-credentials profile`",
        _ => "leave `--aws-endpoint` and `--aws-credentials` out",
    };
    Err(CliError::usage(
        format!(
            "the server calls AWS's other services at `{}`, and this deployment says `{here}`",
            server.services
        ),
        hint,
    ))
}

/// Uploads code that the server does not have.
///
/// # Errors
/// When the server refuses an archive, or cannot be reached.
pub async fn upload(
    client: &Client,
    missing: &[String],
    mut archives: Archives,
) -> Result<(), CliError> {
    for (index, sha256) in missing.iter().enumerate() {
        let Some(archive) = archives.remove(sha256) else {
            return Err(anyhow::anyhow!(
                "the server asks for code that is not in this deployment: {sha256}"
            )
            .into());
        };
        let size = megabytes(archive.len());
        note(format!(
            "uploading code {} of {} ({size})",
            index + 1,
            missing.len()
        ));
        client.put_code(sha256, archive).await?;
    }
    Ok(())
}

pub(super) fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1_000_000.0)
}
