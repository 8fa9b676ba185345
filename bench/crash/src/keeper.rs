//! Keeps the server running, and kills it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http::StatusCode;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::client::{Call, Client};
use crate::clock::now_millis;

/// How often a starting server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The run fails if a server is not ready after this time.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Every so many kills are followed by another, at some moment of the start.
const KILLED_AGAIN_EVERY: usize = 4;
const KILLED_AGAIN_WITHIN: Duration = Duration::from_millis(300);

/// The run fails after so many starts in a row that end by themselves.
const EXITS_IN_A_ROW_MAX: usize = 20;

/// How long a server may take to end when it is asked to.
const END_WITHIN: Duration = Duration::from_secs(20);

/// How much of the end of its log is kept: the error that ended it, not everything before.
const SAID_BYTES_MAX: u64 = 4096;
const SAID_LINES_MAX: usize = 4;

/// How the server is started.
#[derive(Debug, Clone)]
pub struct ServerCommand {
    pub program: PathBuf,
    pub arguments: Vec<std::ffi::OsString>,
    pub ready_file: PathBuf,
    pub log: PathBuf,
}

/// The keeper's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Keep it running, and kill it.
    Kill,
    /// Keep it running.
    Keep,
    /// End it.
    End,
}

/// The server's starts and ends.
#[derive(Debug, Clone, Default)]
pub struct Lives {
    /// Starts after a kill that were left alone until the server was ready.
    pub restarts: Vec<Restart>,
    /// Deaths, in milliseconds since the epoch: when each was over.
    pub deaths: Vec<i64>,
    pub kills: usize,
    /// Servers that ended without being killed.
    pub exits: Vec<Exit>,
}

/// One start.
#[derive(Debug, Clone, Copy)]
pub struct Restart {
    /// From the start of the process until its ready file and `/readyz` say so; starts that ended by themselves
    /// included.
    pub took: Duration,
}

/// A server that ended without being killed.
#[derive(Debug, Clone)]
pub struct Exit {
    pub status: ExitStatus,
    pub starting: bool,
    pub said: String,
}

/// Starts the server, kills it as the phase says, and ends it.
pub struct Keeper {
    config: KeeperConfig,
    client: Arc<Client>,
    random: fastrand::Rng,
    phase: watch::Receiver<Phase>,
    lives: Lives,
    /// When the newest process was started.
    started: Instant,
}

/// How a server is kept.
#[derive(Debug, Clone)]
pub struct KeeperConfig {
    pub command: ServerCommand,
    pub kill_every: Duration,
    /// The least number of kills: killing goes on until then, even in the phase [`Phase::Keep`].
    pub kills_min: usize,
}

impl Keeper {
    pub fn new(
        config: KeeperConfig,
        client: Arc<Client>,
        random: fastrand::Rng,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            config,
            client,
            random,
            phase,
            lives: Lives::default(),
            started: Instant::now(),
        }
    }

    /// Keeps the server until the phase is [`Phase::End`]. `running` is told when it is ready for the first time, and
    /// when the last kill is over.
    pub async fn keep(mut self, running: &watch::Sender<Running>) -> Result<Lives> {
        let mut server = self.start()?;
        self.until_ready(&mut server).await?;
        running.send_replace(Running::First);
        let mut started = Instant::now();
        loop {
            let phase = *self.phase.borrow();
            let kills_on = phase == Phase::Kill || self.lives.kills < self.config.kills_min;
            if phase == Phase::End {
                return self.end(server).await;
            }
            if !kills_on {
                running.send_replace(Running::ForGood);
            }
            let kill_at = started + self.config.kill_every;
            tokio::select! {
                () = tokio::time::sleep_until(kill_at.into()), if kills_on => {
                    server = self.kill_and_start(server).await?;
                    started = Instant::now();
                    server = self.restarted(server).await?;
                }
                status = server.wait() => {
                    let status = status.context("wait for the server")?;
                    self.note_exit(status, false);
                    server = self.start()?;
                    server = self.restarted(server).await?;
                }
                changed = self.phase.changed() => {
                    changed.context("the run is gone")?;
                }
            }
        }
    }

    /// Kills the server and starts it again at once; now and then kills the new one while it starts.
    async fn kill_and_start(&mut self, server: Child) -> Result<Child> {
        self.kill(server).await?;
        let mut server = self.start()?;
        if self.lives.kills.is_multiple_of(KILLED_AGAIN_EVERY) {
            let millis = self.random.u64(0..KILLED_AGAIN_WITHIN.as_millis() as u64);
            tokio::time::sleep(Duration::from_millis(millis)).await;
            if let Some(status) = server.try_wait().context("look at the server")? {
                self.note_exit(status, true);
            } else {
                self.kill(server).await?;
            }
            server = self.start()?;
        }
        Ok(server)
    }

    async fn restarted(&mut self, mut server: Child) -> Result<Child> {
        let started = self.started;
        self.until_ready(&mut server).await?;
        let took = started.elapsed();
        self.lives.restarts.push(Restart { took });
        Ok(server)
    }

    async fn kill(&mut self, mut server: Child) -> Result<()> {
        // Sends SIGKILL, and waits until the process is gone.
        server.kill().await.context("kill the server")?;
        self.lives.kills += 1;
        self.lives.deaths.push(now_millis());
        Ok(())
    }

    fn start(&mut self) -> Result<Child> {
        self.started = Instant::now();
        let ServerCommand {
            program,
            arguments,
            ready_file,
            log,
        } = &self.config.command;
        match fs::remove_file(ready_file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("remove `{}`", ready_file.display()));
            }
        }
        let opened = OpenOptions::new().create(true).append(true).open(log);
        let log = opened.with_context(|| format!("open `{}`", log.display()))?;
        let log_too = log.try_clone().context("use one log for both outputs")?;
        let mut command = Command::new(program);
        // Settings of the developer's own shell are not this server's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LAMBDURA_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start `{}`", program.display()))
    }

    /// Waits until the server says that it is ready; one that ends meanwhile is started again.
    async fn until_ready(&mut self, server: &mut Child) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut exits = 0;
        let mut seen = String::from("no ready file");
        loop {
            if let Some(status) = server.try_wait().context("look at the server")? {
                self.note_exit(status, true);
                exits += 1;
                if exits >= EXITS_IN_A_ROW_MAX {
                    bail!(
                        "the server ended {exits} times in a row; it said:\n{}",
                        self.said()
                    );
                }
                *server = self.start()?;
            }
            if self.config.command.ready_file.exists() {
                match self.client.once(&Call::get("/readyz")).await {
                    Ok(reply) if reply.status == StatusCode::OK => return Ok(()),
                    Ok(reply) => seen = format!("/readyz answers {}", reply.text()),
                    Err(error) => seen = format!("/readyz: {error:#}"),
                }
            }
            if Instant::now() >= deadline {
                bail!(
                    "the server was not ready within {READY_WITHIN:?} ({seen}); it said:\n{}",
                    self.said()
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn note_exit(&mut self, status: ExitStatus, starting: bool) {
        self.lives.deaths.push(now_millis());
        self.lives.exits.push(Exit {
            status,
            starting,
            said: self.said(),
        });
    }

    /// The end of the server's log.
    fn said(&self) -> String {
        tail(&self.config.command.log)
            .unwrap_or_else(|error| format!("(its log cannot be read: {error})"))
    }

    /// Asks the server to end, as a service manager does.
    async fn end(mut self, mut server: Child) -> Result<Lives> {
        let id = server.id().context("the server has ended already")?;
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &id.to_string()]);
        let sent = kill.status().await.context("send SIGTERM to the server")?;
        if !sent.success() {
            bail!("`kill` ended with {sent}");
        }
        match tokio::time::timeout(END_WITHIN, server.wait()).await {
            Ok(status) => {
                let status = status.context("wait for the server")?;
                if !status.success() {
                    self.note_exit(status, false);
                }
            }
            Err(_elapsed) => bail!("the server did not end within {END_WITHIN:?} after SIGTERM"),
        }
        Ok(self.lives)
    }
}

/// How far the keeper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    NotYet,
    /// Ready for the first time.
    First,
    /// There are no more kills.
    ForGood,
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SAID_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(SAID_LINES_MAX)..].join("\n"))
}

/// A port that no client takes by chance while the server is down.
///
/// It lies outside of the range of ports that connections get. A client that calls a port of that range on which no
/// process listens can be given the same port as its own: it is then connected with itself, and the server finds the
/// port taken.
pub fn quiet_port(random: &mut fastrand::Rng) -> Result<SocketAddr> {
    let path = "/proc/sys/net/ipv4/ip_local_port_range";
    let range = fs::read_to_string(path).with_context(|| format!("read `{path}`"))?;
    let first = range.split_whitespace().next();
    let first: u16 = first
        .and_then(|text| text.parse().ok())
        .with_context(|| format!("understand `{path}`: {range}"))?;
    for _ in 0..100 {
        let port = random.u16(10_000.min(first - 1)..first);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if std::net::TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port below {first} is free")
}
