"""A command at a terminal of its own: what a person sees, and what they type."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from system import PATIENCE_SECONDS


class Terminal:
    """A command whose standard input, output and error are one pseudo-terminal."""

    def __init__(self, command, folder=None, environment=None):
        ours, theirs = pty.openpty()
        # As wide as no line of ours is.
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.ours = ours
        self.seen = ""
        self.read_to = 0
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", **(environment or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)

    def _read(self, patience):
        readable, _, _ = select.select([self.ours], [], [], patience)
        if not readable:
            return False
        try:
            got = os.read(self.ours, 65536)
        except OSError:
            # The last one who had it open has ended.
            got = b""
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", got.decode(errors="replace"))
        self.seen += text
        return bool(got)

    def wait_for(self, pattern, patience=PATIENCE_SECONDS):
        """Waits until something new is seen that the pattern is found in."""
        deadline = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.seen[self.read_to :])
            if found:
                self.read_to += found.end()
                return found
            left = deadline - time.monotonic()
            more = left > 0 and self._read(left)
            assert more, f"waited for {pattern!r}; seen:\n{self.seen}"

    def type(self, line):
        os.write(self.ours, f"{line}\n".encode())

    def press_ctrl_c(self):
        os.write(self.ours, b"\x03")

    def echoes(self):
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def end(self, patience=PATIENCE_SECONDS):
        """Waits until the command ends, and returns its exit code."""
        deadline = time.monotonic() + patience
        while self._read(max(0, min(0.1, deadline - time.monotonic()))) or self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end; seen:\n{self.seen}"
        return self.process.wait()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
