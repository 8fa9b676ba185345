"""A way from a server to its database that can be cut: in the middle of an answer, or for a while."""

import contextlib
import selectors
import socket
import threading


class Way:
    """Passes connections to a port on to another one."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.open = set()
        # Nothing passes, and nobody is told.
        self.is_silent = threading.Event()
        # Questions pass, answers do not: what was asked is done, and who asked does not know.
        self.loses_answers = threading.Event()
        self.is_over = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.is_over:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(near,), daemon=True).start()

    def pass_on(self, near):
        far = None
        try:
            if self.is_silent.is_set():
                self.wait_while_silent(near)
                return
            far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            far.settimeout(None)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open.update((near, far))
            self.copy(near, far)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.difference_update((near, far))
            for end in (near, far):
                if end:
                    end.close()

    def copy(self, near, far):
        with selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in selector.select():
                    if self.is_silent.is_set():
                        self.wait_while_silent(near)
                        return
                    data = key.fileobj.recv(1 << 16)
                    if not data:
                        return
                    if key.fileobj is far and self.loses_answers.is_set():
                        return
                    key.data.sendall(data)

    def wait_while_silent(self, near):
        """Keeps the connection as it is. It is of no use afterwards: what was sent meanwhile is lost."""
        while self.is_silent.is_set() and not self.is_over:
            with self.lock:
                self.open.add(near)
            threading.Event().wait(0.1)

    def cut(self):
        """Breaks what is open."""
        with self.lock:
            ends = list(self.open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.is_over = True
        # A listener that is only closed is not left by who waits in `accept`.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
