//! `AWS::Serverless::Function`.
//!
//! Source of names and ranges: AWS SAM developer guide, `AWS::Serverless::Function`, and
//! aws-sam-translator 1.115.0, read 2026-11-23.

use std::time::Duration;

use serde_json::Value;

use crate::template::{Fields, Known, Node, NodeValue, Resolver, ignored, used};
use crate::{Architecture, DurableConfig, FunctionResource, LogFormat, LoggingConfig, Tracing};

use super::code::{Assets, Code, serverless_code};
use super::environment::environment;
use super::layer::layers;

pub(super) const NO_SCALING: &str = "processes are started as needed, and kept warm for a while";
pub(super) const NO_TAGS: &str = "tags are not kept";
pub(super) const NO_ENCRYPTION: &str = "nothing is encrypted with a key here";

const PROPERTIES: [Known; 51] = [
    used("Architectures"),
    used("AssumeRolePolicyDocument"),
    used("AutoPublishAlias"),
    used("CodeUri"),
    used("Description"),
    used("DurableConfig"),
    used("Environment"),
    used("Events"),
    used("FunctionName"),
    used("FunctionUrlConfig"),
    used("Handler"),
    used("ImageUri"),
    used("InlineCode"),
    used("Layers"),
    used("LoggingConfig"),
    used("MemorySize"),
    used("PackageType"),
    // Permissions are not checked here: what says them is taken, and nobody notices.
    used("PermissionsBoundary"),
    used("Policies"),
    used("ReservedConcurrentExecutions"),
    used("ResourcePolicy"),
    used("Role"),
    used("RolePath"),
    used("Runtime"),
    used("Timeout"),
    used("Tracing"),
    ignored(
        "AutoPublishAliasAllProperties",
        "a version is published when the code changes, not for other properties",
    ),
    ignored(
        "AutoPublishCodeSha256",
        "the code's own hash decides whether it changed",
    ),
    ignored("CapacityProviderConfig", NO_SCALING),
    ignored("CodeSigningConfigArn", "signatures are not checked"),
    ignored(
        "DeadLetterQueue",
        "events that fail are not sent to a queue",
    ),
    ignored(
        "DeploymentPreference",
        "the alias moves to the new version at once",
    ),
    ignored("EphemeralStorage", "`/tmp` is as large as the machine's"),
    ignored(
        "EventInvokeConfig",
        "asynchronous events have Lambda's default retries, and no destinations",
    ),
    ignored("FileSystemConfigs", "no file system is mounted"),
    ignored("FunctionScalingConfig", NO_SCALING),
    ignored("ImageConfig", "container images are not run"),
    ignored("KmsKeyArn", NO_ENCRYPTION),
    ignored("PropagateTags", NO_TAGS),
    ignored("ProvisionedConcurrencyConfig", NO_SCALING),
    ignored(
        "PublishToLatestPublished",
        "only `AutoPublishAlias` publishes versions",
    ),
    ignored("RecursiveLoop", "recursive loops are not detected"),
    ignored(
        "RuntimeManagementConfig",
        "the machine's interpreter is used",
    ),
    ignored("RuntimePolicy", "the machine's interpreter is used"),
    ignored("SnapStart", "processes start without a snapshot"),
    ignored("SourceKMSKeyArn", NO_ENCRYPTION),
    ignored("Tags", NO_TAGS),
    ignored("TenancyConfig", "tenants share processes"),
    ignored("VersionDeletionPolicy", "versions are kept"),
    ignored("VersionDescription", "versions have no description"),
    ignored("VpcConfig", "the function is on the machine's own network"),
];

/// The function, or `None` where a problem was reported.
pub(crate) fn function(
    resolver: &Resolver<'_>,
    index: usize,
    assets: &Assets,
) -> Option<FunctionResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    let code = serverless_code(&fields, &assets.directory);
    let alias = auto_publish_alias(&fields, resolver.alias(index));
    let others = resolver.aliases(index).iter();
    let others = others.filter(|it| Some(*it) != alias.as_ref());
    let mut aliases: Vec<String> = alias.iter().chain(others).cloned().collect();
    let policies = policies(&fields);
    let tracing = fields.choice(
        "Tracing",
        &[
            ("Active", Tracing::Active),
            ("PassThrough", Tracing::PassThrough),
            ("Disabled", Tracing::Disabled),
        ],
    );
    let function = common(&fields, index, code, assets)?;
    let more_aliases = aliases.split_off(aliases.len().min(1));
    Some(FunctionResource {
        auto_publish_alias: aliases.pop(),
        more_aliases,
        policies,
        tracing: tracing.unwrap_or_default(),
        ..function
    })
}

/// What SAM's function and CloudFormation's have in common, or `None` where a problem was reported.
pub(super) fn common(
    fields: &Fields<'_>,
    index: usize,
    code: Option<Code>,
    assets: &Assets,
) -> Option<FunctionResource> {
    let resolver = fields.resolver;
    let resource = &resolver.resources[index];
    let handler = fields.required_text(
        "Handler",
        "for example `Handler: app.handler`; `Handler: bootstrap` for `provided` runtimes",
    );
    let runtime = runtime(fields);
    let name = resolver.name(index).ok();
    if let Some(name) = &name {
        check_name(fields, name);
    }
    let metadata = resource.metadata;
    let build_method = metadata
        .and_then(|metadata| metadata.get("BuildMethod"))
        .and_then(|node| fields.text_of("Metadata.BuildMethod", node));
    let build_properties = metadata
        .and_then(|metadata| metadata.get("BuildProperties"))
        .and_then(|node| fields.opaque("Metadata.BuildProperties", node));
    let description = fields.text("Description");
    let timeout = fields.integer("Timeout", 1..=900, "seconds");
    let memory_size = fields.integer("MemorySize", 128..=10240, "megabytes");
    let architecture = architecture(fields);
    let environment = environment(fields);
    let durable_config = durable_config(fields);
    let reserved_concurrent_executions = fields.integer(
        "ReservedConcurrentExecutions",
        0..=u32::MAX,
        "invocations at a time",
    );
    let logging = logging(fields);
    let layers = layers(fields, assets);
    // Everything is looked at first, so that one run reports all of it.
    let (code, name, handler, runtime) = (code?, name?, handler?, runtime?);
    Some(FunctionResource {
        logical_id: resource.logical_id.to_owned(),
        arn: resolver.pseudo.function_arn(&name),
        name,
        description,
        code_path: code.path,
        code_uri: code.uri,
        inline_code: code.inline,
        layers,
        handler,
        runtime,
        timeout: Duration::from_secs(timeout.unwrap_or(3).into()),
        memory_size_megabytes: memory_size.unwrap_or(128),
        architecture,
        environment,
        auto_publish_alias: None,
        more_aliases: Vec::new(),
        durable_config,
        reserved_concurrent_executions,
        policies: Vec::new(),
        tracing: Tracing::default(),
        logging,
        build_method,
        build_properties,
    })
}

fn check_name(fields: &Fields<'_>, name: &str) {
    let Some(entry) = fields.entry("FunctionName") else {
        return;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
        fields.wrong(
            "FunctionName",
            &entry.value,
            "must be 1 to 64 letters, digits, hyphens and underscores",
            "this name",
            "leave it out to have one made from stack and logical id",
        );
    }
}

fn runtime(fields: &Fields<'_>) -> Option<String> {
    let runtime = fields.required_text("Runtime", "for example `Runtime: provided.al2023`")?;
    let startable = ["provided", "python3.", "nodejs"];
    if !startable.iter().any(|prefix| runtime.starts_with(prefix))
        && let Some(entry) = fields.entry("Runtime")
    {
        let meaning = "functions start here with `provided`, `python3` and `nodejs` runtimes only";
        fields.warn("Runtime", entry.value.span, meaning);
    }
    Some(runtime)
}

fn architecture(fields: &Fields<'_>) -> Architecture {
    let choices = [Architecture::X86_64, Architecture::Arm64].map(|it| (it.as_str(), it));
    match fields.list("Architectures") {
        [] => Architecture::default(),
        [node] => fields
            .choice_of("Architectures", node, &choices)
            .unwrap_or_default(),
        [_, second, ..] => {
            fields.wrong(
                "Architectures",
                second,
                "must name one architecture",
                "one too many",
                "a function runs on one",
            );
            Architecture::default()
        }
    }
}

fn auto_publish_alias(fields: &Fields<'_>, alias: Option<&str>) -> Option<String> {
    let entry = fields.entry("AutoPublishAlias")?;
    let Some(alias) = alias else {
        // SAM makes a logical id of the alias before references have values.
        fields.wrong(
            "AutoPublishAlias",
            &entry.value,
            "must be text or `!Ref` to a parameter",
            entry.value.describe(),
            "for example `AutoPublishAlias: live`",
        );
        return None;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let digits = alias.bytes().all(|byte| byte.is_ascii_digit());
    if alias.len() > 128 || digits || !alias.bytes().all(allowed) {
        fields.wrong(
            "AutoPublishAlias",
            &entry.value,
            "must be 1 to 128 letters, digits, hyphens and underscores, not only digits",
            "this name",
            "for example `live`",
        );
    }
    Some(alias.to_owned())
}

fn durable_config(fields: &Fields<'_>) -> Option<DurableConfig> {
    let known = [
        used("ExecutionTimeout"),
        used("RetentionPeriodInDays"),
        ignored("KMSKeyArn", NO_ENCRYPTION),
    ];
    let config = fields.mapping("DurableConfig", &known)?;
    config.required(
        "ExecutionTimeout",
        "say how long an execution may take, in seconds",
    );
    let execution_timeout = config.integer("ExecutionTimeout", 1..=31_622_400, "seconds")?;
    let days = config.integer("RetentionPeriodInDays", 1..=90, "days");
    Some(DurableConfig {
        execution_timeout: Duration::from_secs(execution_timeout.into()),
        retention_period_days: days.map_or(14, |days| u8::try_from(days).unwrap_or(u8::MAX)),
    })
}

fn policies(fields: &Fields<'_>) -> Vec<Value> {
    let Some(entry) = fields.entry("Policies") else {
        return Vec::new();
    };
    let nodes: &[Node] = match &entry.value.value {
        NodeValue::Sequence(nodes) => nodes,
        NodeValue::Scalar(_) | NodeValue::Mapping(_) | NodeValue::Call(_) => {
            std::slice::from_ref(&entry.value)
        }
    };
    for node in nodes {
        if node.text().is_none() && node.entries().is_none() && node.call().is_none() {
            fields.wrong(
                "Policies",
                node,
                "must hold policy names, policy templates or policy documents",
                node.describe(),
                "see `Policies` of `AWS::Serverless::Function`",
            );
        }
    }
    let policy = |node| fields.opaque("Policies", node);
    nodes.iter().filter_map(policy).collect()
}

fn logging(fields: &Fields<'_>) -> LoggingConfig {
    let known = [
        used("ApplicationLogLevel"),
        used("LogFormat"),
        used("LogGroup"),
        used("SystemLogLevel"),
    ];
    let Some(config) = fields.mapping("LoggingConfig", &known) else {
        return LoggingConfig::default();
    };
    let formats = [("Text", LogFormat::Text), ("JSON", LogFormat::Json)];
    let log_format = config.choice("LogFormat", &formats).unwrap_or_default();
    let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let system = ["DEBUG", "INFO", "WARN"];
    let application_log_level =
        config.choice("ApplicationLogLevel", &application.map(|it| (it, it)));
    let system_log_level = config.choice("SystemLogLevel", &system.map(|it| (it, it)));
    for level in ["ApplicationLogLevel", "SystemLogLevel"] {
        if let Some(entry) = config.entry(level)
            && log_format == LogFormat::Text
        {
            config.wrong(
                level,
                &entry.value,
                "needs `LogFormat: JSON`",
                "a level for plain text",
                "Lambda filters structured logs only",
            );
        }
    }
    LoggingConfig {
        log_format,
        application_log_level: application_log_level.map(str::to_owned),
        system_log_level: system_log_level.map(str::to_owned),
        log_group: config.text("LogGroup"),
    }
}
