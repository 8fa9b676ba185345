"""The loan demo's two engines: the durable function and the state machine come to the same ends, and survive the same."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from system import HERE, binary, install, until, up

TEMPLATE = "../demo/loan-approval"
PROGRAMS = {
    "LoanWorkflowFunction": "loan-workflow",
    "LoanTaskFunction": "loan-workflow",
    "FraudCheckFunction": "fraud-check",
    "LoanApiFunction": "loan-api",
}
ENGINES = ["durable", "state-machine"]
# What a run draws for itself.
OWN = ["application_id", "offer_id", "disbursement_ref"]


def loan(scratch, pace, *arguments, **own):
    install(PROGRAMS | own, scratch / "data")
    return up(TEMPLATE, scratch, "--no-build", "--env", f"DEMO_PACE={pace}", *arguments)


def ask(system, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    url = system.ready["http_apis"]["LoanApi"] + path
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def apply(system, engine, name, sin, amount):
    form = {"name": name, "sin": sin, "loan_amount": amount, "engine": engine}
    return ask(system, "POST", "/apply", form)["application_id"]


def status(system, application):
    return ask(system, "GET", f"/status/{application}")


def pending(system, application):
    def look():
        shown = status(system, application)
        return shown["status"] == "pending_approval", shown

    until(f"{application} waits for the manager", look)


def ended(system, application):
    def look():
        shown = status(system, application)
        return (shown if shown["status"] in ("approved", "denied", "failed") else None), shown

    return until(f"{application} has ended", look)


def execution(system, application, engine):
    """The status and the result of the execution that carried it."""
    function = "LoanWorkflowFunction" if engine == "durable" else "LoanStateMachine"
    pages = system.client.get_paginator("list_durable_executions_by_function")
    pages = pages.paginate(FunctionName=function, DurableExecutionName=application)
    (found,) = [it for page in pages for it in page["DurableExecutions"]]
    shown = system.ended(found["DurableExecutionArn"])
    return shown["Status"], json.loads(shown["Result"]) if shown.get("Result") else None


def without_own(outcome, application):
    """The outcome without what each run draws for itself."""
    offer = (outcome or {}).get("offer_id", application)
    kept = {name: value for name, value in (outcome or {}).items() if name not in OWN}
    text = json.dumps(kept, sort_keys=True)
    return text.replace(offer, "OFFER")


def messages(shown):
    """The log without what is told again when a durable function replays."""
    told = [entry["message"] for entry in shown["logs"] if entry["level"] != "replay"]
    offer = (shown["result"] or {}).get("offer_id", "no offer")
    return [message.replace(offer, "OFFER") for message in told]


APPROVES = {"approved": True}
DENIES = {"approved": False, "reason": "the collateral is a boat"}

APPLICANTS = {
    "alice is approved": ("Alice Johnson", "1111", 150_000, APPROVES, "approved"),
    "alice is denied by the manager": ("Alice Johnson", "1111", 150_000, DENIES, "denied"),
    "alice is denied without a word": ("Alice Johnson", "1111", 100_000, {"approved": False}, "denied"),
    "alice needs no manager": ("Alice Johnson", "1111", 99_999.99, None, "approved"),
    "nobody decides on alice": ("Alice Johnson", "1111", 150_000, None, "denied"),
    "bob is denied": ("Bob Martinez", "2222", 50_000, None, "denied"),
    "charlie is approved": ("Charlie Wilson", "3333", 25_000, None, "approved"),
    "charlie asks for too much": ("Charlie Wilson", "3333", 25_000.01, None, "denied"),
    "anybody else": ("Zoë “Zed” O'Neill", "4711", 5_000, None, None),
    "the fraud check does not pass": ("Suspicious Sue", "1111", 5_000, None, "denied"),
    "the fraud check does not answer": ("Silent Sam", "1111", 5_000, None, "failed"),
}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("loan-twice")
    check = [sys.executable, str(HERE / "loan/fraud_check.py")]
    with loan(scratch, 0, "--clock", "auto", FraudCheckFunction=check) as system:
        yield system


@pytest.mark.parametrize("applicant", APPLICANTS)
def test_both_engines_come_to_the_same_end(system, applicant):
    name, sin, amount, decision, expected = APPLICANTS[applicant]
    applications = {engine: apply(system, engine, name, sin, amount) for engine in ENGINES}
    if decision is not None:
        for application in applications.values():
            pending(system, application)
            assert ask(system, "POST", f"/approve/{application}", decision)["status"] == "approval_sent"
    shown = {engine: ended(system, application) for engine, application in applications.items()}
    durable, machine = (shown[engine] for engine in ENGINES)
    assert [it["engine"] for it in (durable, machine)] == ENGINES
    assert expected in (None, durable["status"])
    for member in ("status", "current_step", "applicant_name", "loan_amount"):
        assert machine[member] == durable[member], member
    outcomes = {engine: without_own(shown[engine]["result"], applications[engine]) for engine in ENGINES}
    assert outcomes["state-machine"] == outcomes["durable"]
    assert messages(machine) == messages(durable)
    # What the execution returns is what the page shows.
    for engine, application in applications.items():
        end, result = execution(system, application, engine)
        assert end == ("FAILED" if durable["status"] == "failed" else "SUCCEEDED")
        assert result == shown[engine]["result"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_change_that_the_page_shows_applies_to_the_files(engine):
    change = f"frontend/src/changes/cooling-off.{engine}.diff"
    subprocess.run(["git", "apply", "--check", change], cwd=HERE / TEMPLATE, check=True)


def test_an_unknown_engine_is_refused(system):
    with pytest.raises(urllib.error.HTTPError) as refused:
        apply(system, "steam", "Alice Johnson", "1111", 1)
    assert json.load(refused.value)["message"] == "engine must be durable or state-machine"


def bill(system, application, engine):
    """What the API says, which is also what the command says."""
    function = "LoanWorkflowFunction" if engine == "durable" else "LoanStateMachine"

    def look():
        # The last invocation is recorded a moment after the end.
        cost = system.get("/lambdura/v1/executions/cost", function=function, name=application)
        printed = json.loads(system.command("cost", application))
        same = [it["total"] for it in printed["runs"]] == pytest.approx([it["total"] for it in cost["runs"]])
        return (cost if "ended_at" in cost and same else None), (cost, printed)

    return until("command and API say the same", look, patience=20)


def test_both_are_metered_and_priced(system):
    for amount, operations, invocations, transitions, tasks in [(25_000, 15, 2, 11, 8), (150_000, 18, 3, 13, 9)]:
        applications = {engine: apply(system, engine, "Alice Johnson", "1111", amount) for engine in ENGINES}
        for application in applications.values():
            if amount == 150_000:
                pending(system, application)
                ask(system, "POST", f"/approve/{application}", APPROVES)
            assert ended(system, application)["status"] == "approved"
        durable, machine = (bill(system, applications[engine], engine) for engine in ENGINES)
        assert (durable["kind"], machine["kind"]) == ("DURABLE", "STANDARD")
        assert (durable["usage"]["operations"], durable["usage"]["transitions"]) == (operations, 0)
        assert (machine["usage"]["operations"], machine["usage"]["transitions"]) == (0, transitions)
        # An answer that comes before the function suspends saves an invocation.
        assert 1 <= durable["usage"]["requests"] <= invocations
        assert durable["usage"]["requests"] == len(durable["compute"])
        assert machine["usage"]["requests"] == len(machine["compute"]) == tasks
        assert {it["function"] for it in machine["compute"]} == {"LoanTaskFunction"}
        paid = {line["meter"]: line["amount"] for line in machine["bill"]}
        assert paid["state transitions"] == pytest.approx(transitions * 0.000025)
        paid = {line["meter"]: line["amount"] for line in durable["bill"]}
        assert paid["durable operations"] == pytest.approx(operations * 0.000008)
    both = json.loads(system.command("cost", *applications.values()))
    assert [it["subject"] for it in both] == list(applications.values())
    average = json.loads(system.command("cost", "LoanStateMachine", "--last", "1"))
    assert average["executions"] == 1 and average["usage"]["transitions"] > 0


def test_a_server_counts_by_the_prices_that_it_was_given(tmp_path, system):
    prices = tmp_path / "prices.toml"
    table = subprocess.run([binary(), "cost", "--print-prices"], capture_output=True, text=True, check=True).stdout
    prices.write_text(table.replace("million_operations = 8.00", "million_operations = 16.00"))
    with loan(tmp_path, 0, "--prices", str(prices)) as dear:
        totals = {}
        for server in (system, dear):
            application = apply(server, "durable", "Bob Martinez", "2222", 1)
            ended(server, application)
            cost = server.get("/lambdura/v1/executions/cost", function="LoanWorkflowFunction", name=application)
            assert cost["prices"]["is_own"] == (server is dear)
            line = next(it for it in cost["bill"] if it["meter"] == "durable operations")
            totals[server is dear] = line["amount"] / line["quantity"]
        assert totals == pytest.approx({False: 8e-6, True: 16e-6})
    prices.write_text("region = 1")
    refused = subprocess.run([binary(), "up", HERE / TEMPLATE, "--prices", prices], capture_output=True, text=True)
    assert refused.returncode == 2 and "is not a price table" in refused.stderr


def test_a_page_of_this_machine_reads_the_bill_and_no_other(system):
    application = apply(system, "durable", "Bob Martinez", "2222", 1)
    ended(system, application)
    url = f"{system.endpoint}/lambdura/v1/executions/cost?function=LoanWorkflowFunction&name={application}"

    def allowed(origin):
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Origin": origin})) as answer:
            return answer.headers["Access-Control-Allow-Origin"]

    assert allowed("http://127.0.0.1:5173") == "http://127.0.0.1:5173"
    assert allowed("https://example.org") is None


def test_of_two_decisions_one_counts_in_either_engine(system):
    for engine in ENGINES:
        application = apply(system, engine, "Alice Johnson", "1111", 150_000)
        pending(system, application)
        ask(system, "POST", f"/approve/{application}", APPROVES)
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(system, "POST", f"/approve/{application}", DENIES)
        assert refused.value.code == 409
        assert ended(system, application)["status"] == "approved"


# At which stage the server dies, and with it every function.
@pytest.mark.parametrize("stage", ["credit_check", "manager_approval", "fraud_check", "disbursing"])
def test_both_engines_survive_the_servers_death(tmp_path, stage):
    begun = {}
    with pytest.raises(AssertionError, match="did not survive"):
        # Slow enough that no stage is over before it was seen.
        with loan(tmp_path, 1) as system:
            for engine in ENGINES:
                begun[engine] = apply(system, engine, "Alice Johnson", "1111", 150_000)
            if stage in ("fraud_check", "disbursing"):
                for application in begun.values():
                    pending(system, application)
                for application in begun.values():
                    ask(system, "POST", f"/approve/{application}", APPROVES)
            last = begun["state-machine"]

            def look():
                shown = status(system, last)
                return shown["current_step"] == stage, shown

            until(f"{last} is at {stage}", look, pause=0.02)
            os.kill(system.ready["pid"], signal.SIGKILL)
            until("it is dead", lambda: (has_ended(system.ready["pid"]), None))
    (tmp_path / "ready.json").unlink()
    with loan(tmp_path, 0.3) as system:
        if stage in ("credit_check", "manager_approval"):
            for application in begun.values():
                pending(system, application)
                ask(system, "POST", f"/approve/{application}", APPROVES)
        shown = {engine: ended(system, application) for engine, application in begun.items()}
    durable, machine = (shown[engine] for engine in ENGINES)
    assert (durable["status"], machine["status"]) == ("approved", "approved")
    assert messages(machine) == messages(durable)
    outcomes = {engine: without_own(it["result"], begun[engine]) for engine, it in shown.items()}
    assert outcomes["state-machine"] == outcomes["durable"]


def has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
