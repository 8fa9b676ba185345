//! The service model's constraints on requests about functions: a table of members for each
//! operation.
//!
//! Source: botocore's `lambda` 2015-03-31, and the Lambda quotas page (read 2026-11).

use std::collections::BTreeMap;

use lambda_api::{
    AliasRequest, Concurrency, EventInvokeConfigRequest, EventSourceMappingRequest,
    FunctionRequest, LambdaManagedInstancesCapacityProviderConfig, PublishVersionRequest, Tags,
    UpdateFunctionCodeRequest,
};
use model::Version;
use wire::Member::{All, Decimal, Each, Number, Other, Required, Text};
use wire::Rule::{CharsMax, OneOf, Pattern, Shape};
use wire::{Member, Range, Rule, Violations};

use super::capacity::{ARN_PATTERN, MEMORY_MEGABYTES, TIMEOUT_SECONDS, is_capacity_provider};
use super::input::variables;

/// Paths of members that functions on managed instances have.
macro_rules! managed {
    ($member:literal) => {
        concat!(
            "capacityProviderConfig.lambdaManagedInstancesCapacityProviderConfig",
            $member
        )
    };
}

pub(super) const CREATE_FUNCTION: &[Member<FunctionRequest>] = &[
    Required("functionName", |it| it.function_name.is_some()),
    Required("role", |it| it.role.is_some()),
    Required("code", |it| it.code.is_some()),
    All(UPDATE_FUNCTION_CONFIGURATION),
    Other(|it, violations| check_tags(it.tags.as_ref(), violations)),
];

pub(super) const UPDATE_FUNCTION_CONFIGURATION: &[Member<FunctionRequest>] = &[
    Text("runtime", OneOf(RUNTIMES), |it| it.runtime.as_deref()),
    Text("role", Shape(ROLE, is_role), |it| it.role.as_deref()),
    Text("handler", HANDLER, |it| it.handler.as_deref()),
    Text("description", DESCRIPTION, |it| it.description.as_deref()),
    Number("timeout", TIMEOUT_SECONDS, |it| it.timeout),
    Number("memorySize", MEMORY_MEGABYTES, |it| it.memory_size),
    Number("ephemeralStorage.size", range(512, 10_240), |it| {
        it.ephemeral_storage.as_ref()?.size
    }),
    Number(
        "durableConfig.executionTimeout",
        range(1, 31_622_400),
        |it| it.durable_config.as_ref()?.execution_timeout,
    ),
    Number("durableConfig.retentionPeriodInDays", range(1, 90), |it| {
        it.durable_config.as_ref()?.retention_period_in_days
    }),
    Required("ephemeralStorage.size", |it| {
        it.ephemeral_storage
            .as_ref()
            .is_none_or(|it| it.size.is_some())
    }),
    Text("packageType", OneOf(&["Zip", "Image"]), |it| {
        it.package_type.as_deref()
    }),
    Text(
        "tracingConfig.mode",
        OneOf(&["Active", "PassThrough"]),
        |it| it.tracing_config.as_ref()?.mode.as_deref(),
    ),
    Text(
        "snapStart.applyOn",
        OneOf(&["PublishedVersions", "None"]),
        |it| it.snap_start.as_ref()?.apply_on.as_deref(),
    ),
    Text("loggingConfig.logFormat", OneOf(&["JSON", "Text"]), |it| {
        it.logging_config.as_ref()?.log_format.as_deref()
    }),
    Text("loggingConfig.applicationLogLevel", OneOf(LEVELS), |it| {
        it.logging_config.as_ref()?.application_log_level.as_deref()
    }),
    Text(
        "loggingConfig.systemLogLevel",
        OneOf(&["DEBUG", "INFO", "WARN"]),
        |it| it.logging_config.as_ref()?.system_log_level.as_deref(),
    ),
    Other(|it, violations| check_architectures(it.architectures.as_deref(), violations)),
    Required(managed!(""), |it| {
        it.capacity_provider_config.is_none() || managed(it).is_some()
    }),
    Required(managed!(".capacityProviderArn"), |it| {
        managed(it).is_none_or(|it| it.capacity_provider_arn.is_some())
    }),
    Text(
        managed!(".capacityProviderArn"),
        Shape(ARN_PATTERN, is_capacity_provider),
        |it| managed(it)?.capacity_provider_arn.as_deref(),
    ),
    Number(
        managed!(".perExecutionEnvironmentMaxConcurrency"),
        range(1, 1600),
        |it| managed(it)?.per_execution_environment_max_concurrency,
    ),
    Decimal(
        managed!(".executionEnvironmentMemoryGiBPerVCpu"),
        (2.0, 8.0, 0),
        |it| managed(it)?.execution_environment_memory_gib_per_vcpu,
    ),
    Each("layers", Shape(LAYER, is_layer), |it| it.layers.as_deref()),
    Other(check_variables),
];

pub(super) const UPDATE_FUNCTION_CODE: &[Member<UpdateFunctionCodeRequest>] =
    &[Other(|it, violations| {
        check_architectures(it.architectures.as_deref(), violations)
    })];

pub(super) const PUBLISH_VERSION: &[Member<PublishVersionRequest>] =
    &[Text("description", DESCRIPTION, |it| {
        it.description.as_deref()
    })];

pub(super) const CREATE_ALIAS: &[Member<AliasRequest>] = &[
    Required("name", |it| it.name.is_some()),
    Other(check_alias),
    Required("functionVersion", |it| it.function_version.is_some()),
    All(UPDATE_ALIAS),
];

pub(super) const UPDATE_ALIAS: &[Member<AliasRequest>] = &[
    Text("description", DESCRIPTION, |it| it.description.as_deref()),
    Other(check_weights),
    Text("functionVersion", Shape(VERSION, is_version), |it| {
        it.function_version.as_deref()
    }),
];

pub(super) const PUT_FUNCTION_CONCURRENCY: &[Member<Concurrency>] = &[
    Required("reservedConcurrentExecutions", |it| {
        it.reserved_concurrent_executions.is_some()
    }),
    Number(
        "reservedConcurrentExecutions",
        range(0, u32::MAX as i64),
        |it| it.reserved_concurrent_executions,
    ),
];

/// Of `PutFunctionEventInvokeConfig` and `UpdateFunctionEventInvokeConfig`.
pub(super) const EVENT_INVOKE_CONFIG: &[Member<EventInvokeConfigRequest>] = &[
    Number("maximumRetryAttempts", range(0, 2), |it| {
        it.maximum_retry_attempts
    }),
    Number("maximumEventAgeInSeconds", range(60, 21_600), |it| {
        it.maximum_event_age_in_seconds
    }),
];

/// Of `CreateEventSourceMapping` and `UpdateEventSourceMapping`.
pub(super) const EVENT_SOURCE_MAPPING: &[Member<EventSourceMappingRequest>] = &[
    Number("batchSize", range(1, 10_000), |it| it.batch_size),
    Number("maximumBatchingWindowInSeconds", range(0, 300), |it| {
        it.maximum_batching_window_in_seconds
    }),
    Number("scalingConfig.maximumConcurrency", range(2, 1000), |it| {
        it.scaling_config.as_ref()?.maximum_concurrency
    }),
    Each(
        "functionResponseTypes",
        OneOf(&["ReportBatchItemFailures"]),
        |it| it.function_response_types.as_deref(),
    ),
];

/// Of `CreateEventSourceMapping`, after all other checks.
pub(super) const MAPPED_FUNCTION: &[Member<EventSourceMappingRequest>] =
    &[Required("functionName", |it| it.function_name.is_some())];

pub(super) const TAG_RESOURCE: &[Member<Tags>] = &[
    Required("tags", |it| it.tags.is_some()),
    Other(|it, violations| check_tags(it.tags.as_ref(), violations)),
];

/// The keys of `UntagResource`.
pub(super) const UNTAG_RESOURCE: &[Member<Vec<String>>] =
    &[Required("tagKeys", |keys| !keys.is_empty())];

/// The resource of a tagging request.
pub(super) const RESOURCE: &[Member<String>] = &[Text(
    "resource",
    Shape(FUNCTION_ARN, |arn| arn.starts_with("arn:")),
    |arn| Some(arn),
)];

const DESCRIPTION: Rule = CharsMax(256);
const HANDLER: Rule = Pattern(128, "[^\\s]+", |byte| !byte.is_ascii_whitespace());
const ROLE: &str = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
const LAYER: &str = "arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+";
const VERSION: &str = "(\\$LATEST(\\.PUBLISHED)?|[0-9]+)";
const FUNCTION_ARN: &str = "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:\
                            (function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?)";
const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
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

const fn range(min: i64, max: i64) -> Range {
    Range { min, max }
}

/// A number that has already been checked against its bounds.
pub(super) fn narrow(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn managed(request: &FunctionRequest) -> Option<&LambdaManagedInstancesCapacityProviderConfig> {
    let config = request.capacity_provider_config.as_ref()?;
    config
        .lambda_managed_instances_capacity_provider_config
        .as_ref()
}

fn check_architectures(architectures: Option<&[String]>, violations: &mut Violations) {
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

fn check_tags(tags: Option<&BTreeMap<String, String>>, violations: &mut Violations) {
    for (key, value) in tags.into_iter().flatten() {
        if key.is_empty() || key.chars().count() > 128 {
            violations.length(key, "tags.key", 128);
        }
        if value.chars().count() > 256 {
            violations.too_long("tags.value", 256);
        }
    }
}

fn check_variables(request: &FunctionRequest, violations: &mut Violations) {
    for name in variables(request).keys().filter(|name| !is_variable(name)) {
        violations.add(
            Some(name),
            "environment.variables",
            "satisfy constraint: [Member must satisfy regular expression pattern: \
             [a-zA-Z]([a-zA-Z0-9_])+]",
        );
    }
}

fn check_alias(request: &AliasRequest, violations: &mut Violations) {
    const NAME: &str = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
    let Some(name) = &request.name else {
        return;
    };
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let rule = match is_number {
        true => Shape(NAME, |_| false),
        false => Pattern(128, NAME, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
        }),
    };
    violations.rule(name, "name", rule);
}

fn check_weights(request: &AliasRequest, violations: &mut Violations) {
    const PATH: &str = "routingConfig.additionalVersionWeights";
    let routing = request.routing_config.as_ref();
    let weights = routing.and_then(|it| it.additional_version_weights.as_ref());
    // Lambda's own limit: "an alias can point to a maximum of two versions".
    if weights.is_some_and(|weights| weights.len() > 1) {
        violations.too_long(PATH, 1);
    }
    for (version, weight) in weights.into_iter().flatten() {
        let path = format!("{PATH}.{version}");
        violations.rule(version, &path, Shape("[0-9]+", is_version));
        violations.within(*weight, &path, (0.0, 1.0, 1));
    }
}

fn is_version(text: &str) -> bool {
    text.parse::<Version>().is_ok()
}

fn is_layer(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.contains(":layer:")
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
