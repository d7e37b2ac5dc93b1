"""Which pairs a page shows, and their pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

if TYPE_CHECKING:
    from PIL import Image

PER_KIND = 60
_PLACED = ("pixels", "noise", "sources", "resized", "sky")
"""Tiers that know how one picture lies on the other."""


@dataclass(frozen=True)
class ShownPair:
    """Two pictures and what is thought of them.

    Parameters
    ----------
    first, second : bytes, PIL.Image.Image or None
        A file in any form that can be decoded, or a picture; None where there is none.
    names : tuple of two str
        Written below each.
    caption : str
    kind : str
        Pairs of one kind stand together, under it.
    dx, dy, flip, scale
        How the second lies on the first (`galaxycurate.curation.pairs.Matches`).
    is_placed : bool
        Whether these are known: only then anything is outlined.
    left_out : tuple of two bool
        Which of them a split leaves out.
    """

    first: bytes | Image.Image | None
    second: bytes | Image.Image | None
    names: tuple[str, str]
    caption: str = ""
    kind: str = ""
    dx: float = 0.0
    dy: float = 0.0
    flip: int = 0
    scale: float = 1.0
    is_placed: bool = False
    left_out: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Shown:
    """The pairs of a page: of `total`, `most` of each kind."""

    pairs: list[ShownPair]
    total: int
    most: int


def of_each_kind(
    settings: Settings, verdicts: Iterable[Verdict], *, left_out: Collection[str],
    most: int = PER_KIND,
) -> Shown:  # fmt: skip
    """The surest pairs of each kind, once each, with their pictures.

    Parameters
    ----------
    settings : Settings
    verdicts : iterable of Verdict
    left_out : collection of str
        The images that splits leave out, as verdicts and people together say.
    most : int
        Of each kind.

    Returns
    -------
    Shown
    """
    once: dict[tuple, Verdict] = {}
    for verdict in verdicts:
        if verdict.partner:
            pair = frozenset((verdict.path, verdict.partner))
            once.setdefault((verdict.kind, pair), verdict)
    by_kind: dict[VerdictKind, list[Verdict]] = {}
    for (kind, _), verdict in once.items():
        by_kind.setdefault(kind, []).append(verdict)
    tree = open_tree(Path(settings.dataset))
    pairs = [
        _pair(verdict, tree, left_out)
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


def _pair(verdict: Verdict, tree, left_out: Collection[str]) -> ShownPair:
    names = verdict.partner, verdict.path
    first, second = (_read(tree, name) for name in names)
    caption = verdict.evidence
    if verdict.tier == "sky":
        caption = f"{verdict.amount:.0%} of the sky, by position" + (caption and f"; {caption}")
    return ShownPair(
        first, second, names, caption, str(verdict.kind), verdict.dx, verdict.dy, verdict.flip,
        verdict.scale, is_placed(verdict),
        (names[0] in left_out, names[1] in left_out),
    )  # fmt: skip


def _read(tree, path: str) -> bytes | None:
    with suppress(InputError, OSError):
        return tree.read(path)
    return None
