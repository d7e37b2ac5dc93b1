"""What each row of a manifest asks for: a job, or why there can be none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from galaxycurate.core.outcome import Reason
from galaxycurate.errors import InputError, UsageError
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import picture_words
from galaxycurate.pipeline.download.framing import AS_LISTED, RANGES, Framing
from galaxycurate.store.manifestfile import ManifestFile
from galaxycurate.store.shards.tree import Tree

COLUMNS = ("name", "label", "ra", "dec", "pixscale", "size_px", "source_file")
FRAMED = ("petroRad_r", "clear_arcsec")

Field = tuple[int, int, int]
UNKNOWN: Field = (0, 0, 0)

(_LEAST, _MOST), (_FINEST, _COARSEST) = RANGES["size_px"], RANGES["pixscale"]


class Asked(NamedTuple):
    """A row: its ``job``; in ``words`` all that decides its pixels, whoever draws them;
    ``lack`` where it cannot be asked for, ``source`` where it was adopted from a file.
    """

    job: Job
    words: str
    lack: Reason | None = None
    source: str = ""


@dataclass(frozen=True)
class Asking:
    """How rows become jobs.

    Parameters
    ----------
    tree : ImageTree or ShardTree
        Where pictures go.
    format : str
        What they are kept as.
    framing : Framing
    """

    tree: Tree
    format: str = "jpg"
    framing: Framing = AS_LISTED

    def walk(
        self,
        file: ManifestFile,
        only: np.ndarray | None = None,
        fields: np.ndarray | None = None,
    ) -> Iterator[Asked]:
        """The rows of a manifest in order.

        Parameters
        ----------
        file : ManifestFile
        only : ndarray of bool, optional
            Leave out the other rows.
        fields : ndarray of int64, optional
            Packed run, camcol and field of each row, see `pipeline.sheaves`.

        Raises
        ------
        InputError
            A row has no scale or size, or one that nobody draws, a name that is no file name, or a
            position that is none.
        UsageError
            A negative is asked for wider than it was proved empty.
        """
        chosen = fields if fields is None or only is None else fields[only]
        number = 0
        for columns in file.walk(COLUMNS + (FRAMED if self.framing.is_own else ()), only):
            for values in zip(*columns.values(), strict=True):
                field = UNKNOWN if chosen is None else unpacked(int(chosen[number]))
                number += 1
                yield self._asked(file, values, field)

    def _asked(self, file: ManifestFile, values: tuple, field: Field) -> Asked:
        name, label, ra, dec, pixscale, size_px, source = values[:7]
        path = self.tree.relative(label, name, self.format)
        if source:
            job = Job(math.nan, math.nan, 0.0, 0, path, name, label, file.sha256, self.format)
            return Asked(job, f"import {source}", source=source)
        if not _can_be_drawn(pixscale, size_px):
            raise _no_window(file, name, pixscale, size_px)
        framed = self._framed(file, values) if self.framing.is_own else (pixscale, int(size_px), "")
        lack = framed if isinstance(framed, Reason) else None
        scale, side, remark = (0.0, 0, "") if isinstance(framed, Reason) else framed
        job = Job(ra, dec, scale, side, path, name, label, file.sha256, self.format, field, remark)
        if ra is None or dec is None or not (math.isfinite(ra) and math.isfinite(dec)):
            return Asked(job, f"no position for {name}", Reason.NO_POSITION)
        if lack is not None:
            return Asked(job, f"{lack} for {name} petro={self.framing.petro:g}", lack)
        return Asked(job, picture_words(job))

    def _framed(self, file: ManifestFile, values: tuple) -> tuple[float, int, str] | Reason:
        name, _, _, _, pixscale, size_px, _, radius, clear = values
        framed = self.framing.of(pixscale, size_px, radius)
        if clear is None or clear != clear:
            return framed
        if isinstance(framed, Reason):
            raise UsageError(
                f"{file.path} lists negatives, which have no Petrosian radius",
                hint="name the manifests of galaxies: galaxycurate download FILE --size-petro 2.5",
            )
        if framed[0] * framed[1] > pixscale * size_px * (1 + 1e-9):
            raise UsageError(
                f'{file.path}: {name} was proved empty over {pixscale * size_px:.1f}" and cannot '
                f'be asked for over {framed[0] * framed[1]:.1f}"',
                hint="make the negatives anew: galaxycurate negatives --size PX --pixscale ARCSEC",
            )
        return framed


def _can_be_drawn(pixscale: float | None, size_px: float | None) -> bool:
    """Whether a scale and a size are known (None and NaN are not) and within their ranges."""
    if pixscale is None or size_px is None:
        return False
    return _FINEST <= pixscale <= _COARSEST and _LEAST <= size_px <= _MOST


def _no_window(file: ManifestFile, name: str, pixscale, size_px) -> InputError:
    hint = "a manifest says how large each cutout is; make it again"
    if not (pixscale and size_px and pixscale == pixscale and size_px == size_px):
        return InputError(f"{file.path}: {name} has no pixscale or size_px", hint=hint)
    said = ", ".join(f"{what} {low:g} to {high:g}" for what, (low, high) in RANGES.items())
    return InputError(
        f"{file.path}: {name} has size_px = {size_px:g} and pixscale = {pixscale:g}",
        hint=f"nobody draws such a cutout ({said}); make the manifest again",
    )


def packed(run, camcol, field):
    """Run, camcol and field as one number that sorts as they do; 0 is unknown."""
    return (run << 20) | (camcol << 16) | field


def unpacked(number: int) -> Field:
    """The inverse of `packed`."""
    return number >> 20, (number >> 16) & 0xF, number & 0xFFFF
