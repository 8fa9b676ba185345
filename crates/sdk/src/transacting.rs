//! A step on its way through a transaction, from the handler to the service's commit and back.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use lambda_api::{CheckpointDurableExecutionResponse, OperationUpdate};
use store_sqlite::rusqlite::Connection;

use crate::error::{Failure, StepError};
use crate::service::ServiceError;

/// The transaction that a [`DurableContext::transaction`](crate::DurableContext::transaction) writes in: a
/// connection of `rusqlite` to the program's file.
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

/// The function that a transaction runs; it returns the result as text.
pub(crate) type Body = dyn Fn(&Transaction<'_>) -> Result<String, Failure> + Send + Sync;

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
    /// The outcome of the body's last run.
    last: Option<Transacted>,
    /// Whether that outcome is final.
    is_settled: bool,
}

impl fmt::Debug for Transacting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "transaction {}", self.name)
    }
}

impl Transacting {
    /// `start` is the update that records the step's start, `None` if that is recorded; `succeed` records its success.
    pub(crate) fn new(
        name: String,
        start: Option<OperationUpdate>,
        succeed: OperationUpdate,
        body: Arc<Body>,
    ) -> Self {
        Self {
            name,
            start,
            succeed,
            body,
            outcome: Mutex::default(),
        }
    }

    /// The updates that record the step's success, without the result.
    pub(crate) fn updates(&self) -> Vec<OperationUpdate> {
        let start = self.start.iter().cloned();
        start.chain([self.succeed.clone()]).collect()
    }

    /// Runs the body; returns the updates that record its success, or `None` if it failed and its writes must be
    /// undone.
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

    /// The body's writes were undone, even if the body returned success.
    pub(crate) fn undone(&self, why: String) {
        self.last(Err(Failure::failed(StepError::WIRE_TYPE, why)));
    }

    /// The updates with the body's result cannot be recorded.
    pub(crate) fn refuse(&self, why: String) {
        self.last(Err(Failure::invalid(why)));
    }

    fn last(&self, ran: Transacted) {
        self.lock().last = Some(ran);
    }

    /// Makes the last outcome final.
    pub(crate) fn settle(&self) {
        self.lock().is_settled = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the outcome, once it is final.
    pub(crate) fn outcome(&self) -> Option<Transacted> {
        let mut outcome = self.lock();
        if outcome.is_settled {
            outcome.last.take()
        } else {
            None
        }
    }

    /// The step's name, for error messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// A service that commits in the program's own file.
pub trait Transactions: Send + Sync {
    /// Runs the body within a transaction and records its success. `None`: the body failed, and nothing has changed.
    fn transact<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        transacting: Arc<Transacting>,
    ) -> BoxFuture<'a, Result<Option<CheckpointDurableExecutionResponse>, ServiceError>>;
}
