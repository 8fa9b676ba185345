//! The logger's lines for real `tracing` events: readable, valid, bounded, and separate for concurrent invocations.

#![expect(clippy::unwrap_used, reason = "a failed test is what a panic is for")]

use std::sync::Arc;

use powertools::{Invocation, Logger, MemorySink, Powertools, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};
use tracing::subscriber::with_default;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// The bound that `Logger` promises for a line.
const LINE_BYTES_MAX: usize = 256 * 1024;

fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::from_lookup(|name| {
        let environment = [
            ("POWERTOOLS_SERVICE_NAME", "LoanApi"),
            ("AWS_LAMBDA_FUNCTION_NAME", "LoanApiFunction"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "3"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ];
        variables
            .iter()
            .chain(&environment)
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn logger(variables: &[(&str, &str)]) -> (Logger, MemorySink) {
    let sink = MemorySink::new();
    (
        Logger::with_sink(Arc::new(settings(variables)), Arc::new(sink.clone())),
        sink,
    )
}

fn subscriber(logger: &Logger) -> impl tracing::Subscriber + Send + Sync + use<> {
    Registry::default().with(logger.layer().with_filter(logger.filter()))
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn invocation(id: &str) -> Invocation {
    let mut invocation = Invocation::new(id)
        .function_arn("arn:aws:lambda:us-east-1:000000000000:function:LoanApiFunction:live")
        .trace_header("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
        .correlation_id("gateway-1");
    invocation.cold_start = true;
    invocation
}

#[test]
fn line_tells_everything_about_its_invocation() {
    let (logger, sink) = logger(&[]);
    with_default(subscriber(&logger), || {
        block_on(logger.run(invocation("request-1"), async {
            powertools::append_key("application_id", "LOAN-1");
            let span = tracing::info_span!(
                "apply",
                route = "POST /apply",
                outcome = tracing::field::Empty
            );
            span.record("outcome", "ok");
            let _entered = span.enter();
            tracing::info!(
                amount = 25_000,
                rate = 7.5,
                r#type = "personal",
                level = "mine",
                "application received"
            );
        }));
    });
    let mut line = sink.lines().remove(0);
    let timestamp = line["timestamp"].take();
    let timestamp = timestamp.as_str().unwrap();
    assert!(
        timestamp.len() == 24 && timestamp.ends_with('Z'),
        "{timestamp} has milliseconds, in UTC"
    );
    let location = line["location"].take();
    assert!(
        location.as_str().unwrap().starts_with("logger:"),
        "{location}"
    );
    let expected = json!({
        "timestamp": null, "level": "INFO", "location": null, "message": "application received", "service": "LoanApi",
        "cold_start": true, "function_name": "LoanApiFunction", "function_version": "3", "function_memory_size": 512,
        "function_arn": "arn:aws:lambda:us-east-1:000000000000:function:LoanApiFunction:live",
        "function_request_id": "request-1", "correlation_id": "gateway-1",
        "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793", "application_id": "LOAN-1",
        "route": "POST /apply", "outcome": "ok", "amount": 25_000, "rate": 7.5, "type": "personal", "level_": "mine",
    });
    assert_eq!(line, expected);
    let raw = String::from_utf8(sink.raw_lines().remove(0)).unwrap();
    assert!(
        raw.starts_with(r#"{"timestamp":"#),
        "a reader finds the time first: {raw}"
    );
}

#[test]
fn level_is_kept_and_outside_an_invocation_there_are_no_facts() {
    let (logger, sink) = logger(&[("POWERTOOLS_LOG_LEVEL", "WARN")]);
    with_default(subscriber(&logger), || {
        tracing::info!("too quiet");
        tracing::warn!("loud enough");
        assert!(!powertools::append_key("application_id", "LOAN-1"));
    });
    let lines = sink.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "loud enough");
    assert_eq!(lines[0].get("function_request_id"), None);
}

#[test]
fn concurrent_invocations_keep_their_keys_apart_across_spawned_tasks() {
    let (logger, sink) = logger(&[]);
    with_default(subscriber(&logger), || {
        block_on(async {
            let one = |id: &'static str| {
                logger.run(invocation(id), async move {
                    powertools::append_key("application_id", id);
                    tokio::task::yield_now().await;
                    tokio::spawn(powertools::carry(async move {
                        tracing::info!(expected = id, "spawned")
                    }))
                    .await
                })
            };
            let (first, second) = tokio::join!(one("LOAN-1"), one("LOAN-2"));
            first.and(second).unwrap();
        });
    });
    let lines = sink.lines();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!(line["application_id"], line["expected"], "{line}");
        assert_eq!(line["function_request_id"], line["expected"], "{line}");
    }
}

#[test]
fn incoming_event_is_written_only_when_asked_for() {
    let event = json!({ "body": { "sin": "1111" } });
    for (variables, written) in [
        (&[][..], 0),
        (&[("POWERTOOLS_LOGGER_LOG_EVENT", "true")][..], 1),
    ] {
        let (logger, sink) = logger(variables);
        logger.log_event(&event);
        let lines = sink.lines();
        assert_eq!(lines.len(), written);
        assert!(lines.iter().all(|line| line["event"] == event), "{lines:?}");
    }
}

#[test]
fn failing_invocation_is_logged_with_its_error() {
    let sink = MemorySink::new();
    let tools = Powertools::new(settings(&[]), sink.clone());
    with_default(subscriber(&tools.logger), || {
        let outcome = block_on(tools.run(invocation("request-1"), async {
            Err::<(), _>("table \"gone\"\n")
        }));
        assert_eq!(outcome, Err("table \"gone\"\n"));
    });
    let line = sink.lines().remove(0);
    assert_eq!(
        (&line["level"], &line["error"]),
        (&json!("ERROR"), &json!("table \"gone\"\n"))
    );
}

proptest! {
    #[test]
    fn hostile_strings_give_one_valid_line(
        message in any::<String>(),
        key in any::<String>(),
        text in "[\\x00-\\x1f\"\\\\é\u{2028}]{0,40}",
        times in prop::sample::select(vec![0_usize, 1, 100, 20_000]),
        number in any::<f64>(),
        huge in any::<u128>(),
    ) {
        let (logger, sink) = logger(&[]);
        let long = text.repeat(times);
        with_default(subscriber(&logger), || {
            block_on(logger.run(invocation(&text), async {
                for number in 0..100 {
                    powertools::append_key(format!("{key}{number}"), long.clone());
                }
                powertools::set_correlation_id(long.clone());
                tracing::info!(number, huge, debug = ?long, text = long.as_str(), "{message}{long}");
            }));
        });
        let raw = sink.raw_lines();
        prop_assert_eq!(raw.len(), 1);
        prop_assert!(raw[0].len() <= LINE_BYTES_MAX, "{} bytes", raw[0].len());
        prop_assert!(!raw[0].contains(&b'\n'));
        let line: Value = serde_json::from_slice(&raw[0]).unwrap();
        prop_assert_eq!(&line["level"], "INFO");
        if long.len() + message.len() < 1000 {
            prop_assert_eq!(line["message"].as_str().unwrap(), format!("{message}{long}"));
        }
        // No member twice: serde_json would silently keep the last one, so the names are counted in the text.
        let members = line.as_object().unwrap().len();
        prop_assert!(members <= 129, "{members}");
    }
}
