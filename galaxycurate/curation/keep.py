"""Of several pictures of one thing, which one stays, and why the others go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

MOST_PIXELS = 2_000_000
"""A larger picture is measured on every second, third, ... pixel."""

_SMALL_PX = 96
"""A picture's brightest source is looked for at this size: no noise peak wins there."""

_MIDDLE = 0.25  # of the side: what lies farther out is rather a neighbour


@dataclass(frozen=True)
class Quality:
    """How good a picture is, for choosing among copies.

    Attributes
    ----------
    off_centre : float
        From the middle to the brightest source near it, as a fraction of the shorter side.
    detail : float
        Share of the light's variance in the finest structure: falls when a picture is blurred.
        Compression adds steps that look like detail, so only great differences count.
    pixels : int
        Width times height.
    n_bytes : int
        Of the file: of one picture saved twice the more compressed has less.
    score : float
        Of its field or its votes, 0 where there is none.
    """

    off_centre: float = 0.0
    detail: float = 0.0
    pixels: int = 0
    n_bytes: int = 0
    score: float = 0.0


@dataclass(frozen=True)
class _Reason:
    """A ground for preferring a picture: what is compared, and what difference counts."""

    of: Callable[[Quality], float]
    tolerance: float
    is_relative: bool
    words: str


_REASONS = (
    _Reason(lambda q: -q.off_centre, 0.03, False, "less well centred: {:.2f} of the side off it"),
    _Reason(lambda q: q.pixels, 0.0, True, "smaller: {:.0%} of the pixels"),
    _Reason(lambda q: q.n_bytes, 0.02, True, "more compressed: {:.0%} of the bytes"),
    _Reason(lambda q: q.detail, 0.6, True, "less sharp: {:.0%} of the finest structure"),
    _Reason(lambda q: q.score, 0.0, True, "lower score: {:.0%} of the other's"),
)


def measure(rgb: np.ndarray) -> Quality:
    """What a picture's pixels tell of its quality.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Quality
        What the file's length and its manifest tell is left 0.
    """
    import cv2

    height, width = rgb.shape[:2]
    step = int(np.ceil(np.sqrt(height * width / MOST_PIXELS)))
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[::step, ::step]), cv2.COLOR_RGB2GRAY)
    grey = grey.astype(np.float32)
    variance = float(grey.var())
    if min(grey.shape) < 8 or variance < 1e-3:
        return Quality(pixels=height * width)
    fine = float(cv2.Laplacian(grey, cv2.CV_32F, ksize=1).var())
    return Quality(_off_centre(grey), fine / variance, height * width)


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


def best(candidates: Sequence[Quality]) -> tuple[int, list[str]]:
    """Which of some copies stays: the best centred, then the largest, the least compressed, the
    sharper where one is blurred, the highest score, and at last the first.

    Each ground in turn leaves only those that come within its tolerance of the best in it.

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
    for reason in _REASONS:
        values = {k: reason.of(candidates[k]) for k in left}
        top = max(values.values())
        least = top - reason.tolerance * (abs(top) if reason.is_relative else 1.0)
        for k in left:
            if values[k] < least:
                share = values[k] / top if reason.is_relative else -values[k]
                why[k] = reason.words.format(share)
        left = [k for k in left if values[k] >= least]
    why[left[0]] = ""
    return left[0], why


def survivors(
    group: np.ndarray,
    *,
    keep: str = "best",
    quality: Sequence[Quality] = (),
    barred: np.ndarray | None = None,
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
    barred : ndarray of bool, shape (n,), optional
        Rows that stay only where their whole group is barred.

    Returns
    -------
    ndarray of bool, shape (n,)
        The rows that stay.
    dict of int to str
        Why each other row goes.
    """
    stays = np.ones(len(group), bool)
    why: dict[int, str] = {}
    if keep == "all":
        return stays, why
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order])) + 1
    for rows in np.split(order, starts):
        if rows.size < 2:
            continue
        open_rows = rows if barred is None or barred[rows].all() else rows[~barred[rows]]
        chosen, reasons = 0, ["not the first"] * open_rows.size
        if keep == "best":
            chosen, reasons = best([quality[row] for row in open_rows])
        stays[rows] = False
        stays[open_rows[chosen]] = True
        why |= dict.fromkeys(rows.tolist(), "not what its id says")
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

    A row is vouched for where another pair confirms its position. Of a pair that disagrees the row
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
