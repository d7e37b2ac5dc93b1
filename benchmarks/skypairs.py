"""All overlapping pairs among millions of footprints, against astropy, and how it grows.

    python -m benchmarks.skypairs [--most 10000000] [--turns 5]

The positions are real: those of `sdss_gl_ra_dec_z_119071.csv.gz` outside COSMOS and the other deep
fields (17,930 of its 119,071 rows; a deep field's have 200 neighbours each, SDSS's fewer than one),
tiled: copy after copy, each turned as a whole to another side of the sphere (seeded). The file as
it stands, deep fields and all, is measured as well. Each measurement has a process of its own; wall
and CPU seconds are medians of some turns in it, memory is the peak of the whole process, Python and
input included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"
REAL = (Path(__file__).resolve().parents[2]
        / "shared/data/sdss/catalogs/sdss_gl_ra_dec_z_119071.csv.gz")  # fmt: skip
WIDTH, RADIUS = 101.376, 143.368
"""256 pixels of 0.396 arcsec, and how far two such squares can be apart and share sky."""
GROWTH = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
MILLION = 1_000_000
MOST_IN_CELL = 300
"""Positions in a HEALPix cell of a degree; deep fields have thousands."""
TARGETS = {MILLION: (0.5, 350), 10_000_000: (8.0, 2500)}


def real(*, deep: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The real positions [deg], on request with those in deep fields."""
    import gzip

    from galaxycurate.core.healpix import cells

    with gzip.open(REAL) as file:
        ra, dec = np.loadtxt(file, delimiter=",", usecols=(0, 1)).T
    _, which, count = np.unique(cells(ra, dec, order=6), return_inverse=True, return_counts=True)
    wanted = deep | (count[which] <= MOST_IN_CELL)
    return ra[wanted], dec[wanted]


def tiled(n: int) -> tuple[np.ndarray, np.ndarray]:
    """So many positions [deg]: copies of the real ones, each turned as a whole."""
    from scipy.spatial.transform import Rotation

    from galaxycurate.core.geometry import unit_vectors

    one = unit_vectors(*real())
    turns = Rotation.random(-(-n // len(one)), random_state=1).as_matrix()
    ra, dec = np.empty(n), np.empty(n)
    for k, at in enumerate(range(0, n, len(one))):
        x, y, z = turns[k] @ one[: n - at].T
        part = slice(at, at + x.size)
        ra[part], dec[part] = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(z))
    return ra, dec


def whole(ra, dec) -> dict:
    """Pairs, exact areas and groups."""
    from galaxycurate.curation.groups import groups
    from galaxycurate.curation.sky.footprints import overlapping

    pairs = overlapping(ra, dec, WIDTH)
    group = groups(ra.size, [pairs])
    return {"pairs": len(pairs), "groups": int(group.max()) + 1}


def listed(ra, dec) -> tuple[np.ndarray, np.ndarray]:
    """Our pairs within the radius."""
    from galaxycurate.curation.sky.sweep import within

    return within(ra, dec, RADIUS)[:2]


def astropys(ra, dec) -> tuple[np.ndarray, np.ndarray]:
    """Theirs, each once."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    sky = SkyCoord(ra * u.deg, dec * u.deg)
    i, j, _, _ = sky.search_around_sky(sky, RADIUS * u.arcsec)
    return i[i < j], j[i < j]


def timed(call, *args) -> tuple[dict, object]:
    """Wall and CPU seconds of one call, and what it gave."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call(*args)
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}, found


def median(turns: list[dict]) -> dict:
    return {name: round(float(np.median([t[name] for t in turns])), 3) for name in turns[0]}


def measure_whole(n: int, turns: int) -> dict:
    """The whole footprint stage: a first call (loads or compiles the kernels), then the turns."""
    import resource

    ra, dec = tiled(n)
    first, _ = timed(whole, ra[:1000], dec[:1000])
    runs = [timed(whole, ra, dec) for _ in range(turns)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"n": n, **median([run for run, _ in runs]), "best_wall_s": round(
        min(run["wall_s"] for run, _ in runs), 3), "peak_mb": round(peak), **runs[0][1],
        "first_call_s": round(first["wall_s"], 2)}  # fmt: skip


def measure_list(n: int, turns: int) -> dict:
    """Our list and astropy's, in turns in one process; 0 asks for the real ones, all of them."""
    ra, dec = tiled(n) if n else real(deep=True)
    listed(ra[:1000], dec[:1000])
    astropys(ra[:1000], dec[:1000])
    ours, theirs, same = [], [], True
    for turn in range(turns):
        run, mine = timed(listed, ra, dec)
        ours.append(run)
        if turn < 3:
            run, peer = timed(astropys, ra, dec)
            theirs.append(run)
            same &= alike(mine, peer)
    ours, theirs = median(ours), median(theirs)
    return {"n": ra.size, "pairs": int(mine[0].size), "same": bool(same), "ours": ours,
            "astropy": theirs, "ratio": round(theirs["wall_s"] / ours["wall_s"], 1),
            "cpu_ratio": round(theirs["cpu_s"] / ours["cpu_s"], 1)}  # fmt: skip


def alike(one, other) -> bool:
    """Whether two lists hold the same pairs."""
    order = np.lexsort((other[1], other[0]))
    return one[0].size == order.size and all(
        np.array_equal(mine, theirs[order]) for mine, theirs in zip(one, other, strict=True)
    )


def measure_cluster(n: int, _turns: int) -> dict:
    """Two worker processes find what one finds."""
    from distributed import LocalCluster

    from galaxycurate.curation.sky.footprints import Footprints
    from galaxycurate.pipeline.cluster.sky import overlapping_on_cluster

    footprints = Footprints(*tiled(n), WIDTH)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        overlapping_on_cluster(address, Footprints(*tiled(20_000), WIDTH), most_rows=5000)
        run, found = timed(overlapping_on_cluster, address, footprints)
    alone = footprints.overlapping()
    same = all(
        np.array_equal(getattr(found, c), getattr(alone, c)) for c in ("first", "second", "amount")
    )
    return {"n": n, "pairs": len(found), "same": same, "wall_s": round(run["wall_s"], 2)}


MEASURES = {"whole": measure_whole, "list": measure_list, "cluster": measure_cluster}


def alone(what: str, n: int, turns: int, **environment: str) -> dict:
    """A measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.skypairs", "--measure", what, str(n), str(turns)],
        capture_output=True, text=True, check=True, env=os.environ | environment,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def compiled() -> float:
    """Seconds of the first call where nothing was compiled before."""
    with tempfile.TemporaryDirectory() as empty:
        return alone("whole", 100_000, 1, NUMBA_CACHE_DIR=empty)["first_call_s"]


def tell(name: str, value: float, target: float, *, least: bool = False) -> None:
    reached = value >= target if least else value <= target
    print(f"{'reached' if reached else 'MISSED'}: {name}: {value:g} (target {target:g})")


def main(argv: list[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--most", type=int, default=GROWTH[-1])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(list(argv))
    if not REAL.is_file():
        print(f"skypairs: skipped, {REAL.name} is not in ../shared/data")
        return
    if given.measure:
        what, n, turns = given.measure
        print(json.dumps(MEASURES[what](int(n), int(turns))))
        return
    result = {"compile_s": compiled(), "list": alone("list", MILLION, given.turns),
              "deep fields": alone("list", 0, 1),
              "growth": [alone("whole", n, given.turns if n <= MILLION else 3)
                         for n in GROWTH if n <= given.most],
              "cluster": alone("cluster", MILLION, 1)}  # fmt: skip
    print(json.dumps(result, indent=1))
    tell("times as fast as search_around_sky", result["list"]["ratio"], 20, least=True)
    for row in result["growth"]:
        if row["n"] in TARGETS:
            for name, target in zip(("wall_s", "peak_mb"), TARGETS[row["n"]], strict=True):
                tell(f"{row['n']:,} footprints, {name}", row[name], target)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "skypairs.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
