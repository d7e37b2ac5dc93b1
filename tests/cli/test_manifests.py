import json

import pytest

from tests.store.test_manifest import made


@pytest.fixture
def run(command):
    return lambda *words, cwd, db: command(
        "manifests", *words, cwd=cwd, env={"GALAXYCURATE_DB": db}
    )


def test_push_list_and_pull_end_with_the_next_command(run, db, tmp_path):
    sha = made().write(tmp_path / "m.parquet").sha256
    assert run("list", cwd=tmp_path, db=db).stdout == "no manifests yet\n"
    pushed = run("push", "m.parquet", cwd=tmp_path, db=db)
    assert pushed.stdout == f"m.parquet: {sha[:12]} is shared\n"
    assert pushed.stderr == "next: galaxycurate manifests pull m.parquet\n"
    assert "was there before" in run("push", "m.parquet", cwd=tmp_path, db=db).stdout
    listed = run("list", cwd=tmp_path, db=db)
    assert listed.stdout == f"m.parquet  {sha[:12]}  2026-01-02  1 negative, 1 spiral\n"
    pulled = run("pull", "m", cwd=tmp_path, db=db)
    assert pulled.stdout == f"manifests/m.parquet: 2 cutouts, {sha[:12]}\n"
    assert pulled.stderr == "next: galaxycurate download\n"
    assert (tmp_path / "manifests" / "m.parquet").read_bytes() == (
        tmp_path / "m.parquet"
    ).read_bytes()


def test_json_is_the_answer_alone(run, db, tmp_path):
    sha = made().write(tmp_path / "m.parquet").sha256
    pushed = json.loads(run("push", "m.parquet", "--json", cwd=tmp_path, db=db).stdout)
    assert pushed == {"manifest": "m.parquet", "sha256": sha, "new": True}
    (entry,) = json.loads(run("list", "--json", cwd=tmp_path, db=db).stdout)["manifests"]
    assert (entry["name"], entry["labels"]) == ("m.parquet", {"negative": 1, "spiral": 1})
    pulled = run("pull", sha[:10], "--to", "there", "--json", cwd=tmp_path, db=db)
    assert json.loads(pulled.stdout) == {"manifest": "there/m.parquet", **entry}


def test_without_a_database_nothing_is_touched(run, tmp_path):
    made().write(tmp_path / "m.parquet")
    for words in (("list",), ("push", "m.parquet"), ("pull", "m")):
        done = run(*words, cwd=tmp_path, db="")
        assert done.returncode == 2
        assert done.stderr.startswith("galaxycurate: no database of a team is set: db is empty\n")
    assert [p.name for p in tmp_path.iterdir()] == ["m.parquet"]
