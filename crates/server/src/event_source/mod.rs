//! Event source mappings: functions that work off queues, at AWS or at an emulator.
//!
//! Each mapping has a poller of its own ([`poller`]), which hands batches to the function ([`batch`]). A message is
//! deleted only once a function has worked it off; whatever comes between, it becomes visible in its queue again.

mod batch;
mod event;
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

/// How long a queue is left alone whose poller panicked.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(30);

/// All pollers: those of the mappings that there are.
pub(crate) struct Pollers {
    app: Arc<App>,
    shutdown: CancellationToken,
    running: BTreeMap<String, Running>,
    tasks: JoinSet<String>,
}

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
        }
    }

    /// Keeps the pollers those of the mappings, until the shutdown. Nothing is read before the first deployment: it says
    /// which functions can run, and has the queues created.
    pub async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        loop {
            tokio::select! {
                () = self.app.registry.event_source_states.change() => {}
                Some(ended) = self.tasks.join_next() => self.ended(ended),
                () = shutdown.cancelled() => break,
            }
            let wanted = self.app.registry.event_sources();
            self.stop_others(&wanted);
            for (function, mapping) in wanted {
                if !self.running.contains_key(&mapping.uuid) {
                    self.start_or_forget(function, mapping).await;
                }
            }
        }
        // Each has heard of the shutdown as well.
        while let Some(ended) = self.tasks.join_next().await {
            self.ended(ended);
        }
    }

    /// Has those stop whose mapping is gone, or is another one by now.
    fn stop_others(&self, wanted: &[(FunctionName, EventSourceMapping)]) {
        for (uuid, running) in &self.running {
            let wanted = wanted.iter().find(|(_, it)| it.uuid == *uuid);
            let stays = wanted.is_some_and(|(_, it)| {
                it.enabled && !it.deleting && it.is_read_as(&running.mapping)
            });
            if !stays {
                running.stop.cancel();
            }
        }
    }

    async fn start_or_forget(&mut self, function: FunctionName, mapping: EventSourceMapping) {
        if mapping.deleting {
            if let Err(fault) = self.forget(&function, &mapping.uuid).await {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(%function, error, "a deleted event source mapping is still stored");
            }
            return;
        }
        if !mapping.enabled {
            return;
        }
        let stop = self.shutdown.child_token();
        let uuid = mapping.uuid.clone();
        let running = Running {
            mapping: mapping.clone(),
            stop: stop.clone(),
        };
        self.running.insert(uuid.clone(), running);
        self.app.registry.event_source_states.set_reading(&mapping);
        let poller = Poller::new(Arc::clone(&self.app), function, mapping, stop);
        self.tasks.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(poller.run()).catch_unwind().await {
                let reason = panic_message(panic.as_ref());
                tracing::error!(mapping = uuid, reason, "reading a queue has panicked");
                // It would again, most likely.
                sleep(PAUSE_AFTER_PANIC).await;
            }
            uuid
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
        app.registry.event_source_states.forget(uuid);
        Ok(())
    }

    fn ended(&mut self, ended: Result<String, tokio::task::JoinError>) {
        match ended {
            Ok(uuid) => {
                self.running.remove(&uuid);
                self.app.registry.event_source_states.set_stopped(&uuid);
            }
            Err(error) => tracing::error!(%error, "a queue is not read any more"),
        }
    }
}
