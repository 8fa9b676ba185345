//! The parts of a server that deployments change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::gateway::ServedApi;
use crate::http::connections::Connections;
use crate::http::tls::Tls;
use crate::schedule::Schedules;
use crate::server::{Server, ServerConfig};

/// The parts of a server that deployments change. Clones belong to the same server.
#[derive(Clone)]
pub(super) struct Ground {
    pub app: Arc<App>,
    pub config: Arc<ServerConfig>,
    pub tls: Option<Tls>,
    pub schedules: Arc<Schedules>,
    /// By stack and logical id.
    pub apis: Arc<Mutex<BTreeMap<(String, String), ServedApi>>>,
    pub tasks: TaskTracker,
    pub connections: Connections,
    pub shutdown: CancellationToken,
}

impl Ground {
    pub fn of(server: &Server) -> Self {
        Self {
            app: Arc::clone(&server.app),
            config: Arc::clone(&server.config),
            tls: server.tls.clone(),
            schedules: Arc::clone(&server.schedules),
            apis: Arc::clone(&server.apis),
            tasks: server.tasks.clone(),
            connections: server.connections.clone(),
            shutdown: server.shutdown.clone(),
        }
    }
}
