//! `AWS::Lambda::Function`, and its parts that are their own resources: versions and aliases.
//!
//! Source of names: CloudFormation template reference, `AWS::Lambda::Function`,
//! `AWS::Lambda::Version` and `AWS::Lambda::Alias`, read 2026-11-23.

use crate::template::{Fields, Role, Type, properties, yields};
use crate::{FunctionResource, Tracing};

use super::code::lambda_code;
use super::function::{NO_SCALING, NO_UPDATES, common, function_type};
use super::reading::Reading;
use super::target::no_function;
use super::unsupported::NO_ENCRYPTION;

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: Architectures, CapacityProviderConfig, Code, Description, DurableConfig, Environment,
            FunctionName, Handler, ImageConfig, Layers, LoggingConfig, MemorySize, PackageType, ReservedConcurrentExecutions, Role,
            Runtime, Timeout, TracingConfig;
        ignored:
            NO_SCALING => FunctionScalingConfig;
            "signatures are not checked" => CodeSigningConfigArn;
            "events that fail are not sent to a queue" => DeadLetterConfig;
            "`/tmp` is as large as the machine's" => EphemeralStorage;
            "no file system is mounted" => FileSystemConfigs;
            NO_ENCRYPTION => KmsKeyArn;
            "versions are `Version` resources only" => PublishToLatestPublished;
            "recursive loops are not detected" => RecursiveLoop;
            NO_UPDATES => RuntimeManagementConfig;
            "processes start without a snapshot" => SnapStart;
            "tags are not kept" => Tags;
            "tenants share processes" => TenancyConfig;
            "the function is on the machine's own network" => VpcConfig;
    },
    ..function_type("AWS::Lambda::Function")
};

pub(super) static VERSION: Type = Type {
    role: Role::Version,
    properties: properties! {
        used: CodeSha256, Description;
        required: FunctionName = NAME_IT;
        ignored:
            NO_SCALING => FunctionScalingConfig, ProvisionedConcurrencyConfig;
            NO_UPDATES => RuntimePolicy;
            "tenants share processes" => TenancyConfig;
    },
    reference: yields::version,
    attributes: &[
        ("FunctionArn", yields::version),
        ("Version", yields::version_number),
    ],
    ..Type::plain("AWS::Lambda::Version")
};

pub(super) static ALIAS: Type = Type {
    role: Role::Alias,
    properties: properties! {
        used: Description;
        required: FunctionName = NAME_IT, Name = "for example `Name: live`",
            FunctionVersion = "`!GetAtt` and the version's `Version`";
        ignored:
            NO_SCALING => ProvisionedConcurrencyConfig;
            "all invocations go to the newest version, none to another" => RoutingConfig;
    },
    reference: yields::part,
    attributes: &[("AliasArn", yields::part)],
    ..Type::plain("AWS::Lambda::Alias")
};

const NAME_IT: &str = "`!Ref` to the function";

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let code = lambda_code(fields, reading.assets);
    let modes = [
        ("Active", Tracing::Active),
        ("PassThrough", Tracing::PassThrough),
    ];
    let config = fields.mapping("TracingConfig", properties! { used: Mode; });
    let tracing = config.and_then(|config| config.choice("Mode", &modes));
    reading.stack.functions.push(FunctionResource {
        tracing: tracing.unwrap_or_default(),
        ..common(fields, code, reading)
    });
}

/// Checks a version; its effect is read with its function.
pub(super) fn read_version(fields: &Fields<'_>, _: &mut Reading<'_>) {
    if fields.resolver.part(fields.index()).is_none() {
        no_function(fields, "FunctionName");
    }
}

/// Checks an alias; its effect is read with its function.
pub(super) fn read_alias(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    read_version(fields, reading);
    let version = fields.node("FunctionVersion");
    if let Some(version) = version.filter(|it| it.text().is_some()) {
        let meaning = "the alias follows the newest version, whatever it names";
        fields.warn("FunctionVersion", version.span, meaning);
    }
}
