"""Destinations of asynchronous invocations, set by a template: boto3 invokes, functions are told."""

import json

from system import until, up


def records(system):
    """What the destination was told, in order."""
    lines = system.get("/lambdura/v1/logs", function="destinations-Told")["lines"]
    return [json.loads(line["text"].removeprefix("RECORD ")) for line in lines if line["text"].startswith("RECORD ")]


def test_a_function_is_told_how_an_asynchronous_invocation_ended(tmp_path):
    with up("destinations", tmp_path) as system:
        config = system.client.get_function_event_invoke_config(FunctionName="destinations-Sender")
        assert config["MaximumRetryAttempts"] == 0
        assert config["DestinationConfig"]["OnSuccess"]["Destination"].endswith(":function:destinations-Told")
        for number, event in enumerate([{"n": 21}, {"fail": True}], 1):
            system.client.invoke(
                FunctionName="destinations-Sender", InvocationType="Event", Payload=json.dumps(event).encode()
            )
            until(f"record {number} came", lambda wanted=number: (len(records(system)) == wanted, records(system)))
        succeeded, failed = records(system)
        assert succeeded["requestContext"]["condition"] == "Success"
        assert succeeded["requestPayload"] == {"n": 21}
        assert succeeded["responsePayload"] == {"doubled": 42}
        assert failed["requestContext"]["condition"] == "RetriesExhausted"
        assert failed["requestContext"]["approximateInvokeCount"] == 1
        assert failed["responseContext"]["functionError"] == "Unhandled"
        assert failed["responsePayload"]["errorMessage"] == "told to"
