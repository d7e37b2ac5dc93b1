"""Build the simulated sky: truth, frames and tables, into a folder that appears whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.errors import InputError, SettingError, StorageError
from galaxycurate.sandbox.simulated.survey import Strip, plan
from galaxycurate.sandbox.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

    from galaxycurate.sandbox.simulated.content import Density

Progress = Callable[[float, str], None]
_MAX_WORKERS = 8  # a strip and band need some 150 MB each
_FRAMES_SHARE = 0.95  # of the time
_TELL_EVERY_S = 0.5

_SKY_TOML = """kind = "simulated"
name = "simulated miniature survey (seed {seed})"
note = "SIMULATED, not SDSS: no telescope saw this sky. {density}Sizes, colours, noise, seeing and \
counts of stars and faint galaxies follow SDSS; spirals, ellipticals and votes are drawn from \
simple rules, so results on this sky say nothing about real galaxies."
seed = {seed}
fields_per_camcol = {fields}
"""
_DENSER = "It has {factor:.0f} times as many galaxies brighter than r = 17.7 as the real sky. "


def build_simulated_sky(
    out: Path,
    *,
    seed: int = 42,
    fields: int = 6,
    density: Density | None = None,
    workers: int | None = None,
    progress: Progress = lambda part, text: None,
) -> Path:
    """Make a sky of kind "simulated": frames, CAS tables and Galaxy Zoo votes with known truth.

    Run 7001 scans camcols 1 and 2; run 7002 scans camcol 1 again, half a field further on, with its
    own seeing and noise. One field of camcol 2 failed, another one has a low score. The same seed
    gives the same pixels and tables.

    Parameters
    ----------
    out : Path
        The folder to make; absent or empty.
    seed : int
        Of everything that is drawn at random, 0 or more.
    fields : int
        Of each camcol of run 7001, 2 to 60; run 7002 has two fewer, at least one.
    density : Density, optional
        Objects a field.
    workers : int, optional
        Processes; as many as there are cores, 8 at most. With more than one, a script must be
        importable (``if __name__ == "__main__"``), as `multiprocessing` asks.
    progress : callable
        Told the fraction done and what is being done.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SettingError
        `fields` or `seed` outside their ranges.
    InputError
        The folder is in use.
    StorageError
        The folder cannot be written.
    """
    from galaxycurate.sandbox.simulated.content import Density

    out, strips = Path(out), plan(fields)
    if seed < 0:
        raise SettingError(f"seed = {seed} is negative", hint="any whole number from 0 on")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already", hint="remove it, or give another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise StorageError(f"cannot write beside {out}: {error.strerror}") from error
    try:
        _fill(making, strips, density or Density(), seed, workers or _cores(), progress)
        making.chmod(0o755)
        os.replace(making, out)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    progress(1.0, "done")
    return out


def _fill(
    folder: Path,
    strips: tuple[Strip, ...],
    density: Density,
    seed: int,
    workers: int,
    progress: Progress,
) -> None:
    from galaxycurate.sandbox.simulated.content import populate

    (folder / "frames").mkdir()
    (folder / "tables").mkdir()
    progress(0.0, "simulated stars and galaxies")
    truth = populate(strips, density, seed)
    _write_frames(folder / "frames", strips, truth, seed, workers, progress)
    progress(_FRAMES_SHARE, "simulated catalogues and votes")
    for name, table in _tables(strips, truth, seed).items():
        write_table(folder / "tables", name, table)
    factor = density.zoo_excess
    denser = _DENSER.format(factor=factor) if factor > 1.5 else ""
    text = _SKY_TOML.format(seed=seed, density=denser, fields=strips[0].n_fields)
    (folder / "sky.toml").write_text(text)


def _write_frames(folder, strips, truth: pd.DataFrame, seed: int, workers: int, progress) -> None:
    """One piece of work for each strip and band, the longest first."""
    from galaxycurate.sandbox.simulated.render import BANDS, write_strip

    work = [(strip, band) for strip in sorted(strips, key=lambda s: -s.n_fields) for band in BANDS]
    total = sum(strip.n_fields for strip, _ in work)

    def tell() -> None:
        made = sum(1 for _ in folder.iterdir())
        progress(_FRAMES_SHARE * min(made / total, 1.0), f"simulated frames: {made}")

    if workers == 1:
        for strip, band in work:
            write_strip(folder, strip, band, truth, seed)
            tell()
        return
    # threads of the caller, such as a progress bar's, must not be forked
    pool = ProcessPoolExecutor(min(workers, len(work)), mp_context=get_context("spawn"))
    try:
        left = {pool.submit(write_strip, folder, *item, truth, seed) for item in work}
        while left:
            done, left = wait(left, timeout=_TELL_EVERY_S, return_when=FIRST_EXCEPTION)
            for task in done:
                task.result()
            tell()
    finally:
        pool.shutdown(cancel_futures=True)


def _tables(strips, truth: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from galaxycurate.sandbox.simulated import catalog, dr7, votes

    objects = {strip: catalog.photo_objects(strip, truth, seed) for strip in strips}
    everything = pd.concat(objects.values(), ignore_index=True)
    sample = votes.zoo_sample(truth, everything)
    fields = pd.concat([catalog.field_rows(*item) for item in objects.items()], ignore_index=True)
    return {
        "Field": fields,
        "PhotoObjAll": everything,
        "PhotoObjDR7": dr7.matched(everything, seed),
        "zooSpec": votes.zoo1(sample, seed),
        "zoo2MainSpecz": votes.zoo2(sample, seed),
        "truth": truth,
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MAX_WORKERS)
    return min(os.cpu_count() or 1, _MAX_WORKERS)
