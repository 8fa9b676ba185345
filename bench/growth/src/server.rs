//! A server as a process: started, asked whether it serves, stopped, killed.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bench_driver::connection::Connection;
use bench_driver::processor_time::resident_bytes;
use tokio::process::{Child, Command};

/// How often a starting server is asked.
const ASKED_EVERY: Duration = Duration::from_millis(1);

/// The run fails if a server does not serve by then.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServerCommand {
    pub program: PathBuf,
    pub template: PathBuf,
    pub build_profile: String,
    pub data_dir: PathBuf,
}

/// A server that serves.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub pid: u32,
    pub started: Instant,
    /// From its start until it said that it serves.
    pub ready_after: Duration,
}

impl ServerCommand {
    /// Starts it, and returns when it serves and has its functions.
    pub async fn start(&self) -> Result<Server> {
        // No other process asks for ports meanwhile.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a port")?;
        let address = free.local_addr().context("find a port")?;
        drop(free);
        let ready_file = self.data_dir.join("growth.ready.json");
        if ready_file.exists() {
            fs::remove_file(&ready_file).context("remove the last ready file")?;
        }
        let log = self.data_dir.join("growth.log");
        let log = fs::File::create(&log).with_context(|| format!("create `{}`", log.display()))?;
        let log_too = log.try_clone().context("use one log for both outputs")?;
        let mut command = Command::new(&self.program);
        command.arg("up").arg(&self.template).arg("--no-build");
        command.args(["--build-profile", &self.build_profile]);
        command.args(["--listen", &address.to_string()]);
        command.args(["--http-api-listen", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(&self.data_dir);
        command.arg("--ready-file").arg(&ready_file);
        // Settings of the developer's own shell are not this server's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LAMBDURA_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(log).stderr(log_too);
        let started = Instant::now();
        let spawned = command.kill_on_drop(true).spawn();
        let mut child = spawned.with_context(|| format!("start `{}`", self.program.display()))?;
        let pid = child.id().context("it has a process id until it ends")?;
        let mut ready_after = None;
        loop {
            if let Some(status) = child.try_wait().context("look at the server")? {
                bail!(
                    "the server ended with {status}; see `{}`",
                    self.data_dir.join("growth.log").display()
                );
            }
            if ready_after.is_none() && serves(address).await {
                ready_after = Some(started.elapsed());
            }
            if let Some(ready_after) = ready_after
                && ready_file.exists()
            {
                return Ok(Server {
                    child,
                    address,
                    pid,
                    started,
                    ready_after,
                });
            }
            if started.elapsed() > READY_WITHIN {
                bail!("the server does not serve after {READY_WITHIN:?}");
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
    }
}

/// Whether it answers, and says that it takes work.
async fn serves(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    let answer = connection.get("/readyz").await;
    answer.is_ok_and(|answer| answer.status.is_success())
}

impl Server {
    pub async fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).await
    }

    pub fn resident_bytes(&self) -> Result<u64> {
        resident_bytes(self.pid).context("read the server's memory")
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-TERM", &self.pid.to_string()]).status().await;
        if !sent.context("send SIGTERM to the server")?.success() {
            bail!("the server cannot be ended");
        }
        let status = self.child.wait().await.context("wait for the server")?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }

    /// Kills it, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("kill the server")
    }
}
