"""Divide: groups to splits, and where a group is too large for that, tiles and a guard band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.assign import crossing
from galaxycurate.curation.split.grouping import joined
from galaxycurate.curation.split.guard import guard_band
from galaxycurate.curation.split.share import (
    ALL,
    TOLERANCE,
    Uneven,
    contents,
    share_out,
    uneven,
    worth,
)  # fmt: skip
from galaxycurate.curation.split.tiles import sky_tiles, strips
from galaxycurate.errors import SettingError

_LARGEST_DEG, _SMALLEST_DEG, _STEP = 60.0, 1e-3, 2**0.5
_TRIES, _AIMS = 8, 6
_IN_VAIN = 2
"""Cuts that brought nothing, after which no other is tried."""
_TILES_A_PART = 2
"""Tiles that the smallest part has at least: one patch of sky is no sample."""


@dataclass(frozen=True)
class Scene:
    """Images to be divided, as aligned columns, and the pairs among them.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
    group : ndarray of int64, shape (n,)
        What should stay together.
    firm : ndarray of int64, shape (n,)
        What must stay together even where a group is cut: pictures of one object.
    picture : ndarray of int64, shape (n,)
        Which are one picture: one of them has the pairs of all; the guard drops all or none.
    pairs : Pairs
        Those that share anything: none may lie across splits.
    ra, dec, width_arcsec : ndarray of float64, shape (n,)
        NaN where unknown.
    """

    label: np.ndarray
    group: np.ndarray
    firm: np.ndarray
    picture: np.ndarray
    pairs: Pairs
    ra: np.ndarray
    dec: np.ndarray
    width_arcsec: np.ndarray

    def __len__(self) -> int:
        return self.group.size


@dataclass(frozen=True)
class Division:
    """Who goes where.

    Parameters
    ----------
    place : ndarray of int64, shape (n,)
        The part of each image, -1 for those that the guard band drops.
    meant : ndarray of int64, shape (n,)
        The part of each image before that.
    group : ndarray of int64, shape (n,)
        The groups that were placed: those that were cut are several now.
    cut : ndarray of int64
        Groups of the scene that were cut.
    tile_deg : float
        Size of the tiles, 0 where nothing was cut by position.
    uneven : list of Uneven
        Classes whose shares are further off than two points.
    """

    place: np.ndarray
    meant: np.ndarray
    group: np.ndarray
    cut: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    tile_deg: float = 0.0
    uneven: list[Uneven] = field(default_factory=list)

    @property
    def dropped(self) -> int:
        """How many images the guard band drops."""
        return int((self.place < 0).sum())


def check_guard(guard: str) -> tuple[str, float]:
    """The mode of the guard and the size of its tiles [deg], 0 for any.

    Raises
    ------
    SettingError
        It is none of ``auto``, ``tiles``, ``tiles:DEG``, ``none``.
    """
    mode, colon, size = guard.partition(":")
    try:
        degrees = float(size) if colon else 0.0
    except ValueError:
        degrees = -1.0
    is_size = _SMALLEST_DEG <= degrees <= 360
    if mode not in ("auto", "tiles", "none") or (colon and (mode != "tiles" or not is_size)):
        raise SettingError(
            f"no such guard: {guard}",
            hint=f"--guard auto, tiles, tiles:0.5 (at least {_SMALLEST_DEG:g}) or none",
        )
    return mode, degrees


def divide(scene: Scene, shares: Sequence[float], *, guard: str = "auto", seed: int) -> Division:
    """Place groups so that each class is shared out as asked and no pair lies across parts.

    With ``guard="auto"`` a group that is too large to be placed is, where that helps, cut into
    tiles of the sky (or, without positions, along its pairs), the largest with which the shares
    hold; pairs across the borders of tiles, or of groups that share sky, lose one end to the guard
    band.

    Parameters
    ----------
    scene : Scene
    shares : sequence of float
        Of the parts; the first can spare images most.
    guard : str
        ``auto``; ``tiles`` or ``tiles:DEG`` to cut every group; ``none`` to cut and drop nothing.
    seed : int

    Returns
    -------
    Division
    """
    mode, size = check_guard(guard)
    if mode == "tiles":
        return _cut(scene, np.unique(scene.group), shares, size, seed)
    made = _place(scene, scene.group, shares, seed, with_guard=mode == "auto")
    vain: list[int] = []
    while mode == "auto" and made.uneven and len(vain) < _IN_VAIN:
        one = _most_in_the_way(scene, made, vain)
        if one is None:
            break
        tried = _cut(scene, np.append(made.cut, one), shares, size, seed)
        if _off(tried) < _off(made):
            made = tried
        else:
            vain.append(one)
    return made


def _most_in_the_way(scene: Scene, made: Division, vain: list[int]) -> int | None:
    """The largest group that can be cut of the class that is most uneven; or of the next one."""
    left = ~np.isin(scene.group, [*made.cut, *vain])
    for label in dict.fromkeys(one.label for one in made.uneven):
        mine = (scene.label == label) | (label == ALL)
        ids, counts = np.unique(scene.group[mine & left], return_counts=True)
        large = counts > max(TOLERANCE * mine.sum(), 1)
        order = np.argsort(-counts[large], kind="stable")
        for group in ids[large][order].tolist():
            if np.unique(scene.firm[scene.group == group]).size > 1:
                return int(group)
    return None


def _place(scene: Scene, group, shares, seed: int, *, with_guard: bool = True) -> Division:
    """Give out the groups, then drop the guard band; what it takes is asked for again."""
    classes, row_of, content = contents(scene.label, group)
    of_class = np.searchsorted(classes, scene.label)
    wanted = aim = np.repeat(np.asarray(shares, float)[:, None], classes.size, axis=1)
    tried: list[Division] = []
    dear = worth(scene.label)
    for _ in range(_AIMS if with_guard else 1):
        place = meant = share_out(content, aim, seed=seed)[row_of]
        if with_guard:
            dropped = guard_band(meant, scene.pairs, dear)
            place = np.where(np.isin(scene.picture, scene.picture[dropped]), -1, meant)
        off = uneven(scene.label, group, place, shares)
        tried.append(Division(place, meant, group, uneven=off))
        if not off or (place >= 0).all():
            break
        got = np.zeros(wanted.shape)
        np.add.at(got, (place[place >= 0], of_class[place >= 0]), 1)
        got /= np.maximum(got.sum(axis=0), 1)
        aim = np.where(wanted > 0, np.maximum(aim + wanted - got, 1e-3), 0)
        aim = aim / aim.sum(axis=0)
    return min(tried, key=_off)


def _cut(scene: Scene, cut: np.ndarray, shares, size: float, seed: int) -> Division:
    """Cut groups by the largest tiles with which the shares hold; else by the least uneven."""
    best: Division | None = None
    for tile_deg, group in _cuts(scene, np.isin(scene.group, cut), shares, size):
        seeds = sorted(
            range(seed, seed + _TRIES), key=lambda s: _crossings(scene, group, shares, s)
        )
        for one in seeds:
            made = replace(_place(scene, group, shares, one), cut=cut, tile_deg=tile_deg)
            if best is None or _off(made) < _off(best):
                best = made
            if not made.uneven:
                return best
    assert best is not None
    return best


def _off(made: Division) -> float:
    """How uneven a division is, all classes taken together."""
    return sum(abs(one.got - one.wanted) for one in made.uneven)


def _crossings(scene: Scene, group, shares, seed: int) -> tuple[int, int]:
    _, row_of, content = contents(scene.label, group)
    place = share_out(content, shares, seed=seed)[row_of]
    return len(uneven(scene.label, group, place, shares)), len(crossing(place, scene.pairs))


def _cuts(scene: Scene, inside, shares, size: float) -> Iterator[tuple[float, np.ndarray]]:
    """Ever smaller tiles of the rows to be cut, and the groups that they make."""
    known = inside & np.isfinite(scene.ra + scene.dec)
    pieces = int(np.ceil(_TILES_A_PART / min(s for s in shares if s > 0)))
    sizes = [size] if size else _sizes(scene, known, pieces)
    for step, tile_deg in enumerate(sizes):
        key = np.full(len(scene), -1)
        if known.any():
            key[known] = sky_tiles(scene.ra[known], scene.dec[known], tile_deg)
        _walk(key, scene, inside & ~known, round(pieces * _STEP**step))
        whole = np.where(inside, -1, scene.group)
        yield tile_deg if known.any() else 0.0, joined(whole, _apart(key, scene.group), scene.firm)


def _apart(key: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Tiles of one group; those of another group on the same sky are its own."""
    both = np.unique(np.stack([key, group]), axis=1, return_inverse=True)[1].ravel()
    return np.where(key >= 0, both, -1)


def _sizes(scene: Scene, known: np.ndarray, pieces: int) -> list[float]:
    """Sizes of tiles [deg] that make enough of them, down to a few cutouts wide."""
    if not known.any():
        return [0.0] * 6
    ra, dec = scene.ra[known], scene.dec[known]
    width = np.nanmax(scene.width_arcsec[known], initial=1.0) / 3600
    size, sizes = _LARGEST_DEG, list[float]()
    while size > 3 * width or not sizes:
        if np.unique(sky_tiles(ra, dec, size)).size >= pieces or size <= 3 * width:
            sizes.append(size)
        size /= _STEP
    return sizes


def _walk(key: np.ndarray, scene: Scene, rows: np.ndarray, pieces: int) -> None:
    """Pieces of the rows that have no position, along their pairs."""
    here = np.flatnonzero(rows)
    if not here.size:
        return
    among = rows[scene.pairs.first] & rows[scene.pairs.second]
    number = np.cumsum(rows) - 1
    first, second = number[scene.pairs.first[among]], number[scene.pairs.second[among]]
    local = Pairs(first, second, np.ones(first.size))
    apart = groups(here.size, [local])
    key[here] = (1 << 60) + apart * pieces + strips(here.size, local, pieces)
