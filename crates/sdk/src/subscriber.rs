//! The `tracing` subscriber of functions that install none.

use std::env;
use std::io;

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::logger::ReplayFilter;

/// Lambda's logging controls. Source: Lambda developer guide, "Configuring advanced logging controls".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Controls {
    is_json: bool,
    /// Whether several invocations write lines at a time, so that each line must name its invocation.
    is_concurrent: bool,
    /// The value of `AWS_LAMBDA_LOG_LEVEL`, or of `RUST_LOG`.
    filter: String,
}

impl Controls {
    fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let format = variable("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default();
        let level = variable("AWS_LAMBDA_LOG_LEVEL").map(|level| {
            // Lambda has one more level than `tracing`.
            if level.eq_ignore_ascii_case("FATAL") {
                "ERROR".to_owned()
            } else {
                level
            }
        });
        Self {
            is_json: format.eq_ignore_ascii_case("JSON"),
            is_concurrent: variable("AWS_LAMBDA_MAX_CONCURRENCY").is_some(),
            filter: level.or_else(|| variable("RUST_LOG")).unwrap_or_default(),
        }
    }

    /// Invalid parts of the filter are left out; a filter without valid parts is `INFO`.
    fn filter(&self) -> EnvFilter {
        EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .parse_lossy(&self.filter)
    }
}

/// Writes events to standard output, unless the function has a subscriber already.
pub(crate) fn install_default() {
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let controls = Controls::new(|name| env::var(name).ok());
    // Another thread may have set a subscriber meanwhile: then that one stays.
    drop(tracing::subscriber::set_global_default(subscriber(
        &controls,
        io::stdout,
    )));
}

fn subscriber<W>(controls: &Controls, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false);
    let lines = if controls.is_json {
        lines
            .json()
            .flatten_event(true)
            // The innermost span may be one of the function's own, which does not name the invocation.
            .with_span_list(controls.is_concurrent)
            .with_filter(ReplayFilter::new())
            .boxed()
    } else {
        // The system that stores the lines notes the time.
        lines
            .without_time()
            .with_filter(ReplayFilter::new())
            .boxed()
    };
    tracing_subscriber::registry()
        .with(controls.filter())
        .with(lines)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    fn controls(variables: &[(&str, &str)]) -> Controls {
        Controls::new(|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// The output for an event at each of two levels.
    fn written(controls: &Controls) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = subscriber(controls, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(requestId = "r1", "all is well");
            tracing::debug!("in detail");
        });
        written.text()
    }

    #[test]
    fn lines_are_text_at_info_unless_lambda_says_otherwise() {
        assert_eq!(
            written(&controls(&[])),
            " INFO all is well requestId=\"r1\"\n"
        );
        let nonsense = [("AWS_LAMBDA_LOG_LEVEL", "loud=er=est")];
        assert!(written(&controls(&nonsense)).contains("all is well"));
        assert!(!written(&controls(&nonsense)).contains("in detail"));
    }

    #[test]
    fn level_is_lambdas_before_that_of_rust() {
        let debug = controls(&[("RUST_LOG", "debug")]);
        assert!(written(&debug).contains("DEBUG in detail"));
        for level in ["ERROR", "FATAL", "fatal"] {
            let quiet = [("AWS_LAMBDA_LOG_LEVEL", level), ("RUST_LOG", "debug")];
            assert_eq!(written(&controls(&quiet)), "", "{level}");
        }
    }

    #[test]
    fn lines_of_many_invocations_name_theirs_within_any_span() {
        let json = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
        let written_in_spans = |controls: &Controls| {
            let written = Written::default();
            let writer = written.clone();
            let subscriber = subscriber(controls, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                let invocation = tracing::info_span!("invocation", requestId = "r1");
                let own = tracing::info_span!(parent: &invocation, "own");
                own.in_scope(|| tracing::info!("all is well"));
            });
            written.text()
        };
        let alone = written_in_spans(&controls(&[json]));
        assert!(!alone.contains("r1"), "{alone}");
        let many = [json, ("AWS_LAMBDA_MAX_CONCURRENCY", "8")];
        let line: Value = serde_json::from_str(&written_in_spans(&controls(&many))).unwrap();
        assert_eq!(line["spans"][0]["requestId"], "r1");
    }

    #[test]
    fn json_lines_have_the_fields_at_the_top() {
        let json = [
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ];
        let line: Value = serde_json::from_str(&written(&controls(&json))).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "all is well");
        assert_eq!(line["requestId"], "r1");
        assert!(line["timestamp"].is_string(), "{line}");
    }
}
