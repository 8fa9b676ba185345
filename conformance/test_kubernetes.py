"""The manifests in ops/kubernetes: they are what Kubernetes takes, they fit together, and the command knows every option
in them. A server that has their settings answers their probes.
"""

import itertools
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cluster import Postgres
from ports import free_port
from system import HERE, START_SECONDS, binary, until

FOLDER = HERE.parent / "ops/kubernetes"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
# The oldest release that has everything that is used, and the newest that there are schemas of.
RELEASES = ["1.29", "1.37"]
# Variables that are no options; docs/security.md has them.
BESIDE_OPTIONS = {"LAMBDURA_SEALING_KEY"}
# A stack that needs nothing.
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Nothing:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
"""
# What a server needs after SIGTERM: `LEAVE_GRACE` and what follows it in crates/server/src/server/at_work.rs.
LEAVES_WITHIN_SECONDS = 12


def documents():
    for name in FILES:
        for document in yaml.safe_load_all((FOLDER / name).read_text()):
            yield name, document


def of_kind(kind, name=None):
    found = [it for _, it in documents() if it["kind"] == kind and name in (None, it["metadata"]["name"])]
    assert found, f"there is a {kind} {name or ''}"
    return found


def pods():
    """Templates of pods, by the name of what makes them."""
    return {it["metadata"]["name"]: it["spec"]["template"] for it in of_kind("StatefulSet") + of_kind("Job")}


def server():
    return pods()["lambdura"]["spec"]["containers"][0]


def has(labels, selector):
    return selector.items() <= labels.items()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", FILES)
def test_kubernetes_takes_each(name, release):
    for document in yaml.safe_load_all((FOLDER / name).read_text()):
        # Strict: a field that there is not is an error, and not passed over.
        kubernetes_validate.validate(document, release, strict=True)


def test_a_wrong_field_is_found():
    document = of_kind("StatefulSet")[0]
    document["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, RELEASES[-1], strict=True)


def test_all_files_are_applied_together():
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == FILES
    for _, document in documents():
        if document["kind"] != "Namespace":
            assert document["metadata"]["namespace"] == kustomization["namespace"]


def command_help(*arguments):
    done = subprocess.run([binary(), *arguments, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def service(template):
    """What the server's container runs. A command without `serve` runs the same service with a template."""
    has_serve = re.search(r"^ +serve ", command_help(), re.MULTILINE)
    return server()["args"] if has_serve else ["up", str(template)]


def test_the_command_knows_every_option(tmp_path):
    container = server()
    known = command_help(*service(tmp_path))
    variables = {name for it in of_kind("ConfigMap") for name in it["data"]}
    variables |= {name for it in of_kind("Secret") for name in it["stringData"]}
    variables |= {it["name"] for it in container["env"] if it["name"].startswith("LAMBDURA_")}
    assert len(variables) > 5
    for name in variables - BESIDE_OPTIONS:
        assert re.search(rf"\[env: {name}[=\]]", known), f"{name} is not an option of {container['args']}"
    security = (HERE.parent / "docs/security.md").read_text()
    assert all(f"`{name}`" in security for name in BESIDE_OPTIONS)
    arguments = pods()["lambdura-first-key"]["spec"]["containers"][0]["args"]
    known = command_help(*itertools.takewhile(lambda it: it not in ("admin",), arguments))
    for option in (it for it in arguments if it.startswith("--")):
        assert re.search(rf"{option}\b", known), f"{option} is not an option of {arguments[:2]}"


def test_what_is_named_is_there():
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    ports = {it["name"]: it["containerPort"] for it in server()["ports"]}
    for service in of_kind("Service"):
        assert [name for name in labels if has(labels[name], service["spec"]["selector"])] == ["lambdura"]
        assert all(port["targetPort"] in ports for port in service["spec"]["ports"])
    budget = of_kind("PodDisruptionBudget")[0]["spec"]
    assert has(labels["lambdura"], budget["selector"]["matchLabels"])
    assert budget["maxUnavailable"] < of_kind("StatefulSet")[0]["spec"]["replicas"]
    policy = of_kind("NetworkPolicy")[0]["spec"]
    assert all(has(it, policy["podSelector"]["matchLabels"]) for it in labels.values())
    allowed = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert allowed == set(ports), "each port is reached by somebody"
    state = of_kind("StatefulSet")[0]["spec"]
    assert has(labels["lambdura"], state["selector"]["matchLabels"])
    of_kind("Service", state["serviceName"])
    volumes = {it["name"] for it in pods()["lambdura"]["spec"]["volumes"]}
    volumes |= {it["metadata"]["name"] for it in state["volumeClaimTemplates"]}
    assert {it["name"] for it in server()["volumeMounts"]} == volumes
    for it in server()["envFrom"]:
        for kind, key in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")]:
            if key in it:
                of_kind(kind, it[key]["name"])
    for it in pods()["lambdura-first-key"]["spec"]["containers"][0]["env"]:
        reference = it["valueFrom"]["secretKeyRef"]
        assert reference["key"] in of_kind("Secret", reference["name"])[0]["stringData"]


def test_addresses_and_ports_are_the_same_everywhere():
    settings = of_kind("ConfigMap")[0]["data"]
    ports = {it["name"]: it["containerPort"] for it in server()["ports"]}
    for name, variable in [
        ("lambda", "LAMBDURA_LISTEN"),
        ("apis", "LAMBDURA_HTTP_API_LISTEN"),
        ("cluster", "LAMBDURA_CLUSTER_LISTEN"),
    ]:
        assert settings[variable] == f"0.0.0.0:{ports[name]}"
    environment = {it["name"]: it for it in server()["env"]}
    assert environment["LAMBDURA_CLUSTER_ADDRESS"]["value"] == f"$(POD_IP):{ports['cluster']}"
    # Kubernetes puts in what stands before.
    assert list(environment).index("POD_IP") < list(environment).index("LAMBDURA_CLUSTER_ADDRESS")
    mounts = {it["mountPath"] for it in server()["volumeMounts"]}
    assert settings["LAMBDURA_DATA_DIR"] in mounts and environment["HOME"]["value"] in mounts


def test_a_server_is_given_the_time_to_leave():
    pod = pods()["lambdura"]["spec"]
    pause = int(server()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + LEAVES_WITHIN_SECONDS
    source = (HERE.parent / "crates/server/src/server/at_work.rs").read_text()
    grace = re.search(r"const LEAVE_GRACE: Duration = Duration::from_secs\((\d+)\)", source)
    assert int(grace.group(1)) < LEAVES_WITHIN_SECONDS


@pytest.mark.parametrize("name", ["lambdura", "lambdura-first-key"])
def test_pods_keep_to_the_restricted_standard(name):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, profile Restricted."""
    pod = pods()[name]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "privileged" not in context
        assert all("hostPort" not in port for port in container.get("ports", []))
    assert all(set(it) <= {"name", "emptyDir"} for it in pod.get("volumes", []))


def get(url, host):
    request = urllib.request.Request(url, headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        return None, str(error)


def test_a_server_with_these_settings_answers_the_probes(tmp_path):
    """With its settings and the first key as the manifests make it; only addresses and places are this machine's."""
    scratch = tempfile.mkdtemp(prefix="lambdura-postgres-")
    postgres = Postgres(scratch)
    process = None
    try:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}
        environment |= of_kind("ConfigMap")[0]["data"]
        listen = free_port()
        environment |= {
            "LAMBDURA_LISTEN": f"0.0.0.0:{listen}",
            "LAMBDURA_HTTP_API_LISTEN": "127.0.0.1:0",
            "LAMBDURA_CLUSTER_LISTEN": "127.0.0.1:0",
            "LAMBDURA_DATA_DIR": str(tmp_path / "data"),
            "LAMBDURA_STORE": postgres.url,
            "LAMBDURA_SEALING_KEY": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
            "HOME": str(tmp_path),
        }
        ready = tmp_path / "ready.json"
        log = tmp_path / "log"

        job = pods()["lambdura-first-key"]["spec"]["containers"][0]
        arguments = [it.replace("$(LAMBDURA_STORE)", postgres.url) for it in job["args"]]
        made = subprocess.run([binary(), *arguments], env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        assert "AKIA" in made.stdout

        template = tmp_path / "template.yaml"
        template.write_text(TEMPLATE)
        bootstrap = tmp_path / "code/bootstrap"
        bootstrap.parent.mkdir()
        bootstrap.write_text("#!/bin/sh\n")
        bootstrap.chmod(0o755)
        command = [binary(), *service(template), "--ready-file", str(ready)]
        with open(log, "wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=tmp_path)

        def answers():
            assert process.poll() is None, log.read_text()
            return ready.exists() and ready.stat().st_size > 0, log.read_text()[-2000:]

        until("the server is ready", answers, START_SECONDS)
        # As the kubelet asks: by the address of the pod, and unsigned.
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"]:
            path = server()[probe]["httpGet"]["path"]
            status, body = get(f"http://127.0.0.1:{listen}{path}", "10.1.2.3:3001")
            assert status == 200, f"{probe}: {body}"
        status, body = get(f"http://127.0.0.1:{listen}/2015-03-31/functions/", "10.1.2.3:3001")
        assert status == 403, body
        postgres.crash()
        readiness = server()["readinessProbe"]["httpGet"]["path"]

        def is_unready():
            status, body = get(f"http://127.0.0.1:{listen}{readiness}", "10.1.2.3:3001")
            return status == 503, (status, body)

        until("a server without its database is not ready", is_unready)
        # And is not ended for it: another process could do nothing either.
        liveness = server()["livenessProbe"]["httpGet"]["path"]
        assert get(f"http://127.0.0.1:{listen}{liveness}", "10.1.2.3:3001")[0] == 200
    finally:
        if process and process.poll() is None:
            process.terminate()
            process.wait(60)
        postgres.stop()
        subprocess.run(["rm", "-rf", scratch])
