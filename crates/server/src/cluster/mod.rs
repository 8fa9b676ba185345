//! This server among others that share its store: the notices between servers, and how each server sees the others'
//! deployments.

mod messenger;
mod notices;
mod proof;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use runtime::{Cluster, ClusterConfig, Driver};
use store::{CodeBlobs, Servers, Sessions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::functions::Registry;
use crate::start_error::StartServerError;

pub(crate) use notices::serve;

use messenger::HttpMessenger;
use proof::new_secret;

/// What servers without a common folder share besides the store.
#[derive(Clone)]
pub struct Shared {
    /// Which servers exist, and what each drives.
    pub servers: Arc<dyn Servers>,
    /// The code of functions.
    pub code: Arc<dyn CodeBlobs>,
    /// Users who are signed in to the console, and the secret for session credentials.
    pub sessions: Arc<dyn Sessions>,
}

/// How a server takes part in the cluster.
#[derive(Debug, Clone)]
pub struct ClusterSettings {
    /// Where it listens for other servers; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where other servers reach it, when that is another address: `host:port`.
    pub address: Option<String>,
    /// How long it counts as alive after each sign of life.
    pub lease: Duration,
}

impl ClusterSettings {
    /// Reachable from this machine only.
    pub fn here() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            address: None,
            lease: LEASE,
        }
    }
}

/// The address where this server listens for the others, before it takes part.
pub(crate) struct Peers {
    pub listener: TcpListener,
    pub secret: Arc<str>,
    address: String,
}

impl Peers {
    /// Listens, so that the address is known.
    ///
    /// # Errors
    /// When the address is taken, or the operating system gives no randomness.
    pub async fn open(settings: &ClusterSettings) -> Result<Self, StartServerError> {
        let failed = |cause| StartServerError::Listen {
            address: settings.listen,
            cause,
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            secret: new_secret()?.into(),
            address: settings
                .address
                .clone()
                .unwrap_or_else(|| local.to_string()),
        })
    }

    /// The address under which the other servers know this one.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// This server among the others; it takes part once it runs.
    pub fn cluster(
        &self,
        driver: &Driver,
        registry: &Arc<Registry>,
        shared: Shared,
        lease: Duration,
    ) -> Arc<Cluster> {
        let config = ClusterConfig {
            servers: shared.servers,
            messenger: Arc::new(HttpMessenger::new(Arc::clone(driver.clock()))),
            address: self.address.clone(),
            secret: self.secret.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            reservations: Some(Arc::clone(registry) as _),
            lease,
        };
        Cluster::new(driver.clone(), config)
    }
}

/// The default lease: a dead server is noticed within this time.
pub const LEASE: Duration = Duration::from_secs(3);

/// How often to look for deployments of other servers: aliases and versions are seen everywhere within a second.
const REFRESH_EVERY: Duration = Duration::from_millis(500);

/// Loads deployments of other servers, until the shutdown.
pub(crate) async fn follow_catalogue(app: Arc<App>, shutdown: CancellationToken) {
    let clock = Arc::clone(app.driver.clock());
    loop {
        if let Err(fault) = app.registry.catch_up().await {
            let error = &fault as &dyn std::error::Error;
            tracing::error!(
                error,
                "failed to read what other servers deployed; trying again"
            );
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = clock.sleep(REFRESH_EVERY) => {}
        }
    }
}
