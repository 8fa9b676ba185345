"""Stacks on a server that runs: deployed, changed while executions wait, rolled back, destroyed; through deaths of the server.

What is deployed is `deploy/`, copied and edited.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from cluster import Postgres
from ports import free_port
from system import HERE, PATIENCE_SECONDS, START_SECONDS, System, binary, until

ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}


class Serve:
    """A running `lambdura serve`, which can be killed and started again."""

    def __init__(self, scratch, *arguments):
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.command = [binary(), "serve", "--listen", f"127.0.0.1:{self.port}", "--http-api-listen"]
        self.command += [f"127.0.0.1:{free_port()}", "--data-dir", str(scratch / "data"), *arguments]
        self.process = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return self.scratch / "serve.log"

    def start(self):
        ready = self.scratch / "ready.json"
        ready.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            command = [*self.command, "--ready-file", str(ready)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT)

        def answers():
            assert self.process.poll() is None, f"`lambdura serve` ended:\n{self.log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, self.log.read_text()

        until("`lambdura serve` is ready", answers, START_SECONDS)
        return self

    @property
    def system(self):
        return System({"endpoint": self.endpoint}, self.scratch / "records")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def run(self, *words, variables=None, expect=0):
        """The command line, pointed at this server."""
        command = [binary(), *words, "--endpoint", self.endpoint]
        if words[0] == "deploy":
            command += ["--build-dir", os.environ["DEPLOY_BUILDS"]]
        environment = {**ENVIRONMENT, **(variables or {})}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=START_SECONDS)
        said = f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log.read_text()[-3000:]}"
        assert done.returncode == expect, said
        return done

    def deploy(self, app, *words, **options):
        done = self.run("deploy", str(app), "--yes", "--output", "json", *words, **options)
        return json.loads(done.stdout) if done.returncode == 0 else done

    def stacks(self):
        return {one["name"]: one for one in json.loads(self.run("stacks", "--output", "json").stdout)["stacks"]}

    def shown(self, name):
        return json.loads(self.run("stacks", "show", name, "--output", "json").stdout)


@contextlib.contextmanager
def serving(scratch, *arguments):
    server = Serve(scratch, *arguments).start()
    try:
        yield server
        assert server.process.poll() is None, server.log.read_text()
    finally:
        server.stop()
        kept = HERE.parent / "target/conformance" / f"{scratch.parent.name}-{scratch.name}.log"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(server.log, kept)


@contextlib.contextmanager
def two_servers(scratch):
    """Of one database."""
    folder = scratch / "postgres"
    folder.mkdir()
    postgres = Postgres(folder)
    try:
        store = ["--store", postgres.url]
        with serving(scratch / "one", *store) as one, serving(scratch / "two", *store) as two:
            yield one, two
    finally:
        postgres.stop()


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "server") as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def builds(tmp_path_factory):
    """One folder for the builds of all tests: packages are installed once."""
    os.environ["DEPLOY_BUILDS"] = str(tmp_path_factory.mktemp("builds"))
    yield
    del os.environ["DEPLOY_BUILDS"]


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(HERE / "deploy", folder)
    return folder


def edit(app, was, now, file="src/app.py"):
    text = (app / file).read_text()
    assert was in text, f"{file} has no {was}"
    (app / file).write_text(text.replace(was, now))


def ask(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return answer.read().decode()


def greeting(server, stack="shop"):
    [url] = server.shown(stack)["resources"]["http_apis"].values()
    return ask(f"{url}/hello")


def test_a_stack_is_deployed_changed_and_destroyed(server, app):
    assert server.stacks() == {}
    planned = json.loads(server.run("deploy", str(app), "--plan", "--output", "json").stdout)
    assert {change["action"] for change in planned["changes"]} == {"add"}
    assert {change["kind"] for change in planned["changes"]} >= {"function", "http_api", "schedule"}
    assert server.stacks() == {}, "a plan changes nothing"
    refused = server.run("deploy", str(app), expect=2)
    assert "--yes" in refused.stderr, "nobody can be asked"
    live = server.deploy(app)
    assert live["status"] == "live"
    assert {f["logical_id"]: f["version"] for f in live["resources"]["functions"]} == {"Greeter": "1", "Waiter": "1"}
    assert greeting(server) == "hello from 1"

    system = server.system
    arn = system.begin("shop-Waiter", {}, "over-a-deployment")
    callback = system.callback(arn, "answer")
    edit(app, "DEPLOYMENT = 1", "DEPLOYMENT = 2")
    edit(app, "GREETING: hello", "GREETING: good day", "template.yaml")
    planned = json.loads(server.run("deploy", str(app), "--plan", "--output", "json").stdout)
    [greeter] = [change for change in planned["changes"] if change["logical_id"] == "Greeter"]
    assert (greeter["action"], greeter["properties"]) == ("change", ["code", "environment.GREETING"])
    live = server.deploy(app)
    assert {f["version"] for f in live["resources"]["functions"]} == {"2"}
    assert greeting(server) == "good day from 2"
    again = server.run("deploy", str(app), "--yes")
    assert "nothing changes" in again.stderr

    # What waits goes on with the version that it began on.
    system.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')
    ended = system.ended(arn)
    assert json.loads(ended["Result"]) == {"begun": 1, "ended": 1, "answer": '"yes"'}
    arn = system.begin("shop-Waiter", {}, "after-it")
    callback = system.callback(arn, "answer")

    # Open executions keep a stack, unless it is forced.
    refused = server.run("destroy", "shop", "--yes", expect=2)
    assert "1 execution is open" in refused.stderr
    server.run("destroy", "shop", "--yes", "--force")
    assert server.stacks() == {}
    with pytest.raises(system.client.exceptions.ClientError):
        system.begin("shop-Waiter", {}, "too-late")
    system.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')
    assert json.loads(system.ended(arn)["Result"])["ended"] == 2, "what was open has run to its end"
    assert system.history(arn)[-1]["EventType"] == "ExecutionSucceeded"

    def gone():
        functions = system.client.list_functions()["Functions"]
        return functions == [], functions

    until("its functions are gone", gone)
    # The names and the ports are free again.
    assert server.deploy(app)["status"] == "live"
    assert greeting(server) == "good day from 2"


def test_a_function_that_does_not_start_changes_nothing(server, app):
    server.deploy(app)
    before = server.shown("shop")
    edit(app, "DEPLOYMENT = 1", "print('about to fail')\nraise RuntimeError('no configuration')")
    edit(app, "GREETING: hello", "GREETING: never said", "template.yaml")
    failed = server.deploy(app, expect=1)
    assert "does not start" in failed.stderr and "no configuration" in failed.stderr, failed.stderr
    assert "about to fail" in failed.stderr, "what it wrote is shown"
    assert server.shown("shop") == before
    assert greeting(server) == "hello from 1"
    versions = server.system.client.list_versions_by_function(FunctionName="shop-Greeter")["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1"], "nothing was published"
    # A new stack that does not start is not there.
    failed = server.deploy(app, "--stack-name", "broken", expect=1)
    assert set(server.stacks()) == {"shop"}
    edit(app, "print('about to fail')\nraise RuntimeError('no configuration')", "DEPLOYMENT = 3")
    server.deploy(app)
    assert greeting(server) == "never said from 3"


def test_two_stacks_share_a_server(server, app):
    server.deploy(app)
    server.deploy(app, "--stack-name", "other")
    assert set(server.stacks()) == {"shop", "other"}
    [one] = server.shown("shop")["resources"]["http_apis"].values()
    [two] = server.shown("other")["resources"]["http_apis"].values()
    assert one != two
    assert ask(f"{one}/hello") == ask(f"{two}/hello") == "hello from 1"
    edit(app, "Handler: app.greet\n", "Handler: app.greet\n      FunctionName: other-Greeter\n", "template.yaml")
    refused = server.deploy(app, expect=1)
    assert "Function 'other-Greeter' belongs to stack 'other'" in refused.stderr
    edit(app, "      FunctionName: other-Greeter\n", "", "template.yaml")
    server.run("destroy", "other", "--yes")
    assert ask(f"{one}/hello") == "hello from 1"
    with pytest.raises(urllib.error.URLError):
        ask(f"{two}/hello")


def test_a_restart_keeps_what_was_deployed(server, app):
    server.deploy(app)
    arn = server.system.begin("shop-Waiter", {}, "over-a-death")
    callback = server.system.callback(arn, "answer")
    server.kill()
    server.start()
    assert server.stacks()["shop"]["status"] == "live"
    assert greeting(server) == "hello from 1"
    system = server.system
    system.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')
    assert json.loads(system.ended(arn)["Result"])["answer"] == '"yes"'
    assert server.stop() == 0, "SIGTERM is an order that was followed"
    server.start()
    assert greeting(server) == "hello from 1"


def test_a_backup_has_what_was_deployed(server, app, tmp_path):
    server.deploy(app)
    arn = server.system.begin("shop-Waiter", {}, "over-a-restore")
    callback = server.system.callback(arn, "answer")
    backup = tmp_path / "shop.backup"

    def kept(*words):
        done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "1 stack" in kept("backup", backup, "--data-dir", server.scratch / "data")
    server.kill()
    restored = tmp_path / "restored"
    kept("restore", backup, "--data-dir", restored / "data")
    with serving(restored) as other:
        assert other.stacks()["shop"]["status"] == "live"
        assert greeting(other) == "hello from 1"
        system = other.system
        system.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')
        assert json.loads(system.ended(arn)["Result"])["answer"] == '"yes"'
        # It goes on as it would have at the old place.
        edit(app, "DEPLOYMENT = 1", "DEPLOYMENT = 2")
        other.deploy(app)
        assert greeting(other) == "hello from 2"
    server.start()


def test_death_in_the_middle_leaves_the_old_or_the_new(server, app):
    server.deploy(app)
    # Killed at different moments of deployments that take about this long.
    began = time.monotonic()
    edit(app, "DEPLOYMENT = 1", "DEPLOYMENT = 2")
    server.deploy(app)
    takes = time.monotonic() - began
    is_at, seen = 2, set()
    for number in range(8):
        edit(app, f"DEPLOYMENT = {is_at}", f"DEPLOYMENT = {number + 10}")
        command = [binary(), "deploy", str(app), "--yes", "--to", server.endpoint]
        command += ["--build-dir", os.environ["DEPLOY_BUILDS"]]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        deploying = subprocess.Popen(command, env=ENVIRONMENT, **quiet)
        time.sleep(takes * (number + 1) / 8)
        server.kill()
        deploying.wait(PATIENCE_SECONDS)
        server.start()
        shown = server.shown("shop")
        assert shown["status"] == "live", shown
        [url] = shown["resources"]["http_apis"].values()
        said = ask(f"{url}/hello")
        aliases = {
            function["name"]: server.system.client.get_alias(FunctionName=function["name"], Name="live")
            for function in shown["resources"]["functions"]
        }
        leads_to = {name: alias["FunctionVersion"] for name, alias in aliases.items()}
        assert leads_to == {function["name"]: function["version"] for function in shown["resources"]["functions"]}
        assert len(set(leads_to.values())) == 1, f"both functions are of one deployment: {leads_to}"
        assert said in (f"hello from {is_at}", f"hello from {number + 10}")
        seen.add(said.endswith(f" {number + 10}"))
        edit(app, f"DEPLOYMENT = {number + 10}", f"DEPLOYMENT = {is_at}")
        if said.endswith(f" {number + 10}"):
            edit(app, f"DEPLOYMENT = {is_at}", f"DEPLOYMENT = {number + 10}")
            is_at = number + 10
    assert server.deploy(app)["status"] == "live"


def test_where_policies_are_enforced(tmp_path, app):
    data = tmp_path / "server/data"

    def key(policy):
        command = [binary(), "keys", "create", policy, "--policy", policy, "--data-dir", str(data)]
        done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        return {"LAMBDURA_ACCESS_KEY_ID": made["access_key_id"], "LAMBDURA_SECRET_ACCESS_KEY": made["secret_access_key"]}

    deploy, observe, admin = key("deploy"), key("observe"), key("admin")
    with serving(tmp_path / "server", "--enforce-policies") as server:
        refused = server.run("stacks", expect=1)
        assert "MissingAuthenticationToken" in refused.stderr
        refused = server.deploy(app, variables=observe, expect=1)
        assert "lambdura:PlanStack" in refused.stderr, refused.stderr
        assert server.deploy(app, variables=deploy)["status"] == "live"
        assert "shop" in server.run("stacks", variables=observe).stdout
        assert greeting_as(server, observe) == "hello from 1"
        refused = server.run("destroy", "shop", "--yes", variables=observe, expect=1)
        assert "lambdura:DestroyStack" in refused.stderr
        recorded = server.run("audit", "lambdura:DeployStack", "--output", "json", variables=admin).stdout
        assert "stack/shop" in recorded and "deploy" in recorded
        server.run("destroy", "shop", "--yes", variables=deploy)


def greeting_as(server, key):
    shown = json.loads(server.run("stacks", "show", "shop", "--output", "json", variables=key).stdout)
    [url] = shown["resources"]["http_apis"].values()
    return ask(f"{url}/hello")


def test_every_server_of_a_database_has_it(tmp_path, app):
    with two_servers(tmp_path) as (one, two):
        one.deploy(app)

        def sees(server, said):
            def look():
                found = server.stacks()
                shown = server.shown("shop") if "shop" in found else {}
                urls = list(shown.get("resources", {}).get("http_apis", {}).values())
                answer = ask(f"{urls[0]}/hello") if urls else None
                return answer == said, (found, urls, answer)

            return look

        until("the other server has it", sees(two, "hello from 1"))
        edit(app, "DEPLOYMENT = 1", "DEPLOYMENT = 2")
        two.deploy(app)
        until("the first server has what the second deployed", sees(one, "hello from 2"))
        one.kill()
        one.start()
        assert greeting(one) == "hello from 2"
        two.run("destroy", "shop", "--yes")
        until("it is gone everywhere", lambda: (one.stacks() == {}, one.stacks()))
