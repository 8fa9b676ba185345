//! Logging that writes each line once, however often the handler is replayed.
//!
//! [`run`](crate::run) installs a subscriber that prints the lines if the program has none. There are two ways to get
//! lines that appear once. [`DurableContext::logger`] gives a logger that knows its context. [`ReplayFilter`] does the
//! same for every `tracing` event in the handler's code, no matter which macro or crate wrote it:
//!
//! ```
//! use lambdura::ReplayFilter;
//! use tracing_subscriber::Layer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let subscriber = tracing_subscriber::registry()
//!     .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_filter(ReplayFilter::new()));
//! # drop(subscriber);
//! ```

use std::fmt::Display;

use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::context::DurableContext;
use crate::current::{enter, is_muted};
use crate::step_context::StepContext;

/// A filter for `tracing` layers that drops events of code that is being replayed.
///
/// Code inside steps is never replayed, so its events always pass. Spans pass as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayFilter {}

impl ReplayFilter {
    /// Creates the filter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Filter<S> for ReplayFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        !metadata.is_event() || !is_muted()
    }

    fn event_enabled(&self, _: &Event<'_>, _: &Context<'_, S>) -> bool {
        !is_muted()
    }
}

/// Writes `tracing` events with target `lambdura::execution`, unless its context is replaying; see
/// [`DurableContext::logger`] and [`StepContext::logger`].
///
/// The fields are those of the official SDKs' JSON lines, so that one query finds the lines of functions in all
/// languages: `executionArn`, `requestId`, `operationId`, and in steps `operationName` and `attempt`.
///
/// ```no_run
/// # fn handler(ctx: lambdura::DurableContext) {
/// let log = ctx.logger();
/// log.trace("before the first step");
/// log.debug("the order has 3 items");
/// log.info("order received");
/// log.warn("the customer has no address");
/// log.error("the order cannot be shipped");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Logger {
    place: Place,
    is_heard_in_replay: bool,
}

/// Where a line is logged.
#[derive(Clone, Debug)]
enum Place {
    Context(DurableContext),
    Step(StepContext),
}

macro_rules! levels {
    ($($(#[$meta:meta])* $name:ident = $level:ident,)+) => {
        impl Logger {
            $(
                $(#[$meta])*
                pub fn $name(&self, message: impl Display) {
                    match &self.place {
                        Place::Context(context) => {
                            if context.is_replaying() && !self.is_heard_in_replay {
                                return;
                            }
                            // The logger decides, not a filter: it may be set to write during replay.
                            enter(None, || tracing::event!(
                                target: "lambdura::execution",
                                tracing::Level::$level,
                                "executionArn" = context.execution_arn(),
                                "requestId" = context.request_id(),
                                "operationId" = context.id().map(|id| id.as_str()),
                                "{message}"
                            ));
                        }
                        Place::Step(step) => tracing::event!(
                            target: "lambdura::execution",
                            tracing::Level::$level,
                            "executionArn" = step.execution_arn(),
                            "requestId" = step.request_id(),
                            "operationId" = step.operation_id(),
                            "operationName" = step.name(),
                            "attempt" = step.attempt(),
                            "{message}"
                        ),
                    }
                }
            )+
        }
    };
}

levels! {
    /// Logs details for developers, step by step.
    trace = TRACE,
    /// Logs details for developers.
    debug = DEBUG,
    /// Logs a normal event.
    info = INFO,
    /// Logs something that looks wrong.
    warn = WARN,
    /// Logs a failure.
    error = ERROR,
}

impl Logger {
    /// Writes lines while the context replays as well: once per invocation instead of once per execution, to see which
    /// lines replay repeats. Source: option `modeAware` of the official JavaScript SDK; conformance cases 3-11 and
    /// 3-17.
    #[must_use]
    pub fn heard_in_replay(mut self) -> Self {
        self.is_heard_in_replay = true;
        self
    }
}

impl DurableContext {
    /// A logger that is silent while this context replays, so that every line appears once.
    #[must_use]
    pub fn logger(&self) -> Logger {
        Logger {
            place: Place::Context(self.clone()),
            is_heard_in_replay: false,
        }
    }
}

impl StepContext {
    /// A logger whose lines name the step and the attempt.
    #[must_use]
    pub fn logger(&self) -> Logger {
        Logger {
            place: Place::Step(self.clone()),
            is_heard_in_replay: true,
        }
    }
}
