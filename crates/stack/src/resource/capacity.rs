//! `CapacityProviderConfig`: functions on Lambda Managed Instances, whose processes run several invocations at a time.
//!
//! There are no capacity providers here: the property matters only for the number of invocations per process.
//! Source: CloudFormation template reference, `LambdaManagedInstancesCapacityProviderConfig`; AWS SAM developer guide
//! and aws-sam-translator 1.115.0, `CapacityProviderConfig`; Lambda developer guide, "Lambda Managed Instances
//! runtimes", read 2026-11.

use crate::template::{Fields, Properties, properties};

const NO_PROVIDERS: &str = "there are no capacity providers here: its processes run on this machine, and only `PerExecutionEnvironmentMaxConcurrency` of the property has an effect";

const SERVERLESS: Properties = properties! {
    used: PerExecutionEnvironmentMaxConcurrency;
    ignored: NO_PROVIDERS => Arn, ExecutionEnvironmentMemoryGiBPerVCpu;
};

const LAMBDA: Properties = properties! {
    required: LambdaManagedInstancesCapacityProviderConfig =
        "it holds `CapacityProviderArn` and `PerExecutionEnvironmentMaxConcurrency`";
};

const MANAGED_INSTANCES: Properties = properties! {
    used: PerExecutionEnvironmentMaxConcurrency;
    ignored: NO_PROVIDERS => CapacityProviderArn, ExecutionEnvironmentMemoryGiBPerVCpu;
};

/// How many invocations one process of a function runs at a time; `None` means one after another.
pub(super) fn invocations_per_process(fields: &Fields<'_>, runtime: &str) -> Option<u32> {
    let property = "CapacityProviderConfig";
    let config = if fields.resource_type == "AWS::Serverless::Function" {
        if fields.entry("ProvisionedConcurrencyConfig").is_some()
            && fields.entry(property).is_some()
        {
            let must = "must not be given beside `CapacityProviderConfig`";
            let help = "AWS refuses it; take one of them away";
            fields.wrong("ProvisionedConcurrencyConfig", must, "both", help);
        }
        fields.mapping(property, SERVERLESS)?
    } else {
        let config = fields.mapping(property, LAMBDA)?;
        let name = "LambdaManagedInstancesCapacityProviderConfig";
        config.mapping(name, MANAGED_INSTANCES)?
    };
    let (name, unit) = (
        "PerExecutionEnvironmentMaxConcurrency",
        "invocations of one process at a time",
    );
    let given = config.integer(name, 1..=1600, unit);
    Some(given.unwrap_or_else(|| invocations_per_process_default(runtime)))
}

/// The number if `CapacityProviderConfig` gives none: AWS's default for one vCPU.
pub fn invocations_per_process_default(runtime: &str) -> u32 {
    match runtime {
        _ if runtime.starts_with("nodejs") => 64,
        _ if runtime.starts_with("java") || runtime.starts_with("dotnet") => 32,
        _ if runtime.starts_with("python") => 16,
        _ => 8,
    }
}
