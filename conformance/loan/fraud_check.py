#!/usr/bin/env python3
"""A fraud check whose answer follows from the applicant's name: of a function's process, with Lambda's Runtime API.

`Silent …` is never answered, `Suspicious …` does not pass, everybody else does.
"""

import json
import os
import urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
LAMBDA = os.environ["AWS_ENDPOINT_URL_LAMBDA"]


def post(url, body, **headers):
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    urllib.request.urlopen(request).read()


def answer(event):
    name = event["applicant_name"]
    if name.startswith("Silent"):
        return
    passed = "suspicious" if name.startswith("Suspicious") else "passed"
    report = {"fraud_check": passed, "risk_indicators": 0, "checked_by": "FraudCheckService-v2"}
    if "task_token" in event:
        body = {"taskToken": event["task_token"], "output": json.dumps(report)}
        target = {"X-Amz-Target": "AWSStepFunctions.SendTaskSuccess"}
        post(f"{LAMBDA}/", body, **target, **{"Content-Type": "application/x-amz-json-1.0"})
    else:
        callback = urllib.request.quote(event["callback_id"], safe="")
        post(f"{LAMBDA}/2025-12-01/durable-execution-callbacks/{callback}/succeed", report)


while True:
    with urllib.request.urlopen(f"{RUNTIME}/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(invocation)
    answer(event)
    post(f"{RUNTIME}/{request_id}/response", {"status": "done"})
