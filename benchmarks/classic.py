"""The usual way to a data set beside ours, judged by the truth of a SIMULATED sky.

Ours: `negatives -> positives -> download -> audit -> dedupe -> split`. The classic way: positions
drawn at random in good fields are the negatives (no good field is without a galaxy, so the query
for such fields finds failed ones only), and images are split at random. What is in each cutout is
asked of the simulation's own table of what it drew, not of its catalogue. `make bench`, or:

    python -m benchmarks.classic
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.geometry import iau_name, overlap_fraction, reach, separation, to_plane

RESULTS = Path(__file__).resolve().parent / "results"
SIZE_PX, PIXSCALE, LIMIT_MAG = 128, 0.396127, 20.0
WIDTH = SIZE_PX * PIXSCALE
SHARES = (0.8, 0.1, 0.1)
HALF_LIGHTS = 2.0
"""A galaxy's light counts to so many half-light radii."""

SETTINGS = """# a sandbox with a SIMULATED sky, not SDSS
server = "{url}"
size_px = 128
limit = {limit}
rate = 0.0
concurrency = 8
queries_per_minute = 0
"""


WAYS = {
    "pixels alone": ("--no-catalogue",),
    "catalogue alone": ("--no-pixels",),
    "catalogue and pixels": (),
}


@dataclass(frozen=True)
class Truth:
    """What was drawn: galaxies with position [deg], magnitude and half-light radius [arcsec]."""

    ra: np.ndarray
    dec: np.ndarray
    mag_r: np.ndarray
    re: np.ndarray

    @classmethod
    def read(cls, sky: Path) -> Truth:
        """Of a simulated sky's folder."""
        import pandas as pd

        rows = pd.read_parquet(sky / "tables" / "truth.parquet")
        rows = rows[rows.kind != "star"]
        return cls(*(rows[name].to_numpy(float) for name in ("ra", "dec", "mag_r", "re")))

    def brightest_in(self, ra, dec, *, with_light: bool) -> np.ndarray:
        """Magnitude of the brightest galaxy of each cutout, infinite where there is none.

        Its middle lies in the cutout; or, `with_light`, its light reaches in.
        """
        found = np.full(np.size(ra), np.inf)
        for k, (a, d) in enumerate(zip(ra, dec, strict=True)):
            xi, eta = to_plane(self.ra, self.dec, a, d)
            gap = np.hypot(*(np.maximum(np.abs(v) - WIDTH / 2, 0) for v in (xi, eta)))
            inside = gap < HALF_LIGHTS * self.re if with_light else gap == 0
            found[k] = self.mag_r[inside].min(initial=np.inf)
        return found


@dataclass
class Dataset:
    """A split data set as it lies on the disk: one row an image."""

    name: list[str]
    label: np.ndarray
    split: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    objid: np.ndarray

    @property
    def negative(self) -> np.ndarray:
        return self.label == "negative"

    def leaks(self) -> int:
        """Pairs in different splits that share sky, or are of one object, among all pairs."""
        i, j = np.triu_indices(len(self.name), 1)
        across = (self.split[i] != self.split[j]) & (self.split[i] != "") & (self.split[j] != "")
        i, j = i[across], j[across]
        near = separation(self.ra[i], self.dec[i], self.ra[j], self.dec[j]) < reach(WIDTH)
        same = (self.objid[i] != 0) & (self.objid[i] == self.objid[j])
        sky = np.zeros(i.size)
        a, b = i[near], j[near]
        sky[near] = overlap_fraction(self.ra[a], self.dec[a], WIDTH, self.ra[b], self.dec[b], WIDTH)
        return int((same | (sky > 0)).sum())


def run(folder: Path, *words: str) -> str:
    """One command as typed in a folder; its stdout."""
    from galaxycurate.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = main(list(words))
    if code not in (0, 3):
        raise RuntimeError(f"galaxycurate {' '.join(words)}: {err.getvalue()[-2000:]}")
    return out.getvalue()


@contextmanager
def serving(sky: Path) -> Iterator[str]:
    """The sandbox in front of a sky."""
    words = [sys.executable, "-m", "galaxycurate", "sandbox", "serve", "--sky", str(sky)]
    server = subprocess.Popen(
        [*words, "--port", "0", "--queries-per-minute", "0"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield server.stdout.readline().strip() if server.stdout else ""
    finally:
        os.kill(server.pid, signal.SIGTERM)
        server.wait(30)


def ours(folder: Path, url: str, limit: int) -> None:
    """The whole job, as typed."""
    _begin(folder, url, limit)
    run(folder, "negatives", "--score", "0.2")
    run(folder, "positives", "--threshold", "0.85")
    run(folder, "download")
    run(folder, "audit", "--page", "audit.html")
    run(folder, "dedupe")
    run(folder, "split")


def classic(folder: Path, like: Path, url: str, limit: int) -> None:
    """The usual way: the same number of negatives at random positions, and the same galaxies."""
    from galaxycurate.store.manifest import Header, Manifest

    _begin(folder, url, limit)
    mine = Manifest.read(like / "manifests" / "negatives.parquet")
    ra, dec = _anywhere(_sky_of(url, folder), len(mine))
    header = Header("random positions in good fields", "2026-01-01T00:00:00+00:00",
                    archive=mine.header.archive, release=mine.header.release)  # fmt: skip
    n = len(mine)
    columns = {
        "name": [iau_name(a, d) for a, d in zip(ra, dec, strict=True)], "label": ["negative"] * n,
        "ra": ra.tolist(), "dec": dec.tolist(),
        "pixscale": [PIXSCALE] * n, "size_px": [SIZE_PX] * n,
    }  # fmt: skip
    Manifest.build(header, columns, where="random").write(folder / "manifests/negatives.parquet")
    positives = Manifest.read(like / "manifests" / "positives.parquet")
    positives.write(folder / "manifests" / "positives.parquet")
    run(folder, "download")


def dataset(folder: Path, *, at_random: int | None = None) -> Dataset:
    """The images of a project and their splits: those on the disk, or drawn with a seed."""
    from galaxycurate.store.manifest import read_all

    rows = [
        row
        for manifest in read_all([], folder=folder / "manifests")
        for row in manifest.rows()
        if (folder / "dataset/images" / row["label"] / f"{row['name']}.jpg").exists()
    ]
    if at_random is None:
        on_disk = {
            (p.parts[-2], p.stem): p.parts[-3]
            for p in (folder / "dataset" / "split").glob("*/*/*.jpg")
        }
        split = [on_disk.get((row["label"], row["name"]), "") for row in rows]
    else:
        rng = np.random.default_rng(at_random)
        split = rng.choice(["train", "val", "test"], len(rows), p=SHARES).tolist()
    return Dataset(
        [row["name"] for row in rows], np.array([row["label"] for row in rows]), np.array(split),
        np.array([row["ra"] for row in rows]), np.array([row["dec"] for row in rows]),
        np.array([row.get("objID") or 0 for row in rows], np.int64),
    )  # fmt: skip


def verdicts(folder: Path) -> dict[str, list[tuple[str, bool]]]:
    """(kind, kept) of the audit's verdicts by name of the image."""
    from galaxycurate.store.ledger import Ledger

    found: dict[str, list[tuple[str, bool]]] = {}
    with Ledger.open(f"sqlite:///{folder / 'dataset/ledger.sqlite'}") as ledger:
        for verdict in ledger.verdicts("audit"):
            found.setdefault(Path(verdict.path).stem, []).append((str(verdict.kind), verdict.keep))
    return found


def measure(truth: Truth, images: Dataset, audited: dict) -> dict:
    """Contamination by the truth, before and after the audit, and leaks."""
    rows = np.flatnonzero(images.negative)
    centre, light = (
        truth.brightest_in(images.ra[rows], images.dec[rows], with_light=with_light)
        for with_light in (False, True)
    )
    said = [audited.get(images.name[k], [("", True)])[0] for k in rows]
    kind = np.array([k for k, _ in said])
    in_split = images.split[rows] != ""
    clean = kind == "clean"
    return {
        "negatives": int(rows.size),
        "with a galaxy's middle": int((centre < LIMIT_MAG).sum()),
        "with a galaxy's light": int((light < LIMIT_MAG).sum()),
        "called": {str(name): int((kind == name).sum()) for name in sorted(set(kind.tolist()))},
        "called clean, with a galaxy's light": int((clean & (light < LIMIT_MAG)).sum()),
        "called contaminated, with a galaxy's light": int(
            ((kind == "contaminated") & (light < LIMIT_MAG)).sum()
        ),
        "called contaminated, without": int(
            ((kind == "contaminated") & ~(light < LIMIT_MAG)).sum()
        ),
        "in a split": int(in_split.sum()),
        "in a split, with a galaxy's light": int((in_split & (light < LIMIT_MAG)).sum()),
        "brightest in a split": round(float(light[in_split].min(initial=99.0)), 3),
        "images in splits": int((images.split != "").sum()),
        "leaking pairs": images.leaks(),
    }


def recall(truth: Truth, images: Dataset, audited: dict) -> dict:
    """How many of the negatives with a galaxy an audit calls contaminated, borderline, clean."""
    rows = np.flatnonzero(images.negative)
    light = truth.brightest_in(images.ra[rows], images.dec[rows], with_light=True) < LIMIT_MAG
    centre = truth.brightest_in(images.ra[rows], images.dec[rows], with_light=False) < LIMIT_MAG
    kind = np.array([audited[images.name[k]][0][0] for k in rows])
    groups = {"a galaxy's middle in it": centre, "only its light": light & ~centre, "none": ~light}
    return {
        name: {str(k): int((kind[which] == k).sum()) for k in sorted(set(kind[which].tolist()))}
        for name, which in groups.items()
    }


def compare(root: Path, *, seed: int, fields: int, limit: int, density=None) -> dict:
    """Both ways on one new simulated sky.

    Parameters
    ----------
    root : Path
        Everything goes there.
    seed, fields, limit : int
    density : Density, optional

    Returns
    -------
    dict
        What `measure` says of ``ours`` and ``classic``.
    """
    from galaxycurate.sandbox.simulated import build_simulated_sky

    sky = build_simulated_sky(root / "sky", seed=seed, fields=fields, density=density, workers=1)
    with serving(sky) as url:
        ours(root / "ours", url, limit)
        classic(root / "classic", root / "ours", url, limit)
        audited = {}
        for way, words in WAYS.items():
            run(root / "classic", "audit", *words)
            audited[way] = verdicts(root / "classic")
    truth, theirs = Truth.read(sky), dataset(root / "classic", at_random=seed)
    return {
        "sky": f"SIMULATED, seed {seed}, {fields} fields a camcol",
        "limit_mag_r": LIMIT_MAG,
        "ours": measure(truth, dataset(root / "ours"), verdicts(root / "ours")),
        "classic": measure(truth, theirs, audited["catalogue and pixels"]),
        "audit of the classic negatives": {
            way: recall(truth, theirs, said) for way, said in audited.items()
        },
    }


def table(result: dict) -> str:
    """The comparison as text."""
    lines = [f"{result['sky']}; galaxies to r = {result['limit_mag_r']:g}",
             f"{'':<38}{'ours':>10}{'classic':>10}"]  # fmt: skip
    for name, mine in result["ours"].items():
        if name != "called":
            lines.append(f"{name:<38}{mine!s:>10}{result['classic'][name]!s:>10}")
    lines += [f"{way}: audit calls {result[way]['called']}" for way in ("ours", "classic")]
    for way, groups in result["audit of the classic negatives"].items():
        lines += [f"  {way}: {name}: {calls}" for name, calls in groups.items()]
    return "\n".join(lines)


def _begin(folder: Path, url: str, limit: int) -> None:
    folder.mkdir(parents=True)
    (folder / "manifests").mkdir()
    (folder / "galaxycurate.toml").write_text(SETTINGS.format(url=url, limit=limit))


def _sky_of(url: str, folder: Path):
    """The good fields, asked as a student would."""
    from galaxycurate.pipeline.archive import archive_of
    from galaxycurate.store import sqlfiles
    from galaxycurate.store.settings import load

    flags = {"server": url, "queries_per_minute": 0, "manifests": str(folder / "manifests")}
    archive = archive_of(load(flags, folder=folder, environ={}))
    return archive.run(sqlfiles.read("fields_good").bind(score=0.2))


def _anywhere(fields, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Random positions whose cutouts lie in good fields."""
    from galaxycurate.curation.vacancy import FieldArea

    rng = np.random.default_rng(7)
    each = -(-n // len(fields))
    parts = []
    for row in fields.itertuples():
        area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
        ra, dec = area.centres(WIDTH, reach(WIDTH) / 2, rng)
        parts.append(np.stack([ra[:each], dec[:each]]))
    ra, dec = np.concatenate(parts, axis=1)[:, :n]
    return ra, dec


def main() -> None:
    """Run it and write the figures down."""
    with tempfile.TemporaryDirectory() as made:
        result = compare(Path(made), seed=11, fields=3, limit=300)
    print(table(result))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "classic.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
