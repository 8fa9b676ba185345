"""Works batches off, of which some items fail; and says what things are called."""

import json
import os

import boto3


def batches(event, context):
    with open(os.environ["RECORDS"], "a", encoding="utf-8") as records:
        for record in event["Records"]:
            count = record["attributes"]["ApproximateReceiveCount"]
            sender = record["messageAttributes"].get("sender", {}).get("stringValue")
            records.write(f"item\t{json.loads(record['body'])['n']} {count} {sender}\n")
    failed = [it["messageId"] for it in event["Records"] if json.loads(it["body"]).get("bad")]
    return {"batchItemFailures": [{"itemIdentifier": it} for it in failed]}


def names(event, context):
    if event.get("read"):
        parameters = boto3.client("ssm")
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["PASSWORD"])
        return {
            "one": parameters.get_parameter(Name=os.environ["KEY"], WithDecryption=True)["Parameter"]["Value"],
            "path": [it["Name"] for it in parameters.get_parameters_by_path(Path="/queues")["Parameters"]],
            "secret": json.loads(secret["SecretString"]),
        }
    return {name: os.environ[name] for name in ["ORDERS", "ITEMS", "DEAD", "NEWS", "FILES", "KEY", "PASSWORD"]}
