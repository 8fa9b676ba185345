"""Writes `template.yaml`: one durable function per requirement, and the functions that chained invokes call.

Run it where `requirements-any-python.txt` is installed, when AWS publishes new requirements.
"""

from pathlib import Path

from aws_durable_execution_conformance_tests.config import TESTS_DIR
from aws_durable_execution_conformance_tests.extensions import load_extensions

TEMPLATE = Path(__file__).with_name("template.yaml")

HEAD = """\
# Made by generate_template.py.
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Description: >
  AWS's conformance requirements for durable functions, in Rust: a function per requirement, all of one program.

Globals:
  Function:
    Runtime: provided.al2023
    MemorySize: 128
    Timeout: 60
    LoggingConfig:
      LogFormat: JSON
    Environment:
      Variables:
        ECHO_FUNCTION: !Sub '${AWS::StackName}-EchoTarget:$LATEST'
        FAIL_FUNCTION: !Sub '${AWS::StackName}-FailTarget:$LATEST'
        TENANT_FUNCTION: !Sub '${AWS::StackName}-TenantTarget:$LATEST'

Resources:
"""

FUNCTION = """\
  {logical_id}:
    Type: AWS::Serverless::Function
{testing}    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties:
        Binary: conformance-handlers
    Properties:
      FunctionName: !Sub '${{AWS::StackName}}-{logical_id}'
      CodeUri: .
      # Which handler of the program it is.
      Handler: {handler}
{more}      DurableConfig:
        ExecutionTimeout: 600
        RetentionPeriodInDays: 1
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action:
                - lambda:CheckpointDurableExecution
                - lambda:GetDurableExecutionState
                - lambda:InvokeFunction
              Resource: !Sub 'arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{AWS::StackName}}-*'
"""

TESTING = """\
    TestingMetadata:
      TestDescription: ['{id}']
"""

TENANCY = """\
      TenancyConfig:
        TenantIsolationMode: PER_TENANT
"""


# Requirements that AWS's repository has and its package does not; `NEWER` of `handlers.py` names them again.
NEWER = {f"10-{number}": f"Plugin{number}" for number in range(8, 24)}


def function(logical_id, handler, testing="", more=""):
    return FUNCTION.format(
        logical_id=logical_id, handler=f"'{handler}'", testing=testing, more=more
    )


def main():
    cases = load_extensions(TESTS_DIR, entry_points=[]).discover_requirements()
    text = HEAD
    number = lambda requirement: tuple(int(part) for part in requirement.split("-"))
    for requirement in sorted(cases, key=number):
        words = cases[requirement].suite.name.split("_")
        suite = "".join(word.capitalize() for word in words)
        logical_id = f"{suite}{number(requirement)[1]}"
        text += function(logical_id, requirement, testing=TESTING.format(id=requirement)) + "\n"
    for requirement, logical_id in NEWER.items():
        if requirement not in cases:
            text += function(logical_id, requirement) + "\n"
    text += function("EchoTarget", "echo") + "\n"
    text += function("FailTarget", "fail") + "\n"
    text += function("TenantTarget", "echo", more=TENANCY)
    TEMPLATE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
