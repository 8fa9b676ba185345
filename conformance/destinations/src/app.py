"""One that fails when told to, and one that is told."""

import json


def sender(event, context):
    if event.get("fail"):
        raise ValueError("told to")
    return {"doubled": event["n"] * 2}


def told(record, context):
    print("RECORD " + json.dumps(record))
