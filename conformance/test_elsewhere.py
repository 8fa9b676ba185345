"""Calls of functions to AWS services that are not here: refused, handed to an emulator, or made with real keys."""

import io
import json
import subprocess
import urllib.error
import urllib.request
import zipfile

import boto3
import pytest
from botocore.config import Config

from emulator import ministack
from system import up

CALLS = [
    ("sns", "Amazon SNS", "publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m"}),
    ("sqs", "Amazon SQS", "send_message", {"QueueUrl": "http://localhost/q", "MessageBody": "m"}),
    ("s3", "Amazon S3", "list_objects_v2", {"Bucket": "files"}),
    ("ssm", "AWS Systems Manager", "get_parameter", {"Name": "/a"}),
    ("sts", "AWS STS", "get_caller_identity", {}),
    ("events", "Amazon EventBridge", "put_events", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]}),
    ("cloudwatch", "Amazon CloudWatch", "put_metric_data", {"Namespace": "n", "MetricData": [{"MetricName": "m"}]}),
    ("bedrock-runtime", "Amazon Bedrock", "converse", {"modelId": "m", "messages": []}),
    ("kafka", "the AWS service `kafka`", "list_clusters", {}),
]


def call(system, **event):
    answer = system.client.invoke(FunctionName="elsewhere-Caller", Payload=json.dumps(event).encode())
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return payload


def outside(system):
    """How a client reaches the system that is no function of it."""
    return {
        "endpoint_url": system.endpoint,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }


def test_what_is_not_here_is_refused_in_the_words_of_its_client(tmp_path):
    with up("elsewhere", tmp_path) as system:
        for service, name, operation, arguments in CALLS:
            refused = call(system, do=operation, service=service, arguments=arguments)
            assert refused["code"] == "NotImplemented", (service, refused)
            assert refused["message"].startswith(f"{name} is not served here"), refused
            assert "--aws-endpoint" in refused["message"] and "--aws-credentials" in refused["message"]
        assert call(system, do="table") == {"id": "1"}
        client = boto3.client("s3", config=Config(signature_version="s3v4"), **outside(system))
        url = client.generate_presigned_url("get_object", Params={"Bucket": "files", "Key": "k"})
        with pytest.raises(urllib.error.HTTPError) as presigned:
            urllib.request.urlopen(url)
        assert b"<Code>NotImplemented</Code>" in presigned.value.read()


BY_HTTP2 = """
const { endpoint, authority } = JSON.parse(process.argv[1])
const session = require('node:http2').connect(endpoint)
const credential = 'Credential=test/20260101/us-east-1/bedrock/aws4_request'
const request = session.request({
  ':method': 'POST',
  ':path': '/model/m/converse',
  ...(authority && { ':authority': authority }),
  authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=x, Signature=0`,
})
let text = ''
request.on('data', (part) => (text += part))
request.on('end', () => {
  console.log(text)
  session.close()
})
request.end('{}')
"""


def test_a_client_that_speaks_http2_names_its_host_by_authority(tmp_path):
    """As the SDK for JavaScript calls Amazon Bedrock: without the header `Host`."""
    with up("elsewhere", tmp_path) as system:

        def said(**request):
            command = ["node", "-e", BY_HTTP2, json.dumps({"endpoint": system.endpoint, **request})]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)["message"]

        assert said().startswith("Amazon Bedrock is not served here")
        assert "loopback addresses only" in said(authority="elsewhere.example")


def test_an_emulator_answers_for_the_rest(tmp_path):
    with ministack(tmp_path) as url, up("elsewhere", tmp_path / "system", "--aws-endpoint", url) as system:
        call(system, do="create_bucket", service="s3", arguments={"Bucket": "files"})
        call(system, do="put_object", service="s3", arguments={"Bucket": "files", "Key": "k", "Body": "from a function"})
        queue = call(system, do="create_queue", service="sqs", arguments={"QueueName": "jobs"})["QueueUrl"]
        sent = call(system, do="send_message", service="sqs", arguments={"QueueUrl": queue, "MessageBody": "m"})
        assert sent["MessageId"]
        # Whoever has but one endpoint reaches both through it.
        found = boto3.client("s3", **outside(system)).get_object(Bucket="files", Key="k")
        assert found["Body"].read() == b"from a function"
        # Tables and functions are here, whatever the emulator could do.
        assert call(system, do="table") == {"id": "1"}
        tables = boto3.client("dynamodb", **outside(system)).list_tables()["TableNames"]
        assert len(tables) == 1


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Far:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: {Bucket: !Sub 'releases-${AWS::AccountId}', Key: v1/app.zip}
      Layers: [!Ref Words]
  Words:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: {S3Bucket: !Sub 'releases-${AWS::AccountId}', S3Key: words.zip}}
  Lost:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: 's3://releases-000000000000/lost.zip'}
"""

APP = "import words\n\ndef handler(event, context):\n    return words.HELLO\n"


def archive(name, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, text)
    return buffer.getvalue()


def test_code_and_layers_that_lie_in_a_bucket_are_fetched(tmp_path):
    template = tmp_path / "far.yaml"
    template.write_text(TEMPLATE)
    with ministack(tmp_path) as url:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        bucket = boto3.client("s3", endpoint_url=url, **keys)
        bucket.create_bucket(Bucket="releases-000000000000")
        for key, content in {
            "v1/app.zip": archive("app.py", APP),
            "words.zip": archive("python/words.py", "HELLO = 'from a bucket'"),
        }.items():
            bucket.put_object(Bucket="releases-000000000000", Key=key, Body=content)
        with up(str(template), tmp_path / "system", "--stack", "far", "--aws-endpoint", url) as system:
            answer = system.client.invoke(FunctionName="far-Far", Payload=b"{}")
            assert json.load(answer["Payload"]) == "from a bucket"
            assert "NoSuchKey" in system.ready["left_out"]["far-Lost"]
    # Without anybody to ask, nothing of the stack can run, and the reason says whom.
    with pytest.raises(AssertionError, match="releases-000000000000/v1/app.zip") as refused:
        with up(str(template), tmp_path / "alone", "--stack", "far"):
            pass
    assert "--aws-endpoint" in str(refused.value) and "--aws-credentials" in str(refused.value)


def test_an_account_is_called_with_its_own_keys(tmp_path):
    keys = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}
    with up("elsewhere", tmp_path / "env", "--aws-credentials", "env", variables=keys) as system:
        seen = call(system, do="environment")
        assert seen["AWS_ACCESS_KEY_ID"] == "AKIAREAL"
        assert seen["AWS_SESSION_TOKEN"] == "session"
        assert "AWS_ENDPOINT_URL" not in seen
        assert seen["AWS_ENDPOINT_URL_LAMBDA"] == seen["AWS_ENDPOINT_URL_DYNAMODB"] == system.endpoint
        assert call(system, do="table") == {"id": "1"}
    config = tmp_path / "credentials"
    config.write_text("[night]\naws_access_key_id = AKIANIGHT\naws_secret_access_key = secret\n")
    configured = {"AWS_SHARED_CREDENTIALS_FILE": str(config)}
    with up("elsewhere", tmp_path / "profile", "--aws-credentials", "profile:night", variables=configured) as system:
        seen = call(system, do="environment")
        assert seen["AWS_PROFILE"] == "night"
        assert "AWS_ACCESS_KEY_ID" not in seen and "AWS_ENDPOINT_URL" not in seen
        assert call(system, do="table") == {"id": "1"}
