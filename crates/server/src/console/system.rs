//! The server itself: how it stands, what it warned of, and the same for Prometheus.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use model::Limits;
use serde::Serialize;
use store::StoreStats;
use utoipa::ToSchema;

use super::filter::status_word;
use crate::error::ApiError;
use crate::http::{Body, json};
use crate::server::App;

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
    pub store: StoreShown,
    pub commits: Commits,
    /// Executions in memory: those at work, or being changed.
    pub resident_executions: usize,
    pub queues: Queues,
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
    /// Invocations that wait for a process.
    pub asynchronous: usize,
    /// Executions that are running and not paused.
    pub executions_due: u64,
    pub dead_letters: u64,
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

/// Answers with how the server stands.
#[utoipa::path(
    get,
    path = "/lambdura/v1/system",
    responses((status = 200, body = System)),
)]
pub(super) async fn system(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    let store = app.driver.store();
    let stats = store.stats();
    let counts = store.counts().await?;
    let dead_letters = store.dead_letter_count().await?;
    let running = counts
        .iter()
        .filter(|count| count.status == model::ExecutionStatus::Running)
        .map(|count| count.count)
        .sum();
    let processes = processes(app);
    let micros = |duration: Option<std::time::Duration>| {
        duration.map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    };
    let warnings = app.observed.warnings.all().into_iter();
    let system = System {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        started_at: app.observed.started_at.as_millis(),
        now_at: app.driver.now().as_millis(),
        endpoint: app.endpoint.clone(),
        region: app.registry.home.region.clone(),
        account_id: app.registry.home.account_id.clone(),
        data_dir: app.data_dir.display().to_string(),
        durability: app.driver.durability().as_str(),
        store: store_shown(app, &stats),
        commits: Commits {
            count: stats.commits,
            fsync_p50_us: micros(stats.commit_p50),
            fsync_p99_us: micros(stats.commit_p99),
            transitions_per_commit: per_commit(&stats),
        },
        resident_executions: app.driver.resident_count(),
        queues: Queues {
            asynchronous: processes.iter().map(|it| it.queued).sum(),
            executions_due: running,
            dead_letters,
        },
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
            .observed
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
    let is_memory = app.driver.durability() == store::Durability::Memory;
    StoreShown {
        kind: if is_memory { "memory" } else { "sqlite" },
        path: (!is_memory).then(|| app.data_dir.join("lambdura.sqlite3").display().to_string()),
        bytes: stats.bytes,
        wal_bytes: stats.log_bytes,
        logs_bytes: size(&app.data_dir.join("logs.sqlite3")),
        growth_bytes_per_hour: growth(app, stats),
    }
}

fn growth(app: &Arc<App>, stats: &StoreStats) -> Option<i64> {
    let seconds = app.driver.now().since(app.observed.started_at).as_secs();
    if seconds < 60 {
        return None;
    }
    let bytes = i128::from(stats.bytes) - i128::from(app.observed.store_bytes_at_start);
    i64::try_from(bytes * 3_600 / i128::from(seconds)).ok()
}

/// A file that is not there holds nothing.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn per_commit(stats: &StoreStats) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let ratio = |writes: u64, commits: u64| writes as f64 / commits as f64;
    (stats.commits > 0).then(|| (ratio(stats.writes, stats.commits) * 100.0).round() / 100.0)
}

fn processes(app: &Arc<App>) -> Vec<Processes> {
    let stats = app.invoker.host.stats().into_iter();
    let processes = stats.map(|stats| Processes {
        function: stats.function.name.clone(),
        version: stats.function.version.clone(),
        warm: stats.warm,
        busy: stats.busy,
        queued: stats.queued,
    });
    processes.collect()
}

/// Answers Prometheus, in its text format 0.0.4.
pub(super) async fn metrics(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    let store = app.driver.store();
    let (stats, counts) = (store.stats(), store.counts().await?);
    let mut text = Exposition::default();
    text.head("lambdura_build_info", "gauge", "Which version this is.");
    text.sample(
        "lambdura_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    let up = app.driver.now().since(app.observed.started_at).as_secs();
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
        "Executions in memory.",
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
    let ignored = app.observed.datagrams_ignored.load(Ordering::Relaxed);
    text.sample("lambdura_xray_datagrams_ignored_total", &[], ignored);
    invocations(&mut text, app);
    let response = Response::builder()
        .header(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .body(Body::from(Bytes::from(text.text)));
    Ok(response.expect("the parts are all valid"))
}

fn invocations(text: &mut Exposition, app: &Arc<App>) {
    let functions = app.observed.statistics.all();
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

/// The text format.
#[derive(Default)]
struct Exposition {
    text: String,
}

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
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
