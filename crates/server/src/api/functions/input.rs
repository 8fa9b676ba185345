//! The configuration that a request gives a function: checks against the service model's
//! constraints, and the conversion to the function's configuration.

use std::collections::BTreeMap;

use lambda_api::{
    DurableConfig, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, FunctionRequest,
    Layer, LoggingConfig, TracingConfigResponse,
};
use wire::ApiError;

use super::capacity;

const RETENTION_DAYS_DEFAULT: i64 = 14;
const LAYERS_MAX: usize = 5;
const ENVIRONMENT_BYTES_MAX: usize = 4096;

/// Variables that only Lambda itself sets.
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

/// Rejects values that the model allows, but this service, or AWS itself, does not.
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

pub(super) fn variables(request: &FunctionRequest) -> BTreeMap<String, String> {
    let environment = request.environment.as_ref();
    environment
        .and_then(|environment| environment.variables.clone())
        .unwrap_or_default()
}

/// The configuration of a function without any settings.
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

/// Applies every member of the request; missing members stay as they are.
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
