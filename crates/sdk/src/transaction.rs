//! Steps that write to the application's own tables, in the transaction that records them.
//!
//! A transaction is a call of its own, made by the driver between its checkpoints: everything before it is recorded
//! first, and its end is recorded together with its writes or not at all. Its body runs on the thread where the service
//! commits.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use lambda_api::{OperationAction, OperationStatus, OperationType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::error::{BoxError, Failure, StepError};
use crate::operation::ends;
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::retry::RetryStrategy;
use crate::step::{
    StepPolicy, attempt_failed, execute, is_pending, next_attempt, recorded_failure,
    recorded_result,
};
use crate::transacting::{Body, Transacting, Transaction};
use crate::unfinished::Unfinished;

impl DurableContext {
    /// Runs `body` as a step whose writes to the application's own tables are durable together with its result, or not
    /// at all: exactly once, even if the program is killed at any point.
    ///
    /// Only in a program that keeps its executions itself ([`embedded`](crate::embedded)), with tables in the same SQLite
    /// file. Elsewhere there is no such file, and it fails with
    /// [`FailureKind::InvalidUse`](crate::FailureKind::InvalidUse) before anything is recorded.
    ///
    /// `body` runs on the thread that commits for the whole program, so it should read and write and do nothing else.
    /// It is normally called once per attempt, and again if other work in the same commit failed; the tables keep the
    /// writes of one call only. A failed attempt leaves nothing, and is repeated under the
    /// [retry strategy](TransactionStep::retry).
    ///
    /// ```no_run
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// let balance: i64 = ctx
    ///     .transaction("withdraw", |tx| {
    ///         tx.execute("UPDATE accounts SET balance = balance - 50 WHERE owner = 'Alice'", [])?;
    ///         tx.query_row("SELECT balance FROM accounts WHERE owner = 'Alice'", [], |row| row.get(0))
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn transaction<T, E, F>(&self, name: impl Into<String>, body: F) -> TransactionStep<T>
    where
        F: Fn(&Transaction<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send,
        E: Into<BoxError>,
    {
        let mut spec = self.claim(OperationType::Step, "Transaction");
        spec.name = Some(name.into());
        let body = move |transaction: &Transaction<'_>| {
            let ran = body(transaction);
            let value = ran.map_err(|error| Failure::from_user(error, StepError::WIRE_TYPE))?;
            payload::encode(&value)
        };
        TransactionStep {
            context: self.clone(),
            spec,
            body: Arc::new(body),
            policy: StepPolicy::default(),
            value: PhantomData,
        }
    }
}

/// A transaction that was called and not awaited yet; see [`DurableContext::transaction`].
#[must_use = "a transaction does nothing until it is awaited"]
pub struct TransactionStep<T> {
    context: DurableContext,
    spec: OperationSpec,
    body: Arc<Body>,
    policy: StepPolicy,
    value: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for TransactionStep<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TransactionStep")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> TransactionStep<T> {
    /// Decides whether and when a failed attempt is followed by another.
    pub fn retry(mut self, strategy: RetryStrategy) -> Self {
        self.policy.retry = strategy;
        self
    }

    async fn run(&self) -> Result<T, Failure> {
        let (context, spec) = (&self.context, &self.spec);
        let execution = context.execution();
        context.check(spec)?;
        let mut recorded = context.look_up(spec).await;
        let has_ended = recorded.as_deref().is_some_and(|it| ends(&it.status));
        if !execution.has_transactions && !has_ended {
            return Err(Failure::invalid(
                "this function does not run in a program with a SQLite file of its own (`lambdura::embedded`), so there \
                 are no tables that a transaction could write to (nor are there in a test in memory): use a step, and \
                 write to a database from there",
            ));
        }
        loop {
            let attempt = next_attempt(recorded.as_deref());
            let is_new = match recorded.as_deref().map(|operation| &operation.status) {
                Some(OperationStatus::Succeeded) => {
                    return payload::decode(recorded_result(recorded.as_deref()));
                }
                Some(OperationStatus::Pending) => {
                    recorded = Some(execution.park(spec, is_pending).await);
                    continue;
                }
                // It began, and none of its writes exist: they would have been committed together with its end.
                Some(OperationStatus::Started) => false,
                None | Some(OperationStatus::Ready) => true,
                Some(_) => return Err(recorded_failure(recorded.as_deref())),
            };
            let transacting = Arc::new(Transacting::new(
                spec.name.clone().unwrap_or_default(),
                is_new.then(|| spec.update(OperationAction::Start)),
                spec.update(OperationAction::Succeed),
                Arc::clone(&self.body),
            ));
            let run = execution.transact(transacting);
            match execute(context, spec, attempt, run).await {
                Ok(payload) => return payload::decode(Some(&payload)),
                Err(failure) => {
                    if is_new {
                        execution.enqueue(spec.update(OperationAction::Start));
                    }
                    attempt_failed(context, spec, &self.policy, attempt, failure).await?;
                    recorded = execution.recorded(spec);
                }
            }
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for TransactionStep<T> {
    type Output = Result<T, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| StepError::new(self.spec.name.as_deref(), failure))
        })
    }
}
