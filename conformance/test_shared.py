"""What servers that share a store have in common: reserved concurrency, what is set aside, sessions, live views, logs."""

import base64
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from cluster import Server, servers
from machines import client as machines_of
from machines import ended, made, start
from ports import free_port
from system import binary, until

COUNTED = "Counted"
DURABLE = "CountedDurably"


@pytest.fixture
def counted_in(tmp_path):
    """Where functions note how many of them run."""
    folder = tmp_path / "counted"
    folder.mkdir()
    return folder


@pytest.fixture
def three(tmp_path, counted_in):
    with servers("shared", tmp_path, 3, "--env", f"COUNTED_IN={counted_in}") as system:
        yield system


def get(server, path, headers=None):
    request = urllib.request.Request(server.endpoint + path, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def most(folder, function):
    """How many ran at one time at the most, and how many have ended."""
    seen = folder / function / "most"
    counts = [int(line) for line in seen.read_text().split()] if seen.exists() else []
    return max(counts, default=0), len(counts)


def invoke_until_let_in(server, seconds, patience=60):
    """Invokes as AWS's clients do: again after a pause when it is throttled. Returns how often it was."""
    deadline = time.monotonic() + patience
    throttled = 0
    while True:
        try:
            answer = server.client.invoke(FunctionName=COUNTED, Payload=json.dumps({"seconds": seconds}).encode())
            assert "FunctionError" not in answer, answer["Payload"].read()
            return throttled
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
            assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
            throttled += 1
        assert time.monotonic() < deadline, "it is never let in"
        time.sleep(0.2)


def is_throttled(server):
    try:
        server.client.invoke(FunctionName=COUNTED, Payload=b'{"seconds": 0}')
    except ClientError as error:
        return error.response["Error"]["Code"] == "TooManyRequestsException"
    return False


def in_threads(count, work):
    """Runs work so often at one time; what fails, fails the test."""
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_reserved_concurrency_holds_over_all_servers(three, counted_in):
    _, running = three
    # Some of all kinds at all servers at once.
    for number in range(18):
        server = running[number % 3]
        server.client.invoke(FunctionName=COUNTED, InvocationType="Event", Payload=b'{"seconds": 0.2}')
        name = f"counted-{number}"
        server.client.invoke(
            FunctionName=f"{DURABLE}:live", InvocationType="Event", DurableExecutionName=name, Payload=b'{"seconds": 0.2}'
        )
    in_threads(18, lambda number: invoke_until_let_in(running[number % 3], 0.2))
    until("all have ended", lambda: ((seen := most(counted_in, COUNTED))[1] >= 36, seen), 60)
    until("all executions have ended", lambda: ((seen := most(counted_in, DURABLE))[1] >= 18, seen), 60)
    # What is reserved is used, and no more than that.
    assert most(counted_in, COUNTED)[0] == 3
    assert most(counted_in, DURABLE)[0] == 2


def test_unused_places_are_lent_and_a_limit_of_none_stops_it_everywhere(three, counted_in):
    _, running = three
    # One server has all the work: it gets what the others do not use.
    in_threads(9, lambda _: invoke_until_let_in(running[1], 0.5))
    assert most(counted_in, COUNTED)[0] == 3
    # One place for three servers: whichever is asked gets it in a moment.
    running[0].client.put_function_concurrency(FunctionName=COUNTED, ReservedConcurrentExecutions=1)

    def is_known():
        limits = [server.client.get_function_concurrency(FunctionName=COUNTED) for server in running]
        limits = [it["ReservedConcurrentExecutions"] for it in limits]
        return limits == [1, 1, 1], limits

    until("the limit is known everywhere", is_known)
    throttled = [invoke_until_let_in(server, 0) for _ in range(4) for server in running]
    print(f"throttled before they were let in: {throttled}")
    running[2].client.put_function_concurrency(FunctionName=COUNTED, ReservedConcurrentExecutions=0)
    until("no server runs it", lambda: (all(refused := [is_throttled(server) for server in running]), refused))
    running[1].client.delete_function_concurrency(FunctionName=COUNTED)
    until("every server runs it", lambda: (not any(refused := [is_throttled(server) for server in running]), refused))


def test_reserved_concurrency_holds_while_servers_die(three, counted_in):
    _, running = three
    for number in range(30):
        running[number % 3].client.invoke(
            FunctionName=f"{DURABLE}:live",
            InvocationType="Event",
            DurableExecutionName=f"dying-{number}",
            Payload=b'{"seconds": 0.4}',
        )
    for server in running[1:]:
        time.sleep(1)
        server.kill()
        server.start(wait=False)
    for server in running[1:]:
        server.wait_ready()

    def all_ended():
        counts = get(running[0], f"/lambdura/v1/executions/counts?function={DURABLE}")
        return counts["by_status"].get("SUCCEEDED", counts["by_status"].get("succeeded", 0)) == 30, counts

    until("every execution has ended", all_ended, 90)
    assert most(counted_in, DURABLE)[0] == 2


def test_what_is_set_aside_is_listed_and_tried_again_at_every_server(three):
    postgres, running = three
    arn = running[0].client.invoke(
        FunctionName=f"{DURABLE}:live", InvocationType="Event", DurableExecutionName="broken", Payload=b'{"seconds": 20}'
    )["DurableExecutionArn"]
    execution = arn.rsplit("/", 1)[1]
    owner = f"SELECT address FROM lambdura.servers JOIN lambdura.shards USING (server_id) WHERE shard = {int(execution[-2:], 16)}"
    postgres.query(f"UPDATE lambdura.execution_states SET status = 'NONSENSE' WHERE execution_id = '{execution}'")
    # Whoever takes its shard over cannot read it.
    address = postgres.query(owner)[0][0]
    addresses = {get(server, "/lambdura/v1/servers")["servers"][place]["address"]: server for server in running for place in this(server)}
    addresses[address].kill()
    living = [server for server in running if server.is_running()]

    def listed():
        lists = [get(server, "/lambdura/v1/set-aside") for server in living]
        return all([one["execution_id"] for one in it["executions"]] == [execution] for it in lists), lists

    until("both list it", listed, 30)
    for server in living:
        command = [binary(), "quarantine", "--endpoint", server.endpoint, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert json.loads(done.stdout)["executions"][0]["execution_id"] == execution, done.stderr
    postgres.query(f"UPDATE lambdura.execution_states SET status = 'RUNNING' WHERE execution_id = '{execution}'")
    driving = postgres.query(owner)[0][0]
    other = next(server for server in living if addresses[driving] is not server)
    request = urllib.request.Request(f"{other.endpoint}/lambdura/v1/set-aside/{execution}/try-again", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["outcome"] == "taken_back"
    until("nobody lists it", lambda: (not any(get(server, "/lambdura/v1/set-aside")["count"] for server in living), ""))

    def ended():
        shown = other.client.get_durable_execution(DurableExecutionArn=arn)
        return shown["Status"] == "SUCCEEDED", shown

    until("it goes on", ended, 60)


def this(server):
    """The place of a server in its own list."""
    listed = get(server, "/lambdura/v1/servers")["servers"]
    return [place for place, one in enumerate(listed) if one["is_this"]]


def test_what_one_server_made_another_knows_at_once(three):
    _, running = three
    first, second, third = [machines_of(server) for server in running]
    for number in range(10):
        machine = made(first, f"fresh-{number}", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        arn = start(second, "one", {}, machine)
        assert ended(third, arn)["status"] == "SUCCEEDED"
        version = first.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        assert ended(second, start(third, "two", {}, version))["status"] == "SUCCEEDED"
        # A function, by a version that was made a moment ago.
        description = str(number)
        running[0].client.update_function_configuration(FunctionName=COUNTED, Description=description)
        version = running[0].client.publish_version(FunctionName=COUNTED)["Version"]
        answer = running[1].client.invoke(FunctionName=COUNTED, Qualifier=version, Payload=b'{"seconds": 0}')
        assert "FunctionError" not in answer, answer["Payload"].read()


def test_every_server_shows_all_servers(three):
    postgres, running = three

    def shared_out():
        lists = [get(server, "/lambdura/v1/servers") for server in running]
        counts = [sorted(one["shard_count"] for one in it["servers"]) for it in lists]
        return counts == [[85, 85, 86]] * 3, counts

    until("each drives a third", shared_out, 30)
    shown = get(running[0], "/lambdura/v1/servers")
    assert [one["state"] for one in shown["servers"]] == ["live"] * 3
    assert sum(one["is_this"] for one in shown["servers"]) == 1
    assert len(shown["shards"]) == 256 and None not in shown["shards"]
    running[2].kill()

    def gone():
        shown = get(running[0], "/lambdura/v1/servers")
        states = sorted(one["state"] for one in shown["servers"])
        return states == ["dead", "live", "live"] and None not in shown["shards"], shown

    until("the dead one is said to be", gone, 30)
    command = [binary(), "servers", "--endpoint", running[1].endpoint]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert sorted(one["state"] for one in json.loads(done.stdout)["servers"]) == ["dead", "live", "live"], done
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.count(" live ") == 2 and done.stdout.count(" dead ") == 1, done
    postgres.query("UPDATE lambdura.servers SET expires_at = now() - interval '61 minutes' WHERE expires_at < now()")
    assert len(get(running[0], "/lambdura/v1/servers")["servers"]) == 2


class Live:
    """A live view: the names of its events as they come, and whether it has ended."""

    def __init__(self, server, path, headers=None):
        self.events, self.ended = [], threading.Event()
        request = urllib.request.Request(server.endpoint + path, headers=headers or {})
        self.answer = urllib.request.urlopen(request, timeout=60)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.answer:
            if line.startswith(b"event: "):
                self.events.append(line.decode().split()[1])
        self.ended.set()


def test_an_execution_is_watched_and_its_log_read_at_any_server(three):
    _, running = three
    for number, started_at in enumerate(running):
        arn = started_at.client.invoke(
            FunctionName=f"{DURABLE}:live",
            InvocationType="Event",
            DurableExecutionName=f"watched-{number}",
            Payload=b'{"seconds": 4}',
        )["DurableExecutionArn"]
        execution = arn.rsplit("/", 1)[1]
        views = [Live(server, f"/lambdura/v1/executions/{execution}/live") for server in running]
        for view in views:
            assert view.ended.wait(30), view.events
            assert view.events[-1] == "end" and view.events.count("events") >= 2, view.events

        def lines(server, execution=execution):
            return [line["text"] for line in get(server, f"/lambdura/v1/logs?execution={execution}")["lines"]]

        def told():
            logs = [lines(server) for server in running]
            return all(any("counts for 4 s" in line for line in log) for log in logs), logs

        until("every server has the log", told)
    lists = [Live(server, "/lambdura/v1/executions/live") for server in running]
    until("the lists are read", lambda: (all(view.events for view in lists), ""))
    before = [len(view.events) for view in lists]
    running[0].client.invoke(
        FunctionName=f"{DURABLE}:live", InvocationType="Event", DurableExecutionName="listed", Payload=b'{"seconds": 0}'
    )
    until("every list shows it", lambda: (all(len(view.events) > count for view, count in zip(lists, before)), ""))


class Enforced:
    """Requests of a browser, and of clients, to servers that let nobody in unsigned."""

    def __init__(self, key):
        self.key = key
        self.cookie = None

    def ask(self, server, method, path, body=None):
        headers = {"origin": server.endpoint, "content-type": "application/json"}
        if self.cookie:
            headers["cookie"] = self.cookie
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(server.endpoint + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            set_cookie = answer.headers.get("set-cookie")
            if set_cookie:
                self.cookie = set_cookie.split(";")[0]
            return json.load(answer)

    def is_let_in(self, server):
        try:
            self.ask(server, "GET", "/lambdura/v1/functions")
        except urllib.error.HTTPError as error:
            assert error.code == 403, error
            return False
        return True


def client(server, key, token=None):
    return boto3.client(
        "lambda",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
        aws_session_token=token,
    )


def test_a_session_is_good_at_every_server_until_it_is_ended_at_one(tmp_path, counted_in):
    sealing = {"LAMBDURA_SEALING_KEY": base64.b64encode(os.urandom(32)).decode()}
    arguments = ["--env", f"COUNTED_IN={counted_in}"]
    with servers("shared", tmp_path, 1, *arguments, variables=sealing) as (postgres, running):
        command = [binary(), "keys", "create", "me", "--policy", "admin", "--endpoint", running[0].endpoint]
        done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        key = json.loads(done.stdout)
        # From now on nobody is let in unsigned.
        running[0].stop()
        first = running[0]
        first.command.append("--enforce-policies")
        first.start()
        second = Server("shared", tmp_path / "server-1", variables=sealing)
        own = first.command.copy()
        own[own.index("--listen") + 1] = f"127.0.0.1:{free_port()}"
        own[own.index("--data-dir") + 1] = str(second.folder / "data")
        second.command = own
        running.append(second)
        second.start()

        browser = Enforced(key)
        assert not browser.is_let_in(first) and not browser.is_let_in(second)
        signed = {"access_key_id": key["access_key_id"], "secret_access_key": key["secret_access_key"]}
        assert browser.ask(first, "POST", "/lambdura/v1/session", signed)["name"] == "me"
        assert browser.is_let_in(first) and browser.is_let_in(second)
        assert browser.ask(second, "GET", "/lambdura/v1/session")["name"] == "me"
        stored = postgres.query("SELECT hash, who FROM lambdura.sessions")
        assert len(stored) == 1 and browser.cookie.split("=", 1)[1] not in str(stored)

        # It outlasts the server that began it.
        first.stop()
        first.start()
        assert browser.is_let_in(first)

        view = Live(first, "/lambdura/v1/executions/live", {"cookie": browser.cookie})
        until("the list is read", lambda: (view.events, ""))
        cookie = browser.cookie
        browser.ask(second, "DELETE", "/lambdura/v1/session")
        browser.cookie = cookie
        assert not browser.is_let_in(second)
        until("the other one knows", lambda: (not browser.is_let_in(first), ""))
        assert view.ended.wait(30), "the live view goes on"

        # What a function of one server signs with is good at the other.
        answer = client(first, key).invoke(FunctionName="Credentials")
        given = json.load(answer["Payload"])
        own = {"access_key_id": given["AWS_ACCESS_KEY_ID"], "secret_access_key": given["AWS_SECRET_ACCESS_KEY"]}
        for server in (first, second):
            called = client(server, own, given["AWS_SESSION_TOKEN"]).invoke(FunctionName=COUNTED, Payload=b"{}")
            assert json.load(called["Payload"]) >= 1
            with pytest.raises(ClientError, match="AccessDenied"):
                client(server, own, given["AWS_SESSION_TOKEN"]).delete_function(FunctionName=COUNTED)
