"""Of several pictures of one thing, which one stays, and why the others go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

VERSION = 2
"""Of what `measure` tells: what was kept of another one is measured anew."""

MOST_PIXELS = 2_000_000
"""A larger picture is measured on every second, third, ... pixel."""

BINS = 24
"""Of a picture's power spectrum, from the mean to its Nyquist frequency."""

_SMALL_PX = 96
"""A picture's brightest source is looked for at this size: no noise peak wins there."""

_MIDDLE = 0.25  # of the side: what lies farther out is rather a neighbour
_SPECTRUM_PX = 1024  # of the middle of a larger picture its spectrum is made

_TOP, _MIDST = (0.8, 0.97), (0.45, 0.65)
"""Of the smaller of two pictures' Nyquist frequency: where a picture that was blown up from the
smaller, or from its like, has lost power; and where it has lost none, so that the steps of a
compression, which have power at both, do not count."""

_LOST_DEX = 0.12
"""Chosen on 85 real pictures that were enlarged 1.1 to 2 times. Not every one lacks so much:
those by a sharpening kernel (OpenCV's cubic) do not from 1.3 on, and only their siblings tell.
"""


@dataclass(frozen=True)
class Quality:
    """How good a picture is, for choosing among copies.

    Attributes
    ----------
    off_centre : float
        From the middle to the brightest source near it, as a fraction of the shorter side; NaN
        where it was not measured.
    detail : float
        Share of the light's variance in the finest structure: falls when a picture is blurred.
        Compression adds steps that look like detail, so only great differences count.
    pixels : int
        Width times height.
    n_bytes : int
        Of the file: of one picture saved twice in one form the more compressed has less.
    score : float
        Of its field or its votes; 0 or NaN where there is none.
    form : str
        Of the file, such as ``JPEG``.
    has_colour : bool
        False of a grey picture.
    power : tuple of float
        Logarithm of the power in the pixels per pixel and mode, from the mean to the Nyquist
        frequency; empty where it was not measured.
    is_seen : bool
        False of a file that no picture, or only a blank one, can be made of.
    is_turned : bool
        Whether other pictures tell that it was turned or mirrored; of two that are turned against
        each other, where nothing else tells, both may be.
    siblings : int
        How many pictures of the collection have its form and size.
    """

    off_centre: float = float("nan")
    detail: float = 0.0
    pixels: int = 0
    n_bytes: int = 0
    score: float = 0.0
    form: str = ""
    has_colour: bool = True
    power: tuple[float, ...] = ()
    is_seen: bool = True
    is_turned: bool = False
    siblings: int = 0


@dataclass(frozen=True)
class _Reason:
    """A ground for preferring a picture: what is compared, and what difference counts."""

    of: Callable[[Quality], float]
    tolerance: float
    is_relative: bool
    words: str


_SEEN = (
    _Reason(lambda q: q.is_seen, 0.0, False, "blank or unreadable"),
    _Reason(lambda q: q.has_colour, 0.0, False, "grey, where another has colour"),
    _Reason(lambda q: not q.is_turned, 0.0, False, "turned or mirrored, as its neighbours tell"),
    _Reason(lambda q: q.siblings, 0.75, True, "of a form and size that few here have: {:.0%}"),
)
_SHOWN = (
    _Reason(lambda q: -_or(q.off_centre, 1.0), 0.03, False, "less well centred: {:.2f} off it"),
    _Reason(lambda q: q.detail, 0.6, True, "less sharp: {:.0%} of the finest structure"),
)
_BYTES = _Reason(lambda q: q.n_bytes, 0.02, True, "more compressed: {:.0%} of the bytes")
_SCORE = _Reason(lambda q: _or(q.score, 0.0), 0.0, False, "lower score: {:.3g} instead of {:.3g}")


def _or(value: float, otherwise: float) -> float:
    return otherwise if np.isnan(value) else float(value)


def measure(rgb: np.ndarray) -> Quality:
    """What a picture's pixels tell of its quality.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Quality
        What its file, its manifest and other pictures tell is left out.
    """
    import cv2

    height, width = rgb.shape[:2]
    step = int(np.ceil(np.sqrt(height * width / MOST_PIXELS)))
    small = np.ascontiguousarray(rgb[::step, ::step])
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    variance = float(grey.var())
    if min(grey.shape) < 8 or variance < 1e-3:
        return Quality(pixels=height * width, is_seen=False)
    fine = float(cv2.Laplacian(grey, cv2.CV_32F, ksize=1).var())
    has_colour = bool((small[..., :2] != small[..., 1:]).any())
    return Quality(
        _off_centre(grey), fine / variance, height * width, has_colour=has_colour,
        power=_power(rgb),
    )  # fmt: skip


def _off_centre(grey: np.ndarray) -> float:
    import cv2

    shrink = _SMALL_PX / max(grey.shape)
    if shrink < 1:
        size = [max(8, round(n * shrink)) for n in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(grey, (5, 5), 1.0)
    smooth = smooth - smooth.mean()
    side = min(grey.shape)
    y, x = (np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in grey.shape)
    near = [np.exp(-(v**2) / (2 * (_MIDDLE * side) ** 2)) for v in (y, x)]
    row, col = np.unravel_index(int((smooth * near[0][:, None] * near[1]).argmax()), grey.shape)
    return float(np.hypot(y[row], x[col]) / side)


def _power(rgb: np.ndarray) -> tuple[float, ...]:
    """The power spectrum of the middle square of a picture."""
    import cv2
    from scipy.fft import rfft2

    side = min(*rgb.shape[:2], _SPECTRUM_PX)
    top, left = ((n - side) // 2 for n in rgb.shape[:2])
    middle = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    grey = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window, bins, modes = _modes(side)
    power = np.abs(rfft2((grey - grey.mean()) * window)) ** 2
    told = np.bincount(bins, power.ravel(), BINS) / np.maximum(modes, 1)
    return tuple(np.log10(told / float((window**2).sum()) + 1e-6).tolist())


@lru_cache(maxsize=4)
def _modes(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window, the bin of each mode, and how many modes are in each bin."""
    taper = np.hanning(side).astype(np.float32)
    down, right = np.abs(np.fft.fftfreq(side)), np.fft.rfftfreq(side)
    share = 2 * np.maximum(down[:, None], right)
    bins = np.minimum((share * BINS).astype(np.int64), BINS - 1).ravel()
    return taper[:, None] * taper, bins, np.bincount(bins, minlength=BINS)


def best(candidates: Sequence[Quality]) -> tuple[int, list[str]]:
    """Which of some copies stays.

    One that can be seen before others; with colour before grey; as the sky is before turned; one of
    the form and size of many here before those of few; the one with most pixels that were not made
    by blowing up another; the better centred; the sharper where one is blurred; of one form, unless
    one may be turned, the least compressed; of the highest score; and at last the first. Each
    ground in turn leaves only those that come within its tolerance of the best in it.

    Parameters
    ----------
    candidates : sequence of Quality
        In order; at least one.

    Returns
    -------
    int
        The one that stays.
    list of str
        Of each, why it goes; of the one that stays, empty.
    """
    why = ["not the first of equal ones"] * len(candidates)
    left = list(range(len(candidates)))
    for reason in _SEEN:
        left = _by(reason, candidates, left, why)
    left = _not_blown_up(candidates, left, why)
    for reason in _SHOWN:
        left = _by(reason, candidates, left, why)
    if len({(candidates[k].form, candidates[k].is_turned) for k in left}) == 1 and (
        not candidates[left[0]].is_turned
    ):
        left = _by(_BYTES, candidates, left, why)
    left = _by(_SCORE, candidates, left, why)
    why[left[0]] = ""
    return left[0], why


def _by(
    reason: _Reason, candidates: Sequence[Quality], left: list[int], why: list[str]
) -> list[int]:
    """Those that one ground leaves; the others are told why they go."""
    values = {k: float(reason.of(candidates[k])) for k in left}
    top = max(values.values())
    least = top - reason.tolerance * (abs(top) if reason.is_relative else 1.0)
    for k in left:
        if values[k] < least:
            told = (values[k] / top,) if reason.is_relative else (abs(values[k]), top)
            why[k] = reason.words.format(*told)
    return [k for k in left if values[k] >= least]


def _not_blown_up(candidates: Sequence[Quality], left: list[int], why: list[str]) -> list[int]:
    """The largest, but for those that were made of a smaller one."""
    by_size = sorted(left, key=lambda k: candidates[k].pixels)
    top = by_size[0]
    for k in by_size[1:]:
        lost = _lost(candidates[top], candidates[k])
        if lost > _LOST_DEX:
            why[k] = f"blown up: {10**-lost:.0%} of the finest structure of a smaller one"
        else:
            top = k
    n_pixels = candidates[top].pixels
    for k in left:
        if candidates[k].pixels < n_pixels:
            why[k] = f"smaller: {candidates[k].pixels / n_pixels:.0%} of the pixels"
    return [k for k in left if candidates[k].pixels == n_pixels]


def _lost(small: Quality, large: Quality) -> float:
    """How much power the larger lacks where the smaller's finest structure is [dex]."""
    if not (small.power and large.power) or small.pixels == large.pixels:
        return 0.0
    middles = (np.arange(BINS) + 0.5) / BINS
    ratio = np.sqrt(small.pixels / large.pixels)

    def less(band: tuple[float, float]) -> float:
        at = np.linspace(band[0], band[1], 12)
        there = np.interp(at * ratio, middles, large.power)
        return float((np.interp(at, middles, small.power) - there).mean())

    top = less(_TOP)
    return min(top, top - less(_MIDST))


def survivors(
    group: np.ndarray,
    *,
    keep: str = "best",
    quality: Sequence[Quality] = (),
    barred: Mapping[int, str] | None = None,
) -> tuple[np.ndarray, dict[int, str]]:
    """Of each group of copies the row that stays.

    Parameters
    ----------
    group : ndarray of int64, shape (n,)
        Rows of one number are copies of one thing.
    keep : {'best', 'first', 'all'}
        The best by `best`, the first row, or every row.
    quality : sequence of Quality, length n
        Needed for ``best``.
    barred : mapping of int to str, optional
        Rows that stay only where their whole group is barred, and why.

    Returns
    -------
    ndarray of bool, shape (n,)
        The rows that stay.
    dict of int to str
        Why each other row goes.
    """
    stays = np.ones(len(group), bool)
    why: dict[int, str] = {}
    barred = barred or {}
    is_open = np.ones(len(group), bool)
    is_open[list(barred)] = False
    if keep == "all":
        return stays, why
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order])) + 1
    for rows in np.split(order, starts):
        if rows.size < 2:
            continue
        open_rows = rows[is_open[rows]] if is_open[rows].any() else rows
        chosen, reasons = 0, ["not the first"] * open_rows.size
        if keep == "best":
            chosen, reasons = best([quality[row] for row in open_rows])
        stays[rows] = False
        stays[open_rows[chosen]] = True
        why |= {row: barred[row] for row in rows.tolist() if row in barred}
        why |= dict(zip(open_rows.tolist(), reasons, strict=True))
        del why[int(open_rows[chosen])]
    return stays, why


def depth(n: int, first: np.ndarray, second: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """How many pairs lie between each row and the nearest root.

    Parameters
    ----------
    n : int
    first, second : ndarray of int64, shape (m,)
        The pairs.
    roots : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        0 for roots, infinite where no root is reached.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    if not roots.any():
        return np.full(n, np.inf)
    graph = coo_matrix((np.ones(first.size), (first, second)), shape=(n, n)).tocsr()
    return dijkstra(
        graph, directed=False, indices=np.flatnonzero(roots), unweighted=True, min_only=True
    )


def blamed(
    n: int, disagreeing: tuple[np.ndarray, np.ndarray], agreeing: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Which rows of pairs whose pixels and positions disagree cannot be trusted.

    A row is vouched for where another pair confirms its position: give only pairs whose positions
    differ, for two pictures with one mistake agree, too. Of a pair that disagrees the row
    that nothing vouches for is blamed; both are where both or neither are vouched for.

    Parameters
    ----------
    n : int
    disagreeing, agreeing : tuple of two ndarrays of int64
        Rows, first and second.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    vouched = np.zeros(n, bool)
    for rows in agreeing:
        vouched[rows] = True
    wrong = np.zeros(n, bool)
    i, j = disagreeing
    undecided = vouched[i] == vouched[j]
    wrong[i[undecided | vouched[j]]] = True
    wrong[j[undecided | vouched[i]]] = True
    return wrong
