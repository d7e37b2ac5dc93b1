"""The pixel side: every picture read and decoded once, judged by `galaxycurate.curation.light`, on
all cores.
"""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError, first_line
from galaxycurate.pipeline.audit.findings import Findings, Key, Light, Lights, key_of
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.dedupe.decode import Unreadable, decode
from galaxycurate.store.shards.tree import Tree, open_tree

if TYPE_CHECKING:
    from galaxycurate.curation.light.judge import Finding

AT_ONCE = 32
"""Pictures that go to a process, and come back, together."""

FEW = 200
"""Fewer are judged here: another process takes longer to start."""

_MAX_WORKERS = 16
_DRAWN = ("skyserver", "frames", "frames-irg")
"""Providers whose pictures have the survey's own stretch."""

_SCALE_TOLERANCE = 0.1
_OF_FLUXES = (".fits", ".npz")

Task = tuple[str, Key]
Looked = tuple[Key, Lights, bool]
"""What was found, and whether it lasts: a busy disk says nothing of the picture."""


def scheme_of(image: Image) -> str:
    """How a picture was drawn, where its fluxes follow from that; else empty."""
    drawn = image.provider.split(" ")[0] in _DRAWN
    native = abs(image.pixscale / NATIVE_PIXSCALE - 1) < _SCALE_TOLERANCE
    return "sdss" if drawn and native else ""


def tells_magnitudes(image: Image, lights: Lights) -> bool:
    """Whether magnitudes follow from a picture: from its fluxes, or as it was drawn."""
    if any(one.snr for one in lights):
        return any(one.mag_r for one in lights)
    return bool(scheme_of(image)) or Path(image.path).suffix in _OF_FLUXES


def key_for(image: Image, version: str) -> Key:
    """What decides the finding of an image; where its content has no name, its path has."""
    return key_of(
        image.sha256 or image.path, not image.negative, image.pixscale, scheme_of(image), version
    )


def judge_all(
    dataset: Path,
    images: Sequence[Image],
    findings: Findings,
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> list[Lights]:
    """What the pixels of each image tell; what is known already is not looked at again.

    Parameters
    ----------
    dataset : Path
    images : sequence of Image
    findings : Findings
        Takes what is new, as it comes.
    workers : int, optional
        Processes; as many as there are cores. With more than one, a script must be importable
        (``if __name__ == "__main__"``), as `multiprocessing` asks.
    progress : callable

    Returns
    -------
    list of tuple of Light
        In the order of the images.
    """
    keys = [key_for(image, findings.version) for image in images]
    wanted = {key: image for image, key in zip(images, keys, strict=True)}
    tasks = [(image.path, key) for key, image in wanted.items() if findings.get(key) is None]
    done = len(wanted) - len(tasks)
    passing: dict[Key, Lights] = {}
    for part in _judged(Path(dataset), tasks, workers or _cores()):
        findings.add((key, lights) for key, lights, lasts in part if lasts and wanted[key].sha256)
        passing |= {key: lights for key, lights, _ in part if findings.get(key) is None}
        done += len(part)
        progress(done, len(wanted), "pictures judged")
    findings.tidy()
    return [passing[key] if key in passing else findings[key] for key in keys]


def version() -> str:
    """Of the judge: what another version found is found anew."""
    from galaxycurate.curation.light import judge

    return str(judge.VERSION)


def look(tree: Tree, path: str, key: Key) -> Lights:
    """Judge one picture; whatever is wrong with its content is words.

    Parameters
    ----------
    tree : ImageTree or ShardTree
    path : str
    key : Key

    Returns
    -------
    tuple of Light

    Raises
    ------
    InputError, OSError, MemoryError
        It could not be read this time.
    """
    from galaxycurate.curation.light.judge import judge

    body = tree.read(path)
    try:
        rgb = decode(body)
        flux = fluxes(body)
        if flux is not None and flux.shape[1:] != rgb.shape[:2]:
            shapes = [" x ".join(map(str, a.shape)) for a in (flux, rgb)]
            raise Unreadable(f"its fluxes are {shapes[0]}, its picture {shapes[1]}")
    except Unreadable as error:
        if isinstance(error.__context__, MemoryError):
            raise MemoryError(*error.args) from None
        return _unreadable(error)
    found = judge(
        rgb,
        pixscale=key.pixscale or NATIVE_PIXSCALE,
        positive=key.positive,
        flux=flux,
        scheme=key.scheme or None,
    )
    middle = (rgb.shape[1] - 1) / 2, (rgb.shape[0] - 1) / 2
    return tuple(_from_middle(one, *middle) for one in (found, *found.also))


def _unreadable(error: Exception) -> Lights:
    return (Light(VerdictKind.UNREADABLE, evidence=first_line(error)),)


def _from_middle(found: Finding, x0: float, y0: float) -> Light:
    return Light(
        kind=found.kind,
        dx=round(float(found.x) - x0, 2),
        dy=round(float(found.y) - y0, 2),
        probability=float(found.probability),
        snr=float(found.snr),
        mag_r=float(found.mag_r),
        evidence=found.evidence,
    )


def fluxes(body: bytes) -> np.ndarray | None:
    """The calibrated g, r and i fluxes in a file, north up; None where it has none.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    ndarray of float32, shape (3, h, w), or None
        [nanomaggy]

    Raises
    ------
    Unreadable
        What stands in their place cannot be read.
    """
    try:
        irg = _planes(body)
        if irg is None or irg.ndim != 3 or len(irg) != 3:
            return None
        return np.ascontiguousarray(irg[::-1], np.float32)
    except MemoryError:
        raise
    except Exception as error:  # numpy and astropy raise what they like
        raise Unreadable(f"its fluxes cannot be read: {first_line(error)}") from None


def _planes(body: bytes) -> np.ndarray | None:
    """The fluxes in a file as they are, north up: i, r and g."""
    if body.startswith(b"PK\x03\x04"):
        with np.load(io.BytesIO(body)) as held:
            return held["flux"] if "flux" in held.files else None
    if body.startswith(b"SIMPLE  ="):
        from astropy.io import fits

        with fits.open(io.BytesIO(body), memmap=False) as hdus:
            known = str(hdus[0].header.get("BUNIT", "")).strip().lower() == "nanomaggy"
            return hdus[0].data[:, ::-1] if known and hdus[0].header.get("NAXIS") == 3 else None
    return None


def _judged(dataset: Path, tasks: list[Task], workers: int) -> Iterator[list[Looked]]:
    """Parts of the tasks, as they are done."""
    parts = [tasks[k : k + AT_ONCE] for k in range(0, len(tasks), AT_ONCE)]
    if workers == 1 or len(tasks) <= FEW:
        for part in parts:
            yield _judge_part(dataset, part)
        return
    # threads of the caller, such as a progress bar's, must not be forked
    pool = ProcessPoolExecutor(min(workers, len(parts)), mp_context=get_context("spawn"))
    try:
        queue = iter(parts)
        left: set[Future] = set()
        while True:
            for part in itertools.islice(queue, 2 * workers - len(left)):
                left.add(pool.submit(_judge_part, dataset, part))
            if not left:
                return
            done, left = wait(left, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _judge_part(dataset: Path, tasks: list[Task]) -> list[Looked]:
    tree = open_tree(dataset)
    return [_looked_at(tree, path, key) for path, key in tasks]


def _looked_at(tree: Tree, path: str, key: Key) -> Looked:
    try:
        return key, look(tree, path, key), True
    except (InputError, OSError, MemoryError) as error:  # another time it may be read
        return key, _unreadable(error), False


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MAX_WORKERS)
    return min(os.cpu_count() or 1, _MAX_WORKERS)
