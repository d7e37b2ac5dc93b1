"""A server of raw bytes: what no HTTP library would send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"


def whole(body: bytes, head: bytes = OK) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class RawServer:
    """Answers the nth request on any connection with ``reply(n)``, pieces of bytes.

    After a reply the connection stays open unless ``closes``.
    """

    def __init__(self, reply: Callable[[int], Iterator[bytes]], closes: bool):
        self._reply, self._closes = reply, closes
        self._lock, self.n = threading.Lock(), 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while _request(connection):
                with self._lock:
                    self.n += 1
                    n = self.n
                for piece in self._reply(n):
                    connection.sendall(piece)
                if self._closes:
                    return


def _request(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (more := connection.recv(4096)):
            return b""
        head += more
    return head


@contextmanager
def serving(
    reply: bytes | Callable[[int], Iterator[bytes]], *, closes: bool = False
) -> Iterator[RawServer]:
    """A raw server; the same bytes for everybody, or what a function says."""
    server = RawServer(reply if callable(reply) else lambda n: iter([reply]), closes)
    try:
        yield server
    finally:
        server.close()
