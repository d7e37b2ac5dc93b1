"""The search of pixels at survey scale: so many fingerprints, all against all, in every tier.

    python -m benchmarks.drift_scale [--n 10000] [--memory 1000] [--work DIR]

The fingerprints are **simulated** from those of the sets `syn` and `gz` of `benchmarks.drift`: each
has as many marks and sources as a picture of the sets; its marks have codes of any of their marks,
every bit changed with a probability of a quarter, at places by chance; its sources lie sheared and
rolled by chance. Among them are `PAIRS` pairs each of one exposure (0.66 of the marks again, 0.18
of their bits changed), of another exposure (0.85 of the sources again) and of one exposure at
another scale (its marks found by their places only). Codes of chance resemble each other less than
those of real skies; the number of them that is compared does not depend on it.

Each tier is measured by itself within one search: wall and CPU seconds, and the peak of the
resident memory, prints and Python included.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.drift_ours import fingerprints
from benchmarks.drift_sets import RECIPES, make, there
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import search as whole
from galaxycurate.curation.pixels.marks import MARK, OBJECT, UNIT
from galaxycurate.curation.pixels.prints import Prints, Ragged
from galaxycurate.curation.pixels.sources import PER_PIXEL, SOURCE

RESULTS = Path(__file__).resolve().parent / "results"
TIERS = ("noise", "sources", "resized")
PAIRS = 500
SIDE, BORDER = 256, 12
MOST_SHIFT = 0.6 * SIDE / np.sqrt(2)
SEED = 7


def pool(work: Path) -> Prints:
    """Fingerprints of real pictures and of simulated ones."""
    made = []
    for name in ("syn", "gz"):
        folder = make(RECIPES[name], work, SEED)
        if folder is not None:
            paths = sorted(str(path) for path in (folder / "images").iterdir())
            made.append(fingerprints(paths, 2)[0])
    return Prints.concatenate(made)


def unlike(real: Prints, n: int, rng: np.random.Generator) -> tuple[list, list]:
    """Marks and sources of n pictures that have no sky in common."""
    of = rng.integers(0, len(real), n)
    some = real.marks.take(of)
    lot = some.values.copy()
    lot["code"] = changed(rng.permutation(lot["code"]), 0.25, rng)
    low, high = BORDER * UNIT, (SIDE - BORDER) * UNIT
    lot["x"], lot["y"] = rng.integers(low, high, (2, lot.size))
    stars = real.sources.take(of)
    sky, own = stars.values.copy(), stars.owners
    (a, b), (u, v) = rng.uniform(-3, 3, (2, n))[:, own], rng.uniform(0, SIDE, (2, n))[:, own]
    x, y = sky["x"] / PER_PIXEL, sky["y"] / PER_PIXEL
    x = (x + a * y + u) % SIDE
    y = (y + b * x + v) % SIDE
    sky["x"], sky["y"] = (np.clip(place, 3, SIDE - 4) * PER_PIXEL for place in (x, y))
    return np.split(lot, some.starts[1:-1]), np.split(sky, stars.starts[1:-1])


def changed(code: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Codes with so many of their 63 bits changed."""
    out = code.copy()
    for bit in range(63):
        out ^= (rng.random(out.size) < share).astype(np.uint64) << np.uint64(bit)
    return out


def again(lot, shift, scale: float, share: float, jitter: float, edge: float, rng) -> np.ndarray:
    """Those of some marks or sources that another picture shows, where it shows them."""
    place = np.stack([lot["x"], lot["y"]]) / UNIT * scale - np.reshape(shift, (2, 1))
    place += rng.normal(0, jitter, place.shape)
    there = ((place > edge) & (place < SIDE * scale - edge)).all(axis=0)
    there &= rng.random(lot.size) < share
    shown = lot[there].copy()
    shown["x"], shown["y"] = np.rint(place[:, there] * UNIT)
    return shown


def planted(marks: list, stars: list, each: int, rng) -> tuple[np.ndarray, dict[str, list]]:
    """Makes some pictures partners of others; the sides of all, and the pairs by tier."""
    n = len(marks)
    side, order = np.full(n, SIDE, np.int32), rng.permutation(n)[: 2 * len(TIERS) * each]
    pairs: dict[str, list] = {tier: [] for tier in TIERS}
    for k, (i, j) in enumerate(np.sort(order.reshape(-1, 2), axis=1).tolist()):
        tier = TIERS[k % len(TIERS)]
        shift = rng.uniform(-MOST_SHIFT, MOST_SHIFT, 2)
        scale = 1.0
        if tier == "resized":
            shift, scale = np.zeros(2), float(rng.choice([0.8, 0.9, 1.15, 1.3]))
            side[j] = round(SIDE * scale)
        stars[j] = again(stars[i], shift, scale, 0.85, 0.2, 3, rng)
        if tier != "sources":
            marks[j] = again(marks[i], shift, scale, 0.66, 0.3, BORDER, rng)
            share = 0.18 if tier == "noise" else 0.5
            marks[j]["code"] = changed(marks[j]["code"], share, rng)
        pairs[tier].append((i, j, stars[j].size))
    return side, pairs


def simulated(real: Prints, n: int, each: int = PAIRS) -> tuple[Prints, dict[str, list]]:
    """N fingerprints, and the pairs among them by what should tell them, so many of each kind."""
    rng = np.random.default_rng(SEED)
    marks, stars = unlike(real, n, rng)
    side, pairs = planted(marks, stars, each, rng)
    for lot in marks:
        lot["code"] &= ~OBJECT
    marks = [lot[np.argsort(lot["y"], kind="stable")] for lot in marks]
    digest = np.arange(2 * n, dtype=np.uint64).view("V16")
    return Prints(side, side, digest, Ragged.of(marks, MARK), Ragged.of(stars, SOURCE)), pairs


class Measured:
    """Tiers of the search as they are, with the time and memory that each takes."""

    def __init__(self):
        self.told: dict[str, dict[str, float]] = {}

    def around(self, name: str, tier):
        """The same tier, measured."""

        def measured(*args, **options) -> Matches:
            peak_mb(reset=True)
            wall, busy = time.perf_counter(), time.process_time()
            found = tier(*args, **options)
            self.told[name] = {
                "cpu_s": round(time.process_time() - busy, 1),
                "wall_s": round(time.perf_counter() - wall, 1),
                "peak_mb": peak_mb(), "pairs": len(found),
            }  # fmt: skip
            print(name, json.dumps(self.told[name]), flush=True)
            return found

        return measured


def peak_mb(*, reset: bool = False) -> int:
    """The highest resident memory since the last reset; since the start where none is possible."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def recall(found: Matches, pairs: dict[str, list], n: int) -> dict:
    """Share of the planted pairs found, and pairs that were not planted."""
    told = set((found.first * n + found.second).tolist())
    wanted = {i * n + j for some in pairs.values() for i, j, _ in some}
    shown = {
        tier: round(float(np.mean([i * n + j in told for i, j, seen in some if seen >= 3])), 3)
        for tier, some in pairs.items()
    }
    return {"recall where 3 sources are shared": shown, "pairs not planted": len(told - wanted)}


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--memory", type=int, default=1000, help="as galaxycurate dedupe [MB]")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "drift")
    given = parser.parse_args(argv or [])
    if not there():
        print("the bench of ../shared/bench/drift is not there")
        return
    prints, pairs = simulated(pool(given.work), given.n)
    whole.search(prints.take(np.arange(40)))  # compiles
    measured = Measured()
    for tier in TIERS:
        name = f"search_{tier}"
        setattr(whole, name, measured.around(tier, getattr(whole, name)))
    wall, busy = time.perf_counter(), time.process_time()
    found = whole.search(prints, memory_mb=given.memory)
    results = {
        "images": len(prints), "memory": given.memory, "prints_mb": prints.nbytes // 10**6,
        "cpu_s": round(time.process_time() - busy, 1),
        "wall_s": round(time.perf_counter() - wall, 1), "tiers": measured.told,
    } | recall(found, pairs, len(prints))  # fmt: skip
    print(json.dumps(results, indent=1))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "drift-scale.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
