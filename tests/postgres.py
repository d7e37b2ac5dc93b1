"""A private PostgreSQL server for the tests: a new cluster in a folder, ended by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
            "max_connections": "30", "shared_buffers": "64MB"}  # fmt: skip
PASSWORD = "sky:blue@night"  # with the signs that a URL must quote
QUOTED = "sky%3Ablue%40night"


def binary(name: str) -> str | None:
    """A program of the server, which Debian keeps off the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else shutil.which(name)


def require() -> None:
    """Skip without PostgreSQL; where `.ci/run` asks for it, its absence is a failure."""
    if not binary("initdb") or not binary("postgres"):
        if os.environ.get("GALAXYCURATE_TEST_POSTGRES") == "required":
            pytest.fail("PostgreSQL is not installed, and GALAXYCURATE_TEST_POSTGRES=required")
        pytest.skip("PostgreSQL is not installed")


def _user() -> dict:
    """PostgreSQL refuses root: the user that its package makes, else nobody, runs it then."""
    if os.getuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Server:
    """A cluster in a folder, and its server while it runs."""

    def __init__(self, folder: Path):
        self.data, self._as = folder / "data", _user()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder.mkdir()
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if self._as:
            for path in (folder, secret):
                os.chown(path, self._as["user"], self._as["group"])
        made = [binary("initdb"), "-D", str(self.data), "--no-sync", "-U", "team", "-E", "UTF8"]
        made += ["--locale", "C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}"]
        subprocess.run(made, check=True, capture_output=True, cwd="/", **self._as)
        self.start()

    def start(self) -> None:
        import psycopg

        options = [f"{name}={value}" for name, value in SETTINGS.items()]
        options += ["listen_addresses=127.0.0.1", "unix_socket_directories="]
        words = [w for option in options for w in ("-c", option)]
        self._process = subprocess.Popen(
            [binary("postgres"), "-D", str(self.data), "-p", str(self.port), *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self._as,
        )  # fmt: skip
        for _ in range(300):
            try:
                return self.run("select 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, "PostgreSQL did not start"
                time.sleep(0.1)
        raise AssertionError("PostgreSQL does not answer")

    def stop(self) -> None:
        """As `pg_ctl stop -m fast`: open connections are cut."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://team:{QUOTED}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list | None:
        """A statement as a colleague would type it, outside SQLAlchemy."""
        import psycopg

        place = f"host=127.0.0.1 port={self.port} user=team dbname={database}"
        with psycopg.connect(place, password=PASSWORD, autocommit=True) as db:
            done = db.execute(statement)
            return done.fetchall() if done.description else None

    def database(self, name: str) -> str:
        """The URL of a new, empty database, which sorts as a dictionary does where it can."""
        ((version,),) = self.run("select current_setting('server_version_num')::int")
        icu = "template template0 locale_provider icu icu_locale 'en-US'"
        self.run(f'create database "{name}" {icu if version >= 150000 else ""}')
        return self.url(name)


@contextmanager
def serving():
    """A server for as long as the block runs, in a folder that its user may enter."""
    require()
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "cluster")
        try:
            yield server
        finally:
            server.stop()
