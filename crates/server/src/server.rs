//! The server: what it is made of, how it starts, how it stops.

mod for_functions;
mod stores;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cost::Prices;
use function_host::{DebuggedProcess, Debugger, FunctionHost, Runtimes};
use futures_util::FutureExt as _;
use hyper::Uri;
use model::Limits;
use runtime::{Clock, ClockMode, Driver, DriverConfig, SteadyClock, WoundClock};
use stdx::panic_message;
use store::{Durability, Stacks, StoreFault};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Access, AccessConfig, Audit, KeyRing};
use crate::app::App;
use crate::callers::Callers;
use crate::cluster::{ClusterSettings, Peers};
use crate::elsewhere::{AwsClient, Elsewhere, OtherServices};
use crate::event_source::Pollers;
use crate::functions::{
    ActivityTurns, CodeStore, Home, KeySharing, MachineKey, Registry, Running, Together,
};
use crate::gateway::ServedApi;
use crate::http::connections::Connections;
use crate::http::listen;
use crate::http::socket::SocketFile;
use crate::http::tls::Tls;
use crate::invoker::HostInvoker;
use crate::oidc::{Oidc, OidcConfig};
use crate::schedule::Schedules;
use crate::start_error::StartServerError;
use crate::states;
use crate::tables::Tables;
use crate::telemetry::{Diagnostics, Exporter, LogRecorder, OtlpConfig, OwnSources, Warnings};
use crate::tokens::{AuthorizerConfig, Tokens};
use crate::{cluster, console, data_folder, main_port, upkeep};
use for_functions::{host_config, own_listener, start_xray};
pub use stores::Stores;
use stores::{session_keys, sign_ins};
use wind::{AnswerSet, Answers, ComesDue, Winder, answer_callbacks};

/// How long function processes have to end at a shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How long invocations have to end before another server repeats them, where there are others.
const LEAVE_GRACE: Duration = Duration::from_secs(10);

/// Ends of parallels and maps that wait to be looked at: those beyond are missed, and what nobody waits for any longer is
/// stopped when its execution ends.
const ENDED_BATCHES_MAX: usize = 1_024;

/// How long open connections have to end at a shutdown: callers who wait for an execution would hold
/// it for as long as that takes.
const CONNECTIONS_GRACE: Duration = Duration::from_secs(1);

/// What a server is to be.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where the Lambda API listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the first HTTP API listens, the others on the ports after it; port 0 picks free ones.
    pub http_api_listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// What an acknowledged request survives.
    pub durability: Durability,
    /// The region in ARNs, and of functions.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account_id: String,
    /// Variables for every function; they count more than a function's own, and publish nothing.
    pub environment: BTreeMap<String, String>,
    /// Processes of one function version at the most, unless its template says otherwise.
    pub concurrency_max: usize,
    /// How long an idle function process is kept.
    pub idle_time: Duration,
    /// What one execution may use.
    pub limits: Limits,
    /// What runs `python3.*` and `nodejs*` functions.
    pub runtimes: Arc<Runtimes>,
    /// What the program warned of, to show in the console.
    pub warnings: Arc<Warnings>,
    /// Where traces are sent; none: nowhere.
    pub telemetry: Option<OtlpConfig>,
    /// Where calls to AWS services go that are not here.
    pub elsewhere: Elsewhere,
    /// Functions that are debugged.
    pub debugging: Debugging,
    /// What authorizers of APIs go by.
    pub authorizers: AuthorizerConfig,
    /// How time passes.
    pub clock: ClockMode,
    /// Rules by which callbacks are answered and missing functions stood for: the JSON of
    /// `POST /lambdura/v1/answers`.
    pub answers: Option<serde_json::Value>,
    /// What executions would cost on AWS.
    pub prices: Prices,
    /// Where the functions' DynamoDB tables are; none: with this server.
    pub dynamodb: Option<Uri>,
    /// How this server takes part where others share its store.
    pub cluster: Option<ClusterSettings>,
    /// Who is let in.
    pub access: AccessConfig,
    /// Whose people may sign in to the console besides those who have access keys.
    pub oidc: Option<OidcConfig>,
}

/// Which functions are debugged, and who wants to know.
#[derive(Debug, Clone, Default)]
pub struct Debugging {
    /// How each of them runs, by name.
    pub functions: BTreeMap<String, Debugger>,
    /// Is told of each of their processes.
    pub started: Option<mpsc::Sender<DebuggedProcess>>,
}

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
    /// What is deployed over the API.
    pub(crate) stacks: Arc<dyn Stacks>,
    pub(crate) tasks: TaskTracker,
    pub(crate) connections: Connections,
    pub(crate) shutdown: CancellationToken,
    /// Removed when the server is gone.
    _socket: Option<SocketFile>,
}

impl Server {
    /// Starts a server: opens the store, serves the Lambda API, takes up what an earlier run left,
    /// and fires timers from then on.
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

    /// As [`Server::start`], on stores that the caller opened: fault injection puts its own around
    /// them.
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

    /// A server that answers requests and does nothing by itself.
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
        let keys = KeyRing::open(access_keys, &config.data_dir, sealing_key, steady.now())
            .await
            .map_err(|error| StartServerError::AccessKeys(error.into()))?;
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
        let shutdown = CancellationToken::new();
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
        // Before anything goes on that an earlier run left: it may be about a function that is stood for.
        let answers = Arc::<Answers>::default();
        if let Some(rules) = config.answers.clone() {
            let set = serde_json::from_value::<AnswerSet>(rules);
            let set = set.map_err(|error| StartServerError::Answers(error.to_string()))?;
            answers.replace(set);
        }
        let tables_path = config.data_dir.join("dynamodb.sqlite3");
        let tables = Tables::start(
            config.dynamodb.as_ref(),
            &config.elsewhere,
            &config.region,
            &tables_path,
            config.durability,
            shutdown.clone(),
        )
        .await?;
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
        // The code of what other servers deployed, before anything of it runs here.
        registry.catch_up().await?;
        let own_sources = Arc::<OwnSources>::default();
        let logs = Arc::new(LogRecorder::new(logs, Arc::clone(&own_sources)));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{address}");
        // Whoever only looks runs no functions. Where policies are enforced, each request of a function is signed: the
        // kernel says whose process comes by the socket, and not for which function it runs.
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
        let invoker = HostInvoker {
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
            invoker: Arc::new(invoker.clone()),
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
        // All that come through a proxy have its address.
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
            invoker,
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

    /// Starts what goes on by itself: timers, recovery, upkeep, schedules, queues.
    fn drive(&self) {
        let server = self;
        let recovering = server.app.driver.clock().work();
        // Deadlines come due whatever is being taken up.
        let driver = server.app.driver.clone();
        spawn_vital(
            &server.tasks,
            "timers",
            async move { driver.run_timers().await },
        );
        let app = Arc::clone(&server.app);
        spawn_vital(&server.tasks, "recovery", async move {
            let recovered = match &app.cluster {
                None => app.driver.recover().await,
                // It takes up what is in its shards as it gets them.
                Some(cluster) => {
                    cluster.joined().await;
                    0
                }
            };
            drop(recovering);
            if recovered > 0 {
                tracing::info!(executions = recovered, "took up what an earlier run left");
            }
            app.diagnostics.set_ready();
            app.resume_draining();
            // Not before: what an earlier run left may be due now.
            if let Some(winder) = app.winder.clone()
                && winder.clock().mode() != ClockMode::Real
            {
                app.tasks.spawn(winder.run(app.shutdown.clone()));
            }
        });
        let app = &server.app;
        let (answers, driver) = (Arc::clone(&app.answers), app.driver.clone());
        let answering = answer_callbacks(answers, driver, server.shutdown.clone());
        server.tasks.spawn(answering);
        // The host has ended what an earlier run left running on code of this folder.
        upkeep::start(&server.app);
        let schedules = Arc::clone(&server.schedules);
        let (app, shutdown) = (Arc::clone(&server.app), server.shutdown.clone());
        server.tasks.spawn(schedules.run(app, shutdown));
        let (app, shutdown) = (Arc::clone(&server.app), server.shutdown.clone());
        server.tasks.spawn(Pollers::new(app, shutdown).run());
    }

    /// Checks the rules of the configuration against the functions that are deployed.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub fn check_answers(&self) -> Result<(), String> {
        self.app.answers.set().check(&self.app.registry.names())
    }

    /// The URL of the Lambda API.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    /// Takes part with the other servers of the store.
    fn take_part(&self, peers: Peers) {
        let Some(cluster) = self.app.cluster.clone() else {
            return;
        };
        let (app, shutdown) = (Arc::clone(&self.app), self.shutdown.clone());
        let connections = self.connections.clone();
        let heard = Arc::clone(&cluster);
        let (listener, secret) = (peers.listener, peers.secret);
        let hearing = cluster::serve(listener, app, heard, secret, connections, shutdown);
        self.tasks.spawn(hearing);
        spawn_vital(&self.tasks, "cluster", async move { cluster.run().await });
        let (app, shutdown) = (Arc::clone(&self.app), self.shutdown.clone());
        self.tasks.spawn(cluster::follow_catalogue(app, shutdown));
    }

    /// Of the URLs by which the server is reached.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    fn serve(&self, listener: TcpListener, own: Option<TcpListener>, socket: Option<UnixListener>) {
        let app = Arc::clone(&self.app);
        let handle = move |request, peer| {
            let app = Arc::clone(&app);
            async move { main_port::handle(app, request, peer).await }
        };
        let (connections, shutdown) = (self.connections.clone(), self.shutdown.clone());
        if let Some(socket) = socket {
            let (handle, connections) = (handle.clone(), connections.clone());
            let served = listen::serve_socket(socket, handle, connections, shutdown.clone());
            self.tasks.spawn(served);
        }
        if let Some(own) = own {
            let (handle, connections) = (handle.clone(), connections.clone());
            let served = listen::serve(own, None, handle, connections, shutdown.clone());
            self.tasks.spawn(served);
        }
        if let Some(tls) = self.tls.clone() {
            self.tasks.spawn(tls.follow(shutdown.clone()));
        }
        let tls = self.tls.clone();
        self.tasks
            .spawn(listen::serve(listener, tls, handle, connections, shutdown));
    }

    /// Stops taking requests, ends the function processes, and closes the store. Executions at work
    /// go on when a server starts on the same data folder.
    ///
    /// # Errors
    /// When the store fails to close; what was acknowledged is safe all the same.
    pub async fn shut_down(self) -> Result<(), StoreFault> {
        if let Some(cluster) = &self.app.cluster
            && let Err(fault) = cluster.leave(LEAVE_GRACE).await
        {
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the other servers were not told; they notice by themselves"
            );
        }
        self.shutdown.cancel();
        self.app.driver.shut_down().await;
        self.app.invoker.host.shutdown(SHUTDOWN_GRACE).await;
        self.connections.close();
        if tokio::time::timeout(CONNECTIONS_GRACE, self.connections.wait())
            .await
            .is_err()
        {
            tracing::debug!("connections were still open at the shutdown");
        }
        self.tasks.close();
        self.tasks.wait().await;
        self.app.access.audit.finish().await;
        let closed = self.app.driver.store().close().await;
        if let Some(wound) = &self.wound {
            wound.end().await;
        }
        self.clock.end().await;
        closed
    }
}

/// Runs a task that the server cannot do without: should it panic, the process ends at once, and the next
/// one takes everything up. Serving on without it would let executions stand still and look well.
fn spawn_vital(
    tasks: &TaskTracker,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(async move {
        if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
            let reason = panic_message(panic.as_ref());
            tracing::error!(
                task = name,
                reason,
                "a task that must not end has panicked: ending"
            );
            std::process::abort();
        }
    });
}
