//! Waits: timers that the service keeps.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use lambda_api::{OperationAction, OperationStatus, OperationType, WaitOptions};

use crate::context::DurableContext;
use crate::error::{Failure, WaitError};
use crate::operation::Operation;
use crate::operation_id::OperationSpec;
use crate::retry::whole_seconds;
use crate::unfinished::Unfinished;

/// Longest wait: 366 days. Source: service model, `WaitOptions$WaitSeconds`.
const WAIT_MAX: Duration = Duration::from_secs(31_622_400);

impl DurableContext {
    /// Suspends for at least `duration`, which is rounded up to whole seconds (1 second to 366 days).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// ctx.wait(Duration::from_secs(3600)).name("cool-down").await?;
    /// # Ok(()) }
    /// ```
    pub fn wait(&self, duration: Duration) -> Wait {
        Wait {
            context: self.clone(),
            spec: self.claim(OperationType::Wait, "Wait"),
            duration,
        }
    }
}

/// A wait that was called and not awaited yet; see [`DurableContext::wait`].
#[derive(Debug)]
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait {
    context: DurableContext,
    spec: OperationSpec,
    duration: Duration,
}

impl Wait {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let execution = self.context.execution();
        self.context.check(&self.spec)?;
        if self.duration.is_zero() || self.duration > WAIT_MAX {
            return Err(Failure::invalid(format!(
                "a wait takes between 1 second and 366 days, not {} seconds",
                self.duration.as_secs_f64()
            )));
        }
        let recorded = match self.context.look_up(&self.spec).await {
            Some(recorded) => recorded,
            None => {
                let mut start = self.spec.update(OperationAction::Start);
                start.wait_options = Some(WaitOptions {
                    wait_seconds: Some(whole_seconds(self.duration)),
                });
                execution.record(start).await;
                execution.park(&self.spec, is_waiting).await
            }
        };
        if is_waiting(&recorded) {
            execution.park(&self.spec, is_waiting).await;
        }
        Ok(())
    }
}

/// A wait ends when its time is over or when it is cancelled.
fn is_waiting(operation: &Operation) -> bool {
    !matches!(
        operation.status,
        OperationStatus::Succeeded | OperationStatus::Cancelled
    )
}

impl IntoFuture for Wait {
    type Output = Result<(), WaitError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| WaitError::new(self.spec.name.as_deref(), failure))
        })
    }
}
