//! The server itself: its state, its warnings, and the same for Prometheus.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use model::Limits;
use serde::Serialize;
use store::{StoreFault, StoreStats};
use utoipa::ToSchema;
use wire::ApiError;

use super::filter::status_word;
use super::health_metrics;
use crate::app::App;
use crate::http::{Body, json};
use crate::service::{processes, readiness_problems};

/// How the server stands. Instants are epoch milliseconds, sizes bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct System {
    pub version: &'static str,
    pub pid: u32,
    pub started_at: i64,
    pub now_at: i64,
    pub endpoint: String,
    pub region: String,
    pub account_id: String,
    pub data_dir: String,
    /// `disk`, `os` or `memory`.
    pub durability: &'static str,
    /// What is wrong, one sentence each: why `/readyz` does not say that the server is ready.
    pub problems: Vec<String>,
    pub store: StoreShown,
    pub timers: Timers,
    /// Executions that cannot be worked on: see `/lambdura/v1/set-aside`.
    pub set_aside_executions: usize,
    pub commits: Commits,
    /// Executions in memory: those at work, or being changed.
    pub resident_executions: usize,
    pub queues: Queues,
    /// Whether other servers may share the store: see `/lambdura/v1/servers`.
    pub is_shared: bool,
    pub processes: Vec<Processes>,
    /// The last ones, oldest first.
    pub warnings: Vec<WarningShown>,
    /// `aws` or `unbounded`.
    pub limits: &'static str,
    pub apis: Vec<ApiShown>,
    pub telemetry: Telemetry,
}

/// Where executions and logs are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreShown {
    /// `sqlite` or `memory`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub bytes: u64,
    pub wal_bytes: u64,
    pub logs_bytes: u64,
    /// How fast the database has grown since the start; absent in the first minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_bytes_per_hour: Option<i64>,
    /// Why it cannot be relied on now; absent when commits become durable and reads are answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What was found to be wrong with the data, one sentence each.
    pub warnings: Vec<String>,
    /// Rows that lists leave out because they cannot be decoded.
    pub unreadable_rows: u64,
}

/// How the timers do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timers {
    /// When deadlines were last read; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<i64>,
    /// How late the most overdue deadline was then.
    pub lag_ms: u64,
}

/// Commits since the start.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Commits {
    pub count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsync_p50_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsync_p99_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions_per_commit: Option<f64>,
}

/// What waits inside of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queues {
    /// Invocations that wait for their turn or for a process.
    pub asynchronous: usize,
    /// Asynchronous invocations of plain functions that were accepted and are not done.
    pub accepted: usize,
    /// Executions that are running and not paused; absent while the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executions_due: Option<u64>,
    /// Absent while the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
}

/// The processes of a function version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Processes {
    pub function: String,
    pub version: String,
    pub warm: usize,
    pub busy: usize,
    pub queued: usize,
}

/// A warning or an error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WarningShown {
    pub at: i64,
    pub level: &'static str,
    pub target: String,
    pub message: String,
}

/// An API or function URL of the stack.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiShown {
    pub name: String,
    pub url: String,
}

/// Where traces are sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Telemetry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// Returns the status of the server.
#[utoipa::path(
    get,
    path = "/lambdura/v1/system",
    responses((status = 200, body = System)),
)]
pub(super) async fn system(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    let store = app.driver.store();
    let stats = store.stats();
    let mut problems = readiness_problems(app);
    // If the store fails, the other facts are shown all the same.
    let counts = known(store.counts().await, &mut problems);
    let dead_letters = known(store.dead_letter_count().await, &mut problems);
    let set_aside = known(app.driver.set_aside_anywhere().await, &mut problems);
    let running = counts.map(|counts| {
        let running = counts.iter();
        let running = running.filter(|count| count.status == model::ExecutionStatus::Running);
        running.map(|count| count.count).sum::<u64>()
    });
    let processes = shown_processes(app);
    let pulse = app.driver.timer_pulse();
    let micros = |duration: Option<std::time::Duration>| {
        duration.map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    };
    let warnings = app.diagnostics.warnings.all().into_iter();
    let system = System {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        started_at: app.diagnostics.started_at.as_millis(),
        now_at: app.driver.now().as_millis(),
        endpoint: app.endpoint.clone(),
        region: app.registry.home.region.clone(),
        account_id: app.registry.home.account_id.clone(),
        data_dir: app.data_dir.display().to_string(),
        durability: app.driver.durability().as_str(),
        problems,
        store: store_shown(app, &stats),
        timers: Timers {
            read_at: pulse.read_at.map(model::Timestamp::as_millis),
            lag_ms: u64::try_from(pulse.lag.as_millis()).unwrap_or(u64::MAX),
        },
        set_aside_executions: set_aside.map_or_else(|| app.driver.set_aside_count(), |it| it.len()),
        commits: Commits {
            count: stats.commits,
            fsync_p50_us: micros(stats.commit_p50),
            fsync_p99_us: micros(stats.commit_p99),
            transitions_per_commit: per_commit(&stats),
        },
        resident_executions: app.driver.resident_count(),
        queues: Queues {
            asynchronous: processes.iter().map(|it| it.queued).sum(),
            accepted: app.driver.queued_count(),
            executions_due: running,
            dead_letters,
        },
        is_shared: app.cluster.is_some(),
        processes,
        warnings: warnings
            .map(|warning| WarningShown {
                at: warning.at,
                level: warning.level,
                target: warning.target,
                message: warning.message,
            })
            .collect(),
        limits: if *app.driver.limits() == Limits::AWS {
            "aws"
        } else {
            "unbounded"
        },
        apis: app
            .diagnostics
            .apis()
            .into_iter()
            .map(|(name, url)| ApiShown { name, url })
            .collect(),
        telemetry: Telemetry {
            otlp_endpoint: app.otlp_endpoint.clone(),
        },
    };
    Ok(json(StatusCode::OK, &system))
}

fn store_shown(app: &Arc<App>, stats: &StoreStats) -> StoreShown {
    let health = app.driver.store().health();
    let is_memory = app.driver.durability() == store::Durability::Memory;
    StoreShown {
        kind: if is_memory { "memory" } else { "sqlite" },
        path: (!is_memory).then(|| app.data_dir.join("lambdura.sqlite3").display().to_string()),
        bytes: stats.bytes,
        wal_bytes: stats.log_bytes,
        logs_bytes: size(&app.data_dir.join("logs.sqlite3")),
        growth_bytes_per_hour: growth(app, stats),
        trouble: health.trouble.map(|trouble| trouble.to_string()),
        warnings: health.warnings,
        unreadable_rows: stats.unreadable_rows,
    }
}

/// The store's answer; a fault becomes a problem.
fn known<T>(answer: Result<T, StoreFault>, problems: &mut Vec<String>) -> Option<T> {
    answer
        .inspect_err(|fault| problems.push(format!("the store failed: {fault}")))
        .ok()
}

fn growth(app: &Arc<App>, stats: &StoreStats) -> Option<i64> {
    let seconds = app.driver.now().since(app.diagnostics.started_at).as_secs();
    if seconds < 60 {
        return None;
    }
    let bytes = i128::from(stats.bytes) - i128::from(app.diagnostics.store_bytes_at_start);
    i64::try_from(bytes * 3_600 / i128::from(seconds)).ok()
}

/// A missing file has no bytes.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn per_commit(stats: &StoreStats) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let ratio = |writes: u64, commits: u64| writes as f64 / commits as f64;
    (stats.commits > 0).then(|| (ratio(stats.writes, stats.commits) * 100.0).round() / 100.0)
}

fn shown_processes(app: &Arc<App>) -> Vec<Processes> {
    let all = processes(app).into_iter().map(|it| Processes {
        function: it.function,
        version: it.version,
        warm: it.warm,
        busy: it.busy,
        queued: it.queued,
    });
    all.collect()
}

/// Answers Prometheus, in its text format 0.0.4.
pub(super) async fn metrics(app: &Arc<App>) -> Response<Body> {
    let store = app.driver.store();
    let stats = store.stats();
    // If the count fails, the metrics that show the store's trouble are sent all the same.
    let counts = store.counts().await.unwrap_or_else(|fault| {
        let error = &fault as &dyn std::error::Error;
        tracing::warn!(error, "failed to count executions for `/metrics`");
        Vec::new()
    });
    let mut text = Exposition::default();
    text.head("lambdura_build_info", "gauge", "Which version this is.");
    text.sample(
        "lambdura_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    let up = app.driver.now().since(app.diagnostics.started_at).as_secs();
    text.head("lambdura_uptime_seconds", "gauge", "Time since the start.");
    text.sample("lambdura_uptime_seconds", &[], up);
    text.head("lambdura_executions", "gauge", "Stored durable executions.");
    for count in &counts {
        let labels = [
            ("function", count.function.as_str()),
            ("version", &count.version.to_string()),
            ("status", status_word(count.status)),
        ];
        text.sample("lambdura_executions", &labels, count.count);
    }
    let resident = app.driver.resident_count();
    text.head(
        "lambdura_resident_executions",
        "gauge",
        "Executions with an invocation at work, or being changed.",
    );
    text.sample("lambdura_resident_executions", &[], resident);
    text.head(
        "lambdura_store_commits_total",
        "counter",
        "Transactions that were committed.",
    );
    text.sample("lambdura_store_commits_total", &[], stats.commits);
    text.head("lambdura_store_writes_total", "counter", "Writes in them.");
    text.sample("lambdura_store_writes_total", &[], stats.writes);
    text.head(
        "lambdura_store_commit_seconds",
        "gauge",
        "How long commits took at the most.",
    );
    for (quantile, took) in [("0.5", stats.commit_p50), ("0.99", stats.commit_p99)] {
        if let Some(took) = took {
            let labels = [("quantile", quantile)];
            text.sample("lambdura_store_commit_seconds", &labels, took.as_secs_f64());
        }
    }
    text.head("lambdura_store_bytes", "gauge", "Size of the files.");
    let logs = size(&app.data_dir.join("logs.sqlite3"));
    for (file, bytes) in [
        ("database", stats.bytes),
        ("wal", stats.log_bytes),
        ("logs", logs),
    ] {
        text.sample("lambdura_store_bytes", &[("file", file)], bytes);
    }
    text.head(
        "lambdura_processes",
        "gauge",
        "Function processes, and invocations that wait for one.",
    );
    for it in processes(app) {
        for (state, number) in [("warm", it.warm), ("busy", it.busy), ("queued", it.queued)] {
            let labels = [
                ("function", it.function.as_str()),
                ("version", &it.version),
                ("state", state),
            ];
            text.sample("lambdura_processes", &labels, number);
        }
    }
    text.head(
        "lambdura_xray_datagrams_ignored_total",
        "counter",
        "Datagrams to the X-Ray port that were no segments.",
    );
    let ignored = app.diagnostics.datagrams_ignored.load(Ordering::Relaxed);
    text.sample("lambdura_xray_datagrams_ignored_total", &[], ignored);
    invocations(&mut text, app);
    health_metrics::add(&mut text, app);
    let response = Response::builder()
        .header(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .body(Body::from(Bytes::from(text.text)));
    response.expect("the parts are all valid")
}

fn invocations(text: &mut Exposition, app: &Arc<App>) {
    let functions = app.diagnostics.statistics.all();
    text.head(
        "lambdura_invocations_total",
        "counter",
        "Invocations that have ended.",
    );
    for (function, it) in &functions {
        let labels = [("function", function.as_str())];
        text.sample("lambdura_invocations_total", &labels, it.total.invocations);
    }
    text.head(
        "lambdura_invocation_errors_total",
        "counter",
        "Those that failed.",
    );
    for (function, it) in &functions {
        let labels = [("function", function.as_str())];
        text.sample("lambdura_invocation_errors_total", &labels, it.total.errors);
    }
    text.head(
        "lambdura_throttles_total",
        "counter",
        "Invocations for which there was no process.",
    );
    for (function, it) in &functions {
        let labels = [("function", function.as_str())];
        text.sample("lambdura_throttles_total", &labels, it.total.throttles);
    }
    text.head(
        "lambdura_invocation_seconds_total",
        "counter",
        "How long invocations took together.",
    );
    for (function, it) in &functions {
        let labels = [("function", function.as_str())];
        let seconds = it.total.duration.as_secs_f64();
        text.sample("lambdura_invocation_seconds_total", &labels, seconds);
    }
}

/// The text format of Prometheus.
#[derive(Default)]
pub(super) struct Exposition {
    text: String,
}

impl Exposition {
    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(name);
        if !labels.is_empty() {
            self.text.push('{');
            for (index, (label, value)) in labels.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let value = value
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                let _ = write!(self.text, "{comma}{label}=\"{value}\"");
            }
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = Exposition::default();
        text.head("a", "gauge", "What it is.");
        text.sample("a", &[("x", "say \"hi\"\n\\"), ("y", "2")], 1.5);
        text.sample("a", &[], 7);
        assert_eq!(
            text.text,
            "# HELP a What it is.\n# TYPE a gauge\na{x=\"say \\\"hi\\\"\\n\\\\\",y=\"2\"} 1.5\na 7\n"
        );
    }
}
