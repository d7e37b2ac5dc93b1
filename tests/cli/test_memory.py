"""What a command holds in memory, however long its manifest."""

import subprocess
import sys
from pathlib import Path

import pytest

from galaxycurate.store.manifest import Header, Manifest

N = 500_000
MOST_KB = 120_000_000 // 1024

PEAK = """
import atexit, re, sys
from pathlib import Path
status = lambda: Path("/proc/self/status").read_text()
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status())[1]))
sys.argv = ["galaxycurate", *sys.argv[1:]]
from galaxycurate.cli.main import run
run()
"""


def listing(path: Path, n: int) -> None:
    ids = [1237662226208063489 + k for k in range(n)]
    columns = {
        "name": list(map(str, ids)), "label": ["spiral", "elliptical"] * (n // 2), "objID": ids,
        "ra": [360 * k / n for k in range(n)], "dec": [60 * k / n for k in range(n)],
        "pixscale": [0.4] * n, "size_px": [64] * n,
    }  # fmt: skip
    Manifest.build(Header("t", "2026"), columns, where="t").write(path)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells its peak")
def test_half_a_million_cutouts_are_planned_in_less_than_120_mb(tmp_path):
    listing(tmp_path / "manifests/m.parquet", N)
    words = ["download", "--dry-run", "--server", "http://127.0.0.1:9"]
    done = subprocess.run([sys.executable, "-c", PEAK, *words], cwd=tmp_path, text=True,
                          capture_output=True, check=True)  # fmt: skip
    *said, peak_kb = done.stdout.splitlines()
    assert said[0].startswith(f"{N:,} of {N:,} cutouts to fetch")
    assert int(peak_kb) < MOST_KB
