//! The state that the handle and the tasks of all processes share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;

use crate::config::HostConfig;
use crate::log::LogSink;
use crate::open_files::OpenFilesLimit;
use crate::pool::Pools;
use crate::process::{Launcher, Sweeper};

/// See the module.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) launcher: Launcher,
    pub(crate) tasks: TaskTracker,
    /// Holds the grace period once the host shuts down.
    pub(crate) shutdown: watch::Sender<Option<Duration>>,
    pub(crate) pools: Mutex<Pools>,
    pub(crate) runtime: Handle,
    pub(crate) process_ids: AtomicU64,
    pub(crate) tickets: AtomicU64,
    pub(crate) open_files: OpenFilesLimit,
    pub(crate) sweeper: Sweeper,
    pub(crate) refused_connections: Arc<AtomicU64>,
    /// Notified when a process has ended, so that others may find room.
    pub(crate) room: Notify,
}

impl Shared {
    pub(crate) fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools
            .lock()
            .expect("nothing panics while it holds the pools")
    }
}
