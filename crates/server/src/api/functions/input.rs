//! What a request may say about a function, held to the service model's constraints, and how it
//! becomes the function's configuration.

use std::collections::BTreeMap;

use lambda_api::{
    DurableConfig, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, FunctionRequest,
    Layer, LoggingConfig, TracingConfigResponse,
};
use wire::{ApiError, Range, Violations};

use super::capacity;

/// Source: botocore's `lambda` 2015-03-31, and the Lambda quotas page (read 2026-11).
const STORAGE_MEGABYTES: Range = Range {
    min: 512,
    max: 10_240,
};
const EXECUTION_TIMEOUT_SECONDS: Range = Range {
    min: 1,
    max: 31_622_400,
};
const RETENTION_DAYS: Range = Range { min: 1, max: 90 };
const RETENTION_DAYS_DEFAULT: i64 = 14;
const DESCRIPTION_MAX: usize = 256;
const HANDLER_MAX: usize = 128;
const LAYERS_MAX: usize = 5;
const ENVIRONMENT_BYTES_MAX: usize = 4096;

const ARCHITECTURES: &[&str] = &["x86_64", "arm64"];

const RUNTIMES: &[&str] = &[
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "java8",
    "java8.al2",
    "java8.al2023",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "nodejs4.3-edge",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
];

/// Variables that Lambda sets itself, which a function cannot.
/// Source: Lambda developer guide, "Defined runtime environment variables".
const RESERVED_VARIABLES: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Collects what violates the service model.
pub(super) fn check(request: &FunctionRequest, violations: &mut Violations) {
    if let Some(runtime) = &request.runtime
        && !RUNTIMES.contains(&runtime.as_str())
    {
        violations.not_one_of(runtime, "runtime", RUNTIMES);
    }
    if let Some(role) = &request.role
        && !is_role(role)
    {
        let rule = "satisfy regular expression pattern: \
                    arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
        violations.add(Some(role), "role", rule);
    }
    if let Some(handler) = &request.handler {
        violations.pattern(handler, "handler", HANDLER_MAX, "[^\\s]+", |byte| {
            !byte.is_ascii_whitespace()
        });
    }
    if let Some(description) = &request.description {
        check_description(description, violations);
    }
    let mut number = |value: Option<i64>, path: &str, range: Range| {
        if let Some(value) = value {
            violations.in_range(value, path, range);
        }
    };
    number(request.timeout, "timeout", capacity::TIMEOUT_SECONDS);
    number(
        request.memory_size,
        "memorySize",
        capacity::MEMORY_MEGABYTES,
    );
    let storage = request.ephemeral_storage.as_ref();
    number(
        storage.and_then(|storage| storage.size),
        "ephemeralStorage.size",
        STORAGE_MEGABYTES,
    );
    let durable = request.durable_config.as_ref();
    number(
        durable.and_then(|durable| durable.execution_timeout),
        "durableConfig.executionTimeout",
        EXECUTION_TIMEOUT_SECONDS,
    );
    number(
        durable.and_then(|durable| durable.retention_period_in_days),
        "durableConfig.retentionPeriodInDays",
        RETENTION_DAYS,
    );
    if storage.is_some_and(|storage| storage.size.is_none()) {
        violations.missing("ephemeralStorage.size");
    }
    let mut word = |value: Option<&String>, path: &str, values: &[&str]| {
        if let Some(value) = value
            && !values.contains(&value.as_str())
        {
            violations.not_one_of(value, path, values);
        }
    };
    word(
        request.package_type.as_ref(),
        "packageType",
        &["Zip", "Image"],
    );
    let tracing = request.tracing_config.as_ref();
    word(
        tracing.and_then(|tracing| tracing.mode.as_ref()),
        "tracingConfig.mode",
        &["Active", "PassThrough"],
    );
    let snap_start = request.snap_start.as_ref();
    word(
        snap_start.and_then(|snap_start| snap_start.apply_on.as_ref()),
        "snapStart.applyOn",
        &["PublishedVersions", "None"],
    );
    if let Some(logging) = &request.logging_config {
        let levels = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
        word(
            logging.log_format.as_ref(),
            "loggingConfig.logFormat",
            &["JSON", "Text"],
        );
        word(
            logging.application_log_level.as_ref(),
            "loggingConfig.applicationLogLevel",
            levels,
        );
        word(
            logging.system_log_level.as_ref(),
            "loggingConfig.systemLogLevel",
            &["DEBUG", "INFO", "WARN"],
        );
    }
    check_architectures(request.architectures.as_deref(), violations);
    capacity::check(request.capacity_provider_config.as_ref(), violations);
    for (index, layer) in request.layers.iter().flatten().enumerate() {
        if !layer.starts_with("arn:") || !layer.contains(":layer:") {
            let path = format!("layers.{}.member", index + 1);
            violations.add(
                Some(layer),
                &path,
                "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\
                 \\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+",
            );
        }
    }
    for name in variables(request).keys() {
        if !is_variable(name) {
            violations.add(
                Some(name),
                "environment.variables",
                "satisfy constraint: [Member must satisfy regular expression pattern: \
                 [a-zA-Z]([a-zA-Z0-9_])+]",
            );
        }
    }
}

pub(super) fn check_architectures(architectures: Option<&[String]>, violations: &mut Violations) {
    let Some(architectures) = architectures else {
        return;
    };
    if architectures.len() != 1 {
        violations.add(
            Some(&format!("[{}]", architectures.join(", "))),
            "architectures",
            "have length equal to 1",
        );
    }
    for architecture in architectures {
        if !ARCHITECTURES.contains(&architecture.as_str()) {
            violations.not_one_of(architecture, "architectures.1.member", ARCHITECTURES);
        }
    }
}

pub(super) fn check_description(description: &str, violations: &mut Violations) {
    if description.chars().count() > DESCRIPTION_MAX {
        violations.too_long("description", DESCRIPTION_MAX);
    }
}

/// Collects violations of tags.
pub(super) fn check_tags(tags: &BTreeMap<String, String>, violations: &mut Violations) {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            violations.length(key, "tags.key", 128);
        }
        if value.chars().count() > 256 {
            violations.too_long("tags.value", 256);
        }
    }
}

/// What the model allows and this service, or AWS itself, does not.
pub(super) fn check_parameters(request: &FunctionRequest) -> Result<(), ApiError> {
    let not_here = |what: &str| {
        Err(ApiError::invalid_parameter(format!(
            "{what} is not supported here: functions run as processes of this machine."
        )))
    };
    if request.package_type.as_deref() == Some("Image") {
        return not_here("PackageType Image");
    }
    if request.image_config.is_some() {
        return not_here("ImageConfig");
    }
    if request
        .file_system_configs
        .as_ref()
        .is_some_and(|all| !all.is_empty())
    {
        return not_here("FileSystemConfigs");
    }
    if request
        .layers
        .as_ref()
        .is_some_and(|layers| layers.len() > LAYERS_MAX)
    {
        return Err(ApiError::invalid_parameter(
            "Cannot reference more than 5 layers.",
        ));
    }
    let variables = variables(request);
    let reserved: Vec<_> = variables
        .keys()
        .map(String::as_str)
        .filter(|name| RESERVED_VARIABLES.contains(name))
        .collect();
    if !reserved.is_empty() {
        return Err(ApiError::invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided contains reserved keys that are currently not supported \
             for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let text = serde_json::to_string(&variables).expect("a map of texts is always JSON");
    if text.len() > ENVIRONMENT_BYTES_MAX {
        return Err(ApiError::invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided exceeded the 4KB limit.",
        ));
    }
    Ok(())
}

fn variables(request: &FunctionRequest) -> BTreeMap<String, String> {
    let environment = request.environment.as_ref();
    environment
        .and_then(|environment| environment.variables.clone())
        .unwrap_or_default()
}

/// A function nobody said anything about yet.
pub(super) fn defaults() -> FunctionConfiguration {
    FunctionConfiguration {
        description: Some(String::new()),
        timeout: Some(3),
        memory_size: Some(128),
        tracing_config: Some(TracingConfigResponse {
            mode: Some("PassThrough".to_owned()),
        }),
        state: Some("Active".to_owned()),
        last_update_status: Some("Successful".to_owned()),
        package_type: Some("Zip".to_owned()),
        architectures: Some(vec!["x86_64".to_owned()]),
        ephemeral_storage: Some(EphemeralStorage { size: Some(512) }),
        ..FunctionConfiguration::default()
    }
}

/// Takes over every member that the request has; what it leaves out stays.
pub(super) fn apply(request: &FunctionRequest, configuration: &mut FunctionConfiguration) {
    fn take<T: Clone>(from: &Option<T>, to: &mut Option<T>) {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    take(&request.runtime, &mut configuration.runtime);
    take(&request.role, &mut configuration.role);
    take(&request.handler, &mut configuration.handler);
    take(&request.description, &mut configuration.description);
    take(&request.timeout, &mut configuration.timeout);
    take(&request.memory_size, &mut configuration.memory_size);
    take(&request.architectures, &mut configuration.architectures);
    take(&request.tracing_config, &mut configuration.tracing_config);
    take(
        &request.ephemeral_storage,
        &mut configuration.ephemeral_storage,
    );
    take(&request.snap_start, &mut configuration.snap_start);
    take(&request.vpc_config, &mut configuration.vpc_config);
    if request.environment.is_some() {
        let variables = variables(request);
        configuration.environment =
            (!variables.is_empty()).then_some(EnvironmentResponse { variables });
    }
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    if let Some(arn) = &request.kms_key_arn {
        configuration.kms_key_arn = given(arn);
    }
    if let Some(config) = &request.dead_letter_config {
        let named = config.target_arn.as_deref().and_then(given).is_some();
        configuration.dead_letter_config = named.then(|| config.clone());
    }
    if let Some(layers) = &request.layers {
        let layers = layers.iter().map(|arn| Layer {
            arn: arn.clone(),
            code_size: Some(0),
        });
        configuration.layers = Some(layers.collect::<Vec<_>>()).filter(|layers| !layers.is_empty());
    }
    if let Some(logging) = &request.logging_config {
        let before = configuration.logging_config.take().unwrap_or_default();
        configuration.logging_config = Some(LoggingConfig {
            log_format: logging.log_format.clone().or(before.log_format),
            application_log_level: logging
                .application_log_level
                .clone()
                .or(before.application_log_level),
            system_log_level: logging.system_log_level.clone().or(before.system_log_level),
            log_group: logging.log_group.clone().or(before.log_group),
        });
    }
    if let Some(durable) = &request.durable_config {
        let before = configuration.durable_config.take().unwrap_or_default();
        let retention = durable
            .retention_period_in_days
            .or(before.retention_period_in_days);
        configuration.durable_config = Some(DurableConfig {
            execution_timeout: durable.execution_timeout.or(before.execution_timeout),
            retention_period_in_days: retention.or(Some(RETENTION_DAYS_DEFAULT)),
        });
    }
    capacity::apply(request, configuration);
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = parts.as_slice() else {
        return false;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte);
    let name = role.strip_prefix("role").unwrap_or_default();
    partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && name.len() > 1
        && name.bytes().all(allowed)
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.len() > 1
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
