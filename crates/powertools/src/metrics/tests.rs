//! What Metrics writes, line by line.

use serde_json::{Value, json};

use super::document::{METRICS_MAX, VALUES_MAX};
use super::*;
use crate::MemorySink;

fn metrics(variables: &[(&str, &str)]) -> (Metrics, MemorySink) {
    let settings = Settings::from_lookup(|name| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    });
    let sink = MemorySink::new();
    (
        Metrics::with_sink(Arc::new(settings), Arc::new(sink.clone())),
        sink,
    )
}

const LOANS: [(&str, &str); 3] = [
    ("POWERTOOLS_METRICS_NAMESPACE", "Loans"),
    ("POWERTOOLS_SERVICE_NAME", "LoanApi"),
    ("AWS_LAMBDA_FUNCTION_NAME", "LoanApiFunction"),
];

#[test]
fn line_as_the_specification_has_it() {
    let mut gathered = Gathered::default();
    gathered.add("ApplicationsSubmitted", Unit::Count, 1.0);
    gathered.add("Latency", Unit::Milliseconds, 2.5);
    gathered.add("ApplicationsSubmitted", Unit::Count, 2.0);
    let line = gathered.to_line(Timestamp::UNIX_EPOCH, "Loans", &[("service", "LoanApi")]);
    let expected = json!({
        "_aws": {
            "Timestamp": 0,
            "CloudWatchMetrics": [{
                "Namespace": "Loans",
                "Dimensions": [["service"]],
                "Metrics": [
                    { "Name": "ApplicationsSubmitted", "Unit": "Count" },
                    { "Name": "Latency", "Unit": "Milliseconds" },
                ],
            }],
        },
        "service": "LoanApi",
        "ApplicationsSubmitted": [1.0, 2.0],
        "Latency": [2.5],
    });
    assert_eq!(serde_json::from_slice::<Value>(&line).unwrap(), expected);
}

#[test]
fn flush_writes_once() {
    let (metrics, sink) = metrics(&LOANS);
    metrics.add_metric("ApprovalsProcessed", Unit::Count, 1.0);
    metrics.flush().unwrap();
    metrics.flush().unwrap();
    assert_eq!(sink.lines().len(), 1);
}

#[test]
fn no_document_holds_more_than_a_hundred_metrics_or_values() {
    let (metrics, sink) = metrics(&LOANS);
    for number in 0..250 {
        metrics.add_metric(&format!("metric {number}"), Unit::Count, 1.0);
        metrics.add_metric("same", Unit::Count, f64::from(number));
    }
    metrics.flush().unwrap();
    let (mut defined, mut values) = (0, 0);
    for line in sink.lines() {
        let definitions = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap()
            .len();
        assert!(definitions <= METRICS_MAX, "{definitions}");
        defined += definitions - usize::from(line.get("same").is_some());
        values += line
            .get("same")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
    }
    assert_eq!(
        (defined, values),
        (250, 250),
        "every value is written exactly once"
    );
}

#[test]
fn values_of_one_metric_are_split_too() {
    let (metrics, sink) = metrics(&LOANS);
    for number in 0..250 {
        metrics.add_metric("same", Unit::Count, f64::from(number));
    }
    metrics.flush().unwrap();
    let counts: Vec<usize> = sink
        .lines()
        .iter()
        .map(|line| line["same"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [VALUES_MAX, VALUES_MAX, 50]);
}

#[test]
fn what_the_format_cannot_carry_is_refused() {
    let (metrics, sink) = metrics(&LOANS);
    for (name, value) in [
        ("_aws", 1.0),
        ("service", 1.0),
        ("", 1.0),
        ("a\nb", 1.0),
        ("nan", f64::NAN),
    ] {
        metrics.add_metric(name, Unit::Count, value);
    }
    metrics.flush().unwrap();
    assert_eq!(sink.lines(), [] as [Value; 0]);
}

#[test]
fn cold_start_is_told_once_with_the_functions_name() {
    let (metrics, sink) = metrics(&LOANS);
    let mut invocation = Invocation::new("r");
    for cold_start in [true, false] {
        invocation.cold_start = cold_start;
        metrics.capture_cold_start(&invocation).unwrap();
    }
    let lines = sink.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["function_name", "service"]])
    );
    assert_eq!(lines[0]["function_name"], "LoanApiFunction");
    assert_eq!(lines[0]["ColdStart"], json!([1.0]));
}

#[test]
fn without_a_namespace_nothing_is_written_and_nothing_piles_up() {
    let (metrics, sink) = metrics(&[]);
    metrics.add_metric("ApprovalsProcessed", Unit::Count, 1.0);
    assert_eq!(metrics.flush(), Err(FlushMetricsError::NoNamespace));
    assert_eq!(metrics.flush(), Ok(()));
    assert!(sink.lines().is_empty());
}
