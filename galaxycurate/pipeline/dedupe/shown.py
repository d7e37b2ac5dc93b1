"""Which pairs a page shows, and their pictures."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

PER_KIND = 60
_PLACED = ("pixels", "noise", "sources", "resized", "sky")
"""Tiers that know how one picture lies on the other."""


@dataclass(frozen=True)
class PairOfPictures:
    """What a page shows of a pair; see `galaxycurate.web.pairs.ShownPair`."""

    first: bytes | None
    second: bytes | None
    names: tuple[str, str]
    caption: str
    kind: str
    dx: float
    dy: float
    flip: int
    scale: float
    is_placed: bool
    left_out: tuple[bool, bool]


@dataclass(frozen=True)
class Shown:
    """The pairs of a page: of `total`, `most` of each kind."""

    pairs: list[PairOfPictures]
    total: int
    most: int


def of_each_kind(settings: Settings, verdicts: Iterable[Verdict], *, most: int = PER_KIND) -> Shown:
    """The surest pairs of each kind, once each, with their pictures.

    Parameters
    ----------
    settings : Settings
    verdicts : iterable of Verdict
    most : int
        Of each kind.

    Returns
    -------
    Shown
    """
    verdicts = list(verdicts)
    once: dict[tuple, Verdict] = {}
    for verdict in verdicts:
        if verdict.partner:
            pair = frozenset((verdict.path, verdict.partner))
            once.setdefault((verdict.kind, pair), verdict)
    by_kind: dict[VerdictKind, list[Verdict]] = {}
    for (kind, _), verdict in once.items():
        by_kind.setdefault(kind, []).append(verdict)
    gone = {verdict.path for verdict in verdicts if not verdict.keep}
    tree = open_tree(Path(settings.dataset))
    pairs = [
        _pair(verdict, tree, gone)
        for kind in VerdictKind if kind in by_kind
        for verdict in _spread(by_kind[kind], most)
    ]  # fmt: skip
    return Shown(pairs, len(once), most)


def is_placed(verdict: Verdict) -> bool:
    """Whether it is known how one picture of a pair lies on the other."""
    if verdict.tier == "pixels":
        return True
    return verdict.tier in _PLACED and bool(verdict.score or verdict.dx or verdict.dy)


def _spread(verdicts: list[Verdict], most: int) -> list[Verdict]:
    """From those that share most to those that share least, evenly."""
    ordered = sorted(verdicts, key=lambda v: -v.amount)
    if len(ordered) <= most:
        return ordered
    return [ordered[k * (len(ordered) - 1) // (most - 1)] for k in range(most)]


def _pair(verdict: Verdict, tree, gone: set[str]) -> PairOfPictures:
    names = verdict.partner, verdict.path
    first, second = (_read(tree, name) for name in names)
    caption = verdict.evidence
    if verdict.tier == "sky":
        caption = f"{verdict.amount:.0%} of the sky, by position" + (caption and f"; {caption}")
    return PairOfPictures(
        first, second, names, caption, str(verdict.kind), verdict.dx, verdict.dy, verdict.flip,
        verdict.scale, is_placed(verdict),
        (names[0] in gone, names[1] in gone),
    )  # fmt: skip


def _read(tree, path: str) -> bytes | None:
    with suppress(InputError, OSError):
        return tree.read(path)
    return None
