"""The packages of npm and PyPI, installed: they unpack the binary once, start it as it would be started, and say why if they
cannot. And the container image: every document of it, and what is in its one layer.

The binary in them is a script, which answers what the packaging asks it.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from system import HERE, PATIENCE_SECONDS, binary

PROGRAM = """\
    #!/bin/sh
    case "$1" in
        completions) echo "complete $2" ;;
        man) mkdir -p "$2" && echo lambdura > "$2/lambdura.1" ;;
        fail) exit 7 ;;
        die) kill -TERM $$ ;;
        *) echo "$0 runs $*" ;;
    esac
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with the packages."""
    folder = tmp_path_factory.mktemp("packages")
    program = folder / "program"
    program.write_text(textwrap.dedent(PROGRAM))
    program.chmod(0o755)
    machine = os.uname().machine.replace("arm64", "aarch64")
    system = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin"}[sys.platform]
    command = [Path(binary()).parent / "packaging", "--root", HERE.parent, "--binary", program, "--quick"]
    run([*command, "--target", f"{machine}-{system}", "--epoch", "1700000000", "--out", folder / "out"])
    return folder / "out"


@pytest.fixture(scope="module")
def wheel(packages, tmp_path_factory):
    """The command as the wheel installs it."""
    environment = tmp_path_factory.mktemp("wheel") / "environment"
    run([sys.executable, "-m", "venv", environment])
    run([environment / "bin/pip", "install", "--quiet", "--no-index", *packages.glob("*.whl")])
    return environment / "bin/lambdura"


@pytest.fixture(scope="module")
def npm(packages, tmp_path_factory):
    """The command as the packages of npm install it."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text("{}")
    # The chooser, and the one for this platform.
    chosen = [path for path in packages.glob("*.tgz") if "testing" not in path.name]
    assert len(chosen) == 2, chosen
    run(["npm", "install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", *chosen], cwd=folder)
    return folder / "node_modules/.bin/lambdura"


@pytest.fixture(params=["wheel", "npm"])
def command(request):
    return request.getfixturevalue(request.param)


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def start(command, *words, cache):
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.run([command, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def test_the_binary_is_unpacked_once(command, tmp_path):
    """By eight that start at the same moment, too: each runs a whole one, and nothing else is left."""
    with ThreadPoolExecutor(8) as all_at_once:
        done = list(all_at_once.map(lambda number: start(command, "up", f"{number}", cache=tmp_path), range(8)))
    [unpacked] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert unpacked.parent.parent == tmp_path / "lambdura/binaries"
    assert unpacked.read_text() == textwrap.dedent(PROGRAM)
    assert stat.S_IMODE(unpacked.stat().st_mode) == 0o755
    for number, one in enumerate(done):
        assert one.stdout == f"{unpacked} runs up {number}\n", one
    written = unpacked.stat().st_mtime_ns
    assert start(command, "up", cache=tmp_path).returncode == 0
    assert unpacked.stat().st_mtime_ns == written


def test_its_end_is_that_of_the_binary(command, tmp_path):
    assert start(command, "fail", cache=tmp_path).returncode == 7
    assert start(command, "die", cache=tmp_path).returncode == -signal.SIGTERM


def test_a_cache_that_cannot_be_written_to_is_named(command, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = start(command, "up", cache=blocked)
    assert done.returncode == 1
    assert "error: lambdura cannot be unpacked" in done.stderr
    assert str(blocked) in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr


def test_what_is_damaged_is_not_started(packages, tmp_path):
    """A package that was cut short says so, and leaves nothing."""
    environment = tmp_path / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", environment])
    [site] = environment.glob("lib/python*/site-packages")
    [wheel] = packages.glob("*.whl")
    shutil.unpack_archive(wheel, site, "zip")
    packed = site / "lambdura_command/lambdura.xz"
    packed.write_bytes(packed.read_bytes()[:-20])
    code = "from lambdura_command import main; main()"
    done = start(environment / "bin/python", "-c", code, cache=tmp_path / "cache")
    assert done.returncode == 1
    assert "error: lambdura cannot be unpacked" in done.stderr
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_both_share_what_was_unpacked(wheel, npm, tmp_path):
    said = {start(command, "up", cache=tmp_path).stdout for command in (wheel, npm)}
    assert len(said) == 1, said


def test_a_page_of_a_registry_has_links_that_arrive(packages):
    """There is no `docs` beside what npm and PyPI show."""
    [wheel] = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith("METADATA")]
        pages = [archive.read(metadata).decode()]
    for package in packages.glob("*.tgz"):
        with tarfile.open(package) as archive:
            pages.append(archive.extractfile("package/README.md").read().decode())
    links = [link for page in pages for link in re.findall(r"\]\(([^)]*)\)", page)]
    assert len(links) > 20
    assert [] == [link for link in links if not re.match(r"https://|#", link)]


def test_the_image_is_one_layer_with_one_program(packages):
    found = list(packages.glob("*.oci.tar"))
    if sys.platform != "linux":
        assert found == []
        return
    [image] = found
    with tarfile.open(image) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}

    def content(blob):
        kind, digest = blob["digest"].split(":")
        data = files[f"blobs/{kind}/{digest}"]
        assert hashlib.sha256(data).hexdigest() == digest
        assert len(data) == blob["size"]
        return data

    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [entry] = json.loads(files["index.json"])["manifests"]
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    assert entry["platform"] == {"architecture": machine, "os": "linux"}
    manifest = json.loads(content(entry))
    assert manifest["mediaType"] == entry["mediaType"]
    config = json.loads(content(manifest["config"]))
    [layer] = manifest["layers"]
    unpacked = gzip.decompress(content(layer))
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(unpacked).hexdigest()}"]}
    assert (config["architecture"], config["os"], config["created"]) == (machine, "linux", "2023-11-14T22:13:20Z")
    # `docker load` has another document of the same.
    [docker] = json.loads(files["manifest.json"])
    assert docker["Layers"] == [f"blobs/sha256/{layer['digest'].split(':')[1]}"]
    assert docker["Config"] == f"blobs/sha256/{manifest['config']['digest'].split(':')[1]}"

    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        members = {member.name: member for member in archive}
        [program] = config["config"]["Entrypoint"]
        assert archive.extractfile(program.lstrip("/")).read().decode() == textwrap.dedent(PROGRAM)
    programs = [name for name, member in members.items() if not member.isdir() and member.mode & 0o111]
    assert programs == ["usr/bin/lambdura", "bin/sh"]
    assert (members["bin/sh"].islnk(), members["bin/sh"].linkname) == (True, "usr/bin/lambdura")
    assert (members["tmp"].mode, members["data"].mode, members["data"].uid) == (0o1777, 0o700, 1000)
    assert config["config"]["User"] == "1000:1000"
    # Each folder before what is in it, whatever unpacks them.
    for name in members:
        above = Path(name).parent.as_posix()
        assert above == "." or list(members).index(above) < list(members).index(name), name
