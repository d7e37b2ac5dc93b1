import json
from datetime import UTC, datetime, timedelta

import pytest

from galaxycurate.store.hosts import Hosts
from galaxycurate.store.settings import Settings

SDSS, HERE = "https://skyserver.sdss.org", "http://127.0.0.1:8000"
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def hosts(folder, *, days=0):
    return Hosts(Settings(state=str(folder)), lambda: THEN + timedelta(days=days))


def test_what_a_provider_allowed_is_known_for_a_week(tmp_path):
    hosts(tmp_path).remember("skyserver", SDSS, rate=1.5, window=0)
    hosts(tmp_path, days=1).remember("legacy", HERE, rate=0.0, window=6)
    known = hosts(tmp_path, days=7).recall("skyserver", SDSS)
    assert (known.rate, known.window) == (1.5, 0)
    assert hosts(tmp_path, days=7).recall("legacy", HERE).window == 6
    assert hosts(tmp_path, days=7).recall("legacy", SDSS) is None
    assert hosts(tmp_path, days=7.1).recall("skyserver", SDSS) is None


def test_a_server_on_this_machine_is_not_noted_in_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Hosts(Settings()).remember("skyserver", HERE, rate=1.0, window=1)
    assert not list(tmp_path.iterdir())
    Hosts(Settings()).remember("skyserver", SDSS, rate=1.0, window=1)
    assert Hosts(Settings()).recall("skyserver", SDSS).rate == 1.0
    assert (tmp_path / "galaxycurate" / "hosts.json").exists()


KEY = f"skyserver @ {SDSS}"
LINES = ({"rate": -1}, {"rate": 1, "window": 1, "time_utc": "yesterday"}, [1])


@pytest.mark.parametrize("text", ["", "[]", "{", *(json.dumps({KEY: line}) for line in LINES)])
def test_a_damaged_memory_is_none_and_is_made_anew(tmp_path, text):
    (tmp_path / "hosts.json").write_text(text)
    assert hosts(tmp_path).recall("skyserver", SDSS) is None
    hosts(tmp_path).remember("skyserver", SDSS, rate=2.0, window=3)
    assert hosts(tmp_path).recall("skyserver", SDSS).window == 3


def test_a_folder_that_cannot_be_written_is_no_harm(tmp_path):
    (tmp_path / "file").write_text("")
    hosts(tmp_path / "file" / "x").remember("skyserver", SDSS, rate=1.0, window=1)
