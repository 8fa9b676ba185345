"""`lambdura verify` finds damage, whatever store it is in: the same rows are damaged in SQLite and in PostgreSQL."""

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile

import pytest
from cluster import DATABASE, Postgres
from system import HERE, binary

FIXTURE = HERE.parent / "crates/keep/tests/fixtures/format_4.backup"

# An execution that has ended, one that is open, and one that is open and waits for something.
ENDED, OPEN, WAITING = "id-17", "id-14", "id-20"


def rows_of(table, execution):
    """A condition that holds for the rows of an execution."""
    keys = f"SELECT execution_key FROM {{execution_specs}} WHERE execution_id = '{execution}'"
    return f"{{{table}}} WHERE execution_key IN ({keys})"


# What is done to the tables, and what is to be said of it. In braces: tables, whose names differ.
DAMAGE = {
    "an event is lost": (f"DELETE FROM {rows_of('events', ENDED)} AND event_id = 2", "event 2 of its history is numbered 3"),
    "the last event is lost": (f"DELETE FROM {rows_of('events', ENDED)} AND event_id = 4", "its history has 3 events, and 4 are expected"),
    "an operation is lost": (f"DELETE FROM {rows_of('operations', ENDED)} AND type <> 'EXECUTION'", ENDED),
    "an operation has another status": (
        "UPDATE {operations} SET status = 'FAILED' WHERE status = 'SUCCEEDED' AND type = 'STEP'",
        "differ in status",
    ),
    "a word is unknown": ("UPDATE {operations} SET status = 'PERHAPS' WHERE type = 'WAIT'", "cannot be read"),
    "an outcome is another one": (
        "UPDATE {execution_states} SET status = 'SUCCEEDED' WHERE status = 'TIMED_OUT'",
        "execution `",
    ),
    "a version of a function is lost": (
        "DELETE FROM {function_versions} WHERE function_name = 'Loan' AND function_version = '1'",
        "it points to version 1, which is not there",
    ),
    "settings are no JSON": ("UPDATE {function_settings} SET settings = '{'", "its settings cannot be read"),
    "a configuration is no object": ("UPDATE {function_versions} SET configuration = '[]'", "it is not an object"),
    "a stack is no JSON": ("UPDATE {stacks} SET document = 'half'", "its document cannot be read"),
    "policies are none": ("UPDATE {access_keys} SET policies = '[\"nobody\"]'", "its policies cannot be read"),
    "a record of a change is of another time": (
        "UPDATE {audit_records} SET recorded_at = 7 WHERE server IS NOT NULL",
        "its id is not of the time that it has",
    ),
    "a record of a change is of no kind of record": (
        "UPDATE {audit_records} SET status = 70000 WHERE server IS NOT NULL",
        "rows: cannot be read",
    ),
}


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("LAMBDURA_", "AWS_"))}


def lambdura(*arguments):
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment())


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    """The kept backup of the newest format, with an archive as its code, which a data folder can unpack."""
    lines = gzip.decompress(FIXTURE.read_bytes()).decode().splitlines()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("bootstrap", "#!/bin/sh\n")
    code = next(number for number, line in enumerate(lines) if line.startswith('{"code":'))
    named = json.loads(lines[code])["code"]
    lines[code] = json.dumps({"code": named | {"bytes": len(archive.getvalue())}})
    lines[code + 1] = json.dumps({"bytes": base64.b64encode(archive.getvalue()).decode()})
    text = "".join(line + "\n" for line in lines[:-1])
    end = json.loads(lines[-1])["end"] | {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    text += json.dumps({"end": end}) + "\n"
    path = tmp_path_factory.mktemp("damage") / "it.backup"
    path.write_bytes(gzip.compress(text.encode()))
    return path


class Folder:
    """A data folder that was restored, and copies of it that are damaged."""

    names = {"stacks": "deployed_stacks"}

    def __init__(self, backup, scratch):
        self.scratch, self.sound = scratch, scratch / "sound"
        restored = lambdura("restore", backup, "--data-dir", self.sound)
        assert restored.returncode == 0, restored.stderr

    def damaged(self, sql):
        copy = self.scratch / "damaged"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.sound, copy)
        if sql:
            database = sqlite3.connect(copy / "lambdura.sqlite3")
            with database:
                changed = database.execute(sql).rowcount
            database.close()
            assert changed > 0, sql
        return ["--data-dir", copy]

    def stop(self):
        pass


class Database:
    """The same of a database."""

    names = {}

    def __init__(self, backup, scratch):
        self.folder = tempfile.mkdtemp(prefix="lambdura-postgres-")
        self.postgres = Postgres(self.folder)
        self.copies = 0
        restored = lambdura("restore", backup, "--store", self.postgres.url)
        assert restored.returncode == 0, restored.stderr

    def damaged(self, sql):
        self.copies += 1
        name = f"damaged_{self.copies}"
        at = ["-h", "127.0.0.1", "-p", str(self.postgres.port), "-U", "postgres"]
        self.postgres.run("createdb", *at, "-T", DATABASE, name)
        if sql:
            done = self.postgres.run("psql", *at, "-d", name, "-X", "-v", "ON_ERROR_STOP=1", "-c", sql)
            assert int(done.split()[1]) > 0, (sql, done)
        return ["--store", self.postgres.url.replace(f"/{DATABASE}", f"/{name}")]

    def stop(self):
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module", params=[Folder, Database], ids=["sqlite", "postgres"])
def store(request, backup, tmp_path_factory):
    store = request.param(backup, tmp_path_factory.mktemp("store"))
    yield store
    store.stop()


def problems(place):
    verified = lambdura("verify", *place, "--output", "json")
    assert verified.stdout, verified.stderr
    found = json.loads(verified.stdout)
    assert (verified.returncode == 0) == (found["problem_count"] == 0), verified.stderr
    return {f"{it['of']}: {it['problem']}" for it in found["problems"]}


@pytest.fixture(scope="module")
def before(store):
    """What is said of the sound one: its executions are of versions that chained invokes name and nobody deployed."""
    found = problems(store.damaged(None))
    assert all("it is not there, and" in it for it in found), found
    return found


def tables(store, sql):
    names = ["execution_specs", "execution_states", "operations", "events", "function_versions", "function_settings"]
    names += ["stacks", "access_keys", "audit_records"]
    schema = "lambdura." if isinstance(store, Database) else ""
    for name in names:
        sql = sql.replace(f"{{{name}}}", schema + store.names.get(name, name))
    return sql


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found(store, before, what):
    sql, said = DAMAGE[what]
    found = problems(store.damaged(tables(store, sql))) - before
    assert any(said in it for it in found), found or "nothing is found"


def test_damaged_code_is_found(store, before):
    if isinstance(store, Folder):
        place = store.damaged(None)
        (folder,) = [it for it in (place[1] / "code").iterdir() if it.is_dir()]
        (folder / "bootstrap").chmod(0o700)
        (folder / "bootstrap").write_text("#!/bin/false\n")
        found = problems(place) - before
    else:
        found = problems(store.damaged("UPDATE lambdura.code_blobs SET archive = 'half'")) - before
    assert any("code of version" in it for it in found), found or "nothing is found"
    if isinstance(store, Database):
        found = problems(store.damaged("DELETE FROM lambdura.code_blobs")) - before
        assert any("it is in no archive" in it for it in found), found


@pytest.mark.parametrize("store", [Folder], ids=["sqlite"], indirect=True)
def test_a_lost_outcome_is_found(store, before):
    """PostgreSQL has it in the row of the state."""
    execution = rows_of("execution_outcomes", ENDED).replace("{execution_outcomes}", "execution_outcomes")
    found = problems(store.damaged(tables(store, f"DELETE FROM {execution}"))) - before
    assert any(ENDED in it and "cannot be read" in it for it in found), found or "nothing is found"


def test_a_state_without_its_execution_is_found(store, before):
    if isinstance(store, Folder):
        pytest.skip("SQLite's file is checked by SQLite, and its tables have one writer")
    sql = tables(store, f"DELETE FROM {rows_of('execution_states', OPEN)}")
    found = problems(store.damaged(sql)) - before
    assert any(OPEN in it for it in found), found or "nothing is found"
