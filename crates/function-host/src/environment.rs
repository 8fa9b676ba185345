//! The environment of a function process, exactly as on Lambda, without any of the server's variables.
//!
//! Source: Lambda developer guide, "Working with Lambda environment variables", "Defined runtime environment variables",
//! and the protocol reference, section 6.

use std::collections::BTreeMap;

use crate::config::HostConfig;
use crate::function::FunctionConfig;
use crate::layers;
use crate::logging::LogFormat;
use crate::mounts::LayersAt;

/// The values that differ from process to process.
pub(crate) struct ProcessIdentity<'a> {
    /// `host:port` of the process's own Runtime API.
    pub(crate) runtime_api: &'a str,
    /// The process's log stream.
    pub(crate) log_stream_name: &'a str,
    /// The place where it finds its layers.
    pub(crate) layers_at: &'a LayersAt,
}

/// The variable that holds the log stream's name, by which a process can be recognised from outside.
pub(crate) const LOG_STREAM_NAME: &str = "AWS_LAMBDA_LOG_STREAM_NAME";

/// Builds the whole environment. Later groups win: Lambda's defaults, the host's extras, the function's own variables,
/// and Lambda's reserved variables.
pub(crate) fn build(
    config: &HostConfig,
    function: &FunctionConfig,
    identity: &ProcessIdentity<'_>,
) -> BTreeMap<String, String> {
    let mut environment = defaults(function);
    environment.extend(layers::search_paths(function, identity.layers_at));
    environment.extend(config.extra_environment.clone());
    environment.extend(function.environment.clone());
    layers::name_real_folders(function, identity.layers_at, &mut environment);
    for name in RESERVED_WITHOUT_VALUE {
        environment.remove(*name);
    }
    let reserved = reserved(config, function, identity);
    for name in reserved
        .keys()
        .filter(|name| function.environment.contains_key(*name))
    {
        tracing::warn!(function = %function.key(), variable = name, "a reserved environment variable cannot be set and is ignored");
    }
    environment.extend(reserved);
    // A name with `=` or NUL, or a value with NUL, cannot be passed to a process at all.
    environment.retain(|name, value| {
        let passable = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        if !passable {
            tracing::warn!(function = %function.key(), variable = name.escape_debug().to_string(), "an environment variable cannot be passed to a process and is left out");
        }
        passable
    });
    environment
}

/// The variables of a process's environment that its extensions get. They keep the log stream's name, which extensions
/// on Lambda do not get: it identifies the process that they belong to.
/// Source: Lambda developer guide, "Using the Lambda Extensions API", read 2026-11.
pub(crate) fn of_extensions(process: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const NOT_FOR_EXTENSIONS: [&str; 7] = [
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    ];
    let mut environment = process.clone();
    environment.retain(|name, _| !NOT_FOR_EXTENSIONS.contains(&&**name));
    environment
}

/// Variables that Lambda sets and functions may change.
fn defaults(function: &FunctionConfig) -> BTreeMap<String, String> {
    let root = function.code_dir.display();
    let libraries =
        format!("/lib64:/usr/lib64:{RUNTIME_DIR}:{RUNTIME_DIR}/lib:{root}:{root}/lib:/opt/lib");
    let mut defaults: BTreeMap<String, String> = [
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("LD_LIBRARY_PATH", &libraries),
        ("AWS_LAMBDA_LOG_FORMAT", function.logging.format.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    // Clients filter whenever it is set, in any format.
    if function.logging.format == LogFormat::Json {
        let level = function.logging.application_level.as_str();
        defaults.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.to_owned());
    }
    defaults
}

/// Lambda's directory of runtimes. It need not exist here; programs that look into it find nothing, as on `provided.*`.
const RUNTIME_DIR: &str = "/var/runtime";

/// Names that only the platform may set, and does not set at the start of a process.
const RESERVED_WITHOUT_VALUE: &[&str] = &[
    "_X_AMZN_TRACE_ID",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_MAX_CONCURRENCY",
];

/// Variables that Lambda sets and functions may not change.
fn reserved(
    config: &HostConfig,
    function: &FunctionConfig,
    identity: &ProcessIdentity<'_>,
) -> BTreeMap<String, String> {
    let text = str::to_owned;
    let mut reserved: BTreeMap<String, String> = [
        ("AWS_LAMBDA_RUNTIME_API", text(identity.runtime_api)),
        ("_HANDLER", function.handler.clone()),
        ("LAMBDA_TASK_ROOT", function.code_dir.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", text(RUNTIME_DIR)),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.clone()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", function.name),
        ),
        (LOG_STREAM_NAME, text(identity.log_stream_name)),
        (
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            text(function.initialization_type()),
        ),
        (
            "AWS_EXECUTION_ENV",
            format!("AWS_Lambda_{}", function.runtime),
        ),
        ("AWS_REGION", config.region.clone()),
        ("AWS_DEFAULT_REGION", config.region.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(per_process) = function.per_process {
        let name = "AWS_LAMBDA_MAX_CONCURRENCY".to_owned();
        reserved.insert(name, per_process.to_string());
    }
    if let Some(credentials) = (config.credentials)(function) {
        let mut set = |name: &str, value| reserved.insert(name.to_owned(), value);
        set("AWS_ACCESS_KEY_ID", credentials.access_key_id);
        set("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key);
        if let Some(session_token) = credentials.session_token {
            set("AWS_SESSION_TOKEN", session_token);
        }
    }
    reserved
}
