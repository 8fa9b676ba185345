//! `AWS::Lambda::Function`, and what is a resource of its own beside it: versions and aliases.
//!
//! Source of names: CloudFormation template reference, `AWS::Lambda::Function`,
//! `AWS::Lambda::Version` and `AWS::Lambda::Alias`, read 2026-11-23.

use crate::template::{Fields, Kind, Known, Resolver, ignored, used};
use crate::{FunctionResource, Tracing};

use super::code::{Assets, lambda_code};
use super::function::{NO_ENCRYPTION, NO_SCALING, NO_TAGS, common};
use super::function_url::no_function;

const PROPERTIES: [Known; 30] = [
    used("Architectures"),
    used("Code"),
    used("Description"),
    used("DurableConfig"),
    used("Environment"),
    used("FunctionName"),
    used("Handler"),
    used("Layers"),
    used("LoggingConfig"),
    used("MemorySize"),
    used("PackageType"),
    used("ReservedConcurrentExecutions"),
    used("Role"),
    used("Runtime"),
    used("Timeout"),
    used("TracingConfig"),
    ignored("CapacityProviderConfig", NO_SCALING),
    ignored("CodeSigningConfigArn", "signatures are not checked"),
    ignored(
        "DeadLetterConfig",
        "events that fail are not sent to a queue",
    ),
    ignored("EphemeralStorage", "`/tmp` is as large as the machine's"),
    ignored("FileSystemConfigs", "no file system is mounted"),
    ignored("FunctionScalingConfig", NO_SCALING),
    ignored("ImageConfig", "container images are not run"),
    ignored("KmsKeyArn", NO_ENCRYPTION),
    ignored("RecursiveLoop", "recursive loops are not detected"),
    ignored(
        "RuntimeManagementConfig",
        "the machine's interpreter is used",
    ),
    ignored("SnapStart", "processes start without a snapshot"),
    ignored("Tags", NO_TAGS),
    ignored("TenancyConfig", "tenants share processes"),
    ignored("VpcConfig", "the function is on the machine's own network"),
];

const VERSION_PROPERTIES: [Known; 7] = [
    used("CodeSha256"),
    used("Description"),
    used("FunctionName"),
    ignored("FunctionScalingConfig", NO_SCALING),
    ignored("ProvisionedConcurrencyConfig", NO_SCALING),
    ignored("RuntimePolicy", "the machine's interpreter is used"),
    ignored("TenancyConfig", "tenants share processes"),
];

const ALIAS_PROPERTIES: [Known; 6] = [
    used("Description"),
    used("FunctionName"),
    used("FunctionVersion"),
    used("Name"),
    ignored("ProvisionedConcurrencyConfig", NO_SCALING),
    ignored(
        "RoutingConfig",
        "all invocations go to the newest version, none to another",
    ),
];

/// The function, or `None` where a problem was reported.
pub(crate) fn lambda_function(
    resolver: &Resolver<'_>,
    index: usize,
    assets: &Assets,
) -> Option<FunctionResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    let code = lambda_code(&fields, resource, assets);
    let tracing = fields
        .mapping("TracingConfig", &[used("Mode")])
        .and_then(|config| {
            let modes = [
                ("Active", Tracing::Active),
                ("PassThrough", Tracing::PassThrough),
            ];
            config.choice("Mode", &modes)
        });
    let mut aliases = resolver.aliases(index).iter().cloned();
    let function = common(&fields, index, code, assets)?;
    Some(FunctionResource {
        auto_publish_alias: aliases.next(),
        more_aliases: aliases.collect(),
        tracing: tracing.unwrap_or_default(),
        ..function
    })
}

/// Checks a version or alias; what it asks for is done with its function.
pub(crate) fn check_part(resolver: &Resolver<'_>, index: usize) {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    let is_alias = resource.kind == Kind::Alias;
    fields.check_names(if is_alias {
        &ALIAS_PROPERTIES
    } else {
        &VERSION_PROPERTIES
    });
    let named = fields.required("FunctionName", "`!Ref` to the function");
    if let (Some(entry), None) = (named, resolver.part(index)) {
        no_function(&fields, "FunctionName", entry);
    }
    if !is_alias {
        return;
    }
    fields.required("Name", "for example `Name: live`");
    let version = fields.required("FunctionVersion", "`!GetAtt` and the version's `Version`");
    if let Some(entry) = version
        && entry.value.text().is_some()
    {
        let meaning = "the alias follows the newest version, whatever it names";
        fields.warn("FunctionVersion", entry.value.span, meaning);
    }
}
