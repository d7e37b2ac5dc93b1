"""A web server of files, in a process of its own, with the faults that a test asks for.

`python -m tests.archives.fileserver FOLDER` says its port. Each line of FOLDER/faults is spent on
one request: `drop N` ends after N bytes, `cut N` says a shorter length, `page` answers a web page,
`503` is busy, `gzip` packs what it sends, `mixed` sends the rest of another version, `lie` the
whole as the rest, `rest` a rest that nobody asked for. `FOLDER/no-ranges` turns Range off,
`FOLDER/etag` is the ETag, `FOLDER/slow` gives the bytes a second, and requests are noted in
`FOLDER/asked`.
"""

import gzip
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = b"<!DOCTYPE html><html><head><title>x</title></head><body>Please log in</body></html>"


@contextmanager
def serving(folder):
    command = [sys.executable, "-m", "tests.archives.fileserver", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def next_fault(folder):
    path = folder / "faults"
    lines = path.read_text().splitlines() if path.exists() else []
    if lines:
        path.write_text("\n".join(lines[1:]))
    return lines[0].split() if lines else [""]


class Handler(BaseHTTPRequestHandler):
    folder = Path()

    def log_message(self, *_):
        pass

    def do_GET(self):
        folder = self.folder
        asked = self.headers.get("Range", "whole"), self.headers.get("If-Range", "")
        with (folder / "asked").open("a") as file:
            file.write(f"{self.path} {' '.join(asked)}\n")
        kind, *how = next_fault(folder)
        name = self.path.partition("?")[0].rpartition("/")[2]
        body = (folder / name).read_bytes() if (folder / name).is_file() else None
        if kind == "page":
            return self.reply(200, PAGE, "text/html")
        if kind.isdigit() or body is None:
            return self.reply(int(kind or 404), b"", "text/plain")
        etag = (folder / "etag").read_text() if (folder / "etag").exists() else '"one"'
        start = int(asked[0].removeprefix("bytes=").partition("-")[0] or 0) if asked[1] else 0
        if kind == "gzip":
            return self.reply(200, gzip.compress(body), "x/y", {"Content-Encoding": "gzip"})
        if kind in ("mixed", "lie", "rest"):
            start = int(asked[0].removeprefix("bytes=").partition("-")[0]) if asked[1] else 9
            more = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            more["ETag"] = '"two"' if kind == "mixed" else etag
            return self.reply(206, body if kind == "lie" else body[start:], "x/y", more)
        if start and asked[1] == etag and not (folder / "no-ranges").exists():
            if start >= len(body):
                return self.reply(416, b"", "x/y", {"Content-Range": f"bytes */{len(body)}"})
            more = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}", "ETag": etag}
            return self.reply(206, body[start:], "x/y", more, kind, how)
        return self.reply(200, body, "x/y", {"ETag": etag} if etag else {}, kind, how)

    def reply(self, status, body, what, more=None, kind="", how=()):
        if kind == "cut":
            body = body[: int(how[0])]
        self.send_response(status)
        self.send_header("Content-Type", what)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if kind == "drop":
            self.wfile.write(body[: int(how[0])])
            self.connection.close()
            return
        slow = self.folder / "slow"
        step = int(slow.read_text()) // 20 if slow.exists() else len(body) or 1
        with suppress(ConnectionError):  # whoever asked was killed
            for k in range(0, len(body), step):
                self.wfile.write(body[k : k + step])
                self.wfile.flush()
                time.sleep(0.05 if slow.exists() else 0)


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
