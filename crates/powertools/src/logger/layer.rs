//! The `tracing` layer: turns events, and the spans around them, into lines.

use std::fmt;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::Logger;
use super::line::TEXT_BYTES_MAX;
use crate::text::{bounded, bounded_format};

/// Most fields remembered of one span; further fields are not written.
const SPAN_FIELDS_MAX: usize = 64;

/// A layer that writes every event it sees as a line of its [`Logger`].
pub struct LogLayer {
    logger: Logger,
}

impl LogLayer {
    pub(super) fn new(logger: Logger) -> Self {
        Self { logger }
    }
}

/// The fields of a span, kept with the span.
#[derive(Default)]
struct SpanFields(Vec<(&'static str, Value)>);

impl SpanFields {
    fn set(&mut self, name: &'static str, value: Value) {
        if let Some((_, slot)) = self.0.iter_mut().find(|(key, _)| *key == name) {
            *slot = value;
        } else if self.0.len() < SPAN_FIELDS_MAX {
            self.0.push((name, value));
        }
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        // The runtime's span repeats the request id and the trace id under other names.
        if attributes.metadata().target().starts_with("lambda_runtime") {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut fields = SpanFields::default();
        attributes.record(&mut Collect(&mut |name, value| fields.set(name, value)));
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Formatting may run foreign code that logs: the extensions are locked only after it.
        let mut recorded = Vec::new();
        record.record(&mut Collect(&mut |name, value| {
            recorded.push((name, value))
        }));
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            for (name, value) in recorded {
                fields.set(name, value);
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut message = String::new();
        let mut fields = Vec::new();
        event.record(&mut Collect(&mut |name, value| match value {
            Value::String(text) if name == "message" => message = text,
            // Internal fields of the bridge from the `log` crate.
            _ if name.starts_with("log.") => {}
            value => fields.push((name, value)),
        }));
        let location = match metadata.line() {
            Some(line) => format!(
                "{}:{line}",
                metadata.module_path().unwrap_or(metadata.target())
            ),
            None => metadata.target().to_owned(),
        };
        let mut line = self
            .logger
            .begin_line(*metadata.level(), &location, &message);
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(SpanFields(fields)) = span.extensions().get::<SpanFields>() {
                for (name, value) in fields {
                    line.set(name, value.clone());
                }
            }
        }
        for (name, value) in fields {
            line.set(name, value);
        }
        self.logger.sink.write_line(&line.finish());
    }
}

/// Turns recorded fields into JSON values of bounded size.
struct Collect<'a>(&'a mut dyn FnMut(&'static str, Value));

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity and no NaN; as text they stay readable.
        let json = if value.is_finite() {
            value.into()
        } else {
            value.to_string().into()
        };
        (self.0)(field.name(), json);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.0)(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        (self.0)(field.name(), value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        (self.0)(
            field.name(),
            i64::try_from(value).map_or_else(|_| value.to_string().into(), Value::from),
        );
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        (self.0)(
            field.name(),
            u64::try_from(value).map_or_else(|_| value.to_string().into(), Value::from),
        );
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.0)(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        (self.0)(field.name(), bounded(value, TEXT_BYTES_MAX).into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = bounded_format(format_args!("{value}"), TEXT_BYTES_MAX);
        let mut source = value.source();
        while let Some(cause) = source.filter(|_| text.len() < TEXT_BYTES_MAX) {
            text.push_str(": ");
            text.push_str(&bounded_format(format_args!("{cause}"), TEXT_BYTES_MAX));
            source = cause.source();
        }
        (self.0)(field.name(), bounded(&text, TEXT_BYTES_MAX).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        (self.0)(
            field.name(),
            bounded_format(format_args!("{value:?}"), TEXT_BYTES_MAX).into(),
        );
    }
}
