"""docs/first-function.md, typed as it stands: every file, every command, every answer."""

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from system import PATIENCE_SECONDS, START_SECONDS, binary, until

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/first-function.md").read_text()
# The SDK as it is here, not as it was published.
PUBLISHED, HERE = 'git = "https://github.com/lambdura/lambdura"', f'path = "{ROOT / "crates/sdk"}"'
# The first build of the Rust function builds everything that the SDK needs.
BUILD_SECONDS = 1800

BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def sections():
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return {name: BLOCK.findall(text) for name, text in named if BLOCK.search(text)}


def test_the_page_has_the_languages():
    assert list(sections()) == ["Python", "TypeScript", "JavaScript", "Rust"]


@pytest.fixture
def empty_folder():
    """Where nothing lies above: cargo would take a folder of this project for a part of its workspace."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


@pytest.mark.parametrize("language", sections())
def test_a_language(language, empty_folder):
    tmp_path = empty_folder
    ready_file = tmp_path / "ready.json"
    # Ports and the place of the program are the machine's business: variables that the documentation names.
    environment = {
        **os.environ,
        "PATH": f"{Path(binary()).parent}:{os.environ['PATH']}",
        "LAMBDURA_LISTEN": "127.0.0.1:0",
        "LAMBDURA_HTTP_API_LISTEN": "127.0.0.1:0",
        "LAMBDURA_READY_FILE": str(ready_file),
        "CARGO_TARGET_DIR": str(ROOT / "target/first-function"),
        "NO_COLOR": "1",
    }
    environment.pop("LAMBDURA_ENDPOINT", None)
    folder, server, said = tmp_path, None, ""
    patience = BUILD_SECONDS if language == "Rust" else START_SECONDS
    try:
        for name, kind, text in sections()[language]:
            if name:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.replace(PUBLISHED, HERE))
            elif kind == "json":
                assert json.loads(said) == json.loads(text)
            else:
                assert kind == "sh", f"{kind} is neither a file nor typed"
                for line in text.splitlines():
                    words = shlex.split(line)
                    if words[0] == "cd":
                        folder = folder / words[1]
                    elif words == ["lambdura", "up"]:
                        log = tmp_path / "up.log"
                        server = subprocess.Popen(
                            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log.open("w"), stderr=subprocess.STDOUT
                        )

                        def look(log=log, server=server):
                            assert server.poll() is None, log.read_text()
                            return ready_file.exists(), log.read_text()

                        until("it is up", look, patience)
                        environment["LAMBDURA_ENDPOINT"] = json.loads(ready_file.read_text())["endpoint"]
                    else:
                        done = subprocess.run(
                            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
                        )
                        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}\n{(tmp_path / 'up.log').read_text()}"
                        said = done.stdout
        assert "SUCCEEDED" in said and "greet" in said, said
        assert "invocations  2" in said, said
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=PATIENCE_SECONDS)
