//! One EMF line. Source: CloudWatch User Guide, "Specification: Embedded metric format" (read 2026-11-23).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Unit;

/// Most metrics in one document. Source: EMF specification, "MetricDirective".
pub(super) const METRICS_MAX: usize = 100;
/// Most values of one metric in one document. Source: EMF specification, "Target members".
pub(super) const VALUES_MAX: usize = 100;

/// Metrics that were added and not written yet.
#[derive(Default)]
pub(super) struct Gathered {
    metrics: Vec<Metric>,
}

struct Metric {
    name: String,
    unit: Unit,
    values: Vec<f64>,
}

impl Gathered {
    /// Adds a value. The first unit of a name stays: a document can only give one.
    pub(super) fn add(&mut self, name: &str, unit: Unit, value: f64) {
        match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(metric) => metric.values.push(value),
            None => self.metrics.push(Metric {
                name: name.to_owned(),
                unit,
                values: vec![value],
            }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    /// Whether another value might not fit into a document.
    pub(super) fn is_full(&self) -> bool {
        self.metrics.len() >= METRICS_MAX
            || self
                .metrics
                .iter()
                .any(|metric| metric.values.len() >= VALUES_MAX)
    }

    pub(super) fn to_line(
        &self,
        now: Timestamp,
        namespace: &str,
        dimensions: &[(&str, &str)],
    ) -> Vec<u8> {
        assert!(
            self.metrics.len() <= METRICS_MAX,
            "a full set is written before more is added"
        );
        let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
        let definitions: Vec<Value> = self
            .metrics
            .iter()
            .map(|metric| json!({ "Name": metric.name, "Unit": metric.unit.as_str() }))
            .collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [names], "Metrics": definitions }],
            }),
        );
        for (name, value) in dimensions {
            line.insert((*name).to_owned(), (*value).into());
        }
        for metric in &self.metrics {
            line.insert(metric.name.clone(), metric.values.clone().into());
        }
        serde_json::to_vec(&line).expect("JSON values are JSON")
    }
}
