"""What every test may ask for."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tests import postgres

os.environ.pop("GALAXYCURATE_DB", None)  # no test may write to the team's database of who runs it


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
