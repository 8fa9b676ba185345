//! Functions that run for a debugger: which ones, where their debuggers listen, and an editor's configuration for them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use server::{DebuggedProcess, Debugger, Debugging, Runtimes};
use stack::{FunctionResource, Stack};
use tokio::sync::mpsc;

use super::progress::Progress;
use super::{cdk, own_sources, port, stack_options};
use crate::args::{DebugArguments, DebuggedFunction, UpArguments};
use crate::exit::CliError;
use crate::screen::note;

/// Where the debuggers of Python and of Node.js listen unless the arguments say otherwise, as everywhere.
const PYTHON_PORT: u16 = 5678;
const NODE_PORT: u16 = 9229;

/// Started processes that wait to be reported.
const TOLD_MAX: usize = 64;

/// A function that is debugged.
#[derive(Debug, Clone)]
pub struct Target {
    function: FunctionResource,
    debugger: Debugger,
}

/// Finds the functions that `--debug` names.
///
/// # Errors
/// A name that no function has, or that several could have.
pub fn targets(
    wanted: &[DebuggedFunction],
    waits: bool,
    stack: &Stack,
) -> Result<Vec<Target>, CliError> {
    let mut ports: BTreeSet<u16> = wanted.iter().filter_map(|it| it.port).collect();
    let mut targets: Vec<Target> = Vec::new();
    for DebuggedFunction { function, port } in wanted {
        let function = find(function, stack)?;
        let port = port.unwrap_or_else(|| {
            let first = match function.runtime.starts_with("python") {
                true => PYTHON_PORT,
                false => NODE_PORT,
            };
            let mut free = (first..=u16::MAX).filter(|port| !ports.contains(port));
            free.next().unwrap_or(first)
        });
        ports.insert(port);
        let debugger = Debugger {
            port,
            waits,
            sources: own_sources::folder(function, stack),
        };
        targets.push(Target {
            function: function.clone(),
            debugger,
        });
    }
    Ok(targets)
}

fn find<'s>(wanted: &str, stack: &'s Stack) -> Result<&'s FunctionResource, CliError> {
    let functions = &stack.functions;
    let exact = functions.iter().find(|it| {
        it.logical_id == wanted || it.name == wanted || it.construct_path.as_deref() == Some(wanted)
    });
    if let Some(exact) = exact {
        return Ok(exact);
    }
    let suffix = format!("/{wanted}");
    let mut ends = functions.iter().filter(|it| it.shown().ends_with(&suffix));
    let shown: Vec<&str> = functions.iter().map(FunctionResource::shown).collect();
    let there_are = format!("there are: {}", shown.join(", "));
    match (ends.next(), ends.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => {
            let message = format!("`{wanted}` could be more than one function");
            Err(CliError::usage(message, there_are))
        }
        (None, _) => {
            let message = format!("the template has no function `{wanted}` to debug");
            Err(CliError::not_found(message, there_are))
        }
    }
}

/// The settings for the server, and the channel on which it reports processes.
pub fn debugging(targets: &[Target]) -> (Debugging, mpsc::Receiver<DebuggedProcess>) {
    let (started, told) = mpsc::channel(TOLD_MAX);
    let functions = targets.iter();
    let functions: BTreeMap<String, Debugger> = functions
        .map(|it| (it.function.name.clone(), it.debugger.clone()))
        .collect();
    let debugging = Debugging {
        functions,
        started: Some(started),
    };
    (debugging, told)
}

/// The logical ids of functions that are debugged.
pub fn ids(arguments: &UpArguments, stack: &Stack) -> BTreeSet<String> {
    let wanted = arguments.debug.iter();
    wanted
        .filter_map(|it| find(&it.function, stack).ok())
        .map(|it| it.logical_id.clone())
        .collect()
}

/// Installs the debuggers.
///
/// # Errors
/// A debugger cannot be installed.
pub async fn prepare(targets: &[Target], runtimes: &Arc<Runtimes>) -> Result<(), CliError> {
    let all = targets.iter().map(|it| it.function.runtime.as_str());
    let all: BTreeSet<&str> = all.filter(|it| Runtimes::is_managed(it)).collect();
    for runtime in all {
        let progress = Progress::start(format!("preparing the debugger of {runtime}"));
        let (runtimes, runtime) = (Arc::clone(runtimes), runtime.to_owned());
        let prepared = tokio::task::spawn_blocking(move || runtimes.prepare_debugger(&runtime));
        match prepared.await {
            Ok(Ok(())) => progress.done(),
            Ok(Err(error)) => {
                progress.failed();
                return Err(anyhow::Error::new(error).into());
            }
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
    Ok(())
}

/// Says which functions are debugged, and which ports are taken.
pub fn say(targets: &[Target]) {
    for Target { function, debugger } in targets {
        let shown = function.shown();
        if !Runtimes::is_managed(&function.runtime) {
            note(format!(
                "{} {} can be debugged: its process id is printed when it starts, at its first invocation",
                "●".red(),
                shown.bold()
            ));
            continue;
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, debugger.port));
        let waits = if debugger.waits {
            ", and waits for it"
        } else {
            ""
        };
        note(format!(
            "{} {} can be debugged: from its first invocation on, a debugger finds it at {address}{waits}",
            "●".red(),
            shown.bold(),
        ));
        if TcpListener::bind(address).is_err() {
            let holder = port::holder(address);
            let holder = holder.map(|it| format!(" by process {} ({})", it.pid, it.command));
            note(format!(
                "{} port {} is taken{}: invocations of {shown} wait until it is free",
                "!".yellow(),
                debugger.port,
                holder.unwrap_or_default()
            ));
        }
    }
}

/// Says which processes have started, for as long as it is polled.
pub async fn tell(mut told: mpsc::Receiver<DebuggedProcess>) {
    while let Some(process) = told.recv().await {
        let DebuggedProcess {
            function,
            version,
            pid,
            port,
        } = process;
        let line = format!("{} {function} {version} is process {pid}", "●".red());
        note(match port {
            Some(port) => format!("{line}; its debugger is at 127.0.0.1:{port}"),
            None => format!("{line}: lldb -p {pid}, or gdb -p {pid}"),
        });
    }
    std::future::pending().await
}

/// A configuration for Visual Studio Code.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// As the editor shows it.
    pub name: String,
    /// Its name for `lambdura up --debug`.
    pub function: String,
    pub document: Value,
}

/// Configurations for the functions that are named, or for all; `workspace` is what the editor has opened.
///
/// # Errors
/// The template cannot be loaded, or has no such function.
pub async fn configurations(
    arguments: &DebugArguments,
    workspace: &Path,
) -> Result<Vec<Configuration>, CliError> {
    let mut up = arguments
        .for_up()
        .map_err(|error| CliError::usage(error.to_string(), "see `lambdura debug --help`"))?;
    up.template = cdk::assembly(&up.template).await?;
    super::questions::complete(&mut up).await?;
    let mut stack = stack_options::load(&up).map_err(CliError::diagnostic)?;
    let data_dir = stack_options::data_dir(&up, &stack)?;
    for function in stack
        .functions
        .iter_mut()
        .filter(|it| it.inline_code.is_some())
    {
        function.code_path = data_dir.join("inline").join(&function.logical_id);
    }
    super::image::place(&mut stack, &data_dir);
    let all = || {
        let functions = stack.functions.iter().filter(|it| it.cannot_run.is_none());
        let all = functions.map(|function| DebuggedFunction {
            function: function.logical_id.clone(),
            // All have the same port: usually one function is debugged at a time.
            port: Some(match function.runtime.starts_with("python") {
                true => PYTHON_PORT,
                false => NODE_PORT,
            }),
        });
        all.collect()
    };
    let wanted: Vec<DebuggedFunction> = match arguments.functions.as_slice() {
        [] => all(),
        some => some.to_vec(),
    };
    let targets = targets(&wanted, false, &stack)?;
    let configuration = |target: &Target| configuration(target, workspace);
    Ok(targets.iter().map(configuration).collect())
}

fn configuration(target: &Target, workspace: &Path) -> Configuration {
    let Target { function, debugger } = target;
    let shown = function.shown();
    let name = format!("Lambdura: {shown}");
    let (runtime, port) = (function.runtime.as_str(), debugger.port);
    let sources = match debugger.sources.strip_prefix(workspace) {
        Ok(below) if below.as_os_str().is_empty() => "${workspaceFolder}".to_owned(),
        Ok(below) => format!("${{workspaceFolder}}/{}", below.display()),
        Err(_) => debugger.sources.display().to_string(),
    };
    let mut argument = shown.to_owned();
    let usual = match runtime.starts_with("python") {
        true => PYTHON_PORT,
        false => NODE_PORT,
    };
    if port != usual && Runtimes::is_managed(runtime) {
        argument = format!("{argument}:{port}");
    }
    let document = if runtime.starts_with("python") {
        json!({
            "name": name, "type": "debugpy", "request": "attach",
            "connect": {"host": "127.0.0.1", "port": port},
            // `.` is the folder that the process runs in: the copy of the code, whichever version it is of.
            "pathMappings": [{"localRoot": sources, "remoteRoot": "."}],
        })
    } else if runtime.starts_with("nodejs") {
        json!({
            "name": name, "type": "node", "request": "attach", "address": "127.0.0.1", "port": port, "restart": true,
            "resolveSourceMapLocations": null, "skipFiles": ["<node_internals>/**"],
        })
    } else {
        json!({"name": name, "type": "lldb", "request": "attach", "pid": "${command:pickMyProcess}"})
    };
    Configuration {
        name,
        function: argument,
        document,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TEMPLATE: &str = r#"{"Resources": {
      "F": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:cdk:path": "Shop/Pay/Resource"}, "Properties": {
        "Code": {"S3Bucket": "b", "S3Key": "one.zip"}, "Handler": "app.handler", "Runtime": "python3.13"}},
      "G": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:cdk:path": "Shop/Old/Pay/Resource"}, "Properties": {
        "Code": {"S3Bucket": "b", "S3Key": "two.zip"}, "Handler": "app.handler", "Runtime": "nodejs22.x"}}
    }}"#;
    const ASSETS: &str = r#"{"files": {
      "a": {"source": {"path": "asset.one"}, "destinations": {"x": {"objectKey": "one.zip"}}},
      "b": {"source": {"path": "asset.two"}, "destinations": {"x": {"objectKey": "two.zip"}}}
    }}"#;

    #[test]
    fn the_folder_that_an_asset_is_a_copy_of_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let files = [
            ("cdk.json", "{}"),
            ("lambda/pay/app.py", "mine"),
            ("lambda/other/app.py", "another"),
            ("node_modules/x/app.py", "mine"),
            ("out/manifest.json", "{}"),
            ("out/Shop.template.json", TEMPLATE),
            ("out/Shop.assets.json", ASSETS),
            ("out/asset.one/app.py", "mine"),
            ("out/asset.two/app.js", "bundled"),
        ];
        for (name, content) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let out = dir.path().join("out");
        let options = stack::LoadOptions::default();
        let stack = stack::load(&out.join("Shop.template.json"), &options).unwrap();
        let wanted = |texts: &[&str]| {
            let texts = texts.iter().map(|text| match text.split_once(':') {
                Some((function, port)) => DebuggedFunction {
                    function: function.to_owned(),
                    port: port.parse().ok(),
                },
                None => DebuggedFunction {
                    function: (*text).to_owned(),
                    port: None,
                },
            });
            texts.collect::<Vec<_>>()
        };
        let found = targets(&wanted(&["Shop/Pay", "Old/Pay", "F:9229"]), false, &stack).unwrap();
        let found: Vec<(&str, u16, &Path)> = found
            .iter()
            .map(|it| {
                let debugger = &it.debugger;
                (it.function.shown(), debugger.port, &*debugger.sources)
            })
            .collect();
        let lambda = dir.path().join("lambda/pay");
        let bundle = out.join("asset.two");
        assert_eq!(
            found,
            [
                ("Shop/Pay", 5678, &*lambda),
                // A bundle is no copy of a source folder: its source map leads to the sources.
                ("Shop/Old/Pay", 9230, &*bundle),
                ("Shop/Pay", 9229, &*lambda),
            ]
        );
        for (unclear, is_usage) in [("Pay", true), ("Ship", false)] {
            let error = targets(&wanted(&[unclear]), false, &stack).unwrap_err();
            assert_eq!(matches!(error, CliError::Usage { .. }), is_usage, "{error}");
        }
    }
}
