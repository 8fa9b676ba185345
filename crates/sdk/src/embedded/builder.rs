//! The parts of a program: handlers, functions, schedules and settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use model::FunctionName;
use runtime::DurableSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Durability;

use super::app::Embedded;
use super::error::{HandlerProblem, OpenError};
use super::ground::Ground;
use super::handlers::{self, Handler, Handlers};
use super::open::{self, Parts};
use super::schedules::{self, Schedule};
use crate::context::DurableContext;
use crate::error::BoxError;
use crate::plugin::{Plugin, Plugins};

/// Running handlers of one function at one time, unless the program sets another number.
const CONCURRENCY: usize = 1_000;

/// How long running invocations have to suspend at a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// A program with its own executions, to be opened; see [`Embedded::builder`].
///
/// All options of a program:
///
/// ```no_run
/// use std::time::Duration;
/// use lambda_runtime::LambdaEvent;
/// use lambdura::embedded::{Durability, Embedded, HandlerOptions};
/// use lambdura::{BoxError, DurableContext};
///
/// async fn report(day: String, ctx: DurableContext) -> Result<(), BoxError> {
///     let rate: f64 = ctx.invoke("rate", &day).await?;
///     ctx.logger().info(format!("{day}: {rate}"));
///     Ok(())
/// }
///
/// async fn rate(_: LambdaEvent<String>) -> Result<f64, BoxError> {
///     Ok(1.08)
/// }
///
/// # async fn program() -> Result<(), BoxError> {
/// let options = HandlerOptions::default()
///     .execution_timeout(Duration::from_secs(600))
///     .retention_days(30);
/// let app = Embedded::builder("app.db")
///     .handler_with("report", report, options)
///     .function("rate", rate)
///     .schedule("hourly", "rate(1 hour)", "report", "this hour")
///     .schedule_in("Europe/Vienna", "nightly", "cron(0 2 * * ? *)", "report", "today")
///     .durability(Durability::Disk)
///     .concurrency(100)
///     .shutdown_grace(Duration::from_secs(10))
///     .open()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "nothing happens until it is opened"]
pub struct Builder {
    path: PathBuf,
    durability: Durability,
    concurrency: usize,
    grace: Duration,
    plugins: Plugins,
    schedules: Vec<Schedule>,
    handlers: Vec<(String, Handler)>,
}

/// How the executions of a handler are run, as `DurableConfig` in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerOptions {
    /// Longest time from an execution's start to its end, rounded up to whole seconds. A year unless it is set.
    pub execution_timeout: Duration,
    /// How long an execution that has ended is kept, in days. Fourteen unless it is set.
    pub retention_days: u32,
}

impl Default for HandlerOptions {
    /// Source: Lambda API reference, `DurableConfig`: the longest timeout, and the default retention.
    fn default() -> Self {
        Self {
            execution_timeout: Duration::from_secs(31_622_400),
            retention_days: 14,
        }
    }
}

impl HandlerOptions {
    /// Timeouts are in whole seconds, rounded up so that no execution gets less time than was asked for.
    pub(super) fn settings(&self) -> DurableSettings {
        let timeout = self.execution_timeout;
        let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        DurableSettings {
            execution_timeout_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            retention_days: self.retention_days,
        }
    }

    /// Sets the longest time from an execution's start to its end, which must be more than zero.
    #[must_use]
    pub fn execution_timeout(self, execution_timeout: Duration) -> Self {
        Self {
            execution_timeout,
            ..self
        }
    }

    /// Sets how long an execution that has ended is kept, in days: at least one.
    #[must_use]
    pub fn retention_days(self, retention_days: u32) -> Self {
        Self {
            retention_days,
            ..self
        }
    }
}

impl Builder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            durability: Durability::Disk,
            concurrency: CONCURRENCY,
            grace: GRACE,
            plugins: Plugins::default(),
            schedules: Vec::new(),
            handlers: Vec::new(),
        }
    }

    /// Registers a durable function under a name: the one that [`run`](crate::run) would serve on Lambda.
    ///
    /// Executions are known by the name of their handler. Those of a handler that is not registered wait until it is.
    pub fn handler<F, Fut, Event, T, E>(self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.handler_with(name, handler, HandlerOptions::default())
    }

    /// Registers a durable function with options of its own.
    pub fn handler_with<F, Fut, Event, T, E>(
        mut self,
        name: impl Into<String>,
        handler: F,
        options: HandlerOptions,
    ) -> Self
    where
        F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let handler = handlers::durable(handler, options.settings());
        self.handlers.push((name.into(), handler));
        self
    }

    /// Registers a function that is not durable, for chained invokes: one that `lambda_runtime::run` would serve.
    pub fn function<F, Fut, Event, T, E>(mut self, name: impl Into<String>, function: F) -> Self
    where
        F: Fn(LambdaEvent<Event>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let function = handlers::plain(function);
        self.handlers.push((name.into(), function));
        self
    }

    /// Starts an execution of a handler whenever `expression` is due: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)` or
    /// `at(2026-12-31T23:59:00)`, in UTC.
    ///
    /// Each occurrence starts one execution, even if the clock jumps or the program is killed. If occurrences were
    /// missed while the program was not running, the latest one within a day is made up for when it is opened.
    pub fn schedule(
        self,
        name: impl Into<String>,
        expression: impl Into<String>,
        handler: impl Into<String>,
        input: &(impl Serialize + ?Sized),
    ) -> Self {
        self.schedule_in("UTC", name, expression, handler, input)
    }

    /// As [`schedule`](Self::schedule), on the clock of a time zone of the IANA database, such as `Europe/Vienna`.
    pub fn schedule_in(
        mut self,
        time_zone: impl Into<String>,
        name: impl Into<String>,
        expression: impl Into<String>,
        handler: impl Into<String>,
        input: &(impl Serialize + ?Sized),
    ) -> Self {
        self.schedules.push(Schedule {
            name: name.into(),
            expression: expression.into(),
            time_zone: time_zone.into(),
            handler: handler.into(),
            input: serde_json::to_string(input).map_err(|error| error.to_string()),
        });
        self
    }

    /// Which failures a recorded step survives. The default, [`Durability::Disk`], survives a loss of power.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How many handlers of one function may run at a time; 1,000 by default. Suspended ones do not count.
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }

    /// How long running handlers have to suspend at [`Embedded::shut_down`], and to end once their execution was stopped
    /// or timed out; five seconds by default. A handler that [`Embedded::shut_down`] cuts off continues when the program
    /// is opened again.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Adds a plugin, which watches all executions.
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        self.plugins.add(plugin);
        self
    }

    /// Opens the file, or creates it, and continues the executions that an earlier run left.
    ///
    /// # Errors
    ///
    /// When another process has the file, when the file cannot be used, and when a handler's name or options or a
    /// schedule are invalid.
    pub async fn open(self) -> Result<Embedded, OpenError> {
        let ground = Ground::open(&self.path, self.durability).await?;
        self.open_on(ground).await
    }

    /// As [`open`](Self::open), on a `Ground` that the caller chose: tests and fault injection bring their own.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    #[doc(hidden)]
    pub async fn open_on(self, ground: Ground) -> Result<Embedded, OpenError> {
        let mut handlers = Handlers::new();
        for (name, handler) in self.handlers {
            let parsed = FunctionName::parse(&name);
            let parsed = parsed.map_err(|cause| OpenError::HandlerName {
                name: name.clone(),
                cause,
            })?;
            if let Handler::Durable(_, settings) = &handler {
                let checked = check(*settings);
                checked.map_err(|cause| OpenError::HandlerOptions {
                    name: name.clone(),
                    cause,
                })?;
            }
            if handlers.insert(parsed, handler).is_some() {
                return Err(OpenError::HandlerTwice { name });
            }
        }
        let parts = Parts {
            plan: schedules::plan(self.schedules, &handlers)?,
            handlers,
            plugins: self.plugins,
            concurrency: self.concurrency,
            grace: self.grace,
        };
        let program = open::open(parts, ground).await?;
        Ok(Embedded { program })
    }
}

fn check(settings: DurableSettings) -> Result<(), HandlerProblem> {
    if settings.execution_timeout_seconds == 0 {
        return Err(HandlerProblem::NoTimeout);
    }
    if settings.retention_days == 0 {
        return Err(HandlerProblem::NoRetention);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_timeout_is_not_cut_to_less_than_was_asked_for() {
        let seconds = |milliseconds| {
            let timeout = Duration::from_millis(milliseconds);
            let options = HandlerOptions::default().execution_timeout(timeout);
            options.settings().execution_timeout_seconds
        };
        assert_eq!([1, 500, 1_000, 1_900].map(seconds), [1, 1, 1, 2]);
        assert_eq!(seconds(u64::MAX), u32::MAX);
    }
}
