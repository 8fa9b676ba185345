//! A program that runs its own executions.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use engine::{Input, callback_target};
use model::{
    CallbackId, ErrorObject, ExecutionArn, ExecutionId, ExecutionName, FunctionName, Payload,
};
use runtime::{Driver, ProcessError};
use serde::Serialize;
use store::CommitError;
use store_sqlite::rusqlite::{self, Connection};
use store_sqlite::{Done, Verdict, Within};

use super::builder::Builder;
use super::error::Error;
use super::execution::Execution;
use super::list::List;
use super::program::Program;
use super::start::Start;
use crate::error::{BoxError, Failure};
use crate::payload;
use crate::transacting::Transaction;

/// A program that runs its own executions: a cheap handle, which may be cloned.
///
/// It lives until [`shut_down`](Self::shut_down) or the end of the process, also when every handle is dropped.
///
/// The code that serves people, such as a web server, completes callbacks, and reads the tables beside the executions:
///
/// ```no_run
/// # use lambdura::BoxError;
/// # use lambdura::embedded::Embedded;
/// # async fn served(app: Embedded, callback_id: &str, is_approved: Option<bool>) -> Result<(), BoxError> {
/// match is_approved {
///     Some(true) => app.send_callback_success(callback_id, &"approved").await?,
///     Some(false) => app.send_callback_failure(callback_id, "Declined", "too much").await?,
///     // Somebody looks at it.
///     None => app.send_callback_heartbeat(callback_id).await?,
/// }
/// let open: i64 = app
///     .query(|file| file.query_row("SELECT count(*) FROM applications WHERE decided_at IS NULL", [], |row| row.get(0)))
///     .await?;
/// println!("{open} applications are open");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Embedded {
    pub(super) program: Arc<Program>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl Embedded {
    /// A program with its executions in the SQLite file at `path`, which need not exist yet.
    ///
    /// The file may contain your own tables. The `user_version` and the `application_id` of the file, and the names of
    /// the executions' tables, are reserved.
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder::new(path.as_ref())
    }

    /// Starts an execution of a handler: `.await` it, with or without giving it a name first.
    pub fn start(&self, handler: impl Into<String>, input: &(impl Serialize + ?Sized)) -> Start {
        Start::new(Arc::clone(&self.program), handler.into(), input)
    }

    /// The execution with this ARN, or this id.
    ///
    /// # Errors
    ///
    /// When there is no such execution, or the store fails.
    pub async fn execution(&self, arn: &str) -> Result<Execution, Error> {
        let unknown = || Error::UnknownExecution(arn.to_owned());
        let id = match arn.parse::<ExecutionArn>() {
            Ok(arn) => arn.id,
            Err(_) => ExecutionId::parse(arn).map_err(|_| unknown())?,
        };
        let head = self.program.driver.store().head(&id).await?;
        let head = head.ok_or_else(unknown)?;
        Ok(Execution::new(Arc::clone(&self.program), head.arn))
    }

    /// The execution of a handler with this name, if there is one.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn find(&self, handler: &str, name: &str) -> Result<Option<Execution>, Error> {
        let (Ok(handler), Ok(name)) = (FunctionName::parse(handler), ExecutionName::parse(name))
        else {
            return Ok(None);
        };
        let store = self.program.driver.store();
        let head = store.head_by_name(&handler, &name).await?;
        Ok(head.map(|head| Execution::new(Arc::clone(&self.program), head.arn)))
    }

    /// Lists executions, newest first: `.await` it.
    pub fn list(&self) -> List {
        List::new(Arc::clone(&self.program))
    }

    /// Completes a callback with a result.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the callback, or its execution, has ended.
    pub async fn send_callback_success(
        &self,
        callback_id: &str,
        result: &(impl Serialize + Sync + ?Sized),
    ) -> Result<(), Error> {
        let result = payload::encode(result).map_err(Error::of_payload)?;
        let max = self.program.driver.limits().callback_result_bytes_max;
        if result.len() > max {
            return Err(Error::Refused(format!(
                "the callback's result has {} bytes, and {max} are the most",
                result.len()
            )));
        }
        self.complete(callback_id, |operation_id, callback_id| {
            Input::CallbackSucceeded {
                operation_id,
                callback_id,
                result: Some(Payload::from(result)),
            }
        })
        .await
    }

    /// Completes a callback with an error: its type, for programs, and its message, for people.
    ///
    /// # Errors
    ///
    /// As for [`send_callback_success`](Self::send_callback_success).
    pub async fn send_callback_failure(
        &self,
        callback_id: &str,
        error_type: &str,
        message: &str,
    ) -> Result<(), Error> {
        let error = ErrorObject::new(error_type, message);
        self.complete(callback_id, |operation_id, callback_id| {
            Input::CallbackFailed {
                operation_id,
                callback_id,
                error,
            }
        })
        .await
    }

    /// Sends a heartbeat for a callback: the work behind it is still in progress.
    ///
    /// # Errors
    ///
    /// As for [`send_callback_success`](Self::send_callback_success).
    pub async fn send_callback_heartbeat(&self, callback_id: &str) -> Result<(), Error> {
        self.complete(callback_id, |operation_id, callback_id| {
            Input::CallbackHeartbeat {
                operation_id,
                callback_id,
            }
        })
        .await
    }

    async fn complete(
        &self,
        callback_id: &str,
        input: impl FnOnce(model::OperationId, CallbackId) -> Input,
    ) -> Result<(), Error> {
        let unknown = || Error::CallbackId(callback_id.to_owned());
        let callback_id = CallbackId::parse(callback_id).map_err(|_| unknown())?;
        let (id, operation_id) = callback_target(&callback_id).ok_or_else(unknown)?;
        let input = input(operation_id, callback_id);
        match self.program.driver.process(&id, input).await {
            Ok(_) => Ok(()),
            // A deleted execution has no open callbacks.
            Err(ProcessError::UnknownExecution(_)) => {
                let closed = engine::Rejection::CallbackClosed;
                Err(Error::Refused(closed.to_string()))
            }
            Err(error) => Err(Error::of_process(error)),
        }
    }

    /// Runs `body` in a transaction of the file, outside any execution: everything it writes is durable when this
    /// returns `Ok`, and nothing is written otherwise. It shares its sync with other commits at the same time.
    ///
    /// Within an execution it is [`DurableContext::transaction`](crate::DurableContext::transaction), which counts once
    /// whenever the program dies.
    ///
    /// # Errors
    ///
    /// [`Error::Transaction`] with the error or the panic of `body`; [`Error::Store`] when the store fails.
    pub async fn transaction<T, E, F>(&self, body: F) -> Result<T, Error>
    where
        F: Fn(&Transaction<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Into<BoxError>,
    {
        let came_to = Arc::new(Mutex::new(None));
        let told = Arc::clone(&came_to);
        let work = move |connection: &Connection| {
            let transaction = Transaction::new(connection);
            let ran = catch_unwind(AssertUnwindSafe(|| body(&transaction)));
            let ran = match ran {
                Ok(ran) => ran.map_err(|error| explained(error.into())),
                Err(panic) => Err(Failure::panicked(panic.as_ref()).message.into()),
            };
            let verdict = match &ran {
                Ok(_) => Verdict::Keep,
                Err(_) => Verdict::Undo,
            };
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(ran);
            verdict
        };
        let attempted = "transaction of the application".to_owned();
        let within = &self.program.tables()?.within;
        let done = within.write_within(Within::new(attempted, work)).await;
        match done {
            Ok(Done::As(_)) => {}
            Ok(Done::Undone(why)) => return Err(Error::Transaction(why.into())),
            Err(CommitError::Fault(fault)) => return Err(fault.into()),
            Err(CommitError::VersionConflict(_) | CommitError::NameTaken(_)) => {
                unreachable!("it is about no execution")
            }
        }
        let came_to = came_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let came_to = came_to.expect("what was written has been run");
        came_to.map_err(Error::Transaction)
    }

    /// Reads from the file, on a read-only connection that does not wait for writers.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with SQLite's error.
    pub async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let attempted = "query of the application".to_owned();
        let sqlite = &self.program.tables()?.sqlite;
        Ok(sqlite.query(attempted, query).await?)
    }

    /// The driver of its executions, for `lambdura-testing` and fault injection; it may change with any release.
    #[doc(hidden)]
    #[must_use]
    pub fn driver(&self) -> &Driver {
        &self.program.driver
    }

    /// Shuts down: starts no more handlers, lets running ones reach a point where they can suspend (or cuts them off after
    /// the [grace](Builder::shutdown_grace)), completes running commits, and closes the file. Everything continues when
    /// the program is opened again.
    ///
    /// # Errors
    ///
    /// When the store fails to close; everything recorded is safe in any case.
    pub async fn shut_down(&self) -> Result<(), Error> {
        let Program {
            driver,
            runner,
            steady,
            grace,
            ended,
            tasks,
            ..
        } = &*self.program;
        let functions = &runner.0;
        functions.draining.cancel();
        functions.at_work.close();
        let paused = tokio::time::timeout(*grace, functions.at_work.wait()).await;
        if paused.is_err() {
            tracing::info!(
                handlers = functions.at_work.len(),
                "handlers are cut off by the shutdown, and continue at the next start"
            );
        }
        ended.cancel();
        driver.shut_down().await;
        tasks.close();
        tasks.wait().await;
        let closed = driver.store().close().await;
        if let Some(steady) = steady {
            steady.end().await;
        }
        closed.map_err(Error::from)
    }
}

/// The error of the application's code, with the reason if the store rejected one of its statements.
fn explained(error: BoxError) -> BoxError {
    match store_sqlite::refused_to_application() {
        Some(why) => format!("{error}: {why}").into(),
        None => error,
    }
}
