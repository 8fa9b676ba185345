//! Metrics that functions write into their logs: CloudWatch's embedded metric format.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use store::LogQuery;
use utoipa::ToSchema;
use wire::ApiError;

use super::{filter, functions};
use crate::app::App;
use crate::http::{Body, Query, json};

/// Limits of one reading: lines of a log, from the newest back, their bytes, and the bytes of one read.
const LINES_MAX: usize = 20_000;
const BYTES_MAX: usize = 64 * 1024 * 1024;
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Metrics that are shown: a function with a dimension for each customer must not fill the page.
const METRICS_MAX: usize = 100;

/// Minutes that are shown: when the request gives no number, and at most.
const MINUTES_DEFAULT: i64 = 60;
const MINUTES_MAX: i64 = 24 * 60;

/// What a function measured.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MetricList {
    pub metrics: Vec<Metric>,
}

/// A metric with one set of dimensions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Metric {
    pub namespace: String,
    pub name: String,
    pub unit: String,
    pub dimensions: BTreeMap<String, String>,
    /// A minute each, oldest first; minutes without a value are left out.
    pub points: Vec<MetricPoint>,
}

/// A minute of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct MetricPoint {
    /// Epoch milliseconds.
    pub at: i64,
    pub sum: f64,
    pub count: u64,
    pub min: f64,
    pub max: f64,
}

/// Returns a function's recent metrics.
#[utoipa::path(
    get,
    path = "/lambdura/v1/functions/{name}/metrics",
    params(
        ("name" = String, Path, description = "without version or alias"),
        ("minutes" = Option<i64>, Query, description = "1 to 1,440; 60 when absent"),
    ),
    responses((status = 200, body = MetricList)),
)]
pub(super) async fn metrics(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let name = functions::parse(name)?;
    let minutes = filter::number(query, "minutes")?.unwrap_or(MINUTES_DEFAULT);
    let since = app.driver.now().as_millis() - minutes.clamp(1, MINUTES_MAX) * 60_000;
    let mut log_query = LogQuery {
        function: Some(name),
        tail: true,
        limit: LINES_MAX,
        bytes_max: READ_BYTES_MAX,
        ..LogQuery::default()
    };
    let mut collected = Collected::default();
    let (mut lines, mut bytes) = (0, 0);
    loop {
        let page = app.runner.logs.store().lines(log_query.clone()).await?;
        for found in &page.lines {
            let line = &found.line;
            if line.at.as_millis() >= since && line.text.contains("\"_aws\"") {
                collected.read(&line.text, line.at.as_millis());
            }
            bytes += line.text.len();
        }
        lines += page.lines.len();
        let Some(oldest) = page.lines.first() else {
            break;
        };
        let is_old = oldest.line.at.as_millis() < since;
        if !page.more || is_old || lines >= LINES_MAX || bytes >= BYTES_MAX {
            break;
        }
        log_query.before = Some(oldest.number);
    }
    let metrics = collected.finish();
    Ok(json(StatusCode::OK, &MetricList { metrics }))
}

type Key = (String, String, BTreeMap<String, String>);

#[derive(Default)]
struct Collected {
    metrics: BTreeMap<Key, (String, BTreeMap<i64, MetricPoint>)>,
}

impl Collected {
    /// Adds the metrics of one line, if it is a document of the format; invalid parts are skipped.
    fn read(&mut self, text: &str, at: i64) {
        let Ok(Value::Object(document)) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let aws = &document.get("_aws").cloned().unwrap_or_default();
        let at = aws["Timestamp"].as_i64().unwrap_or(at);
        for directive in aws["CloudWatchMetrics"].as_array().into_iter().flatten() {
            let namespace = directive["Namespace"].as_str().unwrap_or("unnamed");
            let sets = directive["Dimensions"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let dimensions = sets.first().map(|set| dimensions(set, &document));
            let dimensions = dimensions.unwrap_or_default();
            for metric in directive["Metrics"].as_array().into_iter().flatten() {
                let Some(name) = metric["Name"].as_str() else {
                    continue;
                };
                let unit = metric["Unit"].as_str().unwrap_or("None");
                let key = (namespace.to_owned(), name.to_owned(), dimensions.clone());
                self.add(key, unit, at, &values(document.get(name)));
            }
        }
    }

    fn add(&mut self, key: Key, unit: &str, at: i64, values: &[f64]) {
        if values.is_empty()
            || (self.metrics.len() >= METRICS_MAX && !self.metrics.contains_key(&key))
        {
            return;
        }
        let (_, points) = self
            .metrics
            .entry(key)
            .or_insert_with(|| (unit.to_owned(), BTreeMap::new()));
        let minute = at.div_euclid(60_000) * 60_000;
        for value in values {
            let point = points.entry(minute).or_insert(MetricPoint {
                at: minute,
                sum: 0.0,
                count: 0,
                min: *value,
                max: *value,
            });
            point.sum += value;
            point.count += 1;
            point.min = point.min.min(*value);
            point.max = point.max.max(*value);
        }
    }

    fn finish(self) -> Vec<Metric> {
        let metrics = self.metrics.into_iter();
        let metric = |((namespace, name, dimensions), (unit, points)): (
            Key,
            (String, BTreeMap<i64, MetricPoint>),
        )| Metric {
            namespace,
            name,
            unit,
            dimensions,
            points: points.into_values().collect(),
        };
        metrics.map(metric).collect()
    }
}

/// The values of the members that a set of dimensions names.
fn dimensions(set: &Value, document: &Map<String, Value>) -> BTreeMap<String, String> {
    let names = set
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let named = names.filter_map(|name| {
        let value = document.get(name)?.as_str()?;
        Some((name.to_owned(), value.chars().take(200).collect()))
    });
    named.collect()
}

/// A number, or a list of numbers.
fn values(value: Option<&Value>) -> Vec<f64> {
    match value {
        Some(Value::Number(number)) => number.as_f64().into_iter().collect(),
        Some(Value::Array(values)) => values.iter().take(100).filter_map(Value::as_f64).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_added_up_by_minute_and_nonsense_is_passed_over() {
        let mut collected = Collected::default();
        let document = |value: &str, at: i64| {
            format!(
                r#"{{"_aws":{{"Timestamp":{at},"CloudWatchMetrics":[{{"Namespace":"Loan","Dimensions":[["service"]],
                "Metrics":[{{"Name":"Approved","Unit":"Count"}}]}}]}},"service":"api","Approved":{value}}}"#
            )
        };
        collected.read(&document("1", 60_000), 0);
        collected.read(&document("[2, 3]", 60_001), 0);
        collected.read(&document("\"many\"", 60_002), 0);
        collected.read(&document("5", 120_000), 0);
        for nonsense in [
            "",
            "{",
            r#"{"_aws":1}"#,
            r#"{"_aws":{"CloudWatchMetrics":[1,{"Metrics":[{}]}]}}"#,
        ] {
            collected.read(nonsense, 0);
        }
        let metrics = collected.finish();
        assert_eq!(metrics.len(), 1);
        assert_eq!(metrics[0].dimensions["service"], "api");
        let points: Vec<_> = metrics[0]
            .points
            .iter()
            .map(|point| (point.at, point.sum, point.count, point.min, point.max))
            .collect();
        assert_eq!(
            points,
            [(60_000, 6.0, 3, 1.0, 3.0), (120_000, 5.0, 1, 5.0, 5.0)]
        );
    }
}
