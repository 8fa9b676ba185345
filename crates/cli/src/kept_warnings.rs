//! Keeps the program's warnings and errors, so that the console can show them.

use std::error::Error;
use std::fmt::{Debug, Display, Write as _};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use server::{Warning, Warnings};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// One for the process, as there is one log.
static KEPT: LazyLock<Arc<Warnings>> = LazyLock::new(Arc::default);

/// The warnings so far, and those to come.
pub fn warnings() -> Arc<Warnings> {
    Arc::clone(&KEPT)
}

/// Keeps warnings and errors of the log, whether or not they are printed.
pub struct KeepWarnings;

impl<S: Subscriber> Layer<S> for KeepWarnings {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "ERROR",
            Level::WARN => "WARN",
            _ => return,
        };
        let mut text = Text::default();
        event.record(&mut text);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        KEPT.push(Warning {
            at: now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX)),
            level,
            target: event.metadata().target().to_owned(),
            message: format!("{}{}", text.message, text.fields),
        });
    }
}

/// An event's message, and its fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    /// Adds a field as people read it: a text without quotes, an error with its causes.
    fn add(&mut self, field: &Field, value: impl Display) {
        // Writing into a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name if self.fields.is_empty() => write!(self.fields, ": {name} {value}"),
            name => write!(self.fields, ", {name} {value}"),
        };
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        self.add(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // `Debug` of a `%value` writes its `Display`.
        self.add(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn warnings_are_kept_with_their_fields() {
        let subscriber = tracing_subscriber::registry().with(KeepWarnings);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("not this");
            let cause = std::io::Error::other("it is busy");
            let error = &cause as &dyn Error;
            tracing::warn!(path = "/tmp/x", tries = 2, error, "cannot remove it");
        });
        let kept = warnings().all();
        let last = kept.last().expect("one was kept");
        assert_eq!(
            (last.level, last.message.as_str()),
            (
                "WARN",
                "cannot remove it: path /tmp/x, tries 2, error it is busy"
            )
        );
    }
}
