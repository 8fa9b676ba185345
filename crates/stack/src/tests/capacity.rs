//! `CapacityProviderConfig`, in SAM's and in CloudFormation's shape.

use crate::LogFormat;

use super::{function, load, problems, warnings};

const LAMBDA: &str = "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: ./f
      Handler: index.handler
      Runtime: python3.13
      Role: arn:aws:iam::000000000000:role/f
      Timeout: 5400
      MemorySize: 32768
      ReservedConcurrentExecutions: 100
      DurableConfig: {ExecutionTimeout: 60}
      CapacityProviderConfig:
        LambdaManagedInstancesCapacityProviderConfig:
          CapacityProviderArn: !GetAtt Provider.Arn
          ExecutionEnvironmentMemoryGiBPerVCpu: 2
          PerExecutionEnvironmentMaxConcurrency: 64
  Provider:
    Type: AWS::Lambda::CapacityProvider
    Properties: {CapacityProviderName: own}
";

#[test]
fn a_process_has_as_many_invocations_as_the_template_says() {
    let function_of = |template: &str| load(template).functions.remove(0);
    let lambda = function_of(LAMBDA);
    assert_eq!(lambda.invocations_per_process, Some(64));
    assert_eq!(lambda.reserved_concurrent_executions, Some(100));
    assert!(lambda.durable_config.is_some());
    assert_eq!(lambda.logging.log_format, LogFormat::Json);
    assert_eq!(lambda.timeout.as_secs(), 5400);

    let config = "CapacityProviderConfig: {Arn: arn, PerExecutionEnvironmentMaxConcurrency: 1600}";
    assert_eq!(
        function_of(&function(config)).invocations_per_process,
        Some(1600)
    );
    let by_default = function_of(&function("CapacityProviderConfig: {Arn: arn}"));
    assert_eq!(by_default.invocations_per_process, Some(8));
    let python = LAMBDA.replace("          PerExecutionEnvironmentMaxConcurrency: 64\n", "");
    assert_eq!(function_of(&python).invocations_per_process, Some(16));

    let plain = function_of(&function(""));
    assert_eq!(plain.invocations_per_process, None);
    assert_eq!(plain.logging.log_format, LogFormat::Text);
}

#[test]
fn what_else_it_says_is_named() {
    let said = warnings(LAMBDA);
    for property in [
        "CapacityProviderArn",
        "ExecutionEnvironmentMemoryGiBPerVCpu",
    ] {
        let named = said
            .lines()
            .any(|line| line.contains(property) && line.contains("no capacity providers"));
        assert!(named, "{property}: {said}");
    }
    assert!(
        !said.contains(".PerExecutionEnvironmentMaxConcurrency` of"),
        "{said}"
    );
}

#[test]
fn limits_are_those_of_aws() {
    let with = |properties: &str| problems(&function(properties));
    let config = "CapacityProviderConfig: {Arn: arn, PerExecutionEnvironmentMaxConcurrency: 1601}";
    let said = with(config);
    assert!(
        said.contains("must be a whole number from 1 to 1600"),
        "{said}"
    );
    let said = with("Timeout: 901");
    assert!(
        said.contains("must be a whole number from 1 to 900"),
        "{said}"
    );
    let said = with("CapacityProviderConfig: {Arn: arn}\nLoggingConfig: {LogFormat: Text}");
    assert!(
        said.contains("must be `JSON` beside `CapacityProviderConfig`"),
        "{said}"
    );
    let said = with(
        "AutoPublishAlias: live\nCapacityProviderConfig: {Arn: arn}\nProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}",
    );
    assert!(
        said.contains("must not be given beside `CapacityProviderConfig`"),
        "{said}"
    );
    let said = problems(&LAMBDA.replace("LambdaManagedInstancesCapacityProviderConfig", "Other"));
    assert!(
        said.contains("LambdaManagedInstancesCapacityProviderConfig"),
        "{said}"
    );
}
