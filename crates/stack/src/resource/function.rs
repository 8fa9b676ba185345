//! `AWS::Serverless::Function`, and what CloudFormation's function has in common with it.
//!
//! Source of names and ranges: AWS SAM developer guide, `AWS::Serverless::Function`, and
//! aws-sam-translator 1.115.0, read 2026-11-23.

use std::time::Duration;

use serde_json::Value;

use crate::template::{Fields, Named, Properties, Pseudo, Role, Shared, Type, Yields, properties};
use crate::{Architecture, DurableConfig, FunctionResource, LogFormat, LoggingConfig, Tracing};

use super::code::{Code, serverless_code};
use super::environment::environment;
use super::function_url;
use super::layer::layers;
use super::name::{WORD_MARKS, checked_name, is_word};
use super::reading::Reading;

pub(super) const NO_SCALING: &str = "processes are started as needed, and kept warm for a while";
pub(super) const NO_ENCRYPTION: &str = "nothing is encrypted with a key here";
pub(super) const NO_UPDATES: &str = "the machine's interpreter is used";

pub(super) static TYPE: Type = Type {
    role: Role::ServerlessFunction,
    properties: properties! {
        // Permissions are not checked here: what says them is taken, and nobody notices.
        used: Architectures, AssumeRolePolicyDocument, AutoPublishAlias, CodeUri, Description,
            DurableConfig, Environment, Events, FunctionName, FunctionUrlConfig, Handler,
            ImageUri, InlineCode, Layers, LoggingConfig, MemorySize, PackageType, PermissionsBoundary,
            Policies, ReservedConcurrentExecutions, ResourcePolicy, Role, RolePath, Runtime,
            Timeout, Tracing;
        ignored:
            "a version is published when the code changes, not for other properties" =>
                AutoPublishAliasAllProperties;
            "the code's own hash decides whether it changed" => AutoPublishCodeSha256;
            NO_SCALING =>
                CapacityProviderConfig, FunctionScalingConfig, ProvisionedConcurrencyConfig;
            "signatures are not checked" => CodeSigningConfigArn;
            "events that fail are not sent to a queue" => DeadLetterQueue;
            "the alias moves to the new version at once" => DeploymentPreference;
            "`/tmp` is as large as the machine's" => EphemeralStorage;
            "asynchronous events have Lambda's default retries, and no destinations" =>
                EventInvokeConfig;
            "no file system is mounted" => FileSystemConfigs;
            "container images are not run" => ImageConfig;
            NO_ENCRYPTION => KmsKeyArn, SourceKMSKeyArn;
            "tags are not kept" => PropagateTags, Tags;
            "only `AutoPublishAlias` publishes versions" => PublishToLatestPublished;
            "recursive loops are not detected" => RecursiveLoop;
            NO_UPDATES => RuntimeManagementConfig, RuntimePolicy;
            "processes start without a snapshot" => SnapStart;
            "tenants share processes" => TenancyConfig;
            "versions are kept" => VersionDeletionPolicy;
            "versions have no description" => VersionDescription;
            "the function is on the machine's own network" => VpcConfig;
    },
    shared: Some(Shared {
        section: "Function",
        own: &[
            "Events",
            "FunctionName",
            "ImageUri",
            "InlineCode",
            "Policies",
            "Role",
        ],
    }),
    ..function_type("AWS::Serverless::Function")
};

/// A function, as references see it.
pub(super) const fn function_type(name: &'static str) -> Type {
    Type {
        named: Named::By("FunctionName", 64),
        reference: Yields::Name,
        attributes: &[("Arn", Yields::Arn(Pseudo::function_arn))],
        ..Type::plain(name)
    }
}

const DURABLE_CONFIG: Properties = properties! {
    used: RetentionPeriodInDays;
    required: ExecutionTimeout = "say how long an execution may take, in seconds";
    ignored: NO_ENCRYPTION => KMSKeyArn;
};

const LOGGING_CONFIG: Properties = properties! {
    used: ApplicationLogLevel, LogFormat, LogGroup, SystemLogLevel;
};

pub(super) fn read(fields: &Fields<'_>, index: usize, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let code = serverless_code(fields, &reading.assets.directory);
    let own = auto_publish_alias(fields, resolver.alias(index));
    let others = resolver
        .aliases(index)
        .iter()
        .filter(|it| Some(*it) != own.as_ref());
    let aliases = own.iter().chain(others).cloned();
    let modes = [
        ("Active", Tracing::Active),
        ("PassThrough", Tracing::PassThrough),
        ("Disabled", Tracing::Disabled),
    ];
    let tracing = fields.choice("Tracing", &modes).unwrap_or_default();
    reading.stack.functions.push(FunctionResource {
        policies: policies(fields),
        tracing,
        ..common(fields, index, code, aliases, reading)
    });
    let url = function_url::of_function(fields, index);
    reading.stack.function_urls.extend(url);
}

/// What SAM's function and CloudFormation's have in common.
pub(super) fn common(
    fields: &Fields<'_>,
    index: usize,
    code: Option<Code>,
    mut aliases: impl Iterator<Item = String>,
    reading: &Reading<'_>,
) -> FunctionResource {
    let is_valid = |name: &str| is_word(name, 1..=64, WORD_MARKS);
    let must = "must be 1 to 64 letters, digits, hyphens and underscores";
    let name = checked_name(fields, index, "FunctionName", is_valid, must);
    let code = code.unwrap_or_default();
    let help = "for example `Handler: app.handler`; `Handler: bootstrap` for `provided` runtimes";
    // An image has neither handler nor runtime.
    let needs = |name: &str, help: &str| match code.cannot_run {
        Some(_) => fields.text(name),
        None => fields.required_text(name, help),
    };
    let handler = needs("Handler", help);
    let runtime = needs("Runtime", "for example `Runtime: provided.al2023`");
    let timeout = fields.seconds("Timeout", 1..=900);
    let memory_size = fields.integer("MemorySize", 128..=10240, "megabytes");
    let (property, unit) = ("ReservedConcurrentExecutions", "invocations at a time");
    let concurrent = fields.integer(property, 0..=u32::MAX, unit);
    let method = fields.metadata("BuildMethod");
    let properties = fields.metadata("BuildProperties");
    FunctionResource {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.function_arn(&name),
        name,
        description: fields.text("Description"),
        code_path: code.path,
        code_uri: code.uri,
        inline_code: code.inline,
        cannot_run: code.cannot_run,
        layers: layers(fields, reading.assets),
        handler: handler.unwrap_or_default(),
        runtime: runtime.unwrap_or_default(),
        timeout: timeout.unwrap_or(Duration::from_secs(3)),
        memory_size_megabytes: memory_size.unwrap_or(128),
        architecture: architecture(fields),
        environment: environment(fields),
        auto_publish_alias: aliases.next(),
        more_aliases: aliases.collect(),
        durable_config: durable_config(fields),
        reserved_concurrent_executions: concurrent,
        policies: Vec::new(),
        tracing: Tracing::default(),
        logging: logging(fields),
        build_method: method.and_then(|it| fields.text_of("Metadata.BuildMethod", it)),
        build_properties: properties.and_then(|it| fields.opaque("Metadata.BuildProperties", it)),
    }
}

fn architecture(fields: &Fields<'_>) -> Architecture {
    let known = [Architecture::X86_64, Architecture::Arm64];
    let nodes = fields.list("Architectures");
    if let [_, second, ..] = nodes {
        let must = "must name one architecture";
        let help = "a function runs on one";
        fields.wrong_node("Architectures", second, must, "one too many", help);
    }
    let [node] = nodes else {
        return Architecture::default();
    };
    let word = fields.word_of("Architectures", node, &known.map(Architecture::as_str));
    let named = known.into_iter().find(|it| Some(it.as_str()) == word);
    named.unwrap_or_default()
}

fn auto_publish_alias(fields: &Fields<'_>, alias: Option<&str>) -> Option<String> {
    let node = fields.node("AutoPublishAlias")?;
    let Some(alias) = alias else {
        // SAM makes a logical id of the alias before references have values.
        let must = "must be text or `!Ref` to a parameter";
        let help = "for example `AutoPublishAlias: live`";
        fields.wrong("AutoPublishAlias", must, node.describe(), help);
        return None;
    };
    let digits = alias.bytes().all(|byte| byte.is_ascii_digit());
    if digits || !is_word(alias, 0..=128, WORD_MARKS) {
        fields.wrong(
            "AutoPublishAlias",
            "must be 1 to 128 letters, digits, hyphens and underscores, not only digits",
            "this name",
            "for example `live`",
        );
    }
    Some(alias.to_owned())
}

fn durable_config(fields: &Fields<'_>) -> Option<DurableConfig> {
    let config = fields.mapping("DurableConfig", DURABLE_CONFIG)?;
    let execution_timeout = config.seconds("ExecutionTimeout", 1..=31_622_400)?;
    let days = config.integer("RetentionPeriodInDays", 1..=90, "days");
    Some(DurableConfig {
        execution_timeout,
        retention_period_days: days.map_or(14, |days| u8::try_from(days).unwrap_or(u8::MAX)),
    })
}

fn policies(fields: &Fields<'_>) -> Vec<Value> {
    let Some(node) = fields.node("Policies") else {
        return Vec::new();
    };
    let nodes = node.items_or_self();
    for node in nodes {
        if node.text().is_none() && node.entries().is_none() && node.call().is_none() {
            let must = "must hold policy names, policy templates or policy documents";
            let help = "see `Policies` of `AWS::Serverless::Function`";
            fields.wrong_node("Policies", node, must, node.describe(), help);
        }
    }
    let policy = |node| fields.opaque("Policies", node);
    nodes.iter().filter_map(policy).collect()
}

fn logging(fields: &Fields<'_>) -> LoggingConfig {
    let Some(config) = fields.mapping("LoggingConfig", LOGGING_CONFIG) else {
        return LoggingConfig::default();
    };
    let formats = [("Text", LogFormat::Text), ("JSON", LogFormat::Json)];
    let log_format = config.choice("LogFormat", &formats).unwrap_or_default();
    let level = |name, levels: &[&'static str]| {
        let level = config.word(name, levels);
        if log_format == LogFormat::Text {
            config.wrong(
                name,
                "needs `LogFormat: JSON`",
                "a level for plain text",
                "Lambda filters structured logs only",
            );
        }
        level.map(str::to_owned)
    };
    let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    LoggingConfig {
        log_format,
        application_log_level: level("ApplicationLogLevel", &application),
        system_log_level: level("SystemLogLevel", &["DEBUG", "INFO", "WARN"]),
        log_group: config.text("LogGroup"),
    }
}
