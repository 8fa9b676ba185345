"""Restores into PostgreSQL that are killed, cut off and repeated: a database is whole, or nobody takes it for whole."""

import base64
import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import tempfile
import zipfile

import pytest
from cluster import Postgres
from system import HERE, binary, until

# So many that a restore can be caught in the middle.
EXECUTIONS = 20_000
FIXTURE = HERE.parent / "crates/keep/tests/fixtures/format_1.backup"
SEALING_KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="


def large_backup(path):
    """The kept backup of the first format with one of its executions so many times."""
    lines = gzip.decompress(FIXTURE.read_bytes()).decode().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith('{"execution":'))
    end = lines.index('{"execution_end":{}}', begin)
    one = lines[begin : end + 1]
    counts = json.loads(lines[-1])["end"]["counts"]
    # Its code is not an archive, which a data folder would have to unpack.
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("bootstrap", "#!/bin/sh\n")
    code = next(number for number, line in enumerate(lines) if line.startswith('{"code":'))
    named = json.loads(lines[code])["code"]
    lines[code] = json.dumps({"code": named | {"bytes": len(archive.getvalue())}})
    lines[code + 1] = json.dumps({"bytes": base64.b64encode(archive.getvalue()).decode()})
    # From the execution on, there is nothing but copies of it.
    made = lines[:begin]
    for number in range(EXECUTIONS):
        made += [line.replace("id-10", f"id-{number}").replace("name-4", f"name-{number}") for line in one]
    operations = json.loads(one[1])["operations"]
    events = json.loads(one[2])["events"]
    counts |= {
        "executions": EXECUTIONS,
        "operations": EXECUTIONS * len(operations),
        "events": EXECUTIONS * len(events),
    }
    text = "".join(line + "\n" for line in made)
    digest = hashlib.sha256(text.encode()).hexdigest()
    text += json.dumps({"end": {"counts": counts, "left_out": [], "sha256": digest}}) + "\n"
    path.write_bytes(gzip.compress(text.encode(), compresslevel=1))


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "large.backup"
    large_backup(path)
    return path


@pytest.fixture
def postgres():
    folder = tempfile.mkdtemp(prefix="lambdura-postgres-")
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAMBDURA_", "AWS_"))}
    return kept | {"LAMBDURA_SEALING_KEY": SEALING_KEY}


def lambdura(*arguments, **options):
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), **options)


def begin(*arguments):
    command = [binary(), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def stored(postgres):
    [[there]] = postgres.query("SELECT to_regclass('lambdura.execution_specs') IS NOT NULL")
    if there == "f":
        return 0
    [[count]] = postgres.query("SELECT count(*) FROM lambdura.execution_specs")
    return int(count)


def in_the_middle(postgres, restoring):
    def is_there():
        count = stored(postgres)
        assert restoring.poll() is None, f"it ended before it was looked at: {restoring.stderr.read()}"
        return 0 < count < EXECUTIONS, count

    until("a part is restored", is_there, pause=0.01)


def test_a_restore_that_is_killed_is_begun_anew(postgres, backup, tmp_path):
    restoring = begin("restore", backup, "--store", postgres.url)
    in_the_middle(postgres, restoring)
    # While it goes on, nobody else does the same.
    other = lambdura("restore", backup, "--store", postgres.url)
    assert other.returncode == 1 and "another process restores into" in other.stderr, other.stderr
    restoring.kill()
    restoring.wait()
    assert 0 < stored(postgres) < EXECUTIONS

    # Nobody takes the part for the whole: no server, no backup, no check.
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {}\n")
    refusing = [
        ["up", template, "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--store", postgres.url],
        ["backup", tmp_path / "of-a-part.backup", "--store", postgres.url],
        ["verify", "--store", postgres.url],
        ["keys", "list", "--store", postgres.url],
    ]
    for command in refusing:
        refused = lambdura(*command)
        assert refused.returncode != 0, command
        assert "is not complete: a restore has been running since" in refused.stderr, refused.stderr
        assert backup.name in refused.stderr and "lambdura restore" in refused.stderr, refused.stderr
    assert not (tmp_path / "of-a-part.backup").exists()

    again = lambdura("restore", backup, "--store", postgres.url)
    assert again.returncode == 0, again.stderr
    assert "data from an interrupted restore, which is removed" in again.stderr
    assert stored(postgres) == EXECUTIONS
    verified = lambdura("verify", "--store", postgres.url)
    assert f"{EXECUTIONS} executions" in verified.stdout, verified.stdout + verified.stderr

    # What is whole is never written over, nor removed.
    third = lambdura("restore", backup, "--store", postgres.url)
    assert third.returncode == 2 and "is not empty" in third.stderr, third.stderr
    assert stored(postgres) == EXECUTIONS
    assert lambdura("keys", "list", "--store", postgres.url).returncode == 0


def test_a_backup_that_is_cut_off_leaves_no_database_that_looks_whole(postgres, backup, tmp_path):
    cut = tmp_path / "cut.backup"
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    restored = lambdura("restore", cut, "--store", postgres.url)
    assert restored.returncode == 1 and "was cut off after line" in restored.stderr, restored.stderr
    refused = lambdura("backup", tmp_path / "it.backup", "--store", postgres.url)
    assert "is not complete" in refused.stderr, refused.stderr
    again = lambdura("restore", backup, "--store", postgres.url)
    assert again.returncode == 0 and stored(postgres) == EXECUTIONS, again.stderr


def test_a_database_with_anything_in_it_is_left_alone(postgres, backup):
    made = lambdura("keys", "create", "me", "--policy", "admin", "--store", postgres.url)
    assert made.returncode == 0 and "AKIA" in made.stdout, made.stderr
    refused = lambdura("restore", backup, "--store", postgres.url)
    assert refused.returncode == 2 and "`lambdura.access_keys`" in refused.stderr, refused.stderr
    # It is not marked either, as something that the next restore may remove.
    listed = lambdura("keys", "list", "--store", postgres.url)
    assert listed.returncode == 0 and "me" in listed.stdout, listed.stderr


def test_keys_and_the_record_of_changes_come_along(postgres, tmp_path):
    """From a data folder without anything else in it, into another one and into a database."""
    old = tmp_path / "old"
    # Its own sealing key, in its own folder.
    own = {name: value for name, value in environment().items() if name != "LAMBDURA_SEALING_KEY"}

    def run(*arguments, **more):
        command = [binary(), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=own | more)

    for name in ["ci", "me"]:
        assert run("keys", "create", name, "--policy", "invoke", "--data-dir", old).returncode == 0
    # As a crash leaves it: the last line is not whole.
    with open(old / "audit.jsonl", "a") as record:
        record.write('{"at":"2026')
    made = run("backup", tmp_path / "it.backup", "--data-dir", old)
    assert made.returncode == 0 and "2 access keys" in made.stdout, made.stdout + made.stderr

    new = tmp_path / "new"
    restored = run("restore", tmp_path / "it.backup", "--data-dir", new)
    assert restored.returncode == 0, restored.stderr
    assert "does not start without" in restored.stderr, "what seals the secrets is in no backup"
    assert not (new / "access.key").exists()
    shutil.copyfile(old / "access.key", new / "access.key")
    os.chmod(new / "access.key", 0o600)
    assert run("keys", "rotate", "ci", "--data-dir", new).returncode == 0
    record = run("audit", "--data-dir", new, "--output", "json")
    actions = [json.loads(line)["action"] for line in record.stdout.splitlines()]
    assert actions == ["lambdura:CreateAccessKey"] * 2 + ["lambdura:RotateAccessKey"]

    sealing_key = (old / "access.key").read_text().strip()
    restored = run("restore", tmp_path / "it.backup", "--store", postgres.url, LAMBDURA_SEALING_KEY=sealing_key)
    assert restored.returncode == 0, restored.stderr
    listed = run("keys", "list", "--store", postgres.url, "--output", "json", LAMBDURA_SEALING_KEY=sealing_key)
    assert [key["name"] for key in json.loads(listed.stdout)["access_keys"]] == ["ci", "me"]
    wrong = run("keys", "list", "--store", postgres.url, LAMBDURA_SEALING_KEY=SEALING_KEY)
    assert wrong.returncode == 1, wrong.stdout

    without = tmp_path / "without"
    restored = run("restore", tmp_path / "it.backup", "--data-dir", without, "--without-access-keys")
    assert restored.returncode == 0, restored.stderr
    assert "left out: the access key `ci`" in restored.stderr, restored.stderr
    assert run("keys", "create", "ci", "--policy", "invoke", "--data-dir", without).returncode == 0


def test_a_disk_without_room_is_said_and_leaves_nothing(postgres, backup, tmp_path):
    """No file may become larger than this: the same errors as a full disk, without one."""
    assert lambdura("restore", backup, "--store", postgres.url).returncode == 0

    for kilobytes, command, where in [
        (64, ["backup", tmp_path / "it.backup", "--store", postgres.url], "write the backup"),
        (64, ["restore", backup, "--data-dir", tmp_path / "new"], "new/.restoring/lambdura.sqlite3"),
        (4096, ["restore", backup, "--data-dir", tmp_path / "new"], "large.backup"),
    ]:
        limit = kilobytes * 1024
        # Python ignores the signal that comes with it, and so does what it starts.
        no_room = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}
        failed = lambdura(*command, **no_room, restore_signals=False)
        assert failed.returncode == 1, failed.stdout + failed.stderr
        assert where in failed.stderr and "panicked" not in failed.stderr, failed.stderr
    assert not list(tmp_path.glob("it.backup*"))
    assert not (tmp_path / "new/lambdura.sqlite3").exists()
    again = lambdura("restore", backup, "--data-dir", tmp_path / "new")
    assert again.returncode == 0, again.stderr
