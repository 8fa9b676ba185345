"""Tries public projects that nobody here wrote: `lambdura up`, and what their READMEs say to do.

    git clone https://github.com/aws-samples/serverless-patterns CHECKOUTS/aws-samples/serverless-patterns   (and so on)
    python conformance/projects/try_projects.py CHECKOUTS                 all that are checked out, a table at the end
    python conformance/projects/try_projects.py CHECKOUTS --only saga     those with `saga` in their name
    python conformance/projects/try_projects.py CHECKOUTS --jobs 3        three at once
    python conformance/projects/try_projects.py CHECKOUTS --list          repositories and commits to check out
    python conformance/projects/try_projects.py CHECKOUTS --only nothing --write     docs/projects.md of what was found so far

Nothing is fetched but packages that the projects ask for. `projects.json` is the list: repository, commit, folder, what
prepares it, the scenario, and a `note` for what is not the project's own doing; `emulator` has MiniStack stand beside it,
`answers` names a file of answers that are served as its mock would, and `not_on_aws` says why AWS would not run it either.
Each is tried in a copy. What became of each is kept beside the copies, so that a project can be tried again by itself.
"""

import argparse
import contextlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError

sys.path.insert(0, str(Path(__file__).parent.parent))

import system
from emulator import ministack
from system import up

# Packages of some projects take long.
system.START_SECONDS = 900
PREPARE_SECONDS = 600
SCENARIO_SECONDS = 180
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED")
NOT_ON_AWS = "not on AWS either"
NOT_HERE = re.compile(r"(Amazon|AWS|the AWS service) [^:.]{1,60} is not served here")


class Stopped(Exception):
    """A project that got no further, and why."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path, help="folder with OWNER/NAME for each repository")
    parser.add_argument("--only", help="a part of the names of those that are tried")
    parser.add_argument("--list", action="store_true", help="print what to check out, and end")
    parser.add_argument("--prepare", action="store_true", help="prepare copies for a run with --prepared, and try nothing")
    parser.add_argument("--prepared", action="store_true", help="use copies that were prepared before, unless something changed")
    parser.add_argument("--jobs", type=int, default=1, help="how many are tried at once")
    parser.add_argument("--write", action="store_true", help="write docs/projects.md")
    parser.add_argument("--scratch", type=Path, default=Path("target/projects"), help="where copies and data are kept")
    return parser.parse_args()


def main():
    options = arguments()
    projects = json.loads((Path(__file__).parent / "projects.json").read_text())
    if options.list:
        for repository, commit in sorted({(one["repository"], one["commit"]) for one in projects}):
            print(f"{repository} {commit}")
        return
    kept = options.scratch.resolve() / "results"
    kept.mkdir(parents=True, exist_ok=True)
    tried = []
    for project in projects:
        if options.only and options.only not in project["name"]:
            continue
        if (options.checkouts / project["repository"]).is_dir():
            tried.append(project)
        else:
            print(f"– {project['name']}: {project['repository']} is not checked out", flush=True)

    def try_one(project):
        began = time.monotonic()
        checkout = options.checkouts / project["repository"]
        scratch = options.scratch.resolve() / project["name"]
        if options.prepare:
            print(f"{project['name']}: {prepare_only(project, checkout, scratch)}", flush=True)
            return
        how, why = judged(project, attempt(project, checkout, scratch, options.prepared))
        taken = time.monotonic() - began
        print(f"{'✓' if reached(how) else '·'} {project['name']}: {how} {why} ({taken:.0f} s)", flush=True)
        found = {"commit": commit_of(checkout), "how": how, "why": why}
        (kept / f"{project['name']}.json").write_text(json.dumps(found))

    with ThreadPoolExecutor(options.jobs) as pool:
        for done in [pool.submit(try_one, project) for project in tried]:
            done.result()
    if options.prepare:
        return
    rows = []
    for project in projects:
        result = kept / f"{project['name']}.json"
        if result.exists():
            found = json.loads(result.read_text())
            rows.append((project, found["commit"], found["how"], found["why"]))
    print(table(rows))
    if options.write:
        (Path(__file__).parents[2] / "docs/projects.md").write_text(page(rows, len(projects)))


def commit_of(checkout):
    done = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "?"


def reached(how):
    return how in ("end", "stops at")


def judged(project, found):
    """What was found, but for projects that AWS does not run either: their reason, unless they got there all the same."""
    reason = project.get("not_on_aws")
    return (NOT_ON_AWS, reason) if reason and not reached(found[0]) else found


def recipe(project, checkout):
    """What decides about a prepared copy."""
    return json.dumps([commit_of(checkout), project["folder"], project.get("prepare", [])])


def copied(project, checkout, scratch):
    """A fresh copy of a project."""
    shutil.rmtree(scratch, ignore_errors=True)
    source = scratch / "source"
    shutil.copytree(checkout / project["folder"], source, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    return source


def prepare_only(project, checkout, scratch):
    # What is put into an emulator goes with it.
    if project.get("emulator"):
        return "prepared with its emulator"
    try:
        prepare(project, copied(project, checkout, scratch), scratch, words_of(scratch))
    except Stopped as stopped:
        return ": ".join(stopped.args)
    (scratch / "prepared").write_text(recipe(project, checkout))
    return "prepared"


def words_of(scratch):
    return {"{source}": str(scratch / "source"), "{python}": sys.executable}


def attempt(project, checkout, scratch, may_be_prepared):
    """How far a project gets: (`end`, ``), or another word and the reason."""
    mark = scratch / "prepared"
    is_prepared = may_be_prepared and mark.exists() and mark.read_text() == recipe(project, checkout)
    try:
        if is_prepared:
            source = scratch / "source"
            shutil.rmtree(scratch / "run", ignore_errors=True)
        else:
            source = copied(project, checkout, scratch)
        with contextlib.ExitStack() as beside:
            words = words_of(scratch)
            if project.get("emulator"):
                words["{emulator}"] = beside.enter_context(emulator(scratch))
            if "answers" in project:
                words["{answers}"] = beside.enter_context(answering(source / project["answers"]))
            if not is_prepared:
                prepare(project, source, scratch, words)
            running = beside.enter_context(started(project, source, scratch, words))
            scenario = Scenario(running, source.name)
            for step in project["scenario"]:
                scenario.take(step)
    except Stopped as stopped:
        return stopped.args
    except ClientError as error:
        return "fails", str(error)
    return "end", ""


# One at a time: its packages are installed once.
EMULATOR_LOCK = threading.Lock()


@contextlib.contextmanager
def emulator(scratch):
    with contextlib.ExitStack() as opened:
        with EMULATOR_LOCK:
            url = opened.enter_context(ministack(scratch))
        yield url


@contextlib.contextmanager
def answering(file):
    """Serves what a file says: paths, methods, and an answer to each, as the mock of the same format does."""
    # Only projects with such a file need it.
    import yaml

    routes = {(one["method"], one["path"]): one["responses"][0] for one in yaml.safe_load(file.read_text())}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = routes.get((self.command, self.path), {"status": 404, "body": ""})
            body = answer["body"].encode()
            self.send_response(answer["status"])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def replaced(text, words):
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def prepare(project, source, scratch, words):
    environment = dict(os.environ)
    if "{emulator}" in words:
        environment |= {"AWS_ENDPOINT_URL": words["{emulator}"], "AWS_DEFAULT_REGION": "us-east-1"}
        environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for number, command in enumerate(project.get("prepare", [])):
        try:
            done = subprocess.run(
                replaced(command, words),
                shell=True,
                cwd=source,
                env=environment,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=PREPARE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise Stopped("not prepared", f"`{command}` did not end") from None
        said = done.stdout + done.stderr
        (scratch / f"prepare-{number}.log").write_text(said)
        if done.returncode:
            raise Stopped("not prepared", f"`{command}`: {last_line(said)}")


@contextlib.contextmanager
def started(project, source, scratch, words):
    template = source / project.get("template", "")
    arguments = [replaced(argument, words) for argument in project.get("arguments", [])]
    if "{emulator}" in words:
        arguments += ["--aws-endpoint", words["{emulator}"]]
    try:
        opened = contextlib.ExitStack()
        running = opened.enter_context(up(str(template), scratch / "run", *arguments))
    except AssertionError as error:
        raise Stopped("does not start", first_problem(str(error))) from None
    with opened:
        yield running


class Scenario:
    """What a README says to do, step by step."""

    def __init__(self, system, stack):
        self.system = system
        self.stack = stack
        # What answers said, for later steps.
        self.kept = {}

    def take(self, step):
        expect = step.get("expect")
        if "run" in step:
            self.ended(*self.begin(step["run"], step["input"]), step, expect)
        elif "start" in step:
            self.begin(step["start"], step["input"])
        elif "seen" in step:
            self.ended(self.function(step["seen"])[0], None, step, expect)
        elif "http" in step:
            self.http(step, expect)
        elif "invoke" in step:
            name, qualifier = self.function(step["invoke"])
            payload = self.told(json.dumps(step["input"]))
            answer = self.system.client.invoke(FunctionName=name, Qualifier=qualifier, Payload=payload)
            self.check(step["invoke"], answer["Payload"].read().decode(), expect)
        elif "table" in step:
            self.until(step, lambda: self.table(step))

    def function(self, part):
        """Name and qualifier of the function that has this in its name."""
        names = self.system.ready["functions"]
        found = [name for name in names if name == part] or [name for name in names if part in name]
        if not found:
            raise Stopped("no function", f"`{part}` is not among {', '.join(names) or 'none'}")
        arn = names[found[0]].split(":")
        return arn[6], arn[7] if len(arn) > 7 else "$LATEST"

    def begin(self, part, payload):
        """Starts an execution: its function and its name."""
        function, qualifier = self.function(part)
        name = f"try-{time.time_ns()}"
        self.system.client.invoke(
            FunctionName=function,
            Qualifier=qualifier,
            InvocationType="Event",
            DurableExecutionName=name,
            Payload=json.dumps(payload).encode(),
        )
        return function, name

    def told(self, text):
        """A text with what earlier answers said."""
        return replaced(text, {"{" + name + "}": value for name, value in self.kept.items()})

    def ended(self, function, name, step, expect):
        """Waits for the end of an execution, and answers its callbacks."""
        deadline = time.monotonic() + step.get("seconds", SCENARIO_SECONDS)
        answered = set()
        shown = {}
        while time.monotonic() < deadline:
            page = self.system.get("/lambdura/v1/executions", function=function, **({"name": name} if name else {}))
            shown = (page["executions"] or [{}])[0]
            if shown.get("status") in ENDED or shown.get("failed_invocations", 0) >= 3:
                break
            self.answer(shown, step.get("callbacks", {}), answered)
            time.sleep(0.5)
        if shown.get("status") != "SUCCEEDED":
            error = shown.get("error") or shown.get("invocation_error") or {}
            text = ": ".join(part for part in (error.get("type"), error.get("message")) if part)
            activity = (shown.get("activity") or {}).get("operations") or [{}]
            at = f"{activity[0].get('type', 'nothing')} {activity[0].get('name', '')}".strip()
            logged = json.dumps(self.system.get("/lambdura/v1/logs", function=function, tail="true", limit=200))
            retried = json.dumps(self.system.history(shown["arn"]), default=str) if "arn" in shown else ""
            foreign = NOT_HERE.search(text + logged + retried)
            if foreign:
                raise Stopped("stops at", foreign.group(0).removesuffix(" is not served here"))
            raise Stopped("waits" if shown.get("activity") and not text else "fails", f"{function}: {text or at}")
        detail = self.system.client.get_durable_execution(DurableExecutionArn=shown["arn"], IncludeExecutionData=True)
        result = detail.get("Result", "")
        # A function may catch the error, and answer with it.
        foreign = NOT_HERE.search(result)
        if foreign:
            raise Stopped("stops at", foreign.group(0).removesuffix(" is not served here"))
        self.check(function, result, expect)

    def answer(self, execution, answers, answered):
        for callback in self.system.get("/lambdura/v1/callbacks")["callbacks"]:
            key = callback["callback_id"]
            if key in answered or callback["execution_id"] != execution.get("execution_id"):
                continue
            answered.add(key)
            named = [value for part, value in answers.items() if part in callback.get("name", "")]
            value = (named or [answers.get("*", {"approved": True})])[0]
            is_text = isinstance(value, dict) and set(value) == {"text"}
            result = value["text"] if is_text else json.dumps(value)
            try:
                self.system.client.send_durable_execution_callback_success(CallbackId=key, Result=result.encode())
            except ClientError as error:
                # It may have ended since it was listed; what becomes of its execution is seen there.
                if error.response["Error"]["Code"] != "CallbackTimeoutException":
                    raise

    def http(self, step, expect):
        ready = self.system.ready
        urls = [*ready["rest_apis"].values(), *ready["http_apis"].values(), *ready["function_urls"].values()]
        if not urls:
            raise Stopped("no API", step["http"])
        method, path = step["http"].split(" ", 1)
        path = self.told(path)
        self.until(step, lambda: self.ask(step, method, urls[0] + path, expect))

    @staticmethod
    def until(step, attempt):
        """Tries again for as long as the step says."""
        deadline = time.monotonic() + step.get("seconds", 0)
        while True:
            try:
                return attempt()
            except Stopped:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def ask(self, step, method, url, expect):
        body = json.dumps(step["body"]).encode() if "body" in step else None
        request = urllib.request.Request(url, body, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                said = answer.read().decode(errors="replace")
            self.check(step["http"], said, expect)
            self.keep(step, said)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code == step.get("status"):
                return self.check(step["http"], said, expect)
            foreign = NOT_HERE.search(said)
            if foreign:
                raise Stopped("stops at", foreign.group(0).removesuffix(" is not served here")) from None
            raise Stopped("fails", f"{step['http']}: {error.code} {said[:200]}") from None

    def table(self, step):
        body = json.dumps(step["request"]).replace("STACK", self.stack).encode()
        headers = {"x-amz-target": f"DynamoDB_20120810.{step['table']}", "content-type": "application/x-amz-json-1.0"}
        headers["authorization"] = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        headers["x-amz-date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        try:
            with urllib.request.urlopen(urllib.request.Request(self.system.endpoint, body, headers), timeout=60) as answer:
                self.keep(step, answer.read().decode())
        except urllib.error.HTTPError as error:
            raise Stopped("fails", f"{step['table']}: {error.read().decode(errors='replace')[:200]}") from None

    def keep(self, step, said):
        for name, pattern in step.get("keep", {}).items():
            found = re.search(pattern, said)
            if not found:
                raise Stopped("another end", f"no {name} in {said[:200]}")
            self.kept[name] = found.group(1)

    @staticmethod
    def check(what, said, expect):
        if expect and not re.search(expect, said):
            raise Stopped("another end", f"{what}: {said[:200]}")


def first_problem(log):
    """The line of `up`'s output that says why."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    telling = [line.strip() for line in plain.splitlines() if re.match(r"\s*(×|error:)", line)]
    # The first line only counts what is wrong.
    telling = [line for line in telling if not re.search(r"has (one|\d+) problems?$", line)]
    return (telling or [last_line(plain)])[0].lstrip("× ")


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def table(rows):
    lines = ["", "| project | commit | language | how far | why |", "| --- | --- | --- | --- | --- |"]
    for project, commit, how, why in rows:
        name = "/".join(part for part in (project["repository"], project["folder"]) if part)
        why = "; ".join(part for part in (shortened(why), project.get("note", "")) if part)
        lines.append(f"| {name} | `{commit[:8]}` | {project['language']} | {how} | {why} |")
    return "\n".join([*lines, "", counted([how for *_, how, _ in rows])])


def counted(verdicts):
    """How many got there, of those that AWS could run."""
    elsewhere = verdicts.count(NOT_ON_AWS)
    possible = len(verdicts) - elsewhere
    there = sum(map(reached, verdicts))
    share = f"{there / possible:.0%}" if possible else "none"
    return (
        f"{there} of {possible} ({share}) reach the end of their scenario, or stop at a service that is named. "
        f"{elsewhere} more would not run on AWS either, for the reason that stands there, and are not counted."
    )


def shortened(why):
    # Where it was tried says nothing.
    why = re.sub(r"/(home|root|tmp|work)/[^ `|;:]*", "…", why)
    why = re.sub(r"npm error A complete log of this run can be found in: .*", "a package is not to be had", why)
    return why.replace("|", "\\|").replace("\n", " ")[:200]


def page(rows, total):
    today = time.strftime("%Y-%m-%d")
    versions = f"Python {sys.version_info.major}.{sys.version_info.minor}, Node.js {node_version()}"
    return (
        "# Public projects\n\n"
        "Public projects by other authors, run unchanged: `lambdura up`, then the scenario in each README.\n"
        "Generated by [`conformance/projects/try_projects.py`](../conformance/projects/try_projects.py) on checkouts at the "
        f"commits below, on {today} ({versions}); {len(rows)} of the {total} in its list were tried.\n"
        "A scenario *ends* where its README ends, or *stops at* an AWS service that Lambdura does not have, which the function's "
        "error names: `--aws-endpoint` and `--aws-credentials` take it further.\n"
        "Projects that would not run on AWS either (not a durable function, or packages that no registry has any more) have a "
        "separate verdict, and are not counted.\n"
        f"{table(rows)}\n"
    )


def node_version():
    done = subprocess.run(["node", "--version"], capture_output=True, text=True)
    return done.stdout.strip().removeprefix("v").partition(".")[0]


if __name__ == "__main__":
    main()
