//! The log lines of a run: those of the handlers, with lines repeated by a replay marked.
//!
//! Each handler is polled with a subscriber of the world that it runs in, so that parallel tests hear only their own
//! lines; it is not polled at all once the world's process has died.

use std::fmt;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::SystemTime;

use lambdura::ReplayFilter;
use runtime::{Clock as _, WoundClock};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::{Dispatch, Event, Level, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Filter as _, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::time::instant;

tokio::task_local! {
    /// The ARN of the execution whose handler is polled.
    static HEARD: Arc<str>;
}

/// A line of a handler's log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogLine {
    /// Its level.
    pub level: Level,
    /// Its message.
    pub message: String,
    /// Its other fields, by name, as text.
    pub fields: Vec<(String, String)>,
    /// When it was written, by the run's time.
    pub at: SystemTime,
    /// Whether code that was being replayed wrote it: [`ReplayFilter`] hides such lines.
    pub replayed: bool,
}

impl LogLine {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = if self.replayed { " (replayed)" } else { "" };
        write!(f, "{}{again} {}", self.level, self.message)?;
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// Lines, each with the ARN of its execution.
type Lines = Arc<Mutex<Vec<(Arc<str>, LogLine)>>>;

/// The lines of one world.
#[derive(Clone)]
pub(crate) struct Logs {
    lines: Lines,
    dispatch: Dispatch,
    /// Whether the process has died: then its code does not go on. `None`: it cannot die.
    dead: Option<Arc<AtomicBool>>,
}

impl Logs {
    pub fn new(clock: WoundClock, dead: Option<Arc<AtomicBool>>) -> Self {
        let lines = Lines::default();
        let hears = Hears {
            lines: Arc::clone(&lines),
            clock,
            // The test's own subscriber, if it has one, hears all lines as well.
            outside: dispatcher::get_default(Dispatch::clone),
        };
        let subscriber = tracing_subscriber::registry().with(hears);
        Self {
            lines,
            dispatch: Dispatch::new(subscriber),
            dead,
        }
    }

    /// Runs a handler's code so that its lines are heard.
    pub async fn hear<F: Future>(&self, arn: &str, code: F) -> F::Output {
        let mut code = pin!(code);
        let code = poll_fn(|task| match &self.dead {
            Some(dead) if dead.load(Ordering::SeqCst) => Poll::Pending,
            Some(_) | None => code.as_mut().poll(task),
        });
        let heard = HEARD.scope(Arc::from(arn), code);
        heard.with_subscriber(self.dispatch.clone()).await
    }

    /// The lines of an execution.
    pub fn of(&self, arn: &str) -> Vec<LogLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = lines.iter().filter(|(of, _)| of.as_ref() == arn);
        lines.map(|(_, line)| line.clone()).collect()
    }
}

struct Hears {
    lines: Lines,
    clock: WoundClock,
    outside: Dispatch,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Hears {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.outside.enabled(event.metadata()) {
            self.outside.event(event);
        }
        let Ok(arn) = HEARD.try_with(Arc::clone) else {
            return;
        };
        let mut text = Text::default();
        event.record(&mut text);
        let line = LogLine {
            level: *event.metadata().level(),
            message: text.message,
            fields: text.fields,
            at: instant(self.clock.now().as_millis()),
            replayed: !ReplayFilter::new().event_enabled(event, &context),
        };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push((arn, line));
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: Vec<(String, String)>,
}

impl Text {
    fn put(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string cannot fail; an error of the value's own `Debug` is ignored.
        let _ = write!(text, "{value:?}");
        self.put(field, text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }
}
