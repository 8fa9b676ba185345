//! The shared state that every request needs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use cost::Prices;
use function_host::Runtimes;
use futures_util::future::BoxFuture;
use hyper::{Request, Response};
use model::{ExecutionArn, RequestId, Timestamp};
use runtime::{Cluster, Driver};
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::callers::Callers;
use crate::elsewhere::{AwsClient, OtherServices};
use crate::functions::{ActivityTurns, CatalogueChanges, Registry};
use crate::http::{Body, RequestBody};
use crate::oidc::Oidc;
use crate::runner::HostRunner;
use crate::tables::Tables;
use crate::telemetry::{Diagnostics, OwnSources};
use crate::tokens::Tokens;
use wind::{Answers, Winder};

/// Answers a request about stacks, or about code that is uploaded for them.
pub(crate) type StackRequests =
    Box<dyn Fn(Request<RequestBody>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// The parts of a running server that handlers of requests use.
pub(crate) struct App {
    pub driver: Driver,
    /// This server's cluster, if it shares its store with other servers.
    pub cluster: Option<Arc<Cluster>>,
    pub registry: Arc<Registry>,
    pub runner: HostRunner,
    /// Runs `python3.*` and `nodejs*` functions.
    pub runtimes: Arc<Runtimes>,
    /// Wakes the task that deletes versions and code that nothing needs any more.
    pub upkeep: Notify,
    /// DynamoDB.
    pub tables: Tables,
    /// AWS's services that this server does not have.
    pub other_services: OtherServices,
    /// Calls those of them that the server itself uses.
    pub aws: AwsClient,
    /// Decides which requests may use this server.
    pub access: Access,
    /// Signs users in to the console through an OpenID provider.
    pub oidc: Option<Oidc>,
    /// Verifies the tokens of callers of APIs.
    pub tokens: Tokens,
    /// Moves the clock, if it can be moved.
    pub winder: Option<Arc<Winder>>,
    /// Rules that answer callbacks and stand in for functions.
    pub answers: Arc<Answers>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The URL of the main port.
    pub endpoint: String,
    /// What executions would cost on AWS.
    pub prices: Prices,
    /// Where traces are sent.
    pub otlp_endpoint: Option<String>,
    /// Notes for users and their tools.
    pub diagnostics: Arc<Diagnostics>,
    /// The folders where developers edit the code that runs.
    pub own_sources: Arc<OwnSources>,
    /// Bounds the live views.
    pub streams: Arc<Semaphore>,
    /// Limits the callers that wait for a function's result.
    pub callers: Callers,
    /// Announces parallels and maps that a checkpoint has ended: the execution, and the ids of the operations.
    pub ended_batches: broadcast::Sender<(ExecutionArn, BTreeSet<String>)>,
    /// Decides whose turn it is to look for an activity's tasks.
    pub activity_turns: ActivityTurns,
    /// Tasks that a shutdown waits for.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
    /// Answers requests about stacks, if stacks can be deployed over the API.
    pub stacks: OnceLock<StackRequests>,
    /// The stored executions belong to another program: this server shows them, but drives and changes nothing.
    pub only_looks: bool,
}

impl App {
    /// The machine's time. This server's clock may be ahead of it.
    pub fn machine_now(&self) -> Timestamp {
        let clock = self.driver.clock();
        Timestamp::from_millis(clock.now().as_millis() - clock.ahead_millis())
    }

    pub fn new_request_id(&self) -> RequestId {
        self.driver.new_accepted_id()
    }

    /// Changes functions and machines under an exclusive lock, and to the end, as [`Self::to_the_end`].
    pub async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl for<'a> FnOnce(&'a Arc<Self>, &'a CatalogueChanges<'a>) -> BoxFuture<'a, T>
        + Send
        + 'static,
    ) -> T {
        let app = Arc::clone(self);
        self.to_the_end(async move {
            let store = app.driver.store();
            let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
            work(&app, &changes).await
        })
        .await
    }

    /// Runs work to its end even if its client hangs up half way.
    pub async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self.tasks.spawn(work).await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}
