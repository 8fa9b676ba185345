"""The running system, and an application that went all the way."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import pytest

# Bound on an application's way to its next state; without simulated work it takes well below a second.
PATIENCE_SECONDS = 60


def variable(name):
    """A variable that `cargo xtask test` sets."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run these tests with `cargo xtask test --only aws`"
    return value


class LoanApi:
    """The demo's HTTP API."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path} answered {error.code}: {error.read().decode()}") from error

    def apply(self, **application):
        return self.call("POST", "/apply", application)["application_id"]

    def approve(self, application_id, **decision):
        return self.call("POST", f"/approve/{application_id}", decision)

    def wait_for(self, application_id, *statuses):
        """The application's status as soon as it is one of `statuses`."""

        def status():
            found = self.call("GET", f"/status/{application_id}")
            return found["status"] in statuses, found

        return until(f"{application_id} is {' or '.join(statuses)}", status)


class Aws:
    """The AWS CLI, as a user types it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def __call__(self, *arguments):
        command = ["aws", "--endpoint-url", self.endpoint, "--output", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def fails(self, *arguments):
        """What the command says as it fails."""
        command = ["aws", "--endpoint-url", self.endpoint, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        assert done.returncode != 0, f"{' '.join(command)} did not fail and printed {done.stdout}"
        return done.stderr


def until(what, look):
    """Waits until `look` answers `(True, value)`, and answers the value; tells what it saw last if that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        done, seen = look()
        if done:
            return seen
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}; seen last: {seen}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def loan_api():
    return LoanApi(variable("API_URL"))


@pytest.fixture(scope="session")
def aws():
    return Aws(variable("AWS_ENDPOINT_URL"))


@pytest.fixture(scope="session")
def client():
    variable("AWS_ENDPOINT_URL")
    return boto3.client("lambda")


@pytest.fixture(scope="session")
def alice(loan_api):
    """The id of Alice's application over 150,000 dollars, approved by the manager and by everyone."""
    application_id = loan_api.apply(
        name="Alice Johnson", address="12 Maple Lane", phone="613-555-0142", sin="1111", loan_amount=150_000
    )
    loan_api.wait_for(application_id, "pending_approval")
    loan_api.approve(application_id, approved=True)
    ended = loan_api.wait_for(application_id, "approved", "denied", "failed")
    assert ended["status"] == "approved", ended
    return application_id
