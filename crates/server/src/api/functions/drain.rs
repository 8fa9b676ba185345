//! Deleting functions: what is being deleted stays until its durable executions have ended.

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

/// What a function or version that is being deleted waits for.
#[derive(Debug)]
pub(crate) enum StillNeeded {
    /// An execution of it runs.
    Execution(ExecutionId),
    /// Something that was accepted will be invoked with this version.
    Invocation,
}

/// Something that is being deleted: a function, or one version of it.
#[derive(Debug, Clone)]
pub(crate) struct Draining {
    pub function: FunctionName,
    pub version: Option<u64>,
}

impl App {
    /// Goes on with every deletion that an earlier run did not end.
    pub fn resume_draining(self: &Arc<Self>) {
        for (function, version) in self.registry.deleting() {
            self.drain(Draining { function, version });
        }
    }

    /// Marks something as being deleted, and forgets it as soon as nothing needs it.
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

    /// Waits for the executions, in a task of its own, and then forgets the function.
    pub fn drain(self: &Arc<Self>, draining: Draining) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            let shutdown = app.shutdown.clone();
            // A shutdown ends the waiting; the next run goes on from the stored mark.
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

    /// Forgets the function unless it is needed: then says by what.
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
        // A deployment may have taken the mark away: the function is wanted after all.
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
