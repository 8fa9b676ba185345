"""Queues that functions work off, and the template's own queues, topics, buckets and secrets at an emulator."""

import contextlib
import json
import os
import signal
import socket
import threading
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator import ministack
from system import until, up
from test_elsewhere import outside


def names(system, **event):
    answer = system.client.invoke(FunctionName="queues-Names", Payload=json.dumps(event).encode())
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return payload


def client(service, url):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


def attributes(queues, url):
    return queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def is_empty(queues, url):
    """Whether nothing is left of what was sent, visible or not."""
    seen = attributes(queues, url)
    counts = [seen["ApproximateNumberOfMessages"], seen["ApproximateNumberOfMessagesNotVisible"]]
    return counts == ["0", "0"], counts


def received(queues, url):
    """The bodies of the messages that a queue has now, which are deleted."""
    answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    for message in answer.get("Messages", []):
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in answer.get("Messages", [])]


def test_the_templates_own_are_created_and_worked_off(tmp_path):
    with ministack(tmp_path) as url:
        queues = client("sqs", url)
        for run in ["first", "second"]:
            # The second run finds what the first one made.
            with up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
                called = names(system)
                orders = queues.get_queue_url(QueueName="queues-Orders")["QueueUrl"]
                assert called["ORDERS"] == orders
                seen = attributes(queues, orders)
                assert seen["VisibilityTimeout"] == "12"
                assert json.loads(seen["RedrivePolicy"])["deadLetterTargetArn"].endswith(":queues-Dead")
                assert called["NEWS"] in [it["TopicArn"] for it in client("sns", url).list_topics()["Topics"]]
                assert called["FILES"] in [it["Name"] for it in client("s3", url).list_buckets()["Buckets"]]
                read = names(system, read=True)
                assert read["one"] == "from the template"
                assert read["secret"]["user"] == "me"
                queues.send_message(QueueUrl=orders, MessageBody=f"order {run}")
                client("sns", url).publish(TopicArn=called["NEWS"], Message=f"news {run}")
                until(
                    "the order and the news are worked off",
                    lambda run=run: (
                        f"done order {run}" in system.recorded("order")
                        and any(f"news {run}" in it for it in system.recorded("order")),
                        system.recorded("order"),
                    ),
                )
                until("the queue is empty", lambda: is_empty(queues, orders))
                for execution in executions(system):
                    assert execution["Status"] == "SUCCEEDED"
                if run == "first":
                    secret = read["secret"]
                else:
                    assert read["secret"] == secret, "a generated secret stays"


def executions(system):
    pages = system.client.get_paginator("list_durable_executions_by_function")
    pages = pages.paginate(FunctionName="queues-Durable")
    return [one for page in pages for one in page["DurableExecutions"]]


def has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def test_only_what_failed_comes_again_and_goes_to_the_dead_letter_queue(tmp_path):
    with ministack(tmp_path) as url, up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
        queues, called = client("sqs", url), names(system)
        items, dead = called["ITEMS"], called["DEAD"]
        attribute = {"sender": {"DataType": "String", "StringValue": "test"}}
        for n, bad in [(1, False), (2, True), (3, False)]:
            body = json.dumps({"kind": "item", "n": n, "bad": bad})
            queues.send_message(QueueUrl=items, MessageBody=body, MessageAttributes=attribute)
        queues.send_message(QueueUrl=items, MessageBody='{"kind": "other", "n": 4}')
        queues.send_message(QueueUrl=items, MessageBody="no JSON")
        dead_letters = []

        def look():
            dead_letters.extend(received(queues, dead))
            return len(dead_letters) > 0, system.recorded("item")

        until("the bad one is a dead letter", look)
        assert [json.loads(it)["n"] for it in dead_letters] == [2]
        # Each good one came once, the bad one as often as its queue says, and what no filter wants never.
        assert sorted(system.recorded("item")) == ["1 1 test", "2 1 test", "2 2 test", "3 1 test"]
        until("nothing is left", lambda: is_empty(queues, items))


def test_nothing_is_lost_when_the_server_is_killed_at_work(tmp_path):
    with ministack(tmp_path) as url:
        queues = client("sqs", url)
        with pytest.raises(AssertionError, match="did not survive"):
            with up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
                orders = names(system)["ORDERS"]
                queues.send_message(QueueUrl=orders, MessageBody="slow order")
                until("it is at work", lambda: ("began slow order" in system.recorded("order"), None))
                os.kill(system.ready["pid"], signal.SIGKILL)
                # Until it can be waited for; it still is, by whoever started it.
                until("it is dead", lambda: (has_ended(system.ready["pid"]), None))
        assert "done slow order" not in system.recorded("order")
        assert is_empty(queues, orders)[0] is False
        Path(f"{system.records}.go").touch()
        with up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
            until("the queue is empty", lambda: is_empty(queues, orders))
            assert "done slow order" in system.recorded("order")


def test_mappings_are_made_by_the_api_and_survive(tmp_path):
    with ministack(tmp_path) as url:
        queues = client("sqs", url)
        orders = queues.create_queue(QueueName="by-hand")["QueueUrl"]
        arn = attributes(queues, orders)["QueueArn"]
        with up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
            mappings = system.client.list_event_source_mappings()["EventSourceMappings"]
            assert sorted(it["EventSourceArn"].rsplit(":")[-1] for it in mappings) == ["queues-Items", "queues-Orders"]
            made = system.client.create_event_source_mapping(
                EventSourceArn=arn, FunctionName="queues-Durable:live", BatchSize=1, Enabled=False
            )
            uuid = made["UUID"]
            queues.send_message(QueueUrl=orders, MessageBody="by hand")
            state(system, uuid, "Disabled")
            for wrong, reason in [
                ({"EventSourceArn": arn, "FunctionName": "queues-Durable"}, "unqualified ARN"),
                ({"EventSourceArn": f"{arn}-not", "FunctionName": "queues-Batches"}, "cannot be read"),
                (
                    {"EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "FunctionName": "queues-Batches"},
                    "Only SQS queues",
                ),
                ({"EventSourceArn": arn, "FunctionName": "queues-Batches", "BatchSize": 11}, "batch window"),
                (
                    {
                        "EventSourceArn": arn,
                        "FunctionName": "queues-Batches",
                        "FilterCriteria": {"Filters": [{"Pattern": '{"body": "x"}'}]},
                    },
                    "Invalid filter pattern",
                ),
            ]:
                with pytest.raises(ClientError) as refused:
                    system.client.create_event_source_mapping(**wrong)
                assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
                assert reason in str(refused.value)
            with pytest.raises(ClientError) as conflict:
                system.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="queues-Durable:live")
            assert conflict.value.response["Error"]["Code"] == "ResourceConflictException"
        with up("queues", tmp_path / "system", "--aws-endpoint", url) as system:
            assert system.client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
            system.client.update_event_source_mapping(UUID=uuid, Enabled=True)
            state(system, uuid, "Enabled")
            until(
                "it is worked off", lambda: ("done by hand" in system.recorded("order"), system.recorded("order"))
            )
            until("the queue is empty", lambda: is_empty(queues, orders))
            assert system.client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "OK"
            assert system.client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"

            def gone():
                try:
                    return None, system.client.get_event_source_mapping(UUID=uuid)
                except system.client.exceptions.ResourceNotFoundException:
                    return True, None

            until("it is gone", gone)


def state(system, uuid, wanted):
    def look():
        seen = system.client.get_event_source_mapping(UUID=uuid)
        return seen["State"] == wanted, seen

    until(f"it is {wanted}", look)


class Gate:
    """A way to a program that can be closed: then connections end, and new ones do too."""

    def __init__(self, port):
        self.target, self.open, self.pairs = ("127.0.0.1", port), True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                inner.close()
                continue
            outer = socket.create_connection(self.target)
            self.pairs.append((inner, outer))
            for source, sink in [(inner, outer), (outer, inner)]:
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.open = False
        for pair in self.pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def test_a_queue_is_read_again_when_its_emulator_is_back(tmp_path):
    log = tmp_path / "system" / "up.log"
    with ministack(tmp_path) as url:
        gate = Gate(int(url.rsplit(":", 1)[-1]))
        with up("queues", tmp_path / "system", "--aws-endpoint", gate.url) as system:
            orders = client("sqs", url).get_queue_url(QueueName="queues-Orders")["QueueUrl"]
            gate.close()
            said = "the queue is not read"
            until("it is said of both queues", lambda: (log.read_text().count(said) == 2, log.read_text()))
            client("sqs", url).send_message(QueueUrl=orders, MessageBody="meanwhile")
            gate.open = True
            until("it is worked off", lambda: ("done meanwhile" in system.recorded("order"), log.read_text()))
            assert log.read_text().count(said) == 2, "an outage is said once"


def test_parameters_and_secrets_are_answered_without_an_emulator(tmp_path):
    with up("queues", tmp_path) as system:
        read = names(system, read=True)
        assert read["one"] == "from the template"
        assert read["path"] == ["/queues/key"]
        password = read["secret"]["password"]
        assert read["secret"]["user"] == "me" and len(password) == 32
        parameters = boto3.client("ssm", **outside(system))
        with pytest.raises(ClientError) as refused:
            parameters.put_parameter(Name="/queues/key", Value="other", Type="String", Overwrite=True)
        assert "AWS Systems Manager is not served here" in str(refused.value)
        with pytest.raises(ClientError, match="--aws-endpoint"):
            parameters.get_parameter(Name="/somebody/elses")
        assert "--aws-endpoint" in (tmp_path / "up.log").read_text()
        ready = json.loads((tmp_path / "ready.json").read_text())
        named = [one for one in ready["not_provided"] if one["logical_id"] == "Orders"]
        assert named and named[0]["resource_type"] == "AWS::SQS::Queue", ready["not_provided"]
        assert system.client.list_event_source_mappings()["EventSourceMappings"] == []
        arn = "arn:aws:sqs:us-east-1:000000000000:q"
        with pytest.raises(ClientError, match="--aws-endpoint"):
            system.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="queues-Batches")
    with up("queues", tmp_path) as system:
        assert names(system, read=True)["secret"]["password"] == password
