//! Steps that write to the application's own tables, in the transaction that records them.
//!
//! A transaction is a call of its own, made by the driver between its checkpoints: everything before it is recorded
//! first, and its end is recorded with what it wrote or not at all. Its body runs where the service commits.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use lambda_api::{
    CheckpointDurableExecutionResponse, EpochMillis, OperationAction, OperationStatus,
    OperationType, OperationUpdate,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store_sqlite::rusqlite::Connection;

use crate::checkpointer::Batch;
use crate::context::DurableContext;
use crate::driver::{Accepted, CallResult, remaining_state};
use crate::error::{BoxError, Failure, StepError};
use crate::operation::ends;
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::retry::RetryStrategy;
use crate::service::{DurableServiceClient, ServiceError};
use crate::step::{
    StepPolicy, attempt_failed, execute, is_pending, next_attempt, recorded_failure,
    recorded_result,
};
use crate::unfinished::Unfinished;

/// The transaction that a [`DurableContext::transaction`] writes in: a connection of `rusqlite` to the program's file.
///
/// It is committed with the step's record after the function returns `Ok`, and undone when it returns `Err` or panics.
/// It cannot be ended by hand, and the tables of the durable executions cannot be written to.
pub struct Transaction<'a> {
    connection: &'a Connection,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Transaction")
            .finish_non_exhaustive()
    }
}

impl DurableContext {
    /// Runs `body` as a step whose writes to the application's own tables are durable together with its result, or not
    /// at all: exactly once, whenever the program dies.
    ///
    /// Only in a program that keeps its executions itself ([`embedded`](crate::embedded)), with tables in the same SQLite
    /// file. Elsewhere there is no such file, and it fails with
    /// [`FailureKind::InvalidUse`](crate::FailureKind::InvalidUse) before anything is recorded.
    ///
    /// `body` runs on the thread that commits for the whole program, so it should read and write and do nothing else. It
    /// is called once per attempt as a rule, and again if what it was committed with could not be; what counts in the
    /// tables is one call. A failed attempt leaves nothing, and is repeated under the
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

type Body = dyn Fn(&Transaction<'_>) -> Result<String, Failure> + Send + Sync;

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
                // It began and nothing of it is there: its end is recorded with what it wrote.
                Some(OperationStatus::Started) => false,
                None | Some(OperationStatus::Ready) => true,
                Some(_) => return Err(recorded_failure(recorded.as_deref())),
            };
            let transacting = Arc::new(Transacting {
                name: spec.name.clone().unwrap_or_default(),
                start: is_new.then(|| spec.update(OperationAction::Start)),
                succeed: spec.update(OperationAction::Succeed),
                body: Arc::clone(&self.body),
                outcome: Mutex::default(),
            });
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

/// The recorded result as text, or why the body failed.
pub(crate) type Transacted = Result<String, Failure>;

/// A step on its way through a transaction.
pub struct Transacting {
    name: String,
    start: Option<OperationUpdate>,
    succeed: OperationUpdate,
    body: Arc<Body>,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    /// What the body came to when it last ran.
    last: Option<Transacted>,
    /// Whether that is final.
    is_settled: bool,
}

impl fmt::Debug for Transacting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "transaction {}", self.name)
    }
}

impl Transacting {
    /// Runs the body; returns the updates that record its success. None: it failed, and what it wrote is to be undone.
    pub(crate) fn run(&self, connection: &Connection) -> Option<Vec<OperationUpdate>> {
        let transaction = Transaction::new(connection);
        let ran = catch_unwind(AssertUnwindSafe(|| (self.body)(&transaction)));
        let ran = ran.unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
        let ran = ran.map_err(|mut failure| {
            if let Some(why) = store_sqlite::refused_to_application() {
                failure.message = format!("{}: {why}", failure.message);
            }
            failure
        });
        let updates = ran.as_ref().ok().map(|payload| {
            let mut succeed = self.succeed.clone();
            succeed.payload = Some(payload.clone());
            self.start.iter().cloned().chain([succeed]).collect()
        });
        self.last(ran);
        updates
    }

    /// What it wrote was undone, whatever the body says.
    pub(crate) fn undone(&self, why: String) {
        self.last(Err(Failure::failed(StepError::WIRE_TYPE, why)));
    }

    /// What it writes cannot be recorded.
    pub(crate) fn refuse(&self, why: String) {
        self.last(Err(Failure::invalid(why)));
    }

    fn last(&self, ran: Transacted) {
        self.lock().last = Some(ran);
    }

    fn settle(&self) {
        self.lock().is_settled = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it came to, once that is final.
    pub(crate) fn outcome(&self) -> Option<Transacted> {
        let mut outcome = self.lock();
        if outcome.is_settled {
            outcome.last.take()
        } else {
            None
        }
    }

    /// For faults: what is being done.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// A service that commits in the program's own file.
pub trait Transactions: Send + Sync {
    /// Runs the body within a transaction and records what it came to. None: the body failed, and nothing has changed.
    fn transact<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        transacting: Arc<Transacting>,
    ) -> BoxFuture<'a, Result<Option<CheckpointDurableExecutionResponse>, ServiceError>>;
}

/// The call of a transaction.
pub(crate) async fn call(
    client: Arc<dyn DurableServiceClient>,
    arn: String,
    checkpoint_token: String,
    transacting: Arc<Transacting>,
) -> CallResult {
    let transactions = client
        .transactions()
        .expect("a step asks whether there are transactions before it begins one");
    let transacted = transactions.transact(&arn, &checkpoint_token, Arc::clone(&transacting));
    let mut accepted = Accepted {
        checkpoint_token: Some(checkpoint_token.clone()),
        batch: Batch {
            updates: Vec::new(),
            ends_execution: false,
        },
        operations: Vec::new(),
    };
    if let Some(response) = transacted.await? {
        accepted.checkpoint_token = response.checkpoint_token.filter(|it| !it.is_empty());
        let mut operations = response.new_execution_state.operations;
        if let Some(token) = &accepted.checkpoint_token {
            let marker = response.new_execution_state.next_marker;
            operations.extend(remaining_state(client.as_ref(), &arn, token, marker).await?);
        }
        let operations = operations.into_iter();
        accepted.operations = operations
            .map(|operation| operation.map_timestamps(EpochMillis::from))
            .collect();
        let start = transacting.start.iter().cloned();
        accepted.batch.updates = start.chain([transacting.succeed.clone()]).collect();
    }
    // The waiting task is woken when the driver takes this over.
    transacting.settle();
    Ok(accepted)
}
