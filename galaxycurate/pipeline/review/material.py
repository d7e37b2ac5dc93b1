"""Everything that is known of a dataset's pictures, read once when a review opens."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from galaxycurate.core.decision import Decision
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Outcome, Status, Verdict
from galaxycurate.curation.decisions import is_current
from galaxycurate.errors import InputError
from galaxycurate.pipeline.recorded import Recorded, recorded
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.review.tables import (
    NOISE,
    OUT_OF_FOLD,
    PREDICTIONS,
    Doubt,
    Guess,
    Named,
    found_beside,
    read_doubts,
    read_guesses,
)
from galaxycurate.pipeline.search import LABEL as NEGATIVE
from galaxycurate.pipeline.status import cutouts_of
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings

REJECTED = "rejected"
"""Folder of the dataset that holds what was no picture, with ``keep_rejects``."""


@dataclass(frozen=True)
class Material:
    """What manifests, ledger and trainings know of the pictures of a dataset.

    Parameters
    ----------
    settings : Settings
    records : Recorded
    rows : Rows
    predictions, noise : Path or None
        Files of a training; None for those that are found beside, where there are any.
    """

    settings: Settings
    records: Recorded
    rows: Rows
    predictions: Path | None = None
    noise: Path | None = None

    @cached_property
    def pictures(self) -> dict[str, Outcome]:
        """The kept pictures by path, in that order."""
        return {one.path: one for one in sorted(self.records.kept, key=lambda one: one.path)}

    @cached_property
    def survivors(self) -> list[Outcome]:
        """The kept pictures that dedupe left, by path."""
        dropped = self.records.dropped
        return [one for path, one in self.pictures.items() if path not in dropped]

    @cached_property
    def unkept(self) -> dict[str, Outcome]:
        """What was not kept, or not in the place of an older picture, by path."""
        settled = [*self.records.outcomes, *self.records.vain]
        return {one.path: one for one in settled if one.status is not Status.OK}

    def outcome(self, path: str) -> Outcome:
        """What became of a cutout; the kept picture where there is one."""
        return self.pictures.get(path) or self.unkept[path]

    def is_today(self, line: Decision) -> bool:
        """Whether a decision is on the pictures that there are now."""
        paths = [path for path in (line.path, line.partner) if path in self]
        return is_current(line, {path: self.outcome(path).sha256 for path in paths})

    def __contains__(self, path: str) -> bool:
        return path in self.pictures or path in self.unkept

    @cached_property
    def classes(self) -> list[str]:
        """The labels of the pictures, the most frequent first."""
        counts: dict[str, int] = defaultdict(int)
        for one in self.pictures.values() or self.unkept.values():
            counts[one.label] += 1
        return sorted(counts, key=lambda label: (-counts[label], label))

    @cached_property
    def audit(self) -> dict[str, list[Verdict]]:
        """The newest audit's verdicts by path, those on another picture than today's left out."""
        return self._by_path(self.records.audit)

    @cached_property
    def dedupe(self) -> dict[str, list[Verdict]]:
        """The newest verdicts of dedupe by path; a pair is under both of its pictures."""
        found = self._by_path(self.records.verdicts)
        for verdict in self.records.verdicts:
            if verdict.partner in self.pictures and verdict.path in self.pictures:
                found.setdefault(verdict.partner, []).append(verdict)
        return found

    def _by_path(self, verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
        found: dict[str, list[Verdict]] = {}
        for verdict in verdicts:
            one = self.pictures.get(verdict.path)
            if one and verdict.sha256 in ("", one.sha256):
                found.setdefault(verdict.path, []).append(verdict)
        return found

    def verdicts_on(self, path: str) -> set[str]:
        """The kinds of all verdicts of audit and dedupe on a picture; of a pair both have them."""
        both = [*self.audit.get(path, ()), *self.dedupe.get(path, ())]
        return {str(verdict.kind) for verdict in both}

    def is_negative(self, path: str) -> bool:
        """Whether a picture should hold no galaxy, as the newest audit took it."""
        asked = (self.records.audit_run or {}).get("negatives") or ()
        return self.outcome(path).label in {NEGATIVE, *asked} or (
            self.row(path).get("limit_mag_r") is not None
        )

    def row(self, path: str) -> dict:
        """What the manifest says of a picture; empty where none lists it."""
        one = self.outcome(path)
        index = self.rows.index(one.label, one.name)
        return {} if index is None else self.rows.whole(index)

    def pixscale(self, path: str) -> float | None:
        """Of a picture [arcsec/pixel], as it was made or else listed; None where unknown."""
        one = self.outcome(path)
        index = self.rows.index(one.label, one.name)
        listed = math.nan if index is None else float(self._pixscales[index])
        value = one.pixscale or listed
        return value if math.isfinite(value) and value > 0 else None

    @cached_property
    def _pixscales(self) -> np.ndarray:
        return self.rows.numbers("pixscale")

    @cached_property
    def is_simulated(self) -> bool:
        """Whether the pictures show no real sky."""
        archives = {manifest.header.archive for manifest in self.rows.manifests}
        return is_simulated(*archives, *{one.provider for one in self.pictures.values()})

    @cached_property
    def releases(self) -> Mapping[int, str]:
        """The data release of each manifest by its number; empty where it names none."""
        return {k: m.header.release for k, m in enumerate(self.rows.manifests)}

    def release(self, path: str) -> str:
        """The data release that a picture's objID is of; empty where unknown."""
        one = self.outcome(path)
        index = self.rows.index(one.label, one.name)
        return "" if index is None else self.releases[self.rows.where[index][0]]

    @cached_property
    def _named(self) -> Named:
        return Named(self.pictures.values())

    @cached_property
    def guesses(self) -> dict[str, Guess]:
        """What a network answered, by path; empty where no training is found."""
        names = () if self.predictions else (PREDICTIONS, OUT_OF_FOLD)
        files = [self.predictions, *(found_beside(name) for name in names)]
        guesses: dict[str, Guess] = {}
        for file in filter(None, files):
            guesses |= read_guesses(file, self._named)
        return guesses

    @cached_property
    def doubts(self) -> list[Doubt]:
        """The labels that networks doubt, the worst first.

        Raises
        ------
        InputError
            No training wrote such a list.
        """
        file = self.noise or found_beside(NOISE)
        if file is None:
            raise InputError(
                f"no training wrote {NOISE} yet: nobody has looked for label noise",
                hint="python -m train folds, or --noise FILE",
            )
        return read_doubts(file, self._named)

    @cached_property
    def rejected(self) -> dict[str, str]:
        """Where the bytes of what was not kept lie, by path: in the dataset, or as they came."""
        kept = self._quarantined()
        found = {}
        for path, one in self.unkept.items():
            source = self.row(path).get("source_file") or ""
            file = kept.get((one.label, one.name)) or (source if Path(source).is_file() else "")
            if file:
                found[path] = file
        return found

    def _quarantined(self) -> dict[tuple[str, str], str]:
        folder = Path(self.settings.dataset) / REJECTED
        files = (file for file in folder.glob("*/*/*") if file.is_file())
        return {(file.parent.name, file.stem): str(file) for file in files}


def gather(
    settings: Settings, *, predictions: Path | None = None, noise: Path | None = None
) -> Material:
    """Read what is known of a dataset's pictures.

    Parameters
    ----------
    settings : Settings
    predictions, noise : Path, optional
        Files of a training, instead of those that are found beside.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        There are no manifests, nothing was downloaded or imported yet, or a file of a training
        that was named cannot be read.
    """
    rows = Rows.of(read_all((), folder=Path(settings.manifests)))
    records = recorded(settings, cutouts_of(rows.manifests))
    if not records.outcomes:
        raise InputError(
            f"the dataset {settings.dataset}/ is empty: there is nothing to review yet",
            hint="galaxycurate download, or galaxycurate import DIR --labels CSV",
        )
    material = Material(settings, records, rows, predictions, noise)
    if predictions:  # a file that was named is read at once: what is wrong with it is told now
        _ = material.guesses
    if noise:
        _ = material.doubts
    return material
