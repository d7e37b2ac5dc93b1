"""Files to fingerprints: read once, kept through kills, whatever they are."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.pipeline.dedupe import prints as printing
from galaxycurate.pipeline.dedupe.prints import fingerprints, printed, store_of
from tests.pictures import saved, sky


class Files:
    """Files in memory that count how often they are read."""

    def __init__(self, **files):
        self.files, self.read = files, []

    def bodies(self):
        return [(key, lambda key=key: self._read(key)) for key in self.files]

    def _read(self, key):
        self.read.append(key)
        return self.files[key]


@pytest.fixture
def files():
    pictures = {f"p{k}": saved(sky(k, 96), "JPEG") for k in range(5)}
    return Files(**pictures, broken=b"<html>", tiny=saved(sky(9)[:1, :1]))


def test_only_new_files_are_read_and_nothing_is_lost_on_the_disk(files, tmp_path):
    fresh, flaws = fingerprints(files.bodies(), store_of(tmp_path))
    assert len(fresh) == 6
    assert set(flaws) == {"broken"}
    read = len(files.read)
    files.files["new"] = saved(sky(77, 96))
    again = printed(files.bodies(), store_of(tmp_path))
    assert files.read[read:] == ["new"]
    assert again.read == 1
    assert again.unreadable == flaws
    assert again.rows.tolist() == [0, 1, 2, 3, 4, 6, 7]
    held = again.prints.take(np.arange(6))
    for name in ("width", "height", "pixels"):
        assert np.array_equal(getattr(held, name), getattr(fresh, name))
    assert np.array_equal(held.marks.values, fresh.marks.values)
    assert np.array_equal(held.sources.values, fresh.sources.values)


def test_a_file_that_cannot_be_read_now_is_tried_again(files, tmp_path):
    bodies = files.bodies()
    away = dict(bodies) | {"p1": partial(Path.read_bytes, tmp_path / "absent")}
    made = printed(away.items(), store_of(tmp_path))
    assert set(made.unreadable) == {"broken", "p1"}
    again = printed(bodies, store_of(tmp_path))
    assert again.read == 1
    assert set(again.unreadable) == {"broken"}


def test_without_a_store_all_is_read_and_nothing_written(files, tmp_path):
    made = printed(files.bodies(), None)
    assert made.read == 7
    assert [q.pixels for q in made.quality] == [96 * 96] * 5 + [1]
    printed(files.bodies(), store_of(tmp_path, read_only=True))
    assert not list(tmp_path.iterdir())


def test_no_files_are_no_prints(tmp_path):
    found, flaws = fingerprints([], store_of(tmp_path))
    assert (len(found), flaws) == (0, {})


def test_progress_tells_of_every_file(files, tmp_path):
    told = []
    printed(files.bodies(), None, progress=lambda *news: told.append(news[:2]))
    assert told[-1] == (7, 7)


def test_one_file_under_many_keys_or_in_many_rows_is_one_print(files, tmp_path):
    bodies = [files.bodies()[0]] * 100
    made = printed(bodies, store_of(tmp_path))
    assert made.read == len(files.read) == 1
    assert len(made.prints) == 100
    assert len(set(made.prints.pixels.tolist())) == 1


KILLED = """
import sys
from pathlib import Path
from galaxycurate.pipeline.dedupe import prints
from tests.pictures import saved, sky
prints.PART_ROWS = 4
bodies = [(f"k{n}", lambda n=n: saved(sky(n, 64))) for n in range(1000)]
def progress(done, total, text):
    print(done, flush=True)
prints.printed(bodies, prints.store_of(Path(sys.argv[1])), progress=progress)
"""


def test_a_kill_loses_only_what_was_not_yet_appended(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert run.stdout.readline().strip() == "32"
    time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    left = printing.PrintStore(tmp_path / ".fingerprints", printing.store_of(tmp_path)._start[1:-1])
    rows = left.read([f"k{n}" for n in range(1000)])[1]
    assert (rows[:32] >= 0).all()
    bodies = [(f"k{n}", lambda n=n: saved(sky(n, 64))) for n in range(60)]
    made = printed(bodies, store_of(tmp_path))
    assert len(made.prints) == 60
    assert made.read <= 28


SCRIPT = """
import sys
from functools import partial
from pathlib import Path
print("begun", flush=True)
from galaxycurate.pipeline.dedupe import prints
prints.FEW = 8
bodies = [(p.name, partial(Path.read_bytes, p)) for p in sorted(Path(sys.argv[1]).iterdir())]
made = prints.printed(bodies, None, workers=2)
print(len(made.prints), made.unreadable, made.rows.tolist() == [k for k in range(100) if k != 41])
"""


def test_processes_share_the_work_of_a_script_that_is_not_guarded(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k in range(100):
        (folder / f"{k:03d}").write_bytes(b"<html>" if k == 41 else saved(sky(k, 48)))
    (tmp_path / "script.py").write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, tmp_path / "script.py", folder], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert run.stdout == "begun\n99 {'041': 'no picture but text: <html>'} True\n"
    assert not run.stderr
