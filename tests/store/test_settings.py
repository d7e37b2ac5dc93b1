import pytest

from galaxycurate.errors import SettingError
from galaxycurate.store import settings


def test_flags_beat_environment_beats_file_beats_default(tmp_path):
    (tmp_path / "galaxycurate.toml").write_text("size_px = 128\nlimit = 7\nseed = 1\n")
    env = {"GALAXYCURATE_LIMIT": "8", "GALAXYCURATE_SEED": "2", "HOME": "/x"}
    found = settings.load({"seed": 3, "rate": None}, folder=tmp_path, environ=env)
    assert (found.size_px, found.limit, found.seed, found.rate) == (128, 8, 3, 2.0)
    assert found.origin("size_px") == "galaxycurate.toml"
    assert found.origin("limit") == "GALAXYCURATE_LIMIT"
    assert found.origin("seed") == "flag"
    assert found.origin("rate") == "default"


def test_the_environment_is_read_when_asked_not_when_imported(monkeypatch, tmp_path):
    monkeypatch.setenv("GALAXYCURATE_SIZE_PX", "200")
    assert settings.load(folder=tmp_path).size_px == 200
    monkeypatch.setenv("GALAXYCURATE_SIZE_PX", "300")
    assert settings.load(folder=tmp_path).size_px == 300


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"size_px": 12}, r"size_px = 12 \(flag\) is outside 64 to 2048"),
        ({"size_px": "big"}, r"size_px = 'big' \(flag\) is not a whole number"),
        ({"release": "dr99"}, r"release = 'dr99' \(flag\) is no data release"),
        ({"sizepx": 3}, r"no setting is called 'sizepx' \(flag\)"),
    ],
)
def test_a_bad_value_names_itself_and_its_origin(flags, message, tmp_path):
    with pytest.raises(SettingError, match=message):
        settings.load(flags, folder=tmp_path, environ={})


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "galaxycurate.toml").write_text("size_px 128")
    with pytest.raises(SettingError, match=r"galaxycurate.toml is no TOML"):
        settings.load(folder=tmp_path, environ={})


def test_a_saved_value_is_read_back_and_the_others_stay(tmp_path):
    (tmp_path / "galaxycurate.toml").write_text("# mine\nlimit = 7\n")
    settings.save("server", "http://127.0.0.1:1", folder=tmp_path)
    settings.save("limit", "9", folder=tmp_path)
    found = settings.load(folder=tmp_path, environ={})
    assert (found.limit, found.server) == (9, "http://127.0.0.1:1")
    assert (tmp_path / "galaxycurate.toml").read_text().startswith("# mine\n")


def test_a_backslash_is_saved_as_it_is(tmp_path):
    settings.save("dataset", r"C:\Users\me \"x\"", folder=tmp_path)
    assert settings.load(folder=tmp_path, environ={}).dataset == r"C:\Users\me \"x\""


def test_a_bad_value_is_not_saved(tmp_path):
    with pytest.raises(SettingError, match="outside 64 to 2048"):
        settings.save("size_px", "1", folder=tmp_path)
    assert not (tmp_path / "galaxycurate.toml").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://me:s3@t@host/team", "postgresql+psycopg://me:***@host/team"),
        ("postgresql+psycopg://host/team?user=me&password=s3@t&x=1",
         "postgresql+psycopg://host/team?user=me&password=***&x=1"),
        ("postgresql:/me:s3@t@host", "postgresql:/me:***@host"),
        ("postgresql+psycopg://me@host:5432/team", "postgresql+psycopg://me@host:5432/team"),
        ("sqlite:////data/a@b/ledger.sqlite", "sqlite:////data/a@b/ledger.sqlite"),
    ],
)  # fmt: skip
def test_the_password_of_a_database_is_told_nowhere(url, told):
    assert settings.masked(url) == told
    assert "s3" not in repr(settings.Settings(db=url))


def test_a_ledger_in_its_dataset_has_no_name_and_one_in_a_shared_database_has(tmp_path):
    here = settings.Settings(dataset=str(tmp_path / "x" / ".." / "d"), dataset_name="")
    assert (here.ledger_url, here.ledger_dataset) == (
        f"sqlite:///{tmp_path}/x/../d/ledger.sqlite",
        "",
    )
    shared = settings.Settings(dataset=str(tmp_path / "x" / ".." / "d"), db="sqlite:///t.sqlite")
    assert (shared.ledger_url, shared.ledger_dataset) == ("sqlite:///t.sqlite", f"{tmp_path}/d")
    named = settings.Settings(dataset_name="stripe82", db="sqlite:///t.sqlite")
    assert named.ledger_dataset == "stripe82"
