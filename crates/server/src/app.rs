//! What every request needs.

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
use crate::invoker::HostInvoker;
use crate::oidc::Oidc;
use crate::tables::Tables;
use crate::telemetry::{Diagnostics, OwnSources};
use crate::tokens::Tokens;
use wind::{Answers, Winder};

/// Answers a request about stacks or about code that is uploaded for them.
pub(crate) type StackRequests =
    Box<dyn Fn(Request<RequestBody>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// The parts of a running server that requests are answered with.
pub(crate) struct App {
    pub driver: Driver,
    /// This server among others, where they share the store.
    pub cluster: Option<Arc<Cluster>>,
    pub registry: Arc<Registry>,
    pub invoker: HostInvoker,
    /// What runs `python3.*` and `nodejs*` functions.
    pub runtimes: Arc<Runtimes>,
    /// Wakes the task that deletes versions and code that nothing needs any more.
    pub upkeep: Notify,
    /// DynamoDB.
    pub tables: Tables,
    /// AWS's services that are not here.
    pub other_services: OtherServices,
    /// Calls those of them that the server itself needs.
    pub aws: AwsClient,
    /// Who may use this server.
    pub access: Access,
    /// Signs people in to the console by a provider.
    pub oidc: Option<Oidc>,
    /// Which tokens of those who call APIs are believed.
    pub tokens: Tokens,
    /// Moves the clock, where it can be.
    pub winder: Option<Arc<Winder>>,
    /// Who answers what executions wait for.
    pub answers: Arc<Answers>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The URL of the main port.
    pub endpoint: String,
    /// What executions would cost on AWS.
    pub prices: Prices,
    /// Where traces are sent.
    pub otlp_endpoint: Option<String>,
    /// What is noted for people and their tools.
    pub diagnostics: Arc<Diagnostics>,
    /// Where developers find the code that runs.
    pub own_sources: Arc<OwnSources>,
    /// Bounds the live views.
    pub streams: Arc<Semaphore>,
    /// Bounds those who wait for what a function returns.
    pub callers: Callers,
    /// Tells of parallels and maps that ended by a checkpoint: the execution, and the operations that they are.
    pub ended_batches: broadcast::Sender<(ExecutionArn, BTreeSet<String>)>,
    /// Whose turn it is to look for an activity's tasks.
    pub activity_turns: ActivityTurns,
    /// Tasks that a shutdown waits for.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
    /// Answers requests about stacks, where they are deployed over the API.
    pub stacks: OnceLock<StackRequests>,
    /// What is stored is another program's: it is shown, and nothing of it is driven or changed.
    pub only_looks: bool,
}

impl App {
    /// The time of the machine, which the clock here may be ahead of.
    pub fn machine_now(&self) -> Timestamp {
        let clock = self.driver.clock();
        Timestamp::from_millis(clock.now().as_millis() - clock.ahead_millis())
    }

    pub fn new_request_id(&self) -> RequestId {
        self.driver.new_accepted_id()
    }

    /// Changes functions and machines while nobody else does: to the end, as [`Self::to_the_end`].
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

    /// Runs work to its end even when the client that asked for it hangs up half way.
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
