"""Pages of the book, typed as they stand: every file, every command, every answer.

A block of code after a line with a file's name is that file; one in `sh` is typed, line by line; one in `json` is what
the last command has to answer. Blocks with a word after their language, such as `sh aws`, are only shown.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from system import PATIENCE_SECONDS, RUST_PROJECTS, START_SECONDS, binary, until

ROOT = Path(__file__).parent.parent
# The SDK as it is here, not as it was published.
PUBLISHED, HERE = re.compile(r'^lambdura = "[\d.]+"$', re.MULTILINE), f'lambdura = {{ path = "{ROOT / "crates/sdk"}" }}'

BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)(?: (\w+))?\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def blocks(text):
    """Name of the file or nothing, language, and text of each block that is not only shown."""
    found = BLOCK.findall(text)
    return [(name, kind, block) for name, kind, shown, block in found if not shown and (name or kind in ("sh", "json"))]


class Typist:
    """Types a page into an empty folder. Nothing may lie above it: cargo would take it for a part of a workspace."""

    def __init__(self, folder, patience=START_SECONDS):
        self.folder, self.patience = folder, patience
        self.ready_file, self.log = folder / "ready.json", folder / "up.log"
        self.server, self.said = None, ""
        # Ports and the place of the program are the machine's business: variables that the documentation names.
        self.environment = {
            **os.environ,
            "PATH": f"{Path(binary()).resolve().parent}:{os.environ['PATH']}",
            "LAMBDURA_LISTEN": "127.0.0.1:0",
            "LAMBDURA_HTTP_API_LISTEN": "127.0.0.1:0",
            "LAMBDURA_READY_FILE": str(self.ready_file),
            **RUST_PROJECTS,
            "NO_COLOR": "1",
        }
        self.environment.pop("LAMBDURA_ENDPOINT", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(timeout=PATIENCE_SECONDS)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "Cargo.toml":
            text, replaced = PUBLISHED.subn(HERE, text)
            assert replaced == 1, text
        path.write_text(text)
        if path.name == "Cargo.toml":
            # The versions that are tried here, which other projects have had built.
            shutil.copy2(ROOT / "Cargo.lock", path.parent)

    def type(self, parts):
        for name, kind, text in parts:
            if name:
                self.write(name, text)
            elif kind == "json":
                assert json.loads(self.said) == json.loads(text)
            else:
                for line in text.splitlines():
                    self.type_line(line)

    def type_line(self, line):
        words = shlex.split(line, comments=True)
        if words[0] == "cd":
            self.folder = self.folder / words[1]
        elif words[:2] == ["lambdura", "up"]:
            self.start(words)
        elif words[:2] == ["lambdura", "callback"]:
            # The function opens it a moment after it was invoked: a person is not faster.
            until(f"`{line}` works", lambda: self.run(words))
        else:
            done, said = self.run(words)
            assert done, f"{line}\n{said}\n{self.log.read_text()}"

    def run(self, words):
        """Whether a command succeeded, and all that it said."""
        run = {"capture_output": True, "text": True, "timeout": PATIENCE_SECONDS}
        done = subprocess.run(words, cwd=self.folder, env=self.environment, **run)
        self.said = done.stdout
        return done.returncode == 0, done.stdout + done.stderr

    def start(self, words):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": self.log.open("w"), "stderr": subprocess.STDOUT}
        self.server = subprocess.Popen(words, cwd=self.folder, env=self.environment, **quiet)

        def look():
            assert self.server.poll() is None, self.log.read_text()
            return self.ready_file.exists(), self.log.read_text()

        until("it is up", look, self.patience)
        self.environment["LAMBDURA_ENDPOINT"] = json.loads(self.ready_file.read_text())["endpoint"]
