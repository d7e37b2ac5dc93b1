"""What was compared before is not compared again, and the result is that of comparing all.

All pictures here are simulated.
"""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.curation.pixels.search import search
from galaxycurate.pipeline.dedupe import compared as comparing
from galaxycurate.pipeline.dedupe.compared import compared, match_store
from galaxycurate.pipeline.dedupe.prints import fingerprints, store_of
from galaxycurate.pipeline.dedupe.rows import columns
from tests.pictures import saved, sky

SIDE = 160


def pictures():
    """Windows of fields that drift over one another, turned ones, and copies to the pixel."""
    made = []
    for field in range(4):
        whole = sky(field, 420, sources=60)
        for k, (x, y) in enumerate(((0, 0), (60, 30), (110, 90), (60, 30), (200, 200))):
            window = whole[y : y + SIDE, x : x + SIDE]
            made.append(saved(np.rot90(window, k if k < 3 else 1)))
    return made


@pytest.fixture(scope="module")
def prints():
    found, _ = fingerprints([(str(k), partial(bytes, b)) for k, b in enumerate(pictures())], None)
    return found


@pytest.fixture
def store(tmp_path):
    return match_store(store_of(tmp_path), flips=True, resized=True)


class Counted:
    """The search, and what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, prints, *, new=0, progress=None):
        self.asked.append((len(prints), new))
        return search(prints, new=new)


def pairs_of(matches):
    return set(zip(matches.first.tolist(), matches.second.tolist(), matches.tier, strict=True))


def close(found, whole):
    """The same pairs, kinds and placings in the same rows."""
    assert pairs_of(found) == pairs_of(whole)
    assert (found.first < found.second).all()
    for name in ("dx", "dy", "scale", "amount"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), abs=0.5), name
    assert found.flip.tolist() == whole.flip.tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_new_pictures_alone_are_compared_wherever_they_lie_and_the_result_is_that_of_all(
    prints, store, seed
):
    whole, n = compared(prints, None, search)
    assert n == len(np.unique(prints.pixels))
    assert len(whole) >= 12
    rng, counted = np.random.default_rng(seed), Counted()
    before = np.sort(rng.permutation(len(prints))[:14])
    compared(prints.take(before), store, counted)
    found, n_new = compared(prints, store, counted)
    assert counted.asked[1][1] == len(np.unique(prints.pixels[before]))
    assert n_new == counted.asked[1][0] - counted.asked[1][1] > 0
    close(found, whole)
    again, n_new = compared(prints, store, counted)
    assert n_new == 0
    assert len(counted.asked) == 2
    close(again, whole)


def test_pictures_that_are_gone_are_left_out_and_compared_when_they_are_back(prints, store):
    compared(prints, store, search)
    some, counted = np.arange(0, len(prints), 2), Counted()
    found, n_new = compared(prints.take(some), store, counted)
    close(found, compared(prints.take(some), None, search)[0])
    assert (n_new, counted.asked) == (0, [])
    back, n_new = compared(prints, store, counted)
    assert n_new > 0
    close(back, compared(prints, None, search)[0])


def test_the_first_of_equal_pictures_may_go_and_the_others_keep_what_it_had(prints, store):
    compared(prints, store, search)
    rest = np.arange(2, len(prints))  # 1 was the first of two alike, and drifts to 2
    found, n_new = compared(prints.take(rest), store, Counted())
    assert n_new == 0
    close(found, compared(prints.take(rest), None, search)[0])


def test_all_are_compared_again_when_one_goes_that_many_were_found_by(prints, store, monkeypatch):
    monkeypatch.setattr(comparing, "HUB", 2)
    compared(prints, store, search)
    counted = Counted()
    compared(prints.take(np.r_[0, 2, 4 : len(prints)]), store, counted)
    assert [new for _, new in counted.asked] == [0]


def test_other_options_or_versions_compare_all_again(prints, tmp_path, monkeypatch):
    compared(prints, match_store(store_of(tmp_path), flips=True, resized=True), search)
    for change in ({"flips": False}, {"resized": False}):
        held = match_store(store_of(tmp_path), **{"flips": True, "resized": True} | change)
        assert held.read() is None
    monkeypatch.setattr(comparing.galaxycurate, "__version__", "99")
    assert match_store(store_of(tmp_path), flips=True, resized=True).read() is None


def test_a_cut_file_is_as_if_there_were_none_and_a_dry_run_writes_none(prints, store, tmp_path):
    compared(prints, store, search)
    store.path.write_bytes(store.path.read_bytes()[:90])
    _, n_new = compared(prints, store, search)
    assert n_new == len(np.unique(prints.pixels))
    store.path.unlink()
    dry = match_store(store_of(tmp_path, read_only=True), flips=True, resized=True)
    compared(prints, dry, search)
    assert not store.path.exists()


def test_no_pictures_and_no_matches_are_kept_too(prints, store):
    for rows in (np.empty(0, np.int64), np.array([4])):
        found, _ = compared(prints.take(rows), store, search)
        again, n_new = compared(prints.take(rows), store, search)
        assert (len(found), len(again), n_new) == (0, 0, 0)
    assert all(len(column) == 0 for column in columns(again).values())


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
import pyarrow.parquet as pq
from galaxycurate.store.matches import MatchStore
store = MatchStore(Path(sys.argv[1]), {})
rows = {"first": np.array([0]), "second": np.array([1]), "score": np.array([float(sys.argv[2])])}
if sys.argv[3] == "killed":
    write = pq.write_table
    def killed(table, part, **how):
        write(table, part, **how)
        os.kill(os.getpid(), signal.SIGKILL)
    pq.write_table = killed
store.write(np.frombuffer(bytes(range(32)), "V16"), rows)
"""


def test_a_kill_while_matches_are_written_leaves_those_before(tmp_path):
    for score, how, code in ((1, "whole", 0), (2, "killed", -signal.SIGKILL)):
        words = [sys.executable, "-c", KILLED, str(tmp_path), str(score), how]
        assert subprocess.run(words, cwd=Path(__file__).parents[3]).returncode == code
    from galaxycurate.store.matches import MatchStore

    pictures, found = MatchStore(tmp_path, {}).read()
    assert pictures.tobytes() == bytes(range(32))
    assert {name: column.tolist() for name, column in found.items()} == {
        "first": [0], "second": [1], "score": [1.0],
    }  # fmt: skip
    assert len(list(tmp_path.iterdir())) == 2  # what was killed in the making, too
