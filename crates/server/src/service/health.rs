//! Whether the service works: checks the store, the tables, the timers and recovery.
//!
//! `/healthz` fails when the process should be replaced because it will not recover. `/readyz` fails while
//! requests would not be served as they should.

use std::time::Duration;

use hyper::{Response, StatusCode};
use serde::Serialize;
use store::StoreTrouble;
use utoipa::ToSchema;

use super::processes;
use crate::app::App;
use crate::http::{Body, json};

/// Deadlines are read at least every thirty seconds; after a little more than twice that, the timers count as stopped.
const TIMERS_SILENT_MAX: Duration = Duration::from_secs(75);

/// How the process is. Where access is enforced, only `status` is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, `impaired` or `failing`.
    status: &'static str,
    /// What is wrong, one sentence each.
    problems: Vec<String>,
    version: &'static str,
    pid: u32,
    durability: &'static str,
    resident_executions: usize,
    /// Invocations that wait for their turn.
    waiting_invocations: usize,
    set_aside_executions: usize,
    functions: Vec<FunctionHealth>,
}

/// Processes of a function's version.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunctionHealth {
    function: String,
    version: String,
    warm: usize,
    busy: usize,
    queued: usize,
}

/// Whether requests will be served.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes an answer that is made by hand")]
pub(crate) struct Readiness {
    /// `ready`, `starting` or `impaired`.
    status: String,
    /// What is wrong, one sentence each; absent when nothing is, and where access is enforced.
    problems: Option<Vec<String>>,
}

/// Problems of the server.
#[derive(Default)]
pub(crate) struct Problems {
    /// Problems that do not go away by themselves.
    pub lasting: Vec<String>,
    pub passing: Vec<String>,
}

impl Problems {
    pub fn of(app: &App) -> Self {
        let mut problems = Self::default();
        if let Some(trouble) = app.driver.store().health().trouble {
            let text = trouble.to_string();
            match trouble {
                StoreTrouble::WriterGone(_)
                | StoreTrouble::ReaderGone
                | StoreTrouble::FilesGone { .. } => problems.lasting.push(text),
                StoreTrouble::Closed | StoreTrouble::CommitsFail { .. } => {
                    problems.passing.push(text);
                }
            }
        }
        if let Some(trouble) = app.tables.trouble() {
            let text = format!("the tables take no changes: {trouble}");
            problems.lasting.push(text);
        }
        if let Some(cluster) = &app.cluster
            && app.diagnostics.is_ready()
            && cluster.lease_left().is_zero()
        {
            let text = "this server could not tell the others in time that it lives, and drives no executions until \
                        it can";
            problems.passing.push(text.to_owned());
        }
        let silent_since = app
            .driver
            .timer_pulse()
            .read_at
            .unwrap_or(app.diagnostics.started_at);
        if app.driver.now().since(silent_since) > TIMERS_SILENT_MAX {
            let text = format!("deadlines have not been read since {silent_since}");
            problems.passing.push(text);
        }
        problems
    }

    fn all(self) -> Vec<String> {
        let mut all = self.lasting;
        all.extend(self.passing);
        all
    }
}

/// Returns whether the process is healthy: 503 if it will not recover by itself.
#[utoipa::path(
    get,
    path = "/healthz",
    responses((status = 200, body = Health), (status = 503, body = Health)),
)]
pub(crate) fn health(app: &App) -> Response<Body> {
    let functions = processes(app).into_iter().map(|it| FunctionHealth {
        function: it.function,
        version: it.version,
        warm: it.warm,
        busy: it.busy,
        queued: it.queued,
    });
    let problems = Problems::of(app);
    let (status, code) = if !problems.lasting.is_empty() {
        ("failing", StatusCode::SERVICE_UNAVAILABLE)
    } else if !problems.passing.is_empty() {
        ("impaired", StatusCode::OK)
    } else {
        ("ok", StatusCode::OK)
    };
    // Where access is enforced, anyone may still ask, and gets only the status.
    if app.access.is_enforced() {
        return json(code, &serde_json::json!({ "status": status }));
    }
    let health = Health {
        status,
        problems: problems.all(),
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        durability: app.driver.durability().as_str(),
        resident_executions: app.driver.resident_count(),
        waiting_invocations: app.driver.waiting_count(),
        set_aside_executions: app.driver.set_aside_count(),
        functions: functions.collect(),
    };
    json(code, &health)
}

/// Why requests are not served as they should be; empty when the server is ready.
pub(crate) fn readiness_problems(app: &App) -> Vec<String> {
    let mut problems = Problems::of(app).all();
    if !app.diagnostics.is_ready() {
        problems.push("what an earlier run left is being taken up".to_owned());
    }
    problems
}

/// Returns whether requests are served as they should be: 503 with the problems if not.
#[utoipa::path(
    get,
    path = "/readyz",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)),
)]
pub(crate) fn readiness(app: &App) -> Response<Body> {
    let problems = readiness_problems(app);
    let status = if !app.diagnostics.is_ready() {
        "starting"
    } else if problems.is_empty() {
        return json(StatusCode::OK, &serde_json::json!({ "status": "ready" }));
    } else {
        "impaired"
    };
    let answer = match app.access.is_enforced() {
        true => serde_json::json!({ "status": status }),
        false => serde_json::json!({ "status": status, "problems": problems }),
    };
    json(StatusCode::SERVICE_UNAVAILABLE, &answer)
}
