//! The demo's page: built for an API, and served.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http_probe;
use crate::port;
use crate::process::{self, ProcessGroup};
use crate::system::{make_parent, tail};

/// Bound on the start of the server that serves the page; it takes a second.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The page, being served.
#[derive(Debug)]
pub struct Page {
    pub url: String,
    log: PathBuf,
    group: ProcessGroup,
}

impl Page {
    /// Builds the page of `frontend` for the API at `api_url` and the console at `endpoint` into a folder beside `log`,
    /// and serves it on `port`.
    ///
    /// The packages must be installed.
    pub fn serve(
        frontend: &Path,
        api_url: &str,
        endpoint: &str,
        port: u16,
        log: &Path,
    ) -> Result<Self> {
        make_parent(log)?;
        let built = log.with_extension("built");
        let mut build = vite(frontend);
        build.env("VITE_API_URL", api_url);
        build.env(
            "VITE_CONSOLE_URL",
            format!("{endpoint}/functions/{{function}}/executions/{{application_id}}"),
        );
        build.args(["build", "--emptyOutDir", "--logLevel", "warn", "--outDir"]);
        process::run(build.arg(&built)).context("build the page")?;

        let output = File::create(log).with_context(|| format!("create `{}`", log.display()))?;
        let errors = output.try_clone().context("use one log for both outputs")?;
        let mut preview = vite(frontend);
        preview.args(["preview", "--host", "127.0.0.1", "--strictPort"]);
        preview
            .args(["--port", &port.to_string()])
            .arg("--outDir")
            .arg(&built);
        preview.stdout(output).stderr(errors);
        let mut page = Self {
            url: format!("http://{}", port::loopback(port)),
            log: log.to_owned(),
            group: ProcessGroup::spawn(&mut preview)?,
        };
        page.wait_until_it_answers(port::loopback(port))?;
        Ok(page)
    }

    /// Fails if the page is no longer served.
    pub fn check(&mut self) -> Result<()> {
        match self.group.exit_status()? {
            None => Ok(()),
            Some(status) => {
                bail!(
                    "the page's server ended with {status}; it said:\n{}",
                    tail(&self.log)
                )
            }
        }
    }

    fn wait_until_it_answers(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            self.check()?;
            let last_seen = match http_probe::status_line(address, "/") {
                Ok(line) if line.contains(" 200 ") => return Ok(()),
                Ok(line) => line,
                Err(problem) => problem,
            };
            if Instant::now() >= deadline {
                bail!(
                    "the page did not answer at {address} within {} s: {last_seen}; its server said:\n{}",
                    READY_WITHIN.as_secs(),
                    tail(&self.log)
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Vite itself: npm in between would only pass signals on.
fn vite(frontend: &Path) -> Command {
    let mut command = Command::new("node");
    command
        .current_dir(frontend)
        .arg("node_modules/vite/bin/vite.js");
    command
}
