"""Which images an audit's page shows, with their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.errors import InputError
from galaxycurate.pipeline.audit.judged import WORST_FIRST, Judged
from galaxycurate.pipeline.dedupe.decode import Unreadable, decode
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

AT_MOST = 120
"""Pictures on one sheet."""

CLEAN_AT_MOST = 48


@dataclass(frozen=True)
class Shown:
    """One picture of a sheet; ``rgb`` is None where it cannot be read."""

    judged: Judged
    rgb: np.ndarray | None


@dataclass(frozen=True)
class Sheet:
    """Pictures of one verdict.

    Parameters
    ----------
    kind : VerdictKind
    of : str
        Of what: negatives, or the label of galaxies.
    total : int
        How many there are; not all may be shown.
    shown : list of Shown
        The brightest object first.
    """

    kind: VerdictKind
    of: str
    total: int
    shown: list[Shown]


def sheets(settings: Settings, judged: list[Judged]) -> Iterator[Sheet]:
    """The sheets of an audit: negatives before galaxies, the worst verdict first.

    Parameters
    ----------
    settings : Settings
    judged : list of Judged

    Yields
    ------
    Sheet
        Clean images come as a random draw, by the settings' seed.
    """
    tree = open_tree(Path(settings.dataset))
    for negative in (True, False):
        for kind in WORST_FIRST:
            those = [
                one for one in judged
                if one.verdict.kind is kind and one.image.negative is negative
            ]  # fmt: skip
            if those:
                drawn = _drawn(those, kind, settings.seed)
                pictures = [Shown(one, _pixels(tree, one.image.path)) for one in drawn]
                yield Sheet(kind, "negatives" if negative else "galaxies", len(those), pictures)


def _drawn(those: list[Judged], kind: VerdictKind, seed: int) -> list[Judged]:
    if kind is VerdictKind.CLEAN:
        rows = np.random.default_rng(seed).permutation(len(those))[:CLEAN_AT_MOST]
        return [those[k] for k in sorted(rows)]
    return sorted(those, key=_brightness)[:AT_MOST]


def _brightness(one: Judged) -> tuple[float, float, str]:
    """Bright objects first; those without a magnitude come last, the surest first."""
    verdict = one.verdict
    return verdict.mag_r or 99.0, -verdict.score, verdict.path


def _pixels(tree, path: str) -> np.ndarray | None:
    try:
        return decode(tree.read(path))
    except (InputError, Unreadable, OSError):
        return None
