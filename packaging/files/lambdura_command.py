"""Starts the binary that this wheel brings.

A wheel's own compression does not get it small, so it is in here as `lambdura.xz`. When it is first needed it is unpacked
to the user's cache: what pip has installed stays as it is, and another user may have installed it. Nothing is downloaded.
"""

import lzma
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main():
    """The command `lambdura`: the process becomes the binary."""
    try:
        program = unpacked()
    except (OSError, lzma.LZMAError) as error:
        sys.exit(f"error: lambdura cannot be unpacked: {error}\n  XDG_CACHE_HOME may name another folder for it.")
    os.execv(program, ["lambdura", *sys.argv[1:]])


def unpacked():
    """Where the binary is. Raises OSError if it cannot be written."""
    sha256 = (HERE / "lambdura.sha256").read_text().strip()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = cache / "lambdura/binaries" / sha256 / "lambdura"
    if program.exists():
        return program
    content = lzma.decompress((HERE / "lambdura.xz").read_bytes())
    program.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, whoever else does the same at the moment.
    descriptor, part = tempfile.mkstemp(dir=program.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(part, 0o755)
        os.replace(part, program)
    except BaseException:
        os.unlink(part)
        raise
    return program
