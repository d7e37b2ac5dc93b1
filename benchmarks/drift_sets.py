"""Sets of pictures of which some pairs share sky, made by the bench of `../shared/bench/drift`.

Synthetic ones are simulated; the others are 256-pixel windows of real pictures, whose partners are
windows of the same picture. Of Galaxy Zoo's pictures at most one a field is taken, so that a pair
of different pictures shares no exposure (another run may still show the same sky).
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
BENCH = SHARED / "bench" / "drift"
DATA = SHARED / "data"


@dataclass(frozen=True)
class Recipe:
    """How a set is made.

    Parameters
    ----------
    name : str
    source : str
        ``synthetic``, ``gz``, ``irg`` or ``fits``.
    distinct, drift, recompress, dihedral, drift_dihedral : int
        Pictures that show different sky, and how many of them get a partner of each kind.
    more : tuple of str
        Further arguments.
    """

    name: str
    source: str
    distinct: int
    drift: int
    recompress: int = 0
    dihedral: int = 0
    drift_dihedral: int = 0
    more: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """For `make_cutouts.py`."""
        counts = ("distinct", "drift", "recompress", "dihedral", "drift_dihedral")
        given = [(f"--{name.replace('_', '-')}", str(getattr(self, name))) for name in counts]
        return [word for pair in given for word in pair] + list(self.more)


SMALL = ("--step", "0.6", "0.8")
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("syn", "synthetic", 2000, 400, 100, 100, 100),
        Recipe("gz", "gz", 2000, 400, 100, 100, 100),
        Recipe("irg", "irg", 156, 90, 20, 20, 20),
        Recipe("fits", "fits", 36, 20, 4, 4, 4),
        Recipe("syn-small", "synthetic", 400, 300, more=(*SMALL, "--indep", "0")),
        Recipe("gz-small", "gz", 400, 300, more=SMALL),
        Recipe("indep", "synthetic", 700, 600, more=("--indep", "1", "--crop", "0")),
    )
}
TITLES = {
    "syn": "synthetic (simulated)", "gz": "windows of real Galaxy Zoo pictures",
    "irg": "windows of real irg frames", "fits": "windows of real FITS frames",
    "syn-small": "synthetic, small overlaps", "gz-small": "Galaxy Zoo, small overlaps",
    "indep": "synthetic, another exposure",
}  # fmt: skip


def there() -> bool:
    """Whether the bench lies beside this repository."""
    return (BENCH / "make_cutouts.py").is_file()


def make(recipe: Recipe, work: Path, seed: int) -> Path | None:
    """The set's folder under `work`, made if it is not there; None where its source is absent."""
    folder = work / recipe.name
    if (folder / "truth.csv").exists():
        return folder
    source = [] if recipe.source == "synthetic" else _source(recipe.source, work)
    if source is None:
        return None
    words = ["--out", str(folder), "--seed", str(seed), *recipe.arguments, *source]
    _bench(work, "make_cutouts.py", *words)
    return folder


def _source(name: str, work: Path) -> list[str] | None:
    """The argument that names the real pictures."""
    folder = work / f"from-{name}"
    frames = DATA / "sdss" / ("frames" if name == "fits" else "irg")
    if not folder.exists():
        if name == "gz" and (DATA / "images" / "gz1_dr7").is_dir():
            one_a_field(DATA / "images" / "gz1_dr7", folder)
        elif name != "gz" and frames.is_dir():
            fits = ["--fits"] if name == "fits" else []
            _bench(work, "tile_frames.py", "--frames", str(frames), "--out", str(folder), *fits)
        else:
            return None
    return ["--from-images", str(folder)]


def one_a_field(pictures: Path, folder: Path) -> int:
    """Links to pictures named by DR7 objID, no two of them of one field or of neighbours."""
    folder.mkdir(parents=True)
    taken: set[int] = set()
    for path in sorted(pictures.glob("*.jpeg")):
        field = int(path.stem) >> 16  # sky version, rerun, run, camcol, first, field
        if not {field - 1, field, field + 1} & taken:
            taken.add(field)
            (folder / path.name).symlink_to(path)
    return len(taken)


def _bench(work: Path, script: str, *words: str) -> None:
    """A script of the bench; numba's cache lies among the sets, the bench may not be written."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(work / "numba"), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, str(BENCH / script), *words], check=True, env=env)
