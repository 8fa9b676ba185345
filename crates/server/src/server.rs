//! The server: its parts, and how they are put together.

mod at_work;
mod config;
mod for_functions;
mod stores;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

use function_host::FunctionHost;
use runtime::{Clock, Driver, DriverConfig, SteadyClock, WoundClock};
use store::{Durability, Stacks};
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Access, Audit, KeyRing};
use crate::app::App;
use crate::callers::Callers;
use crate::cluster::{ClusterSettings, Peers};
use crate::elsewhere::{AwsClient, Elsewhere, OtherServices};
use crate::functions::{
    ActivityTurns, CodeStore, Home, KeySharing, MachineKey, Registry, Running, Together,
};
use crate::gateway::ServedApi;
use crate::http::connections::Connections;
use crate::http::listen;
use crate::http::socket::SocketFile;
use crate::http::tls::Tls;
use crate::oidc::Oidc;
use crate::runner::HostRunner;
use crate::schedule::Schedules;
use crate::start_error::StartServerError;
use crate::states;
use crate::tables::Tables;
use crate::telemetry::{Diagnostics, Exporter, LogRecorder, OwnSources};
use crate::tokens::Tokens;
use crate::{console, data_folder};
pub use config::{Debugging, ServerConfig};
use for_functions::{end_left_behind, host_config, own_listener, start_xray};
pub use stores::Stores;
use stores::{session_keys, sign_ins};
use wind::{AnswerSet, Answers, ComesDue, Winder};

/// Announced ends of parallels and maps that wait to be read. Further ones are missed; their nested executions are then
/// stopped when the execution ends.
const ENDED_BATCHES_MAX: usize = 1_024;

/// A running server.
pub struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) config: Arc<ServerConfig>,
    address: SocketAddr,
    pub(crate) tls: Option<Tls>,
    clock: SteadyClock,
    wound: Option<WoundClock>,
    pub(crate) schedules: Arc<Schedules>,
    /// By stack and logical id.
    pub(crate) apis: Arc<Mutex<BTreeMap<(String, String), ServedApi>>>,
    /// The stacks that are deployed over the API.
    pub(crate) stacks: Arc<dyn Stacks>,
    pub(crate) tasks: TaskTracker,
    pub(crate) connections: Connections,
    pub(crate) shutdown: CancellationToken,
    /// Removed when the server stops.
    _socket: Option<SocketFile>,
}

impl Server {
    /// Starts a server: opens the store, serves the Lambda API, resumes the work of an earlier run, and fires timers
    /// from then on.
    ///
    /// # Errors
    /// See [`StartServerError`].
    pub async fn start(config: ServerConfig) -> Result<Self, StartServerError> {
        data_folder::prepare(&config.data_dir).map_err(|cause| StartServerError::DataDir {
            path: config.data_dir.clone(),
            cause,
        })?;
        let stores = Stores::open(&config)?;
        Self::start_on(config, stores).await
    }

    /// As [`Server::start`], on stores that the caller opened: fault injection wraps them.
    ///
    /// # Errors
    /// See [`StartServerError`].
    pub async fn start_on(config: ServerConfig, stores: Stores) -> Result<Self, StartServerError> {
        data_folder::prepare(&config.data_dir).map_err(|cause| StartServerError::DataDir {
            path: config.data_dir.clone(),
            cause,
        })?;
        let server = Self::prepare_on(config, stores, false).await?;
        server.drive();
        Ok(server)
    }

    /// Creates a server that answers requests, but starts no work by itself.
    pub(crate) async fn prepare_on(
        config: ServerConfig,
        stores: Stores,
        only_looks: bool,
    ) -> Result<Self, StartServerError> {
        let Stores {
            store,
            logs,
            shared,
            access_keys,
            stacks,
            audit,
        } = stores;
        let listeners = [config.listen, config.http_api_listen];
        let exposed = listeners.iter().find(|it| !it.ip().is_loopback());
        if let Some(address) = exposed.filter(|_| only_looks) {
            return Err(StartServerError::NotLoopback(*address));
        }
        let steady = SteadyClock::open(&config.data_dir.join("clock.json"));
        let sealing_key = config.access.sealing_key.clone();
        let keys = KeyRing::open(access_keys, &config.data_dir, sealing_key, steady.now());
        let shutdown = CancellationToken::new();
        let tables_path = config.data_dir.join("dynamodb.sqlite3");
        let tables = Tables::start(
            config.dynamodb.as_ref(),
            &config.elsewhere,
            &config.region,
            &tables_path,
            config.durability,
            shutdown.clone(),
        );
        // An opened store in the folder locks it for this server; if the store is elsewhere, the opened tables do.
        let is_folder_ours = shared.is_none() && !only_looks;
        let ended = end_left_behind(&config, is_folder_ours);
        // The slowest steps after a crash run at the same time.
        let (keys, tables, ended) = tokio::join!(keys, tables, ended);
        let keys = keys.map_err(|error| StartServerError::AccessKeys(error.into()))?;
        let tables = tables?;
        ended?;
        config
            .access
            .check_listeners(&listeners, keys.enabled_count())?;
        let is_enforced = config.access.is_enforced(&listeners);
        if is_enforced && matches!(config.elsewhere, Elsewhere::Account(_)) {
            return Err(StartServerError::AccountCredentials);
        }
        let tls = config.access.tls.as_ref();
        let tls = tls.map(|files| Tls::load(&files.certificates, &files.key));
        let tls = tls
            .transpose()
            .map_err(|error| StartServerError::Tls(error.into()))?;
        let listener = listen::bind(config.listen).map_err(|cause| StartServerError::Listen {
            address: config.listen,
            cause,
        })?;
        let address = listener
            .local_addr()
            .map_err(|cause| StartServerError::Listen {
                address: config.listen,
                cause,
            })?;
        let tasks = TaskTracker::new();
        let wound_path = config.data_dir.join("wound-clock.json");
        let wound = WoundClock::open(&steady, config.clock, &wound_path);
        let wound = wound.map_err(|cause| StartServerError::WoundClock {
            path: wound_path,
            cause,
        })?;
        let clock: Arc<dyn Clock> = match &wound {
            None => Arc::new(steady.clone()),
            Some(wound) => Arc::new(wound.clone()),
        };
        // Before the work of an earlier run continues: it may use functions that the rules stand in for.
        let answers = Arc::<Answers>::default();
        if let Some(rules) = config.answers.clone() {
            let set = serde_json::from_value::<AnswerSet>(rules);
            let set = set.map_err(|error| StartServerError::Answers(error.to_string()))?;
            answers.replace(set);
        }
        let datagrams_ignored = Arc::<AtomicU64>::default();
        let ignored = Arc::clone(&datagrams_ignored);
        let xray_address = start_xray(&logs, ignored, &tasks, &clock, &shutdown).await?;
        let running = Running {
            concurrency_max: config.concurrency_max,
            reserved: false,
            environment: config.environment.clone(),
            program: std::env::current_exe()
                .ok()
                .map(|path| path.display().to_string()),
            machine_key: MachineKey::draw()?,
            debuggers: Arc::new(config.debugging.functions.clone()),
        };
        let home = Home {
            region: config.region.clone(),
            account_id: config.account_id.clone(),
        };
        let code_dir = config.data_dir.join("code");
        let is_synced = config.durability == Durability::Disk;
        let code =
            CodeStore::open(code_dir.clone(), is_synced, shutdown.clone()).map_err(|cause| {
                StartServerError::DataDir {
                    path: code_dir,
                    cause,
                }
            })?;
        let registry = Registry::load(
            store.as_ref(),
            home,
            running,
            Arc::new(code),
            shared
                .as_ref()
                .map(|it| Together::new(&it.code, &store, &clock)),
            match &shared {
                _ if only_looks => KeySharing::Reads,
                Some(shared) => KeySharing::With(shared.sessions.as_ref()),
                None => KeySharing::Alone,
            },
        )
        .await?;
        let registry = Arc::new(registry);
        // Loads the code of other servers' deployments, before any of it runs here.
        registry.catch_up().await?;
        let own_sources = Arc::<OwnSources>::default();
        let logs = Arc::new(LogRecorder::new(logs, Arc::clone(&own_sources)));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{address}");
        // A read-only server runs no functions. Where policies are enforced, each request of a function is signed: the
        // kernel tells the user of a process on the socket, but not its function.
        let (socket_listener, socket) = match only_looks || is_enforced {
            true => (None, None),
            false => SocketFile::bind(&config.data_dir).unzip(),
        };
        let own_listener = own_listener(address, tls.is_some())?;
        let own_endpoint = match &own_listener {
            Some((_, address)) => format!("http://{address}"),
            None => endpoint.clone(),
        };
        let sessions = session_keys(is_enforced, &keys, shared.as_ref()).await?;
        let issuing = is_enforced.then(|| (sessions.clone(), Arc::clone(&clock)));
        let dynamodb = tables.endpoint(&own_endpoint);
        let host_config = host_config(
            &config,
            &own_endpoint,
            &dynamodb,
            socket.as_ref(),
            xray_address,
            issuing,
        );
        let host = FunctionHost::new(host_config, Arc::clone(&logs) as _)?;
        let bytes = store.stats().bytes;
        let store_durability = store.durability();
        let mut diagnostics = Diagnostics::new(clock.now(), bytes, Arc::clone(&config.warnings));
        diagnostics.datagrams_ignored = datagrams_ignored;
        let diagnostics = Arc::new(diagnostics);
        let runner = HostRunner {
            host,
            registry: Arc::clone(&registry),
            logs,
            diagnostics: Arc::clone(&diagnostics),
            own_sources: Arc::clone(&own_sources),
            clock: Arc::clone(&clock),
            answers: Arc::clone(&answers),
            limits: config.limits.clone(),
        };
        let driver = Driver::new(DriverConfig {
            store,
            runner: Arc::new(runner.clone()),
            clock,
            limits: config.limits.clone(),
            seed: None,
        })?;
        let schedules = Arc::<Schedules>::default();
        let winder = wound.clone().map(|clock| {
            let comes_due = Arc::clone(&schedules) as Arc<dyn ComesDue>;
            let answers = Arc::clone(&answers);
            Arc::new(Winder::new(driver.clone(), clock, comes_due, answers))
        });
        let mut connections = Connections::within_open_files();
        // All requests through a proxy come from the proxy's address.
        if is_enforced && !config.access.behind_proxy {
            let max = config.access.limits.connections_per_address;
            connections = connections.at_most_of_one_address(max);
        }
        let is_on_disk = store_durability == Durability::Disk;
        let audit = Audit::open(Some(&config.data_dir), audit, is_on_disk)?;
        let access = Access::new(
            config.access.clone(),
            &listeners,
            (registry.home.clone(), Arc::clone(&registry) as _),
            keys,
            sessions,
            sign_ins(shared.as_ref()),
            audit,
        );
        let (cluster, peers) = match shared {
            None => (None, None),
            Some(shared) => {
                let settings = config.cluster.clone().unwrap_or_else(ClusterSettings::here);
                let peers = Peers::open(&settings).await?;
                access.audit.name_server(peers.address().to_owned());
                let cluster = peers.cluster(&driver, &registry, shared, settings.lease);
                (Some(cluster), Some(peers))
            }
        };
        let app = Arc::new(App {
            cluster,
            driver,
            registry,
            runner,
            runtimes: Arc::clone(&config.runtimes),
            upkeep: Notify::new(),
            tables,
            other_services: OtherServices::new(&config.elsewhere, Arc::clone(&diagnostics)),
            aws: AwsClient::new(&config.elsewhere),
            access,
            oidc: config.oidc.clone().map(Oidc::new),
            tokens: Tokens::new(config.authorizers.clone()),
            winder,
            answers,
            data_dir: config.data_dir.clone(),
            endpoint,
            prices: config.prices.clone(),
            otlp_endpoint: config.telemetry.as_ref().map(|it| it.endpoint.clone()),
            diagnostics,
            own_sources,
            streams: Arc::new(Semaphore::new(console::STREAMS_MAX)),
            callers: Callers::at_most(connections.callers_max()),
            ended_batches: broadcast::Sender::new(ENDED_BATCHES_MAX),
            activity_turns: ActivityTurns::default(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            only_looks,
            stacks: OnceLock::new(),
        });
        let server = Self {
            app,
            config: Arc::new(config),
            address,
            tls,
            clock: steady.clone(),
            wound,
            schedules,
            apis: Arc::default(),
            stacks,
            tasks,
            connections,
            shutdown,
            _socket: socket,
        };
        let ended = server.shutdown.clone();
        server.tasks.spawn(async move { steady.keep(ended).await });
        if !only_looks {
            let (app, ended) = (Arc::clone(&server.app), server.shutdown.clone());
            server
                .tasks
                .spawn(async move { app.access.audit.run(ended).await });
        }
        if let Some(telemetry) = server.config.telemetry.clone() {
            match Exporter::new(telemetry, server.app.driver.clone()) {
                Ok(exporter) => {
                    server.tasks.spawn(exporter.run(server.shutdown.clone()));
                }
                Err(error) => tracing::warn!(%error, "traces are not exported"),
            }
        }
        if !server.app.only_looks {
            let histories = states::log::run(Arc::clone(&server.app));
            server.tasks.spawn(histories);
            let nested = states::nested::run(Arc::clone(&server.app));
            server.tasks.spawn(nested);
        }
        let own_listener = own_listener.map(|(listener, _)| listener);
        server.serve(listener, own_listener, socket_listener);
        if let Some(peers) = peers {
            server.take_part(peers);
        }
        Ok(server)
    }

    /// Checks the configured rules against the deployed functions.
    ///
    /// # Errors
    /// The problem, as a message for users.
    pub fn check_answers(&self) -> Result<(), String> {
        self.app.answers.set().check(&self.app.registry.names())
    }

    /// The URL of the Lambda API.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    /// The scheme of the server's URLs.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}
