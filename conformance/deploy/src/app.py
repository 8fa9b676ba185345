"""A function behind an API, and one that waits for an answer; both say of which deployment they are."""

import os

from aws_durable_execution_sdk_python import durable_execution

DEPLOYMENT = 1


def greet(event, context):
    return {"statusCode": 200, "body": f"{os.environ['GREETING']} from {DEPLOYMENT}"}


@durable_execution
def wait(event, context):
    begun = context.step(lambda _: DEPLOYMENT, name="begun")
    answer = context.create_callback("answer").result()
    return {"begun": begun, "ended": DEPLOYMENT, "answer": answer}
