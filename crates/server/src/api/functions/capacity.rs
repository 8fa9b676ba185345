//! `CapacityProviderConfig`: functions on managed instances, whose processes have several invocations at a time.
//!
//! Only `PerExecutionEnvironmentMaxConcurrency` has an effect here; the other members are stored and shown.
//! Source: botocore's `lambda` 2015-03-31, and the Lambda developer guide, "Configuring JSON and plain text log formats" (read
//! 2026-11).

use lambda_api::{FunctionConfiguration, FunctionRequest, LoggingConfig};
use wire::{ApiError, Range, Violations};

/// The limits of functions on managed instances; those of other functions are narrower, see [`check_parameters`].
pub(super) const TIMEOUT_SECONDS: Range = Range { min: 1, max: 5400 };
pub(super) const MEMORY_MEGABYTES: Range = Range {
    min: 128,
    max: 32_768,
};

const TIMEOUT_SECONDS_MAX: i64 = 900;
const MEMORY_MEGABYTES_MAX: i64 = 10_240;
const ARN_CHARS_MAX: usize = 140;
pub(super) const ARN_PATTERN: &str = "arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:capacity-provider:[a-zA-Z0-9-_]+";

/// Checks limits of a changed configuration that depend on whether the function is on managed instances.
pub(super) fn check_parameters(
    request: &FunctionRequest,
    configuration: &FunctionConfiguration,
) -> Result<(), ApiError> {
    if configuration.capacity_provider_config.is_some() {
        let logging = request.logging_config.as_ref();
        let format = logging.and_then(|logging| logging.log_format.as_deref());
        if format == Some("Text") {
            return Err(ApiError::invalid_parameter(
                "LogFormat Text is not supported for functions on Lambda Managed Instances: use JSON. The lines of \
                 invocations that run side by side are told apart by their requestId.",
            ));
        }
        return Ok(());
    }
    let mut violations = Violations::default();
    if let Some(timeout) = configuration.timeout.filter(|it| *it > TIMEOUT_SECONDS_MAX) {
        let (min, max) = (TIMEOUT_SECONDS.min, TIMEOUT_SECONDS_MAX);
        violations.in_range(timeout, "timeout", Range { min, max });
    }
    if let Some(memory) = configuration
        .memory_size
        .filter(|it| *it > MEMORY_MEGABYTES_MAX)
    {
        let (min, max) = (MEMORY_MEGABYTES.min, MEMORY_MEGABYTES_MAX);
        violations.in_range(memory, "memorySize", Range { min, max });
    }
    violations.none()
}

/// Applies the request's configuration; logs are JSON from here on, as on AWS.
pub(super) fn apply(request: &FunctionRequest, configuration: &mut FunctionConfiguration) {
    if let Some(config) = &request.capacity_provider_config {
        let mut config = config.clone();
        if let Some(config) = &mut config.lambda_managed_instances_capacity_provider_config {
            let runtime = configuration.runtime.as_deref().unwrap_or_default();
            config
                .per_execution_environment_max_concurrency
                .get_or_insert(stack::invocations_per_process_default(runtime).into());
        }
        configuration.capacity_provider_config = Some(config);
    }
    if configuration.capacity_provider_config.is_some() {
        let logging: &mut LoggingConfig = configuration.logging_config.get_or_insert_default();
        logging.log_format = Some("JSON".to_owned());
    }
}

pub(super) fn is_capacity_provider(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let [
        "arn",
        partition,
        "lambda",
        region,
        account,
        "capacity-provider",
        name,
    ] = parts[..]
    else {
        return false;
    };
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    arn.len() <= ARN_CHARS_MAX
        && partition.starts_with("aws")
        && region.contains('-')
        && region.bytes().all(is_region)
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(is_name)
}
