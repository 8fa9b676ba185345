//! The stages that talk to the real system: the demo, started by `lambdura up`, without simulated work.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::demo::{DEMO, LOAN_API};
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

/// How many suites in Python run beside each other: they wait for processes and due times more than they compute.
const SUITES_AT_ONCE: &str = "3";

/// The AWS CLI, boto3, and whatever else is written in Python.
pub fn python_suites(context: &mut Context) -> Result<()> {
    let (parity, suites): (Vec<_>, Vec<_>) = suites::suites(&context.workspace)?
        .into_iter()
        .partition(|suite| suite.ends_with(suites::PARITY));
    let at_once = [
        "-n",
        SUITES_AT_ONCE,
        "--dist=loadgroup",
        "--no-loadscope-reorder",
    ];
    pytest(context, "python-suites", &at_once, &suites)?;
    // It compares what the others wrote down.
    pytest(context, "parity", &[], &parity)?;
    context
        .system()?
        .check()
        .context("the system did not survive the tests")
}

fn pytest(context: &mut Context, name: &str, options: &[&str], suites: &[PathBuf]) -> Result<()> {
    let variables = system_variables(context)?;
    let scratch = context.scratch(name)?;
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
    process::run(command.args(options).args(suites))
}

/// What suites know about the system; `LAMBDURA_BIN` is for those that start systems of their own, and a suite must not
/// depend on the developer's AWS settings.
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
