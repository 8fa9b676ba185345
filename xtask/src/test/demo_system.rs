//! The stages that talk to the real system: the demo, started by `lambdura up`, without simulated work.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cluster::{Cluster, ClusterConfig};
use crate::demo::{DEMO, FUNCTIONS, LOAN_API, SERVERS};
use crate::page::Page;
use crate::port;
use crate::process;
use crate::setup::{self, CONSOLE, chromium, install_packages, npm};
use crate::test::stage::Context;
use crate::test::suites;

/// The page in Chromium, as a person uses it.
pub fn browser(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let chromium = chromium()?;
    let demo = context.workspace.root.join(DEMO);
    let (frontend, tests) = (demo.join("frontend"), demo.join("e2e"));
    install_packages(&frontend)?;
    install_packages(&tests)?;
    let pictures = context.scratch("pictures")?;
    let log = context.scratch("page")?.join("page.log");
    let variables = system_variables(context)?;
    let system = context.system()?;
    let api_url = system.http_api(LOAN_API)?.to_owned();
    let endpoint = system.ready.endpoint.clone();
    let page = Page::serve(&frontend, &api_url, &endpoint, port::free()?, &log)?;

    let mut command = npm(&tests);
    command.arg("test").envs(variables);
    command
        .env("PAGE_URL", &page.url)
        .env("CHROMIUM_PATH", chromium);
    process::run(command.env("E2E_PICTURES", pictures))?;
    context
        .system()?
        .check()
        .context("the system did not survive the tests")
}

/// The page in Chromium, while servers of three are killed.
pub fn cluster_browser(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let chromium = chromium()?;
    let postgres = setup::require_postgres()?;
    let binaries = context.binaries()?;
    let demo = context.workspace.root.join(DEMO);
    let (frontend, tests) = (demo.join("frontend"), demo.join("e2e"));
    install_packages(&frontend)?;
    install_packages(&tests)?;
    let pictures = context.scratch("cluster-pictures")?;
    let scratch = context.scratch("cluster")?;
    let config = ClusterConfig {
        servers: SERVERS,
        template: demo,
        functions: FUNCTIONS,
        data_dir: scratch.join("data"),
        listen: port::loopback(0),
        http_api_listen: port::loopback(0),
        environment: vec![("DEMO_PACE", "0.2".to_owned())],
        postgres,
        begins_empty: true,
        logs: scratch.clone(),
    };
    let mut cluster = Cluster::start(&binaries, config)?;
    let (api, endpoint) = (cluster.http_api.clone(), cluster.endpoint.clone());
    let page = Page::serve(
        &frontend,
        &api,
        &endpoint,
        port::free()?,
        &scratch.join("page.log"),
    )?;
    let described = scratch.join("servers.json");
    write_whole(&described, &cluster.describe().to_string())?;
    let mut command = npm(&tests);
    command.args(["run", "test:cluster"]);
    command.envs(cluster.postgres.variables());
    command.env("PSQL", cluster.postgres.psql());
    command.env("CLUSTER", &described);
    command.env("PAGE_URL", &page.url).env("API_URL", &api);
    command.env("CHROMIUM_PATH", chromium);
    command.env("E2E_PICTURES", pictures);
    let (ended, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let watch = scope.spawn(move || {
            while end.try_recv() == Err(TryRecvError::Empty) {
                if !cluster.look()?.is_empty() {
                    write_whole(&described, &cluster.describe().to_string())?;
                }
                thread::sleep(Duration::from_millis(100));
            }
            cluster.remove()
        });
        let tested = process::run(&mut command);
        drop(ended);
        let watched = watch.join().expect("whoever watches does not panic");
        tested.and(watched.context("the system did not survive the tests"))
    })
}

/// Replaces a file that another process may be reading.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension("partial");
    let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, path));
    written.with_context(|| format!("write `{}`", path.display()))
}

/// The console in Chromium, as an engineer uses it.
pub fn console_browser(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let chromium = chromium()?;
    let tests = context.workspace.root.join(CONSOLE).join("e2e");
    install_packages(&tests)?;
    let pictures = context.scratch("console-pictures")?;
    let scratch = context.scratch("console-systems")?;
    let variables = system_variables(context)?;
    let mut command = npm(&tests);
    command.arg("test").envs(variables);
    command.env("CHROMIUM_PATH", chromium);
    command.env("E2E_SCRATCH", scratch);
    process::run(command.env("E2E_PICTURES", pictures))?;
    context
        .system()?
        .check()
        .context("the system did not survive the tests")
}

/// How many suites in Python run beside each other and beside those that run in turn: they wait for processes and due
/// times more than they compute.
const BESIDE: [&str; 4] = ["-n", "2", "--dist=loadfile", "--no-loadscope-reorder"];

/// The AWS CLI, boto3, and all other suites in Python.
pub fn python_suites(context: &mut Context) -> Result<()> {
    setup::programs_for_suites();
    let (parity, suites): (Vec<_>, Vec<_>) = suites::suites(&context.workspace)?
        .into_iter()
        .partition(|suite| suites::is_named(suite, &[suites::PARITY]));
    let (in_turn, beside): (Vec<_>, Vec<_>) = suites
        .into_iter()
        .partition(|suite| suites::is_named(suite, suites::IN_TURN));
    let mut in_turn = pytest(context, "in-turn", &[], &in_turn)?;
    let mut beside = pytest(context, "beside", &BESIDE, &beside)?;
    let (one, other) = thread::scope(|scope| {
        let in_turn = scope.spawn(|| process::run(&mut in_turn));
        let beside = process::run(&mut beside);
        (beside, in_turn.join().expect("it returns its errors"))
    });
    one.and(other)?;
    // It compares the results that the other suites wrote.
    process::run(&mut pytest(context, "parity", &[], &parity)?)?;
    context
        .system()?
        .check()
        .context("the system did not survive the tests")
}

/// The command that runs suites, one after the other unless the options say otherwise.
fn pytest(
    context: &mut Context,
    name: &str,
    options: &[&str],
    suites: &[PathBuf],
) -> Result<Command> {
    let variables = system_variables(context)?;
    let scratch = context.scratch(&format!("python-{name}"))?;
    let root = context.workspace.root.clone();
    let python = context.python()?;
    // The environment's own `aws`, not an older one of the system.
    let mut path = OsString::from(python.path());
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    let mut command = python.program("python");
    command.current_dir(root).envs(variables).env("PATH", path);
    command.args([
        "-m",
        "pytest",
        "-q",
        "--durations=15",
        "-p",
        "no:cacheprovider",
    ]);
    command.arg("--basetemp").arg(scratch.join("temporary"));
    command.args(options).args(suites);
    Ok(command)
}

/// Variables with which suites find the system; `LAMBDURA_BIN` is for suites that start systems of their own, and a
/// suite must not depend on the developer's AWS settings.
pub fn system_variables(context: &mut Context) -> Result<Vec<(&'static str, OsString)>> {
    let program = context.binaries()?.path("lambdura");
    let config = context.scratch("aws")?.join("config");
    let system = context.system()?;
    let endpoint = &system.ready.endpoint;
    Ok(vec![
        ("LAMBDURA_BIN", program.into()),
        ("LAMBDURA_ENDPOINT", endpoint.into()),
        ("API_URL", system.http_api(LOAN_API)?.into()),
        ("AWS_ENDPOINT_URL", endpoint.into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_DEFAULT_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "test".into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_CONFIG_FILE", config.clone().into()),
        ("AWS_SHARED_CREDENTIALS_FILE", config.into()),
        ("AWS_PAGER", "".into()),
        ("DEMO_PACE", "0".into()),
    ])
}
