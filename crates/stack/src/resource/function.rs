//! `AWS::Serverless::Function`, and the parts that CloudFormation's function shares with it.
//!
//! Source of names and ranges: AWS SAM developer guide, `AWS::Serverless::Function`, and
//! aws-sam-translator 1.115.0, read 2026-11-23.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::template::{
    Fields, Named, Node, Parameters, Properties, Pseudo, Resource, Role, Shared, Type, names,
    properties, yields,
};
use crate::{
    Architecture, DurableConfig, FunctionResource, LogFormat, LoggingConfig, Tracing, construct,
};

use super::capacity::invocations_per_process;
use super::code::{Code, serverless_code, skips_build};
use super::event_invoke::event_invoke;
use super::layer::layers;
use super::reading::{Reading, WORD_MARKS, checked_name, is_word};
use super::unsupported::NO_ENCRYPTION;
use super::{events, function_url};

pub(super) const NO_SCALING: &str = "processes are started as needed, and kept warm for a while";
pub(super) const NO_UPDATES: &str = "the machine's interpreter is used";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        // Properties about permissions are accepted without a warning: permissions are not checked here.
        used: Architectures, AssumeRolePolicyDocument, AutoPublishAlias, CapacityProviderConfig,
            CodeUri, Description, DurableConfig, Environment, EventInvokeConfig, Events, FunctionName, FunctionUrlConfig, Handler, ImageConfig, ImageUri,
            InlineCode, Layers, LoggingConfig, MemorySize, PackageType, PermissionsBoundary,
            Policies, ReservedConcurrentExecutions, ResourcePolicy, Role, RolePath, Runtime,
            Timeout, Tracing;
        ignored:
            "a version is published when the code changes, not for other properties" =>
                AutoPublishAliasAllProperties;
            "the code's own hash decides whether it changed" => AutoPublishCodeSha256;
            NO_SCALING => FunctionScalingConfig, ProvisionedConcurrencyConfig;
            "signatures are not checked" => CodeSigningConfigArn;
            "events that fail are not sent to a queue" => DeadLetterQueue;
            "the alias moves to the new version at once" => DeploymentPreference;
            "`/tmp` is as large as the machine's" => EphemeralStorage;
            "no file system is mounted" => FileSystemConfigs;
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
        own: names! { Events FunctionName ImageUri InlineCode Policies Role },
    }),
    makes,
    ..function_type("AWS::Serverless::Function")
};

/// A function, as references see it.
pub(super) const fn function_type(name: &'static str) -> Type {
    Type {
        role: Role::Function,
        named: Named::By("FunctionName", 64),
        reference: yields::name,
        attributes: &[("Arn", |it| it.arn(Pseudo::function_arn))],
        ..Type::plain(name)
    }
}

/// Largest environment, in bytes, names and values together.
/// Source: Lambda developer guide, "Lambda quotas", read 2026-11-23.
const ENVIRONMENT_BYTES_MAX: usize = 4096;

/// Variables that Lambda sets and does not accept from templates.
/// Source: Lambda developer guide, "Defined runtime environment variables", read 2026-11-23.
const RESERVED: &[&str] = names! {
    _HANDLER _X_AMZN_TRACE_ID AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION
    AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME
    AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_SECRET_ACCESS_KEY
    AWS_SECRET_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT AWS_LAMBDA_METADATA_API
};

const DURABLE_CONFIG: Properties = properties! {
    used: RetentionPeriodInDays;
    required: ExecutionTimeout = "say how long an execution may take, in seconds";
    ignored: NO_ENCRYPTION => KMSKeyArn;
};

const LOGGING_CONFIG: Properties = properties! {
    used: ApplicationLogLevel, LogFormat, LogGroup, SystemLogLevel;
};

static PUBLISHED_ALIAS: Type = Type {
    role: Role::Alias,
    reference: yields::part,
    attributes: &[("AliasArn", yields::part)],
    ..Type::plain("")
};

static PUBLISHED_VERSION: Type = Type {
    role: Role::Version,
    reference: yields::version,
    ..Type::plain("")
};

pub(super) static ROLE: Type = Type {
    named: Named::By("RoleName", 64),
    reference: yields::name,
    attributes: &[("Arn", |it| it.arn(Pseudo::role_arn))],
    ..Type::plain("")
};

/// The resources that SAM makes of a function: a role, an alias and its version, a URL, and those of its events.
fn makes(index: usize, all: &[Resource], parameters: &Parameters) -> Vec<Resource> {
    let function = &all[index];
    let alias = function.constant("AutoPublishAlias", parameters);
    let alias = alias.unwrap_or_default();
    let suffix = match alias {
        "" => ".Alias".to_owned(),
        name => format!("Alias{}", name.replace('-', "D").replace('_', "U")),
    };
    let mut made = vec![
        function.make(index, "Role", "", &ROLE),
        function.make(index, &suffix, alias, &PUBLISHED_ALIAS),
        function.make(index, ".Version", alias, &PUBLISHED_VERSION),
    ];
    if let Some(config) = function.given("FunctionUrlConfig") {
        let url = function.make(index, "Url", alias, &function_url::MADE);
        made.push(url.with_properties("FunctionUrlConfig.".to_owned(), config));
    }
    made.extend(events::of(function, index));
    made
}

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let code = serverless_code(fields, reading.assets);
    check_auto_publish_alias(fields, resolver.published_alias(fields.index()));
    events::check(fields);
    let modes = [
        ("Active", Tracing::Active),
        ("PassThrough", Tracing::PassThrough),
        ("Disabled", Tracing::Disabled),
    ];
    let tracing = fields.choice("Tracing", &modes).unwrap_or_default();
    reading.stack.functions.push(FunctionResource {
        policies: policies(fields),
        tracing,
        ..common(fields, code, reading)
    });
}

/// The parts that SAM's function and CloudFormation's share.
pub(super) fn common(
    fields: &Fields<'_>,
    code: Option<Code>,
    reading: &Reading<'_>,
) -> FunctionResource {
    let is_valid = |name: &str| is_word(name, 1..=64, WORD_MARKS);
    let must = "must be 1 to 64 letters, digits, hyphens and underscores";
    let name = checked_name(fields, "FunctionName", is_valid, must);
    let code = code.unwrap_or_default();
    let mut aliases = fields.resolver.aliases(fields.index()).iter().cloned();
    let help = "for example `Handler: app.handler`; `Handler: bootstrap` for `provided` runtimes";
    let (handler, runtime) = match code.is_image {
        true => (fields.text("Handler"), fields.text("Runtime")),
        false => (
            fields.required_text("Handler", help),
            fields.required_text("Runtime", "for example `Runtime: provided.al2023`"),
        ),
    };
    let runtime = runtime.unwrap_or_default();
    let per_process = invocations_per_process(fields, &runtime);
    let (timeout_max, memory_max) = match per_process {
        None => (900, 10_240),
        Some(_) => (5400, 32_768),
    };
    let timeout = fields.seconds("Timeout", 1..=timeout_max);
    let memory_size = fields.integer("MemorySize", 128..=memory_max, "megabytes");
    let (property, unit) = ("ReservedConcurrentExecutions", "invocations at a time");
    let concurrent = fields.integer(property, 0..=u32::MAX, unit);
    let layers = layers(fields, reading.assets);
    let method = fields.metadata("BuildMethod");
    let properties = fields.metadata("BuildProperties");
    let construct = fields.metadata("aws:cdk:path").and_then(Node::text);
    FunctionResource {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.function_arn(&name),
        name,
        description: fields.text("Description"),
        code_path: code.path,
        code_uri: code.uri,
        inline_code: code.inline,
        state_machine: None,
        machine: None,
        cannot_run: code.cannot_run,
        image: code.image,
        code_object: code.object,
        layers: layers.here,
        missing_layers: layers.missing,
        handler: handler.unwrap_or_default(),
        runtime,
        timeout: timeout.unwrap_or(Duration::from_secs(3)),
        memory_size_megabytes: memory_size.unwrap_or(128),
        architecture: architecture(fields),
        environment: environment(fields),
        auto_publish_alias: aliases.next(),
        more_aliases: aliases.collect(),
        durable_config: durable_config(fields),
        reserved_concurrent_executions: concurrent,
        invocations_per_process: per_process,
        event_invoke: event_invoke(fields),
        has_role: has_role(fields),
        policies: Vec::new(),
        tracing: Tracing::default(),
        logging: logging(fields, per_process.is_some()),
        build_method: method.and_then(|it| fields.text_of("Metadata.BuildMethod", it)),
        build_properties: properties.and_then(|it| fields.opaque("Metadata.BuildProperties", it)),
        skip_build: skips_build(fields),
        construct_path: construct.map(construct::path),
    }
}

fn architecture(fields: &Fields<'_>) -> Architecture {
    let known = [Architecture::X86_64, Architecture::Arm64].map(|it| (it.as_str(), it));
    let nodes = fields.list("Architectures");
    if let [_, second, ..] = nodes {
        let (must, help) = ("must name one architecture", "a function runs on one");
        fields.wrong_node("Architectures", second, must, "one too many", help);
    }
    let named = match nodes {
        [node] => fields.choice_of("Architectures", node, &known),
        _ => None,
    };
    named.unwrap_or_default()
}

fn check_auto_publish_alias(fields: &Fields<'_>, alias: Option<String>) {
    let Some(node) = fields.node("AutoPublishAlias") else {
        return;
    };
    let Some(alias) = alias else {
        // SAM builds a logical id from the alias before references have values.
        let must = "must be text or `!Ref` to a parameter";
        let help = "for example `AutoPublishAlias: live`";
        fields.wrong("AutoPublishAlias", must, node.describe(), help);
        return;
    };
    let digits = alias.bytes().all(|byte| byte.is_ascii_digit());
    if digits || !is_word(&alias, 0..=128, WORD_MARKS) {
        let must = "must be 1 to 128 letters, digits, hyphens and underscores, not only digits";
        fields.wrong("AutoPublishAlias", must, "this name", "for example `live`");
    }
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

/// Whether the template names a role for a function or a state machine.
pub(super) fn has_role(fields: &Fields<'_>) -> bool {
    let mut names = ["Role", "RoleArn"].into_iter();
    names.any(|name| fields.node(name).is_some())
}

pub(super) fn policies(fields: &Fields<'_>) -> Vec<Value> {
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

fn logging(fields: &Fields<'_>, is_on_managed_instances: bool) -> LoggingConfig {
    let default = match is_on_managed_instances {
        true => LogFormat::Json,
        false => LogFormat::default(),
    };
    let Some(config) = fields.mapping("LoggingConfig", LOGGING_CONFIG) else {
        return LoggingConfig {
            log_format: default,
            ..LoggingConfig::default()
        };
    };
    let formats = [("Text", LogFormat::Text), ("JSON", LogFormat::Json)];
    let log_format = config.choice("LogFormat", &formats).unwrap_or(default);
    if is_on_managed_instances && log_format == LogFormat::Text {
        let must = "must be `JSON` beside `CapacityProviderConfig`";
        let help = "the lines of invocations side by side are told apart by their `requestId`";
        config.wrong("LogFormat", must, "plain text", help);
    }
    let level = |name, levels: &[&'static str]| {
        let level = config.word(name, levels);
        if log_format == LogFormat::Text {
            let help = "Lambda filters structured logs only";
            config.wrong(
                name,
                "needs `LogFormat: JSON`",
                "a level for plain text",
                help,
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

fn environment(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(environment) = fields.mapping("Environment", properties! { used: Variables; }) else {
        return BTreeMap::new();
    };
    let Some(entry) = environment.entry("Variables") else {
        return BTreeMap::new();
    };
    let Some(variables) = entry.value.entries() else {
        let help = "write one `NAME: value` per line, indented";
        let found = entry.value.describe();
        environment.wrong("Variables", "must be a mapping", found, help);
        return BTreeMap::new();
    };
    for variable in variables.iter().filter(|it| !it.value.is_no_value()) {
        let (must, help) = if RESERVED.contains(&&*variable.key) {
            let help = "AWS refuses it; choose another name";
            ("is set by Lambda itself", help)
        } else if !is_name(&variable.key) {
            let help = "two or more letters, digits and underscores, the first one a letter";
            ("is not a name for a variable", help)
        } else {
            continue;
        };
        let (name, id) = (&variable.key, fields.logical_id);
        let message = format!("`Environment.Variables.{name}` of `{id}` {must}");
        fields.problem(variable.key_span, &message, "this name", help);
    }
    let resolved = environment.text_map("Variables");
    let sizes = resolved.iter().map(|(name, text)| name.len() + text.len());
    let bytes: usize = sizes.sum();
    if bytes > ENVIRONMENT_BYTES_MAX {
        let id = fields.logical_id;
        let most = ENVIRONMENT_BYTES_MAX;
        let message = format!("the environment of `{id}` has {bytes} bytes, {most} are allowed");
        let help = "AWS refuses it; keep large values in a file or table";
        fields.problem(entry.key_span, &message, "too large together", help);
    }
    resolved
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && is_word(name, 2..=4096, b"_")
}
