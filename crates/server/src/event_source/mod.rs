//! Event source mappings: functions that work off queues, at AWS or at an emulator.
//!
//! Each mapping has a poller of its own ([`poller`]), which hands batches to the function ([`batch`]). A message is
//! hidden while the function works on it ([`hidden`]), and deleted only once the function has worked it off; after any
//! failure in between it becomes visible in its queue again.

mod batch;
mod event;
mod hidden;
mod poller;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use model::FunctionName;
use stdx::panic_message;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::functions::EventSourceMapping;
use poller::Poller;

/// How long a queue is left alone after its poller panicked.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(30);

/// How often one of several servers checks which queues it reads.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// All pollers: one for each enabled mapping that this server reads.
pub(crate) struct Pollers {
    app: Arc<App>,
    shutdown: CancellationToken,
    running: BTreeMap<Key, Running>,
    tasks: JoinSet<Key>,
    /// Whether there are queues that other servers read.
    has_others: bool,
}

/// A mapping and its function: a template may move a mapping to another function, and it ends at the first function
/// only when the batches at work there are done.
type Key = (FunctionName, String);

struct Running {
    mapping: EventSourceMapping,
    stop: CancellationToken,
}

impl Pollers {
    pub fn new(app: Arc<App>, shutdown: CancellationToken) -> Self {
        Self {
            app,
            shutdown,
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            has_others: false,
        }
    }

    /// Starts and stops pollers as the mappings change, until the shutdown. Nothing is read before the first
    /// deployment: it says which functions can run, and has the queues created.
    pub async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        loop {
            tokio::select! {
                () = self.app.registry.event_source_states.change() => {}
                // By then this server may read other queues.
                () = sleep(LOOK_AGAIN), if self.app.cluster.is_some() && (self.has_others || !self.running.is_empty()) => {}
                Some(ended) = self.tasks.join_next() => self.ended(ended),
                () = shutdown.cancelled() => break,
            }
            let mut wanted = self.app.registry.event_sources();
            let count = wanted.len();
            wanted.retain(|(_, mapping)| self.app.driver.does(&mapping.uuid));
            self.has_others = wanted.len() < count;
            self.stop_others(&wanted);
            for (function, mapping) in wanted {
                self.start_or_forget(function, mapping).await;
            }
        }
        // Each poller has heard of the shutdown as well.
        while let Some(ended) = self.tasks.join_next().await {
            self.ended(ended);
        }
    }

    /// Stops the pollers whose mapping is gone or has changed.
    fn stop_others(&self, wanted: &[(FunctionName, EventSourceMapping)]) {
        for ((function, uuid), running) in &self.running {
            let mut wanted = wanted.iter();
            let wanted = wanted.find(|(name, it)| name == function && it.uuid == *uuid);
            let stays = wanted.is_some_and(|(_, it)| {
                it.enabled && !it.deleting && it.is_read_as(&running.mapping)
            });
            if !stays {
                running.stop.cancel();
            }
        }
    }

    async fn start_or_forget(&mut self, function: FunctionName, mapping: EventSourceMapping) {
        let key = (function.clone(), mapping.uuid.clone());
        if self.running.contains_key(&key) {
            return;
        }
        if mapping.deleting {
            if let Err(fault) = self.forget(&function, &mapping.uuid).await {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(%function, error, "a deleted event source mapping is still stored");
            }
            return;
        }
        let is_elsewhere = self.running.keys().any(|(_, uuid)| *uuid == mapping.uuid);
        if !mapping.enabled || is_elsewhere {
            return;
        }
        let stop = self.shutdown.child_token();
        let running = Running {
            mapping: mapping.clone(),
            stop: stop.clone(),
        };
        self.running.insert(key.clone(), running);
        self.app.registry.event_source_states.set_reading(&mapping);
        let poller = Poller::new(Arc::clone(&self.app), function, mapping, stop);
        self.tasks.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(poller.run()).catch_unwind().await {
                let reason = panic_message(panic.as_ref());
                let (function, mapping) = &key;
                tracing::error!(%function, mapping, reason, "reading a queue has panicked");
                // A restart at once would most likely panic again.
                sleep(PAUSE_AFTER_PANIC).await;
            }
            key
        });
    }

    async fn forget(&self, function: &FunctionName, uuid: &str) -> Result<(), store::StoreFault> {
        let app = &self.app;
        let store = app.driver.store();
        let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
        let mut settings = app.registry.settings(function).as_ref().clone();
        settings
            .event_sources
            .retain(|it| it.uuid != uuid || !it.deleting);
        changes.put_settings(function, settings).await?;
        let mut others = app.registry.event_sources().into_iter();
        if !others.any(|(_, it)| it.uuid == uuid) {
            app.registry.event_source_states.forget(uuid);
        }
        Ok(())
    }

    fn ended(&mut self, ended: Result<Key, tokio::task::JoinError>) {
        match ended {
            Ok(key) => {
                self.running.remove(&key);
                self.app.registry.event_source_states.set_stopped(&key.1);
            }
            Err(error) => tracing::error!(%error, "a queue is not read any more"),
        }
    }
}
