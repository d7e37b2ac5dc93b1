"""What every test may ask for."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

# Two cores, two workers: threads of BLAS and torch would wait for each other, spinning. Compiled
# modules are kept, or each of the hundreds of processes of these tests would compile all anew.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

import pytest  # noqa: E402

from tests import postgres  # noqa: E402

os.environ.pop("GALAXYCURATE_DB", None)  # no test may write to the team's database of who runs it


def pytest_configure(config):
    """xdist gives out files in the order below, and not those of many short tests first."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Files of slow tests come first, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("real data absent: ../shared/data")
    return path


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of its own, for the whole session."""
    with postgres.serving() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path) -> str:
    """The URL of a new, empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/ledger.sqlite"
    server = request.getfixturevalue("postgres_server")
    return server.database(uuid.uuid4().hex)
