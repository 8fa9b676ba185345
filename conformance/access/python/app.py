"""Calls what it may and what it may not, by boto3."""

import json

import boto3
from botocore.exceptions import ClientError


def attempt(call):
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


def handler(event, _context):
    functions, tables = boto3.client("lambda"), boto3.client("dynamodb")

    def invoke():
        answer = functions.invoke(FunctionName="Steps:live", Payload=b"1")
        return json.load(answer["Payload"])

    def write():
        tables.put_item(TableName="Notes", Item={"id": {"S": "1"}})
        return tables.get_item(TableName="Notes", Key={"id": {"S": "1"}})["Item"]["id"]["S"]

    return {
        "invoked": attempt(invoke),
        "written": attempt(write),
        "tables": attempt(lambda: tables.list_tables()["TableNames"]),
        "functions": attempt(lambda: functions.list_functions()["Functions"]),
        "history": attempt(lambda: functions.get_durable_execution_history(DurableExecutionArn=event["arn"])),
    }
