"""The whole chain by its commands, on one small simulated sky: with SQLite, and with PostgreSQL."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest
from tests import commands, skies
from tests.sandbox.test_server import start as serve

pytest.importorskip("galsim")

pytestmark = pytest.mark.slow
SETTINGS = """server = "{url}"
size_px = 128
limit = 24
rate = 0.0
queries_per_minute = 0
"""
CHAIN = ("negatives --score 0.2", "positives --threshold 0.85", "download", "dedupe", "split",
         "status", "report --dry-run")  # fmt: skip
SHA256 = re.compile("[0-9a-f]{64}")
TIMES = re.compile(r"_utc$|^seconds$|^time$")


def start(command, folder, db):
    return subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", *command.split()], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "GALAXYCURATE_DB": db, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def run(command, folder, db):
    return json.loads(commands.said(command, folder, GALAXYCURATE_DB=db))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A sandbox with a small simulated sky, in a process of its own."""
    process, url = serve(skies.small(tmp_path_factory), "--queries-per-minute", "0")
    yield url
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture(scope="module")
def team(postgres_server):
    return postgres_server.database("team")


@pytest.fixture(scope="module")
def done(server, team, tmp_path_factory):
    """By kind of database: the project's folder, its URL, and what each command said."""
    root = tmp_path_factory.mktemp("chain")
    made = {}
    for kind, db in (("sqlite", ""), ("postgresql", team)):
        folder = root / kind / "project"
        folder.mkdir(parents=True)
        (folder / "galaxycurate.toml").write_text(SETTINGS.format(url=server))
        made[kind] = (folder, db, {c: run(f"{c} --json", folder, db) for c in CHAIN})
    return made


def tree(folder):
    """Every file of the images and the split, by name, with its sha256."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for part in ("images", "split")
        for p in sorted((folder / "dataset" / part).rglob("*"))
        if p.is_file() and p.name != "split.json"
    }


def timeless(value):
    """JSON without the moments, and without the sha256 of files that tell a moment."""
    if isinstance(value, dict):
        return {
            k: timeless(v)
            for k, v in value.items()
            if not TIMES.search(k) and not k.endswith("sha256") and not SHA256.fullmatch(str(v))
        }
    return [timeless(v) for v in value] if isinstance(value, list) else value


def test_both_make_the_same_manifests(done):
    names = {p.name for p in (done["sqlite"][0] / "manifests").iterdir()}
    assert names == {"negatives.parquet", "positives.parquet"}
    for name in names:
        one, other = (Manifest.read(done[k][0] / "manifests" / name) for k in done)
        assert len(one) > 9
        assert one.table.equals(other.table)
        assert one.header.asks_the_same(other.header)


def test_both_make_the_same_files(done):
    one, other = (tree(done[kind][0]) for kind in done)
    assert len(one) > 60
    assert one == other
    one, other = (
        timeless(json.loads((done[kind][0] / "dataset" / "split" / "split.json").read_text()))
        for kind in done
    )
    assert one == other


def test_both_ledgers_tell_the_same(done):
    def told(kind):
        folder, db, _ = done[kind]
        url = db or f"sqlite:///{folder}/dataset/ledger.sqlite"
        with Ledger.open(url, str(folder / "dataset") if db else "", create=False) as ledger:
            outcomes = [{**vars(o), "manifest": "", "took_ms": 0} for o in ledger.outcomes()]
            places = [ledger.places(command) for command in ("dedupe", "split")]
            return outcomes, ledger.verdicts(), *places, ledger.attempts()

    one, other = told("sqlite"), told("postgresql")
    assert len(one[0]) > 40
    assert one == other
    assert not list((done["postgresql"][0]).rglob("*.sqlite"))


@pytest.mark.parametrize("command", CHAIN[2:])
def test_both_say_the_same(done, command):
    one, other = (timeless(said[command]) for _, _, said in done.values())
    assert one
    assert one == other


def test_a_colleague_pulls_the_manifests_and_downloads_the_same_images(done, server, tmp_path):
    theirs, team, _ = done["postgresql"]
    (tmp_path / "galaxycurate.toml").write_text(SETTINGS.format(url=server))
    for name in ("negatives", "positives"):
        run(f"manifests pull {name} --json", tmp_path, team)
        ours = tmp_path / "manifests" / f"{name}.parquet"
        assert ours.read_bytes() == (theirs / "manifests" / f"{name}.parquet").read_bytes()
    run("download --json", tmp_path, team)
    images = {k: v for k, v in tree(theirs).items() if "/images/" in k}
    assert {k: v for k, v in tree(tmp_path).items() if "/images/" in k} == images


def test_a_killed_download_loses_nothing(done, server, team, tmp_path):
    full = done["postgresql"][0]
    shutil.copytree(full / "manifests", tmp_path / "manifests")
    (tmp_path / "galaxycurate.toml").write_text(
        SETTINGS.format(url=server).replace("rate = 0.0", "rate = 8.0")
    )
    name = str(tmp_path / "dataset")

    def lines():
        with Ledger.open(team, name) as ledger:
            return {o.path: o for o in ledger.outcomes()}

    process = start("download", tmp_path, team)
    while len(lines()) < 3:
        assert process.poll() is None, process.stderr.read()
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = lines()
    (tmp_path / "galaxycurate.toml").write_text(SETTINGS.format(url=server))
    again = run("download --json", tmp_path, team)
    assert again["done_before"] == len(before) < again["rows"]
    after = lines()
    assert {path: after[path] for path in before} == before
    assert again["left"] == 0
    images = {k: v for k, v in tree(full).items() if "/images/" in k}
    assert {k: v for k, v in tree(tmp_path).items() if "/images/" in k} == images
