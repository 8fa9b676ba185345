//! Functions: their configuration, and how busy they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use model::{ExecutionStatus, FunctionName, Version};
use serde::Serialize;
use store::ExecutionCount;
use utoipa::ToSchema;
use wire::ApiError;

use crate::app::App;
use crate::functions::FunctionVersion;
use crate::http::{Body, decode, json};
use crate::service::{VersionProcesses, processes};
use crate::telemetry::{FunctionStatistics, MINUTES};

/// Inputs that are offered, and how many are read for them.
const INPUTS_SHOWN: usize = 10;
const INPUTS_READ: usize = 50;

/// Sample events that are offered, and the largest size of one, in bytes.
const SAMPLES_MAX: usize = 20;
const SAMPLE_BYTES_MAX: u64 = 256 * 1024;

/// All functions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionList {
    pub functions: Vec<FunctionStatus>,
}

/// A function as it is set up now, and how busy it is. Instants are epoch milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionStatus {
    pub function: String,
    pub arn: String,
    /// Its key in its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<String>,
    /// Where it is in its CDK app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub construct_path: Option<String>,
    pub is_durable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why it is in that state, where it is not `Active`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    pub timeout_seconds: u64,
    pub memory_mb: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<i64>,
    /// Processes at the most.
    pub concurrency_limit: usize,
    /// Whether that number is reserved for this function.
    pub reserved: bool,
    pub versions: Vec<VersionStatus>,
    pub latest_version: String,
    pub stats: FunctionStats,
}

/// A version of a function.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionStatus {
    pub version: String,
    pub aliases: Vec<String>,
    pub published_at: i64,
    /// What is wrong with its code, where that is damaged: no invocation of it can succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// Durable executions that have not ended.
    pub open_executions: u64,
    /// Processes that wait for an invocation.
    pub warm: usize,
    /// Processes at work.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub queued: usize,
}

/// How a function's invocations went in the last hour, as far as the server has been running.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionStats {
    pub window_seconds: u64,
    pub invocations: u64,
    pub errors: u64,
    pub throttles: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_p95_ms: Option<f64>,
    /// A minute each, oldest first.
    pub buckets: Vec<StatsBucket>,
}

/// A minute of a function's invocations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatsBucket {
    pub at: i64,
    pub invocations: u64,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<f64>,
}

/// A function, and the rest of its setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionDetail {
    #[serde(flatten)]
    pub status: FunctionStatus,
    pub environment: Vec<Variable>,
    pub layers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    pub tags: BTreeMap<String, String>,
}

/// An environment variable. Its value stays here: no name tells which values are secrets. Who wants to
/// see them asks `GetFunctionConfiguration`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Variable {
    pub name: String,
}

/// Returns all functions.
#[utoipa::path(
    get,
    path = "/lambdura/v1/functions",
    responses((status = 200, body = FunctionList)),
)]
pub(super) async fn list(app: &Arc<App>) -> Result<Response<Body>, ApiError> {
    let counts = app.driver.store().counts().await?;
    let names = app.registry.names();
    let processes = processes(app);
    let functions = names
        .iter()
        .filter_map(|name| status(app, name, &counts, &processes));
    let functions = functions.collect();
    Ok(json(StatusCode::OK, &FunctionList { functions }))
}

/// Returns one function.
#[utoipa::path(
    get,
    path = "/lambdura/v1/functions/{name}",
    params(("name" = String, Path, description = "without version or alias")),
    responses((status = 200, body = FunctionDetail)),
)]
pub(super) async fn detail(app: &Arc<App>, name: &str) -> Result<Response<Body>, ApiError> {
    let name = parse(name)?;
    let counts = app.driver.store().counts().await?;
    let status = status(app, &name, &counts, &processes(app)).ok_or_else(|| unknown(&name))?;
    let version = newest(app, &name).ok_or_else(|| unknown(&name))?;
    let configuration = &version.configuration;
    let variables = configuration.environment.clone().unwrap_or_default();
    let names = variables.variables.into_keys();
    let layers = configuration.layers.iter().flatten();
    let detail = FunctionDetail {
        status,
        environment: names.map(|name| Variable { name }).collect(),
        layers: layers.map(|layer| layer.arn.clone()).collect(),
        execution_timeout_seconds: version.durable.map(|it| it.execution_timeout_seconds),
        retention_days: version.durable.map(|it| it.retention_days),
        tags: app.registry.settings(&name).tags.clone(),
    };
    Ok(json(StatusCode::OK, &detail))
}

/// Inputs to call a function with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InputList {
    pub inputs: Vec<FunctionInput>,
}

/// An input that a function was given, or a sample.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionInput {
    pub source: InputSource,
    /// The execution's name, or the file's.
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    pub payload: String,
}

/// Where an input comes from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputSource {
    /// An execution was started with it.
    Execution,
    /// A file in `events` beside the template.
    Sample,
}

/// Returns the last inputs of a function, and the stack's sample events.
#[utoipa::path(
    get,
    path = "/lambdura/v1/functions/{name}/inputs",
    params(("name" = String, Path, description = "without version or alias")),
    responses((status = 200, body = InputList)),
)]
pub(super) async fn inputs(app: &Arc<App>, name: &str) -> Result<Response<Body>, ApiError> {
    let name = parse(name)?;
    let recent = app.driver.store().recent_inputs(&name, INPUTS_READ).await?;
    let mut inputs: Vec<FunctionInput> = Vec::new();
    for input in recent {
        let payload = input.input.as_str();
        if inputs.len() < INPUTS_SHOWN && inputs.iter().all(|known| known.payload != payload) {
            inputs.push(FunctionInput {
                source: InputSource::Execution,
                title: input.name.to_string(),
                at: Some(input.started_at.as_millis()),
                payload: payload.to_owned(),
            });
        }
    }
    let folder = app.diagnostics.samples();
    let samples = tokio::task::spawn_blocking(move || folder.map(|folder| samples(&folder)));
    match samples.await {
        Ok(samples) => inputs.extend(samples.into_iter().flatten()),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
    Ok(json(StatusCode::OK, &InputList { inputs }))
}

/// The JSON files of a folder, by name. Unreadable files are left out.
fn samples(folder: &Path) -> Vec<FunctionInput> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let read = paths.into_iter().filter_map(|path| {
        let metadata = fs::metadata(&path).ok()?;
        if !metadata.is_file() || metadata.len() > SAMPLE_BYTES_MAX {
            return None;
        }
        Some(FunctionInput {
            source: InputSource::Sample,
            title: path.file_name()?.to_string_lossy().into_owned(),
            at: None,
            payload: fs::read_to_string(&path).ok()?,
        })
    });
    read.take(SAMPLES_MAX).collect()
}

fn status(
    app: &Arc<App>,
    name: &FunctionName,
    counts: &[ExecutionCount],
    processes: &[VersionProcesses],
) -> Option<FunctionStatus> {
    let newest = newest(app, name)?;
    let mut configuration = newest.configuration.clone();
    app.registry
        .mark_damage(name, &newest.version, &mut configuration);
    let aliases = app.registry.aliases(name).unwrap_or_default();
    let versions = app.registry.versions(name).unwrap_or_default();
    let running = app.registry.running_of(name);
    let shown = versions.iter().map(|version| {
        let number = version.version.to_string();
        let process = processes
            .iter()
            .find(|it| it.function == name.as_str() && it.version == number);
        VersionStatus {
            aliases: aliases
                .iter()
                .filter(|alias| alias.version == version.version)
                .map(|alias| alias.name.clone())
                .collect(),
            published_at: modified_at(version).unwrap_or(0),
            damage: app.registry.damage_of(version),
            open_executions: open(counts, name, &version.version),
            warm: process.map_or(0, |it| it.warm),
            busy: process.map_or(0, |it| it.busy),
            queued: process.map_or(0, |it| it.queued),
            version: number,
        }
    });
    let in_template = app.diagnostics.in_template(name.as_str());
    let (logical_id, construct_path) = in_template
        .map(|it| (it.logical_id, it.construct_path))
        .unzip();
    Some(FunctionStatus {
        function: name.to_string(),
        arn: app.registry.home.arn(name).to_string(),
        logical_id,
        construct_path: construct_path.flatten(),
        is_durable: newest.durable.is_some(),
        runtime: configuration.runtime.clone(),
        handler: configuration.handler.clone(),
        state: configuration.state.clone(),
        state_reason: configuration.state_reason.clone(),
        code_sha256: configuration.code_sha256.clone(),
        timeout_seconds: newest.config.timeout.as_secs(),
        memory_mb: newest.config.memory_mb,
        description: configuration
            .description
            .clone()
            .filter(|text| !text.is_empty()),
        last_modified_at: modified_at(&newest),
        concurrency_limit: running.concurrency_max,
        reserved: running.reserved,
        versions: shown.collect(),
        latest_version: newest.version.to_string(),
        stats: stats(&app.diagnostics.statistics.of(name), app.driver.now()),
    })
}

/// The newest published version; `$LATEST` of a function without versions.
fn newest(app: &Arc<App>, name: &FunctionName) -> Option<Arc<FunctionVersion>> {
    let latest = || app.registry.version(name, &Version::Latest);
    app.registry.newest(name).or_else(latest)
}

fn open(counts: &[ExecutionCount], name: &FunctionName, version: &Version) -> u64 {
    let of_version = counts
        .iter()
        .filter(|count| count.function == *name && count.version == *version);
    let is_open = |status: ExecutionStatus| !status.is_terminal();
    of_version
        .filter(|count| is_open(count.status))
        .map(|count| count.count)
        .sum()
}

fn modified_at(version: &FunctionVersion) -> Option<i64> {
    let text = version.configuration.last_modified.as_deref()?;
    // Lambda writes the offset without a colon: 2026-11-25T09:00:00.000+0000.
    let parsed = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    Some(parsed.to_timestamp().ok()?.as_millisecond())
}

pub(super) fn stats(function: &FunctionStatistics, now: model::Timestamp) -> FunctionStats {
    let (minutes, hour) = function.last_hour(now);
    let bucket = |(at, tally): (i64, crate::telemetry::Tally)| StatsBucket {
        at,
        invocations: tally.invocations,
        errors: tally.errors,
        p50_ms: tally.quantile_ms(50),
        p95_ms: tally.quantile_ms(95),
    };
    FunctionStats {
        window_seconds: MINUTES as u64 * 60,
        invocations: hour.invocations,
        errors: hour.errors,
        throttles: hour.throttles,
        duration_p50_ms: hour.quantile_ms(50),
        duration_p95_ms: hour.quantile_ms(95),
        buckets: minutes.into_iter().map(bucket).collect(),
    }
}

pub(super) fn parse(segment: &str) -> Result<FunctionName, ApiError> {
    let name = decode(segment).and_then(|name| FunctionName::parse(&name).ok());
    name.ok_or_else(|| {
        let message = "a function is named as in the list, without version or alias";
        ApiError::new(ErrorCode::InvalidParameterValue, message)
    })
}

fn unknown(name: &FunctionName) -> ApiError {
    ApiError::new(
        ErrorCode::ResourceNotFound,
        format!("There is no function `{name}`."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_json_files_by_name() {
        let folder = tempfile::TempDir::new().expect("there is room");
        for (name, text) in [("b.json", "2"), ("a.json", "1"), ("notes.txt", "no")] {
            fs::write(folder.path().join(name), text).expect("there is room");
        }
        let found = samples(folder.path());
        let titles: Vec<_> = found.iter().map(|input| input.title.as_str()).collect();
        assert_eq!(titles, ["a.json", "b.json"]);
        assert!(samples(Path::new("/nowhere")).is_empty());
    }
}
