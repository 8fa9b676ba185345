"""How every claim stands, in the table."""

import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["CLAIMS_TABLE"])


def note(claim_id, status, **more):
    """Sets the status and whatever else is known."""
    values = {"status": status, **more}
    table.update_item(
        Key={"claim_id": claim_id},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


def find(claim_id):
    return table.get_item(Key={"claim_id": claim_id}).get("Item")
