//! The description of a test: its functions, its rules for callbacks, and its day. Any number of worlds can be made
//! from one description.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use lambdura::embedded::{self, HandlerOptions};
use lambdura::{BoxError, DurableContext, Plugin};
use model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::error::TestError;
use crate::logs::Logs;
use crate::shared_plugin::SharedPlugin;
use crate::time::{parse, today};

/// How long, in real time, a test may go without progress before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Adds something to a program.
type Part = Arc<dyn Fn(embedded::Builder, &Logs) -> embedded::Builder + Send + Sync>;

/// Whether the process of a world has died.
type Dead = Arc<AtomicBool>;

/// The description of a test; see [`DurableTestRunner::builder`](crate::DurableTestRunner::builder).
#[must_use = "nothing happens until it is opened"]
///
/// ```
/// use lambdura::{BoxError, DurableContext};
/// use lambdura_testing::{DurableTestRunner, HandlerOptions, LambdaEvent, days, minutes, seconds};
///
/// async fn ship(order: u32, ctx: DurableContext) -> Result<String, BoxError> {
///     ctx.wait(days(2)).await?;
///     Ok(format!("parcel {order}"))
/// }
///
/// async fn sell(order: u32, ctx: DurableContext) -> Result<String, BoxError> {
///     let price: u32 = ctx.invoke("pricing", &order).await?;
///     let parcel: String = ctx.invoke("shipping:live", &order).await?;
///     Ok(format!("{parcel} for {price}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let options = HandlerOptions::default().execution_timeout(days(30));
/// let runner = DurableTestRunner::builder_with("sell", sell, options)
///     .function("pricing", |event: LambdaEvent<u32>| async move { Ok::<_, BoxError>(event.payload * 10) })
///     .durable("shipping", ship)
///     .durable_with("returns", ship, HandlerOptions::default().execution_timeout(minutes(5)))
///     .starts_at("2027-01-31T08:00:00Z")
///     .patience(seconds(30))
///     .open()
///     .await?;
/// let run = runner.start_named("order-7", &7).await?.finish().await?;
/// assert_eq!(run.result::<String>()?, "parcel 7 for 70");
/// assert_eq!(run.took(), days(2));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Builder {
    /// The name of the tested function.
    pub(crate) name: String,
    pub(crate) answers: Vec<Answer>,
    pub(crate) patience: Duration,
    starts_at: Option<String>,
    parts: Vec<Part>,
    dead: Option<Dead>,
}

impl Builder {
    pub(crate) fn new<F, Fut, Event, T, E>(
        name: String,
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
        let empty = Self {
            name: name.clone(),
            answers: Vec::new(),
            patience: PATIENCE,
            starts_at: None,
            parts: Vec::new(),
            dead: None,
        };
        empty.durable_with(name, handler, options)
    }

    /// Adds a durable function that the handler invokes.
    pub fn durable<F, Fut, Event, T, E>(self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.durable_with(name, handler, HandlerOptions::default())
    }

    /// As [`durable`](Self::durable), with options of its own.
    pub fn durable_with<F, Fut, Event, T, E>(
        self,
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
        let (name, handler) = (name.into(), Arc::new(handler));
        self.part(move |program, logs| {
            let (handler, logs) = (Arc::clone(&handler), logs.clone());
            let heard = move |event: Event, ctx: DurableContext| {
                let (handler, logs) = (Arc::clone(&handler), logs.clone());
                async move {
                    let arn = ctx.execution_arn().to_owned();
                    // Lines that the handler logs before its first `.await` are heard as well.
                    let code = async move { handler(event, ctx).await };
                    logs.hear(&arn, code).await
                }
            };
            program.handler_with(name.clone(), heard, options)
        })
    }

    /// Adds a function that is not durable and that the handler invokes.
    pub fn function<F, Fut, Event, T, E>(self, name: impl Into<String>, function: F) -> Self
    where
        F: Fn(LambdaEvent<Event>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        Event: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let (name, function) = (name.into(), Arc::new(function));
        self.part(move |program, _| {
            let function = Arc::clone(&function);
            program.function(name.clone(), move |event| function(event))
        })
    }

    /// Adds a rule by which callbacks are answered. The first rule that matches answers.
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// Adds a plugin, which watches all executions of every world made from this description.
    pub fn plugin(self, plugin: impl Plugin) -> Self {
        let plugin = SharedPlugin::new(plugin);
        self.part(move |program, _| program.plugin(plugin.clone()))
    }

    /// The time at which the test begins: `2027-01-31T08:00:00Z`. Today by default.
    pub fn starts_at(mut self, at: impl Into<String>) -> Self {
        self.starts_at = Some(at.into());
        self
    }

    /// How long, in real time, the test may go without progress before it is given up, as when a step waits for real
    /// time or for a network. Ten seconds by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn first_day(&self) -> Result<Timestamp, TestError> {
        match &self.starts_at {
            Some(text) => parse(text).map_err(TestError),
            None => Ok(today()),
        }
    }

    /// The functions as a program.
    pub(crate) fn program(&self, logs: &Logs) -> embedded::Builder {
        // The path is empty: the program runs in memory.
        let program = embedded::Embedded::builder("").shutdown_grace(Duration::ZERO);
        let parts = self.parts.iter();
        parts.fold(program, |program, part| part(program, logs))
    }

    /// Makes the functions those of a process that may die: their code stops when `dead` is set.
    pub(crate) fn mortal(mut self, dead: Dead) -> Self {
        self.dead = Some(dead);
        self
    }

    /// The flag of the process that the world is made for: whether it has died.
    pub(crate) fn dead(&self) -> Option<Dead> {
        self.dead.clone()
    }

    pub(crate) fn part(
        mut self,
        part: impl Fn(embedded::Builder, &Logs) -> embedded::Builder + Send + Sync + 'static,
    ) -> Self {
        self.parts.push(Arc::new(part));
        self
    }
}
