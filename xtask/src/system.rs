//! The real system: `lambdura up` or `lambdura demo`, as a process that is ended with us.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::ProcessGroup;
use crate::setup::{Binaries, FunctionProgram, install_functions};

/// Bound on the time from the start to the ready file; the start itself takes well below a second, a recovery of many
/// executions longer.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Lines of its log that are shown when it ends by itself.
const LOG_LINES_SHOWN: usize = 40;

/// How a system is to be started.
#[derive(Debug)]
pub struct SystemConfig<'a> {
    /// The folder of the template, or its file.
    pub template: PathBuf,
    /// The template's functions.
    pub functions: &'a [FunctionProgram],
    /// Where executions and tables are kept.
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub http_api_listen: SocketAddr,
    /// Variables of every function.
    pub environment: Vec<(&'a str, String)>,
    /// Variables of `lambdura up` itself, which stand for its options.
    pub settings: Vec<(&'a str, String)>,
    /// Which failures an answered request survives, if it is to be said.
    pub durability: Option<&'a str>,
    /// The file for its output, beside its ready file.
    pub log: PathBuf,
}

/// How `lambdura demo` is to be started, which has functions and page in it.
#[derive(Debug)]
pub struct DemoConfig {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub http_api_listen: SocketAddr,
    pub page_listen: SocketAddr,
    /// Factor on the seconds of simulated work, if it is to be said.
    pub pace: Option<f64>,
    /// The file for its output, beside its ready file.
    pub log: PathBuf,
}

/// A running system.
#[derive(Debug)]
pub struct System {
    pub ready: Ready,
    pub log: PathBuf,
    group: ProcessGroup,
}

/// The content of its ready file.
#[derive(Debug, Deserialize)]
pub struct Ready {
    /// URL of the Lambda API.
    pub endpoint: String,
    /// URLs of the HTTP APIs, by their name in the template.
    pub http_apis: BTreeMap<String, String>,
    /// URL of the page that `lambdura demo` serves.
    pub page: Option<String>,
    pub data_dir: PathBuf,
    pub pid: u32,
}

impl System {
    /// Starts the system with functions that are built, and waits until everything answers.
    pub fn start(binaries: &Binaries, config: &SystemConfig<'_>) -> Result<Self> {
        install_functions(binaries, config.functions, &config.data_dir)?;
        let mut command = Command::new(binaries.path("lambdura"));
        without_settings(&mut command);
        command.arg("up").arg(&config.template).arg("--no-build");
        command.args(["--build-profile", binaries.profile.name()]);
        command.args(["--listen", &config.listen.to_string()]);
        command.args(["--http-api-listen", &config.http_api_listen.to_string()]);
        command.arg("--data-dir").arg(&config.data_dir);
        if let Some(durability) = config.durability {
            command.args(["--durability", durability]);
        }
        for (name, value) in &config.environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command.envs(config.settings.iter().map(|(name, value)| (name, value)));
        Self::run(command, &config.log)
    }

    /// Starts the demo, and waits until everything answers.
    pub fn start_demo(binaries: &Binaries, config: &DemoConfig) -> Result<Self> {
        let mut command = Command::new(binaries.path("lambdura"));
        without_settings(&mut command);
        command.arg("demo");
        command.args(["--listen", &config.listen.to_string()]);
        command.args(["--http-api-listen", &config.http_api_listen.to_string()]);
        command.args(["--page-listen", &config.page_listen.to_string()]);
        command.arg("--data-dir").arg(&config.data_dir);
        if let Some(pace) = config.pace {
            command.args(["--pace", &pace.to_string()]);
        }
        Self::run(command, &config.log)
    }

    fn run(mut command: Command, log: &Path) -> Result<Self> {
        let ready_file = log.with_extension("ready.json");
        make_parent(log)?;
        match fs::remove_file(&ready_file) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("remove `{}`", ready_file.display()));
            }
        }
        command.arg("--ready-file").arg(&ready_file);
        let output = File::create(log).with_context(|| format!("create `{}`", log.display()))?;
        let errors = output.try_clone().context("use one log for both outputs")?;
        command.stdout(output).stderr(errors);

        let mut group = ProcessGroup::spawn(&mut command)?;
        let ready = wait_until_ready(&mut group, &ready_file, log)?;
        Ok(Self {
            ready,
            log: log.to_owned(),
            group,
        })
    }

    /// The URL of an HTTP API.
    pub fn http_api(&self, name: &str) -> Result<&str> {
        self.ready
            .http_apis
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the ready file names no HTTP API `{name}`"))
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.group.exit_status()
    }

    /// Fails if the system has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.group.exit_status()? {
            None => Ok(()),
            Some(status) => bail!(
                "`lambdura` ended with {status}; it said:\n{}",
                tail(&self.log)
            ),
        }
    }
}

fn wait_until_ready(group: &mut ProcessGroup, ready_file: &Path, log: &Path) -> Result<Ready> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if let Some(status) = group.exit_status()? {
            bail!("`lambdura` ended with {status}; it said:\n{}", tail(log));
        }
        match fs::read(ready_file) {
            Ok(json) => {
                return serde_json::from_slice(&json)
                    .with_context(|| format!("read the ready file `{}`", ready_file.display()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("read `{}`", ready_file.display()));
            }
        }
        if Instant::now() >= deadline {
            bail!(
                "`lambdura` was not ready within {} s; it said:\n{}",
                READY_WITHIN.as_secs(),
                tail(log)
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps the settings of the developer's own shell from a system that is not the developer's own.
pub fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LAMBDURA_") {
            command.env_remove(name);
        }
    }
}

/// The last lines of a log, to stand in an error.
pub fn tail(log: &Path) -> String {
    let text = match fs::read(log) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return format!("(its log `{}` cannot be read: {error})", log.display()),
    };
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}

/// Makes the folder that a file is to lie in.
pub fn make_parent(file: &Path) -> Result<()> {
    let folder = file.parent().expect("the path names a file in a folder");
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}
