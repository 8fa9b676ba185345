"""Two hundred applications at once: all reach their right end, and nothing of them stays in memory."""

import json
import os
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

API = os.environ["API_URL"]
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
APPLICATIONS = 200
# Longest time for all of them; the machine may be busy.
PATIENCE_SECONDS = 150

# Page caches of the store's and the log's writer.
CACHES_BYTES = 2 * 16 * 1024 * 1024

# Who applies: name, SIN, amount, and how it must end.
APPLICANTS = [
    ("Alice Johnson", "1111", 150_000, "approved"),
    ("Bob Martinez", "2222", 50_000, "denied"),
    ("Charlie Wilson", "3333", 25_000, "approved"),
    ("Charlie Wilson", "3333", 25_001, "denied"),
]


def http(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def health():
    return http("GET", f"{ENDPOINT}/healthz")


def application_to_its_end(number):
    name, sin, amount, expected = APPLICANTS[number % len(APPLICANTS)]
    applicant = {"name": name, "address": "1 Main Street", "phone": "613-555-0101"}
    applied = http("POST", f"{API}/apply", {**applicant, "sin": sin, "loan_amount": amount})
    application_id = applied["application_id"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    approved = False
    while True:
        status = http("GET", f"{API}/status/{application_id}")
        if status["status"] in ("approved", "denied", "failed"):
            assert status["status"] == expected, status
            return
        if status["status"] == "pending_approval" and not approved:
            http("POST", f"{API}/approve/{application_id}", {"approved": True})
            approved = True
        assert time.monotonic() < deadline, status
        time.sleep(0.25)


def crowd():
    with ThreadPoolExecutor(max_workers=APPLICATIONS) as people:
        list(people.map(application_to_its_end, range(APPLICATIONS)))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while health()["resident_executions"] > 0:
        assert time.monotonic() < deadline, health()
        time.sleep(0.05)


def resident_bytes():
    """Memory of the server itself, without the function processes."""
    with open(f"/proc/{health()['pid']}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def test_a_crowd_is_served_and_forgotten():
    crowd()
    after_first = resident_bytes()
    crowd()
    after_second = resident_bytes()
    # The databases' page caches may fill further: 16 MiB for each of two writers. Executions hold nothing.
    assert after_second < after_first + CACHES_BYTES, (after_first, after_second)
