"""The shortcut check of a dataset: which pictures are looked at, and what their nuisances tell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.nuisances import FILE, LIGHT, NOMINAL, NUISANCES, SKY, SOURCE
from galaxycurate.curation.shortcuts import LEAST, LIMIT, Feature, Told, enough, tell
from galaxycurate.curation.split.grouping import joined
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.nuisances import FORM_NAMES, SUBSAMPLINGS, Measures
from galaxycurate.pipeline.report.rows import Rows, usable
from galaxycurate.store.settings import Settings

MOST = 5000
"""Pictures that are looked at: more tell the same, and take minutes to read."""

_WORDS: Mapping[str, Mapping[float, str]] = {
    "form": {float(k): name for k, name in enumerate(FORM_NAMES)},
    "subsampling": {float(k): name for k, name in SUBSAMPLINGS.items()},
}

ACCUSING = (FILE, SKY)
"""Kinds that a warning follows from."""

MEANING = {one.name: one.meaning for one in NUISANCES}


@dataclass(frozen=True)
class Shortcuts:
    """What the check found.

    Parameters
    ----------
    of : int
        Pictures of the dataset; ``n`` of them were looked at, by class in ``classes``.
    n : int
    groups : int
        Different groups among them.
    classes : mapping of str to int
    too_few : sequence of str
        Classes that were left aside.
    file : Told or None
        How well what made the files tells the classes; None where there was nothing to tell.
    sky : Told or None
        The same of the sky at the border, and of where the picture was taken.
    light : Told or None
        The same of what the light in the picture decides itself: no warning follows from it.
    source : Told or None
        The same of who drew the pictures, which no picture tells: no warning follows from it.
    words : mapping of str to mapping of float to str
        What the numbers of some nuisances stand for.
    why_not : str
        Why nothing was checked; empty where it was.
    """

    of: int = 0
    n: int = 0
    groups: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    too_few: Sequence[str] = ()
    file: Told | None = None
    sky: Told | None = None
    light: Told | None = None
    source: Told | None = None
    words: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    why_not: str = ""

    limit: float = LIMIT

    @property
    def kinds(self) -> dict[str, Told]:
        """What was found of each kind; of who drew the pictures only where there are several."""
        kinds = {FILE: self.file, SKY: self.sky, LIGHT: self.light}
        if self.source and self.source.features:
            kinds[SOURCE] = self.source
        return {kind: told for kind, told in kinds.items() if told}

    @property
    def warning(self) -> tuple[str, ...]:
        """The kinds that a person should look at."""
        return tuple(kind for kind in ACCUSING if (told := self.kinds.get(kind)) and told.warns)

    @property
    def auc(self) -> float | None:
        """The greater of file and sky; None where nothing was checked."""
        return max((told.auc for told in (self.file, self.sky) if told), default=None)

    @property
    def worst(self) -> Feature | None:
        """What alone tells most of the class told best, of the kind that tells classes better."""
        kinds = [told for told in (self.file, self.sky) if told and told.features]
        return max(kinds, key=lambda told: told.auc).features[0] if kinds else None

    @property
    def warns(self) -> bool:
        """Whether a person should look."""
        return bool(self.warning)

    def as_dict(self) -> dict:
        """As JSON takes it."""
        return {
            **{name: getattr(self, name) for name in ("of", "n", "groups", "why_not", "limit")},
            "classes": dict(self.classes), "too_few": list(self.too_few),
            "auc": self.auc, "warns": self.warns,
            "worst": self.worst.name if self.worst else None,
            **{kind: {**asdict(told), "warns": kind in self.warning}
               for kind, told in self.kinds.items()},
        }  # fmt: skip


def check_shortcuts(
    settings: Settings,
    rows: Rows,
    records: Recorded,
    *,
    keep: bool = True,
    progress: Progress = silent,
) -> Shortcuts:
    """Try to tell the classes of the dataset by everything but the galaxies.

    Parameters
    ----------
    settings : Settings
        Its seed draws the pictures and the folds.
    rows : Rows
        Run, camera column and pixel scale of the pictures.
    records : Recorded
    keep : bool
        Whether what is measured is kept on the disk for the next time.
    progress : callable

    Returns
    -------
    Shortcuts
    """
    used = usable(records)
    label = np.array([records.decided.label_of(outcome.path) for outcome in used], str)
    group = _groups(used, records)
    classes = enough(label, group)
    too_few = tuple(sorted(set(label.tolist()) - set(classes)))
    if len(classes) < 2:
        why = f"it takes two classes of at least {LEAST} groups of pictures"
        return Shortcuts(of=len(used), too_few=too_few, why_not=why)
    drawn = _drawn(label, classes, settings.seed)
    seen = [used[k] for k in drawn]
    keep = keep and os.access(settings.dataset, os.W_OK)  # one may look at what one cannot change
    measures = Measures(Path(settings.dataset), keep=keep).of(seen, progress=progress)
    providers, names = _coded([outcome.provider for outcome in seen])
    found = {**measures, "provider": providers, **_of_rows(seen, rows)}
    told = {
        kind: tell(
            {one.name: found[one.name] for one in NUISANCES if one.kind == kind},
            label[drawn], group[drawn], nominal=NOMINAL, seed=settings.seed,
        )
        for kind in (FILE, SKY, LIGHT, SOURCE)
    }  # fmt: skip
    return Shortcuts(
        len(used), len(seen), len(np.unique(group[drawn])),
        {name: int((label[drawn] == name).sum()) for name in classes},
        too_few, told[FILE], told[SKY], told[LIGHT], told[SOURCE], {**_WORDS, "provider": names},
    )  # fmt: skip


def _groups(outcomes: list[Outcome], records: Recorded) -> np.ndarray:
    """What dedupe or the split keep together, and whoever hangs together by that.

    The split's own groups are not enough: it cuts those that are too large for it, and with
    another grouping (``--group field``) they say nothing of shared sky.
    """
    known = (records.deduped, records.split)
    alone = (-1, "")  # a picture that neither knows
    return joined(*([place.get(o.path, alone)[0] for o in outcomes] for place in known))


def _drawn(label: np.ndarray, classes: list[str], seed: int) -> np.ndarray:
    """Rows of those classes, at most `MOST`, as many of each class as there are or are wanted."""
    rng = np.random.default_rng(seed)
    left = MOST
    drawn: list[np.ndarray] = []
    for name, n in sorted(((c, int((label == c).sum())) for c in classes), key=lambda one: one[1]):
        take = min(n, left // (len(classes) - len(drawn)))
        drawn.append(rng.permutation(np.flatnonzero(label == name))[:take])
        left -= take
    return np.sort(np.concatenate(drawn))


def _coded(names: list[str]) -> tuple[np.ndarray, dict[float, str]]:
    known, codes = np.unique(np.array(names, str), return_inverse=True)
    return codes.astype(float), {float(k): str(name) for k, name in enumerate(known)}


def _of_rows(outcomes: list[Outcome], rows: Rows) -> dict[str, np.ndarray]:
    """What the manifests tell; unknown is NaN."""
    index = np.array([-1 if (k := rows.index(o.label, o.name)) is None else k for o in outcomes])
    found = {}
    for name in ("run", "camcol", "pixscale"):
        values = np.append(rows.numbers(name), np.nan)[index]
        found[name] = np.where(values > 0, values, np.nan)
    own = np.array([outcome.pixscale for outcome in outcomes])
    found["pixscale"] = np.where(own > 0, own, found["pixscale"])
    return found
