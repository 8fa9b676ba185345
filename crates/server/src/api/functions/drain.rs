//! Deleting functions: a function that is being deleted stays until its durable executions have
//! ended.

use std::sync::Arc;
use std::time::Duration;

use model::{ExecutionId, ExecutionStatus, FunctionName, Version};
use stdx::error_chain;
use store::{ExecutionFilter, StoreFault};
use wire::ApiError;

use crate::app::App;
use crate::functions::is_needed;

/// Pause before the store is asked again after a failure, and while invocations wait for a version.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a function or version cannot be deleted yet.
#[derive(Debug)]
pub(crate) enum StillNeeded {
    /// One of its executions is running.
    Execution(ExecutionId),
    /// An accepted invocation will run this version.
    Invocation,
}

/// A function, or one of its versions, that is being deleted.
#[derive(Debug, Clone)]
pub(crate) struct Draining {
    pub function: FunctionName,
    pub version: Option<u64>,
}

impl App {
    /// Continues every deletion that an earlier run did not finish.
    pub fn resume_draining(self: &Arc<Self>) {
        for (function, version) in self.registry.deleting() {
            self.drain(Draining { function, version });
        }
    }

    /// Marks a function or version as being deleted, and removes it as soon as it is no longer
    /// needed.
    pub async fn delete(self: &Arc<Self>, draining: Draining) -> Result<(), ApiError> {
        let app = Arc::clone(self);
        self.to_the_end(async move {
            {
                let store = app.driver.store();
                let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
                let Draining { function, version } = &draining;
                changes.begin_delete(function, *version).await?;
            }
            if app.try_delete(&draining).await?.is_some() {
                app.drain(draining);
            }
            Ok(())
        })
        .await
    }

    /// Waits in a task of its own until the executions have ended, and then removes the function.
    pub fn drain(self: &Arc<Self>, draining: Draining) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            let shutdown = app.shutdown.clone();
            // A shutdown ends the waiting; the next run continues from the stored mark.
            tokio::select! {
                () = app.drain_to_the_end(&draining) => {}
                () = shutdown.cancelled() => {}
            }
        });
    }

    async fn drain_to_the_end(&self, draining: &Draining) {
        loop {
            let looked = match self.try_delete(draining).await {
                Ok(None) => return,
                Ok(Some(StillNeeded::Execution(running))) => {
                    self.driver.wait_ended(&running).await.map(drop)
                }
                Ok(Some(StillNeeded::Invocation)) => {
                    tokio::time::sleep(PAUSE).await;
                    Ok(())
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = looked {
                let (function, error) = (&draining.function, error_chain(&fault));
                tracing::error!(%function, error, "failed to delete a function; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Removes the function, unless something still needs it: then returns the reason.
    pub async fn try_delete(&self, draining: &Draining) -> Result<Option<StillNeeded>, StoreFault> {
        let Draining { function, version } = draining;
        let store = self.driver.store();
        let changes = self
            .registry
            .changes(store.as_ref(), self.driver.now())
            .await;
        let settings = self.registry.settings(function);
        let marked = match version {
            None => settings.deleting,
            Some(number) => settings.deleting_versions.contains(number),
        };
        // A deployment may have removed the mark, because the function is needed again.
        if !marked {
            return Ok(None);
        }
        let filter = ExecutionFilter {
            function: Some(function.clone()),
            version: version.map(Version::Published),
            statuses: vec![
                ExecutionStatus::Running,
                ExecutionStatus::Pausing,
                ExecutionStatus::Paused,
            ],
            limit: 1,
            ..ExecutionFilter::default()
        };
        if let Some(running) = store.list(filter).await?.into_iter().next() {
            return Ok(Some(StillNeeded::Execution(running.arn.id)));
        }
        if let Some(number) = version
            && is_needed(&store.versions_needed().await?, function, *number)
        {
            return Ok(Some(StillNeeded::Invocation));
        }
        changes.end_delete(function, *version).await?;
        self.upkeep.notify_one();
        tracing::info!(%function, ?version, "deleted");
        Ok(None)
    }
}
