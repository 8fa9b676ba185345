"""Activities: tasks that workers ask for, through boto3, at one server and at two of a database, through their deaths."""

import json
import socket
import threading

from machines import ACTIVITY, ORDERS, ROLE, client, ended, events, kinds, refusal, start, states, system
from system import until
from test_deploy import serving, two_servers


def worker(states, name, **limits):
    """A machine with one task of an activity, which is made too."""
    activity = states.create_activity(name=name)["activityArn"]
    task = {"Type": "Task", "Resource": activity, "ResultPath": "$.done", "End": True, **limits}
    definition = json.dumps({"StartAt": "Work", "States": {"Work": task}})
    machine = states.create_state_machine(name=f"{name}-machine", definition=definition, roleArn=ROLE)
    return activity, machine["stateMachineArn"]


def test_activities_are_made_listed_and_deleted(states):
    made = states.create_activity(name="dig.here", tags=[{"key": "team", "value": "a"}])
    arn = made["activityArn"]
    assert arn == f"{ACTIVITY}dig.here"
    again = states.create_activity(name="dig.here", tags=[{"key": "team", "value": "b"}])
    assert (again["activityArn"], again["creationDate"]) == (arn, made["creationDate"])
    shown = states.describe_activity(activityArn=arn)
    assert (shown["name"], shown["creationDate"]) == ("dig.here", made["creationDate"])
    listed = {it["name"]: it["activityArn"] for it in states.list_activities()["activities"]}
    # One is the template's.
    assert listed["dig.here"] == arn and listed["paint"] == f"{ACTIVITY}paint"
    first = states.list_activities(maxResults=1)
    assert len(first["activities"]) == 1 and "nextToken" in first
    states.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    states.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    states.delete_activity(activityArn=arn)
    states.delete_activity(activityArn=arn)
    assert refusal(states.describe_activity, activityArn=arn) == "ActivityDoesNotExist"
    assert refusal(states.get_activity_task, activityArn=arn) == "ActivityDoesNotExist"
    assert refusal(states.list_tags_for_resource, resourceArn=arn) == "ResourceNotFound"
    assert refusal(states.create_activity, name="a b") == "InvalidName"
    assert refusal(states.describe_activity, activityArn="dig") == "InvalidArn"
    reserved = {"name": "lambdura-activities", "definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'}
    assert refusal(states.create_state_machine, **reserved, roleArn=ROLE) == "ValidationException"


def test_a_worker_gets_a_task_and_does_it(states):
    machine = ORDERS.replace("orders", "painted")
    arn = start(states, "red", {"colour": "red"}, machine)
    task = states.get_activity_task(activityArn=f"{ACTIVITY}paint", workerName="Ada")
    assert json.loads(task["input"]) == {"colour": "red"}
    states.send_task_heartbeat(taskToken=task["taskToken"])
    states.send_task_success(taskToken=task["taskToken"], output='{"layers": 2}')
    shown = ended(states, arn)
    assert json.loads(shown["output"]) == {"colour": "red", "painted": {"layers": 2}}
    history = events(states, arn)
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    scheduled = history[2]["activityScheduledEventDetails"]
    assert scheduled["resource"] == f"{ACTIVITY}paint" and json.loads(scheduled["input"]) == {"colour": "red"}
    assert history[3]["activityStartedEventDetails"]["workerName"] == "Ada"
    assert json.loads(history[4]["activitySucceededEventDetails"]["output"]) == {"layers": 2}
    assert refusal(states.send_task_success, taskToken=task["taskToken"], output="1") in ("TaskDoesNotExist", "TaskTimedOut")


def test_a_worker_that_came_first_waits(states):
    activity, machine = worker(states, "early")
    got = {}
    waiting = threading.Thread(target=lambda: got.update(states.get_activity_task(activityArn=activity)))
    waiting.start()
    arn = start(states, "one", {"n": 1}, machine)
    waiting.join(30)
    assert json.loads(got["input"]) == {"n": 1}
    states.send_task_failure(taskToken=got["taskToken"], error="Own", cause="no paint")
    shown = ended(states, arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Own", "no paint")
    failed = next(event for event in events(states, arn) if event["type"] == "ActivityFailed")
    assert failed["activityFailedEventDetails"] == {"error": "Own", "cause": "no paint"}


def test_the_time_of_a_task_runs_from_when_it_was_taken(states):
    activity, machine = worker(states, "slow", TimeoutSeconds=60, HeartbeatSeconds=2)
    arn = start(states, "one", {}, machine)
    until("it is offered", lambda: ("ActivityScheduled" in kinds(states, arn), None))
    token = states.get_activity_task(activityArn=activity)["taskToken"]
    shown = ended(states, arn)
    assert (shown["status"], shown["error"]) == ("FAILED", "States.HeartbeatTimeout")
    assert "ActivityTimedOut" in kinds(states, arn)
    scheduled = events(states, arn)[2]["activityScheduledEventDetails"]
    assert (scheduled["timeoutInSeconds"], scheduled["heartbeatInSeconds"]) == (60, 2)
    assert refusal(states.send_task_heartbeat, taskToken=token) in ("TaskTimedOut", "TaskDoesNotExist")


def test_each_task_goes_to_one_worker(states):
    activity, machine = worker(states, "many")
    number, workers, done = 40, 6, []

    def work():
        # A client of its own, as a worker of its own has.
        while len(done) < number:
            task = states.get_activity_task(activityArn=activity)
            if not task.get("taskToken"):
                continue
            given = json.loads(task["input"])["n"]
            if given < 0:
                return
            done.append(given)
            states.send_task_success(taskToken=task["taskToken"], output=json.dumps(given * 2))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    arns = [start(states, f"n{n}", {"n": n}, machine) for n in range(number)]
    outputs = [json.loads(ended(states, arn)["output"]) for arn in arns]
    assert outputs == [{"n": n, "done": n * 2} for n in range(number)]
    assert sorted(done) == list(range(number))
    # Those who wait still are sent home.
    for n in range(workers):
        start(states, f"home{n}", {"n": -1}, machine)
    for thread in threads:
        thread.join(30)


def test_a_worker_that_hangs_up_loses_no_task(system, states):
    activity, machine = worker(states, "rude")
    host, port = system.endpoint.removeprefix("http://").split(":")
    body = json.dumps({"activityArn": activity})
    lines = ["POST / HTTP/1.1", f"host: {host}:{port}", "x-amz-target: AWSStepFunctions.GetActivityTask"]
    lines += ["content-type: application/x-amz-json-1.0", f"content-length: {len(body)}", "", body]
    rude = []
    for _ in range(5):
        one = socket.create_connection((host, int(port)))
        one.sendall("\r\n".join(lines).encode())
        rude.append(one)
    arns = []
    told = []
    for n, one in enumerate(rude):
        arns.append(start(states, f"n{n}", {"n": n}, machine))
        # It hangs up, and still hears what it was told before the server noticed.
        one.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: one.recv(65536), b"")).partition(b"\r\n\r\n")[2]
        one.close()
        told += [json.loads(answer)] if answer else []
    done = set()
    while len(done) < len(arns):
        task = told.pop() if told else states.get_activity_task(activityArn=activity)
        assert task.get("taskToken"), "\n".join(f"{n} {kinds(states, arn)}" for n, arn in enumerate(arns) if n not in done)
        done.add(json.loads(task["input"])["n"])
        states.send_task_success(taskToken=task["taskToken"], output="1")
    for arn in arns:
        assert ended(states, arn)["status"] == "SUCCEEDED"
        # Whoever took it before and hung up is not told of.
        assert kinds(states, arn).count("ActivityStarted") == 1


def test_a_stopped_execution_offers_nothing(states):
    activity, machine = worker(states, "stopped")
    arn = start(states, "one", {"n": 1}, machine)
    until("it is offered", lambda: ("ActivityScheduled" in kinds(states, arn), None))
    states.stop_execution(executionArn=arn)
    start(states, "two", {"n": 2}, machine)
    task = states.get_activity_task(activityArn=activity)
    assert json.loads(task["input"]) == {"n": 2}
    states.send_task_success(taskToken=task["taskToken"], output="1")


def test_a_failed_task_is_tried_again_as_the_state_says(states):
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    activity, machine = worker(states, "again", Retry=retry)
    arn = start(states, "one", {}, machine)
    first = states.get_activity_task(activityArn=activity)
    states.send_task_failure(taskToken=first["taskToken"], error="Busy")
    second = states.get_activity_task(activityArn=activity)
    assert second["taskToken"] != first["taskToken"]
    states.send_task_success(taskToken=second["taskToken"], output='"at last"')
    assert json.loads(ended(states, arn)["output"]) == {"done": "at last"}
    started = [kind for kind in kinds(states, arn) if kind.startswith("Activity")]
    once = ["ActivityScheduled", "ActivityStarted"]
    assert started == [*once, "ActivityFailed", *once, "ActivitySucceeded"]


def test_tasks_survive_their_server(tmp_path):
    """One task is offered and one is with a worker while the server is killed."""
    with serving(tmp_path / "serve") as server:
        states = client(server.system)
        activity, machine = worker(states, "kept")
        taken = start(states, "taken", {"n": 1}, machine)
        task = states.get_activity_task(activityArn=activity)
        offered = start(states, "offered", {"n": 2}, machine)
        until("it is offered", lambda: ("ActivityScheduled" in kinds(states, offered), None))
        server.kill()
        server.start()
        states = client(server.system)
        assert [it["name"] for it in states.list_activities()["activities"]] == ["kept"]
        states.send_task_success(taskToken=task["taskToken"], output='"one"')
        task = states.get_activity_task(activityArn=activity)
        assert json.loads(task["input"]) == {"n": 2}
        states.send_task_success(taskToken=task["taskToken"], output='"two"')
        assert json.loads(ended(states, taken)["output"])["done"] == "one"
        assert json.loads(ended(states, offered)["output"])["done"] == "two"


def test_workers_of_one_server_do_the_tasks_of_another(tmp_path):
    with two_servers(tmp_path) as (one, two):
        here, there = client(one.system), client(two.system)
        activity, machine = worker(here, "shared")
        until("the other knows it", lambda: (there.list_activities()["activities"], None))
        got = {}
        waiting = threading.Thread(target=lambda: got.update(there.get_activity_task(activityArn=activity)))
        waiting.start()
        arn = start(here, "one", {"n": 1}, machine)
        waiting.join(30)
        assert json.loads(got["input"]) == {"n": 1}
        here.send_task_success(taskToken=got["taskToken"], output='"yes"')
        assert json.loads(ended(there, arn)["output"])["done"] == "yes"
        # Whoever has it when its server dies still completes it at the other.
        arn = start(here, "two", {"n": 2}, machine)
        task = there.get_activity_task(activityArn=activity)
        two.kill()
        here.send_task_success(taskToken=task["taskToken"], output='"still"')
        assert json.loads(ended(here, arn)["output"])["done"] == "still"
        two.start()
