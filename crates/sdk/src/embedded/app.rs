//! A program that runs its own executions.

use std::collections::BTreeSet;
use std::fmt;
use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use engine::{Input, callback_target};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lambda_api::{DurableExecutionSummary, EpochMillis, ExecutionStatus};
use model::{
    CallbackId, ErrorObject, ExecutionArn, ExecutionId, ExecutionName, FunctionArn, FunctionName,
    Payload, Timestamp, Trigger, Version,
};
use runtime::{Clock, Driver, DriverConfig, Invoker as _, ProcessError, StartRequest, SteadyClock};
use serde::Serialize;
use store::{CommitError, Cursor, ExecutionFilter, StoreFault};
use store_sqlite::rusqlite::{self, Connection};
use store_sqlite::{Done, Verdict, Within};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::wire_summary;

use super::builder::Builder;
use super::client::{self, OwnService};
use super::error::{Error, OpenError};
use super::execution::Execution;
use super::ground::{Ground, Tables};
use super::handlers::Handlers;
use super::invoker::{OwnFunctions, OwnInvoker};
use super::schedules::{self, Plan};
use super::start::Start;
use crate::error::{BoxError, Failure};
use crate::invocation::Invoker;
use crate::machine_time::MachineTime;
use crate::service::DurableServiceClient;
use crate::transaction::Transaction;

/// Executions in a page of a list, unless it says otherwise.
const LIST_LIMIT: usize = 100;

/// A program that runs its own executions: a cheap handle, which may be cloned.
///
/// It lives until [`shut_down`](Self::shut_down) or the end of the process, also when every handle is dropped.
///
/// Callbacks are completed, and the tables beside the executions read, by whatever serves people:
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
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub driver: Driver,
    pub invoker: OwnInvoker,
    tables: Option<Tables>,
    steady: Option<SteadyClock>,
    grace: Duration,
    ended: CancellationToken,
    tasks: TaskTracker,
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

    pub(super) async fn start_on(
        builder: Builder,
        handlers: Handlers,
        ground: Ground,
    ) -> Result<Self, OpenError> {
        let plan = schedules::plan(builder.schedules, &handlers)?;
        let Ground {
            store,
            tables,
            clock,
            steady,
            limits,
            seed,
            repeats_requests,
            beside_driver,
            around_functions,
            around_service,
        } = ground;
        let service = OwnService(Arc::new(client::Inner {
            driver: OnceLock::new(),
            within: tables.as_ref().map(|tables| Arc::clone(&tables.within)),
            functions: OnceLock::new(),
            repeats_requests,
        }));
        let asked: Arc<dyn DurableServiceClient> = Arc::new(service.clone());
        let asked = match around_service {
            Some(around) => around(asked),
            None => asked,
        };
        let functions = Arc::new(OwnFunctions {
            handlers,
            invoker: Invoker::shared(asked, builder.plugins, machine_time(&clock)),
            service: service.clone(),
            grace: builder.grace,
            concurrency: builder.concurrency,
            clock: Arc::clone(&clock),
            draining: CancellationToken::new(),
            at_work: TaskTracker::new(),
            missed: Mutex::new(BTreeSet::new()),
        });
        let invoker = OwnInvoker(Arc::clone(&functions));
        let runs: Arc<dyn runtime::Invoker> = Arc::new(invoker.clone());
        let driver = Driver::new(DriverConfig {
            store,
            invoker: match around_functions {
                Some(around) => around(runs),
                None => runs,
            },
            clock,
            limits,
            seed,
        })
        .map_err(|error| OpenError::Chance(error.to_string().into()))?;
        if let Some(beside) = beside_driver {
            beside(&driver);
        }
        let is_first = service.0.functions.set(Arc::downgrade(&functions)).is_ok()
            && service.0.driver.set(driver.downgrade()).is_ok();
        assert!(is_first, "nobody else has this service yet");
        let app = Self {
            inner: Arc::new(Inner {
                driver,
                invoker,
                tables,
                steady,
                grace: builder.grace,
                ended: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        };
        app.run(plan).await?;
        Ok(app)
    }

    /// Starts what goes on by itself.
    async fn run(&self, plan: Plan) -> Result<(), StoreFault> {
        let Inner {
            driver,
            tasks,
            steady,
            ended,
            ..
        } = &*self.inner;
        // A clock that is wound stands until what an earlier run left is taken up.
        let recovers = driver.clock().work();
        let plan = plan.begin(driver.store().as_ref(), driver.now()).await?;
        if let Some(steady) = steady.clone() {
            let until = ended.clone();
            tasks.spawn(async move { steady.keep(until).await });
        }
        let timers = driver.clone();
        tasks.spawn(again_after_panics("timers", move || {
            let driver = timers.clone();
            async move { driver.run_timers().await }
        }));
        let recovering = driver.clone();
        tasks.spawn(async move {
            let _at_work = recovers;
            let taken_up = recovering.recover().await;
            if taken_up > 0 {
                tracing::info!(executions = taken_up, "took up what an earlier run left");
            }
        });
        if !plan.is_empty() {
            let (app, until) = (self.clone(), ended.clone());
            tasks.spawn(async move { plan.run(&app, until).await });
        }
        Ok(())
    }

    /// Is ready when the program has ended.
    pub(super) async fn has_ended(&self) {
        self.inner.ended.cancelled().await;
    }

    /// Starts an execution of a handler: `.await` it, with a name of its own or not.
    pub fn start(&self, handler: impl Into<String>, input: &(impl Serialize + ?Sized)) -> Start {
        Start::new(self.clone(), handler.into(), input)
    }

    /// What to start, of a handler that is registered.
    pub(super) fn request(
        &self,
        function: FunctionName,
        name: Option<ExecutionName>,
        input: String,
        trigger: Trigger,
    ) -> Result<StartRequest, Error> {
        let settings = self
            .inner
            .invoker
            .durable_settings(&function, &Version::Latest)
            .ok_or_else(|| Error::UnknownHandler(function.to_string()))?;
        Ok(StartRequest {
            function: function_arn(function),
            version: Version::Latest,
            name,
            id: None,
            input: Some(Payload::from(input)),
            execution_timeout_seconds: settings.execution_timeout_seconds,
            retention_days: settings.retention_days,
            result_bytes_max: self.inner.driver.limits().sync_result_bytes_max,
            trace_header: None,
            tenant_id: None,
            trigger,
        })
    }

    /// The execution with this ARN, or this id.
    ///
    /// # Errors
    ///
    /// When there is none, or the store fails.
    pub async fn execution(&self, arn: &str) -> Result<Execution, Error> {
        let unknown = || Error::UnknownExecution(arn.to_owned());
        let id = match arn.parse::<ExecutionArn>() {
            Ok(arn) => arn.id,
            Err(_) => ExecutionId::parse(arn).map_err(|_| unknown())?,
        };
        let head = self.inner.driver.store().head(&id).await?;
        let head = head.ok_or_else(unknown)?;
        Ok(Execution::new(self.clone(), head.arn))
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
        let store = self.inner.driver.store();
        let head = store.head_by_name(&handler, &name).await?;
        Ok(head.map(|head| Execution::new(self.clone(), head.arn)))
    }

    /// Lists executions, newest first: `.await` it.
    pub fn list(&self) -> List {
        List {
            app: self.clone(),
            filter: ExecutionFilter {
                limit: LIST_LIMIT,
                ..ExecutionFilter::default()
            },
            is_impossible: false,
        }
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
        let result = json(result)?;
        let max = self.inner.driver.limits().callback_result_bytes_max;
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
        match self.inner.driver.process(&id, input).await {
            Ok(_) => Ok(()),
            // An execution that is gone took its callbacks with it.
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
    /// [`Error::Transaction`] with what `body` fails with, or its panic; [`Error::Store`] when the store fails.
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
        let within = &self.tables()?.within;
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
    /// [`Error::Store`] with what SQLite says.
    pub async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let attempted = "query of the application".to_owned();
        let sqlite = &self.tables()?.sqlite;
        Ok(sqlite.query(attempted, query).await?)
    }

    fn tables(&self) -> Result<&Tables, Error> {
        self.inner.tables.as_ref().ok_or(Error::NoTables)
    }

    /// What drives its executions, for `lambdura-testing` and fault injection; it may change with any release.
    #[doc(hidden)]
    #[must_use]
    pub fn driver(&self) -> &Driver {
        &self.inner.driver
    }

    /// Shuts down: starts no more handlers, lets running ones reach a point where they can suspend (or cuts them off after
    /// the [grace](Builder::shutdown_grace)), completes running commits, and closes the file. Everything continues when
    /// the program is opened again.
    ///
    /// # Errors
    ///
    /// When the store fails to close; what was recorded is safe in any case.
    pub async fn shut_down(&self) -> Result<(), Error> {
        let Inner {
            driver,
            invoker,
            steady,
            grace,
            ended,
            tasks,
            ..
        } = &*self.inner;
        let functions = &invoker.0;
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

/// The error of the application's code, with what the store refused to it.
fn explained(error: BoxError) -> BoxError {
    match store_sqlite::refused_to_application() {
        Some(why) => format!("{error}: {why}").into(),
        None => error,
    }
}

/// Runs a task that the program cannot do without; a panic in it is said, and it begins again.
async fn again_after_panics<F: Future<Output = ()>>(name: &'static str, task: impl Fn() -> F) {
    while let Err(panic) = AssertUnwindSafe(task()).catch_unwind().await {
        let reason = Failure::panicked(panic.as_ref()).message;
        tracing::error!(task = name, reason, "a task has panicked, and begins again");
    }
}

/// What the program's functions take for the time of their machine: that of the executions.
fn machine_time(clock: &Arc<dyn Clock>) -> MachineTime {
    let clock = Arc::clone(clock);
    MachineTime::by(move || EpochMillis(clock.now().as_millis()))
}

/// ARNs of a program are those that `lambdura up` gives: no account and no region mean anything here.
pub(super) fn function_arn(name: FunctionName) -> FunctionArn {
    FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name,
    }
}

pub(super) fn json(value: &(impl Serialize + ?Sized)) -> Result<String, Error> {
    crate::payload::encode(value).map_err(|failure| Error::Json(failure.message))
}

/// A list of executions, newest first; see [`Embedded::list`].
#[must_use = "nothing is listed until this is awaited"]
#[derive(Debug)]
pub struct List {
    app: Embedded,
    filter: ExecutionFilter,
    /// Nothing can be in it.
    is_impossible: bool,
}

impl List {
    /// Only executions of this handler.
    pub fn handler(mut self, handler: &str) -> Self {
        match FunctionName::parse(handler) {
            Ok(name) => self.filter.function = Some(name),
            Err(_) => self.is_impossible = true,
        }
        self
    }

    /// Only executions in this status; more than one may be asked for.
    pub fn status(mut self, status: ExecutionStatus) -> Self {
        use model::ExecutionStatus as Status;
        let status = match status {
            ExecutionStatus::Running => Status::Running,
            ExecutionStatus::Pausing => Status::Pausing,
            ExecutionStatus::Paused => Status::Paused,
            ExecutionStatus::Succeeded => Status::Succeeded,
            ExecutionStatus::Failed => Status::Failed,
            ExecutionStatus::TimedOut => Status::TimedOut,
            ExecutionStatus::Stopped => Status::Stopped,
            ExecutionStatus::Deleting | ExecutionStatus::Unknown(_) => {
                self.is_impossible = true;
                return self;
            }
        };
        self.filter.statuses.push(status);
        self
    }

    /// Only executions that come after this one in the list: the last of the page before.
    pub fn after(mut self, last: &DurableExecutionSummary) -> Self {
        match last.durable_execution_arn.parse::<ExecutionArn>() {
            Ok(arn) => {
                let started_at = EpochMillis::from(last.start_timestamp).0;
                self.filter.after = Some(Cursor {
                    started_at: Timestamp::from_millis(started_at),
                    execution_id: arn.id,
                });
            }
            Err(_) => self.is_impossible = true,
        }
        self
    }

    /// The largest number to return; 100 by default.
    pub fn limit(mut self, limit: usize) -> Self {
        self.filter.limit = limit.max(1);
        self
    }
}

impl IntoFuture for List {
    type Output = Result<Vec<DurableExecutionSummary>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if self.is_impossible {
                return Ok(Vec::new());
            }
            let heads = self.app.inner.driver.store().list(self.filter).await?;
            Ok(heads.iter().map(wire_summary).collect())
        })
    }
}
