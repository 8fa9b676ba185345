//! Runs a handler in the test's own process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lambda_api::OperationStatus;
use lambdura::embedded::{Embedded, Execution, HandlerOptions};
use lambdura::{BoxError, DurableContext};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::MemoryStore;
use wind::Unanswered;

use crate::builder::Builder;
use crate::crash::CrashReport;
use crate::error::TestError;
use crate::operation::fold;
use crate::run::{Around, Run};
use crate::time::instant;
use crate::world::World;

/// A handler in its own test environment: an empty store in memory, a clock that advances when no handler is at work,
/// and rules that answer callbacks.
pub struct DurableTestRunner {
    description: Builder,
    world: World,
}

/// An execution that a test runs step by step; see [`DurableTestRunner::start`].
pub struct TestExecution<'a> {
    runner: &'a DurableTestRunner,
    execution: Execution,
}

/// An open callback, to be answered by hand; see [`DurableTestRunner::callback`].
#[must_use = "it is answered by `succeed` or `fail`"]
pub struct OpenCallback<'a> {
    world: &'a World,
    callback_id: String,
}

/// Runs a handler to its end, or until it cannot go on: the whole of [`DurableTestRunner`] in one line.
///
/// # Panics
/// When the test itself, not the handler, could not continue: it waits for real time.
pub async fn run<F, Fut, Event, T, E>(handler: F, input: &(impl Serialize + ?Sized)) -> Run
where
    F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<BoxError> + 'static,
{
    let ran = async {
        let runner = DurableTestRunner::builder("handler", handler)
            .open()
            .await?;
        runner.run(input).await
    };
    match ran.await {
        Ok(run) => run,
        Err(error) => panic!("{error}"),
    }
}

impl Builder {
    /// Makes a world: an empty store, the clock, and the functions.
    ///
    /// # Errors
    /// When two functions have the same name, or a setting cannot be used.
    pub async fn open(self) -> Result<DurableTestRunner, TestError> {
        let store = Arc::new(MemoryStore::new());
        let world = World::open(&self, store, self.first_day()?, 1).await?;
        Ok(DurableTestRunner {
            description: self,
            world,
        })
    }
}

impl DurableTestRunner {
    /// A test of a durable function. `name` is the function's name, which appears in executions, rules and errors.
    pub fn builder<F, Fut, Event, T, E>(name: impl Into<String>, handler: F) -> Builder
    where
        F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Builder::new(name.into(), handler, HandlerOptions::default())
    }

    /// As [`builder`](Self::builder), with the handler's own options, such as its execution timeout.
    pub fn builder_with<F, Fut, Event, T, E>(
        name: impl Into<String>,
        handler: F,
        options: HandlerOptions,
    ) -> Builder
    where
        F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Builder::new(name.into(), handler, options)
    }

    /// Runs the handler to its end, or until it cannot go on: then the [`Run`] has the callbacks that it waits for.
    ///
    /// # Errors
    /// When the test itself cannot continue: the input is not JSON, or the handler waits for real time.
    pub async fn run(&self, input: &(impl Serialize + ?Sized)) -> Result<Run, TestError> {
        self.begin(input, None).await?.finish().await
    }

    /// Starts an execution, and returns when it waits or has ended: no time passes.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn start(
        &self,
        input: &(impl Serialize + ?Sized),
    ) -> Result<TestExecution<'_>, TestError> {
        let execution = self.begin(input, None).await?;
        self.world.settle().await?;
        Ok(execution)
    }

    /// As [`start`](Self::start), with a name.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and when an execution with this name was started with another input.
    pub async fn start_named(
        &self,
        name: &str,
        input: &(impl Serialize + ?Sized),
    ) -> Result<TestExecution<'_>, TestError> {
        let execution = self.begin(input, Some(name)).await?;
        self.world.settle().await?;
        Ok(execution)
    }

    async fn begin(
        &self,
        input: &(impl Serialize + ?Sized),
        name: Option<&str>,
    ) -> Result<TestExecution<'_>, TestError> {
        let mut start = self.world.app.start(self.description.name.as_str(), input);
        if let Some(name) = name {
            start = start.name(name);
        }
        let started = start.await;
        let execution = started.map_err(|error| TestError::of("start the execution", &error))?;
        Ok(TestExecution {
            runner: self,
            execution,
        })
    }

    /// Lets this much time pass. Everything due meanwhile happens at its time, including timeouts of callbacks.
    ///
    /// # Errors
    /// When a handler waits for real time.
    pub async fn advance(&self, by: Duration) -> Result<(), TestError> {
        self.world.advance(by).await
    }

    /// The open callback of this name, or in a context of this name, in any execution. If it is open in more than one,
    /// use [`TestExecution::callback`].
    ///
    /// # Errors
    /// When no such callback is open (the text has those that are), or when one is open in more than one execution.
    pub async fn callback(&self, name: &str) -> Result<OpenCallback<'_>, TestError> {
        self.world.settle().await?;
        let mut open = Open::default();
        for execution in self.executions().await? {
            open.look(&execution, name).await?;
        }
        open.only(&self.world, name)
    }

    async fn executions(&self) -> Result<Vec<Execution>, TestError> {
        let app = &self.world.app;
        let listed = app.list().limit(usize::from(u16::MAX)).await;
        let listed = listed.map_err(|error| TestError::of("list executions", &error))?;
        let mut executions = Vec::new();
        // Callbacks that an ended execution left open do not count.
        let running = listed.into_iter().filter(|it| it.end_timestamp.is_none());
        for one in running {
            let found = app.execution(&one.durable_execution_arn).await;
            executions.push(found.map_err(|error| TestError::of("find an execution", &error))?);
        }
        Ok(executions)
    }

    /// The program that runs in this world, for everything else: to stop, pause and list executions.
    #[must_use]
    pub fn app(&self) -> &Embedded {
        &self.world.app
    }

    /// Runs the handler once without a crash, and once for each point at which its process can die: before and after
    /// each commit, and in each step when its code has run but its result is not recorded. Each run has a new
    /// environment from the same description, but shares state that handlers keep outside it. If that state must not be
    /// shared, use [`crash_everywhere`](crate::crash_everywhere()).
    ///
    /// # Errors
    /// When the run without a crash does not end, or the test itself cannot continue.
    pub async fn crash_everywhere(
        &self,
        input: &(impl Serialize + ?Sized),
    ) -> Result<CrashReport, TestError> {
        let description = self.description.clone();
        crate::crash::crash_everywhere(move || description.clone(), input).await
    }

    async fn look(
        &self,
        execution: &Execution,
        unanswered: Vec<Unanswered>,
    ) -> Result<Run, TestError> {
        look(&self.description, &self.world, execution, unanswered).await
    }
}

/// The state of an execution by now.
pub(crate) async fn look(
    description: &Builder,
    world: &World,
    execution: &Execution,
    unanswered: Vec<Unanswered>,
) -> Result<Run, TestError> {
    let attempted = "look at the execution";
    let shown = execution.get().await;
    let shown = shown.map_err(|error| TestError::of(attempted, &error))?;
    let events = execution.history().await;
    let events = events.map_err(|error| TestError::of(attempted, &error))?;
    let operations = fold(&events);
    let set = world.answers.set();
    let rules = set.callbacks.iter().zip(&description.answers);
    let unused = rules.filter(|(rule, _)| {
        let is_used = match rule.never {
            true => rule.is_met.load(Ordering::Relaxed),
            false => rule.given.load(Ordering::Relaxed) > 0,
        };
        !is_used
    });
    let name = |open: Unanswered| {
        let mut own = operations.iter();
        let own = own.find(|it| it.callback_id.as_ref() == Some(&open.callback_id));
        let around = own.and_then(|it| operations.get(it.parent?));
        // The handler named the `WaitForCallback`; the SDK derives the name of the callback within it.
        let around = around.filter(|it| it.sub_type.as_deref() == Some("WaitForCallback"));
        let name = around.and_then(|it| it.name.clone()).or(open.name);
        name.unwrap_or_else(|| "*".to_owned())
    };
    let around = Around {
        function: description.name.clone(),
        looked_at: instant(world.now().as_millis()),
        logs: world.logs.of(&execution.arn()),
        unanswered: unanswered.into_iter().map(name).collect(),
        unused: unused
            .map(|(_, answer)| answer.shown().to_owned())
            .collect(),
    };
    Ok(Run::new(shown, events, around))
}

impl TestExecution<'_> {
    /// Its current state.
    ///
    /// # Errors
    /// When it no longer exists.
    pub async fn look(&self) -> Result<Run, TestError> {
        self.runner.world.settle().await?;
        self.runner.look(&self.execution, Vec::new()).await
    }

    /// Its open callback of this name, or in a context of this name.
    ///
    /// # Errors
    /// When no such callback is open; the text has those that are.
    pub async fn callback(&self, name: &str) -> Result<OpenCallback<'_>, TestError> {
        self.runner.world.settle().await?;
        let mut open = Open::default();
        open.look(&self.execution, name).await?;
        open.only(&self.runner.world, name)
    }

    /// Runs it to its end, or until it cannot go on.
    ///
    /// # Errors
    /// When a handler waits for real time.
    pub async fn finish(&self) -> Result<Run, TestError> {
        let unanswered = self.runner.world.finish(&self.execution).await?;
        self.runner.look(&self.execution, unanswered).await
    }

    /// The execution itself, to stop or pause it.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// Open callbacks, during the search for one by name.
#[derive(Default)]
struct Open {
    /// Callbacks with that name, each with the name of its execution.
    found: Vec<(String, String)>,
    /// Names of the others.
    others: Vec<String>,
}

impl Open {
    async fn look(&mut self, execution: &Execution, name: &str) -> Result<(), TestError> {
        let events = execution.history().await;
        let events = events.map_err(|error| TestError::of("read a history", &error))?;
        let operations = fold(&events);
        for operation in &operations {
            let is_open = operation.status == OperationStatus::Started;
            let Some(callback_id) = operation.callback_id.clone().filter(|_| is_open) else {
                continue;
            };
            let around = operation
                .parent
                .and_then(|place| operations[place].name.clone());
            let names = [operation.name.clone(), around];
            if names.iter().flatten().any(|it| it == name) {
                self.found.push((callback_id, execution.name().to_owned()));
                return Ok(());
            }
            let [own, around] = names;
            self.others
                .push(around.or(own).unwrap_or_else(|| "(unnamed)".to_owned()));
        }
        Ok(())
    }

    fn only<'a>(self, world: &'a World, name: &str) -> Result<OpenCallback<'a>, TestError> {
        let mut found = self.found.into_iter();
        let Some((callback_id, _)) = found.next() else {
            let open = match self.others.as_slice() {
                [] => "none is open".to_owned(),
                others => format!("open: `{}`", others.join("`, `")),
            };
            return Err(TestError(format!("no callback `{name}` is open; {open}")));
        };
        if found.next().is_some() {
            return Err(TestError(format!(
                "callback `{name}` is open in more than one execution: ask the one that you mean, with \
                 `execution.callback(\"{name}\")`"
            )));
        }
        Ok(OpenCallback { world, callback_id })
    }
}

impl fmt::Debug for DurableTestRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableTestRunner({})", self.description.name)
    }
}

impl fmt::Debug for TestExecution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestExecution({})", self.execution.name())
    }
}

impl fmt::Debug for OpenCallback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenCallback({})", self.callback_id)
    }
}

impl OpenCallback<'_> {
    /// The id by which it is completed.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.callback_id
    }

    /// Completes it with a result, and returns when every execution waits again.
    ///
    /// # Errors
    /// When it has already been completed.
    pub async fn succeed(self, result: &(impl Serialize + Sync + ?Sized)) -> Result<(), TestError> {
        let app = &self.world.app;
        let sent = app.send_callback_success(&self.callback_id, result).await;
        self.settled(sent).await
    }

    /// Completes it with an error, and returns when every execution waits again.
    ///
    /// # Errors
    /// When it has already been completed.
    pub async fn fail(self, error_type: &str, message: &str) -> Result<(), TestError> {
        let app = &self.world.app;
        let sent = app
            .send_callback_failure(&self.callback_id, error_type, message)
            .await;
        self.settled(sent).await
    }

    /// Sends a heartbeat.
    ///
    /// # Errors
    /// When it has already been completed.
    pub async fn heartbeat(&self) -> Result<(), TestError> {
        let app = &self.world.app;
        let sent = app.send_callback_heartbeat(&self.callback_id).await;
        self.settled(sent).await
    }

    async fn settled(&self, sent: Result<(), lambdura::embedded::Error>) -> Result<(), TestError> {
        sent.map_err(|error| TestError::of("answer a callback", &error))?;
        self.world.settle().await
    }
}
