"""Works one message off, in a step that may be told to wait for a file."""

import os
import time

from aws_durable_execution_sdk_python import DurableContext, durable_execution


def record(line):
    with open(os.environ["RECORDS"], "a", encoding="utf-8") as records:
        records.write(f"order\t{line}\n")


def work_off(body):
    record(f"began {body}")
    while body.startswith("slow") and not os.path.exists(f"{os.environ['RECORDS']}.go"):
        time.sleep(0.05)
    record(f"done {body}")
    return body


@durable_execution
def handler(event, context: DurableContext):
    (message,) = event["Records"]
    return context.step(lambda step: work_off(message["body"]), "work off")
