//! Several servers on one database with a balancer in front, each of which may be killed and is started again.

mod balancer;
mod postgres;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::port;
use crate::process::ProcessGroup;
use crate::setup::{Binaries, FunctionProgram};
use crate::system::{System, SystemConfig, make_parent, tail, without_settings};
use balancer::Readiness;
pub use postgres::Postgres;

/// How long a server that has ended stays away, so that a viewer sees the others go on without it.
pub const AWAY_FOR: Duration = Duration::from_secs(10);

/// Bound on the start of the server of the tables.
const TABLES_WITHIN: Duration = Duration::from_secs(30);

/// The settings of a cluster.
#[derive(Debug)]
pub struct ClusterConfig<'a> {
    /// How many servers.
    pub servers: usize,
    pub template: PathBuf,
    pub functions: &'a [FunctionProgram],
    /// Everything is kept below it.
    pub data_dir: PathBuf,
    /// Where clients find the Lambda API of any server, and the HTTP APIs.
    pub listen: SocketAddr,
    pub http_api_listen: SocketAddr,
    /// Variables of every function.
    pub environment: Vec<(&'a str, String)>,
    /// The folder of the programs of PostgreSQL.
    pub postgres: PathBuf,
    /// Whether the data of an earlier cluster is removed.
    pub begins_empty: bool,
    /// Gets the logs.
    pub logs: PathBuf,
}

/// Servers on one database, which end with this value.
#[derive(Debug)]
pub struct Cluster<'a> {
    /// URLs of the balancer.
    pub endpoint: String,
    pub http_api: String,
    pub members: Vec<Member<'a>>,
    // In this order: the servers end before the tables and the database.
    tables: Tables,
    pub postgres: Postgres,
}

/// One of the servers, through its deaths.
#[derive(Debug)]
pub struct Member<'a> {
    /// From 1 on.
    pub number: usize,
    /// Where it hears the others.
    cluster: SocketAddr,
    config: SystemConfig<'a>,
    binaries: Binaries,
    state: State,
}

#[derive(Debug)]
enum State {
    Up(System),
    Away { since: Instant },
}

/// An event in a server's life.
#[derive(Debug)]
pub enum Event {
    /// It has ended, by itself or by a kill.
    Ended {
        number: usize,
        pid: u32,
        status: ExitStatus,
    },
    /// It is there again.
    Back { number: usize, pid: u32 },
    /// It could not be started again; another try follows.
    Failed { number: usize, why: anyhow::Error },
}

impl<'a> Cluster<'a> {
    /// Starts everything: the database, the tables, the servers one after the other, and the balancer.
    pub fn start(binaries: &Binaries, config: ClusterConfig<'a>) -> Result<Self> {
        let data = &config.data_dir;
        fs::create_dir_all(data).with_context(|| format!("create `{}`", data.display()))?;
        let data = data
            .canonicalize()
            .with_context(|| format!("find `{}`", data.display()))?;
        let postgres = Postgres::start(
            &config.postgres,
            &data.join("postgres"),
            config.begins_empty,
            &config.logs.join("postgres.log"),
        )?;
        let tables = Tables::start(binaries, &data.join("tables"), &config.logs)?;
        let mut members = Vec::with_capacity(config.servers);
        for number in 1..=config.servers {
            let cluster = port::loopback(port::free()?);
            let member = SystemConfig {
                template: config.template.clone(),
                functions: config.functions,
                data_dir: data.join(format!("server-{number}")),
                // Each comes back where the balancer looks for it.
                listen: port::loopback(port::free()?),
                http_api_listen: port::loopback(port::free()?),
                environment: config.environment.clone(),
                settings: vec![
                    ("LAMBDURA_STORE", postgres.url.clone()),
                    ("LAMBDURA_CLUSTER_LISTEN", cluster.to_string()),
                    ("LAMBDURA_DYNAMODB_ENDPOINT", tables.endpoint.clone()),
                ],
                durability: None,
                log: config.logs.join(format!("server-{number}.log")),
            };
            // The first deploys, and the others find that nothing has changed.
            members.push(Member {
                number,
                cluster,
                state: State::Up(System::start(binaries, &member)?),
                config: member,
                binaries: binaries.clone(),
            });
        }
        let endpoints: Vec<_> = members.iter().map(|it| it.config.listen).collect();
        let apis = members.iter().map(|it| it.config.http_api_listen).collect();
        let readiness = Readiness::watch(&endpoints);
        let endpoint = balancer::serve(config.listen, endpoints, readiness.clone())?;
        let http_api = balancer::serve(config.http_api_listen, apis, readiness)?;
        Ok(Self {
            endpoint: format!("http://{endpoint}"),
            http_api: format!("http://{http_api}"),
            members,
            tables,
            postgres,
        })
    }

    /// Ends everything, and removes the files of the database, which may lie elsewhere than the others.
    pub fn remove(self) -> Result<()> {
        drop(self.members);
        drop(self.tables);
        self.postgres.remove()
    }

    /// Looks at everything: starts servers again that have been away long enough, and returns the events.
    ///
    /// # Errors
    ///
    /// When the database or the tables have ended: without them there is nothing to show.
    pub fn look(&mut self) -> Result<Vec<Event>> {
        self.postgres.check()?;
        self.tables.check()?;
        let mut events = Vec::new();
        for member in &mut self.members {
            events.extend(member.look()?);
        }
        Ok(events)
    }

    /// The servers as they are, for tests: `number`, `cluster` where each hears the others, `pid` if it lives.
    pub fn describe(&self) -> Value {
        let members = self.members.iter().map(|member| {
            let (_, pid) = member.address();
            json!({ "number": member.number, "cluster": member.cluster.to_string(), "pid": pid })
        });
        members.collect()
    }

    /// Kills the server of this number, or starts it at once if it is away. Says whether there is such a server.
    pub fn toggle(&mut self, number: usize) -> Result<bool> {
        let Some(member) = self.members.iter_mut().find(|it| it.number == number) else {
            return Ok(false);
        };
        match &mut member.state {
            State::Up(system) => {
                let pid = Pid::from_raw(system.ready.pid.cast_signed());
                kill(pid, Signal::SIGKILL).with_context(|| format!("kill process {pid}"))?;
            }
            State::Away { since } => {
                *since = since.checked_sub(AWAY_FOR).unwrap_or(*since);
            }
        }
        Ok(true)
    }
}

impl Member<'_> {
    /// Its own URL, and the process while there is one.
    pub fn address(&self) -> (String, Option<u32>) {
        let pid = match &self.state {
            State::Up(system) => Some(system.ready.pid),
            State::Away { .. } => None,
        };
        (format!("http://{}", self.config.listen), pid)
    }

    fn look(&mut self) -> Result<Option<Event>> {
        let number = self.number;
        match &mut self.state {
            State::Up(system) => {
                let Some(status) = system.exit_status()? else {
                    return Ok(None);
                };
                let pid = system.ready.pid;
                self.state = State::Away {
                    since: Instant::now(),
                };
                Ok(Some(Event::Ended {
                    number,
                    pid,
                    status,
                }))
            }
            State::Away { since } if since.elapsed() < AWAY_FOR => Ok(None),
            State::Away { since } => Ok(Some(match System::start(&self.binaries, &self.config) {
                Ok(system) => {
                    let pid = system.ready.pid;
                    self.state = State::Up(system);
                    Event::Back { number, pid }
                }
                Err(why) => {
                    *since = Instant::now();
                    Event::Failed { number, why }
                }
            })),
        }
    }
}

/// `lambdura tables`: the tables that the functions of all servers share.
#[derive(Debug)]
struct Tables {
    endpoint: String,
    log: PathBuf,
    group: ProcessGroup,
}

impl Tables {
    fn start(binaries: &Binaries, data_dir: &Path, logs: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            endpoint: String,
        }

        let log = logs.join("tables.log");
        make_parent(&log)?;
        let ready_file = log.with_extension("ready.json");
        // A ready file of an earlier run would be taken for this one's.
        fs::write(&ready_file, "").with_context(|| format!("write `{}`", ready_file.display()))?;
        let mut command = Command::new(binaries.path("lambdura"));
        without_settings(&mut command);
        command.args(["tables", "--listen", &port::loopback(0).to_string()]);
        command.arg("--data-dir").arg(data_dir);
        command.arg("--ready-file").arg(&ready_file);
        let output =
            fs::File::create(&log).with_context(|| format!("create `{}`", log.display()))?;
        let errors = output.try_clone().context("use one log for both outputs")?;
        command.stdout(output).stderr(errors);
        let mut tables = Self {
            endpoint: String::new(),
            log,
            group: ProcessGroup::spawn(&mut command)?,
        };
        let deadline = Instant::now() + TABLES_WITHIN;
        loop {
            tables.check()?;
            let text = fs::read_to_string(&ready_file)
                .with_context(|| format!("read `{}`", ready_file.display()))?;
            // It may be half written.
            if let Ok(ready) = serde_json::from_str::<Ready>(&text) {
                tables.endpoint = ready.endpoint;
                return Ok(tables);
            }
            if Instant::now() >= deadline {
                bail!(
                    "`lambdura tables` was not ready within {} s; it said:\n{}",
                    TABLES_WITHIN.as_secs(),
                    tail(&tables.log)
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Fails if it has ended by itself.
    fn check(&mut self) -> Result<()> {
        match self.group.exit_status()? {
            None => Ok(()),
            Some(status) => bail!(
                "`lambdura tables` ended with {status}; it said:\n{}",
                tail(&self.log)
            ),
        }
    }
}
