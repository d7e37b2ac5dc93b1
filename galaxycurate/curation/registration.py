"""How one picture of a piece of sky lies on another: shift, scale, rotation, mirrored or not.

Shifts by phase correlation; scale and rotation first by the same on log-polar spectra (Reddy &
Chatterji 1996, IEEE Trans. Image Process. 5, 1266), then from the shifts of patches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft
from scipy.ndimage import affine_transform, map_coordinates

from galaxycurate.curation.correlation import correlate, grey, phases, window

CERTAIN = 12.0
"""A peak of so many standard deviations is none by chance (see `register`)."""

PATCHES = 4
"""Patches along a side, overlapping by half, whose shifts tell scale and rotation."""

MOST_SCALE = 2.2
"""Scale ratios beyond this are not looked for."""

_RADII, _ANGLES = 256, 512


@dataclass(frozen=True)
class Registration:
    """Where the pixels of a picture are found in another one.

    A point at (x, y) from the middle of the first picture, x to the right and y down, lies in the
    second at ``scale * turn(x, y) + (dx, dy)`` from its middle; ``turn`` is by ``rotation_deg``,
    counter-clockwise as seen, after x was negated where ``mirrored``.

    Attributes
    ----------
    dx, dy : float
        [pixel] of the second picture.
    scale : float
        Pixels of the second picture to one of the first.
    rotation_deg : float
        -180 to 180.
    mirrored : bool
    peak : float
        Height of the correlation's peak, in its standard deviations.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    rotation_deg: float = 0.0
    mirrored: bool = False
    peak: float = 0.0

    @property
    def certain(self) -> bool:
        """Whether the pictures have something in common at all."""
        return self.peak >= CERTAIN

    @property
    def offset(self) -> float:
        """Length of the shift [pixel]."""
        return float(np.hypot(self.dx, self.dy))

    @property
    def matrix(self) -> np.ndarray:
        """``scale * turn``, for columns (x, y)."""
        angle = np.radians(self.rotation_deg)
        c, s = np.cos(angle), np.sin(angle)
        flip = np.diag([-1.0, 1.0]) if self.mirrored else np.eye(2)
        return self.scale * np.array([[c, s], [-s, c]]) @ flip


def register(a: np.ndarray, b: np.ndarray) -> Registration:
    """Find the first picture in the second.

    Parameters
    ----------
    a, b : ndarray, shape (h, w) or (h, w, 3)
        Of one shape; grey or colour, in any stretch.

    Returns
    -------
    Registration
        Where it is not `certain`, its values mean nothing.

    Notes
    -----
    Measured on windows of 256 pixels of real `frame-irg` pictures, any rotation, scale 0.8 to 1.25,
    half of them mirrored, both through JPEG of quality 75: 32 of 32 right; errors in x and y median
    0.004, 95 % within 0.02 pixel; scale 0.0001, 0.0002; rotation 0.002, 0.008 degrees. Peaks: 78
    and more; of unrelated windows 9 at most.
    """
    grey_a, grey_b = grey(a), grey(b)
    found = _best(grey_a, grey_b)
    if not found.certain:
        return found
    for _ in range(3):
        found = _refined(grey_a, grey_b, found)
    peak = shift(grey_a, aligned(grey_b, found)).peak
    return replace(found, peak=peak)


def shift(a: np.ndarray, b: np.ndarray) -> Registration:
    """How far the second picture's content lies from the first's, when nothing else differs.

    Parameters
    ----------
    a, b : ndarray, shape (h, w) or (h, w, 3)
        Of one shape.

    Returns
    -------
    Registration
        Scale 1, rotation 0. Where it is not `certain`, its values mean nothing.

    Notes
    -----
    Measured errors in x and y on real windows as for `register`: median 0.007, 95 % within 0.025
    pixel. Where noise, seeing and stretch differ the sources alone tell: with 60 (simulated, fluxes
    of 60 to 10,000 times the noise of a pixel) 0.02 and 0.07, with 25 of them 0.03 and 0.3 pixel.
    """
    grey_a, grey_b = grey(a), grey(b)
    found = _shifted(grey_a, grey_b)
    if not found.certain:
        return found
    for _ in range(3):  # the window stands still: what is left of the shift is told too small
        rest = _shifted(*_overlap(grey_a, aligned(grey_b, found), found))
        found = replace(found, dx=found.dx + rest.dx, dy=found.dy + rest.dy)
    return found


def aligned(b: np.ndarray, found: Registration) -> np.ndarray:
    """The second picture on the pixels of the first (cubic splines), 0 where it has none.

    Parameters
    ----------
    b : ndarray, shape (h, w) or (h, w, 3)
    found : Registration

    Returns
    -------
    ndarray of float32, of b's shape
    """
    planes = np.atleast_3d(np.asarray(b, np.float32))
    middle = (np.array(planes.shape[1::-1]) - 1) / 2
    start = middle + np.array([found.dx, found.dy]) - found.matrix @ middle
    matrix, offset = found.matrix[::-1, ::-1], start[::-1]  # scipy counts rows first
    made = [
        affine_transform(planes[..., n], matrix, offset, order=3, mode="constant")
        for n in range(planes.shape[2])
    ]
    return np.stack(made, axis=-1).reshape(np.shape(b))


def _shifted(a: np.ndarray, b: np.ndarray) -> Registration:
    dx, dy, height = correlate(a, b)
    return Registration(dx=dx, dy=dy, peak=height)


def _overlap(a: np.ndarray, b: np.ndarray, found: Registration) -> tuple[np.ndarray, np.ndarray]:
    """What both pictures have, once the second lies on the first."""
    rows, cols = (
        slice(max(0, -low), min(0, -low) or None)
        for low in (int(np.floor(v)) + (v > 0) for v in (found.dy, found.dx))
    )
    return a[rows, cols], b[rows, cols]


# ---- scale and rotation


def _best(a: np.ndarray, b: np.ndarray) -> Registration:
    """The most probable of the candidates; the first that fits well ends the search."""
    best = Registration()
    for candidate in _candidates(a, b):
        rest = _shifted(a, aligned(b, candidate))
        if rest.peak > best.peak:
            best = _then(candidate, rest)
        if best.peak > 2 * CERTAIN:
            break
    return best


def _candidates(a: np.ndarray, b: np.ndarray) -> Iterator[Registration]:
    """Upright, the other seven quarter turns and mirrors, then what the spectra tell."""
    for mirrored in (False, True):
        for angle in (0.0, 90.0, 180.0, -90.0):
            yield Registration(rotation_deg=angle, mirrored=mirrored)
    for mirrored in (False, True):
        angle, scale = _log_polar(a[:, ::-1] if mirrored else a, b)
        for turned in (angle, angle + 180.0):
            turned = (turned + 180.0) % 360.0 - 180.0
            yield Registration(rotation_deg=turned, scale=scale, mirrored=mirrored)


def _log_polar(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Rotation [deg], but for half a turn, and scale from the sizes of the spectra."""
    side = min(a.shape)
    radii = np.geomspace(side / 32, side / 2 - 1, _RADII)
    angles = np.pi * np.arange(_ANGLES) / _ANGLES
    x, y = (np.outer(radii, f(angles)) for f in (np.cos, np.sin))
    spectra = []
    for picture in (a, b):
        size = np.abs(fft.fftshift(fft.fft2(picture * window(picture.shape))))
        size = np.log1p(size / (np.median(size) + 1e-30))
        middle = [n // 2 for n in size.shape]
        scaled = (y * size.shape[0] / side + middle[0], x * size.shape[1] / side + middle[1])
        sampled = map_coordinates(size, scaled, order=1, mode="nearest")
        spectra.append(sampled - sampled.mean(axis=1, keepdims=True))
    along = np.hanning(_RADII + 2)[1:-1, None]
    surface = fft.ifft2(phases(*(fft.fft2(spectrum * along) for spectrum in spectra))).real
    step = np.log(radii[1] / radii[0])
    far = np.abs(fft.fftfreq(_RADII, 1 / _RADII)) * step > np.log(MOST_SCALE)
    surface[far] = -np.inf
    row, col = np.unravel_index(int(surface.argmax()), surface.shape)
    row = row - _RADII if row > _RADII // 2 else row
    # a larger picture has a smaller spectrum; its angles run clockwise as seen, y being down
    return float(-180.0 * col / _ANGLES), float(np.exp(-row * step))


def _refined(a: np.ndarray, b: np.ndarray, found: Registration) -> Registration:
    """The same, corrected by the shifts of patches: a least-squares similarity of the good ones."""
    moved = aligned(b, found)
    at, by, weights = [], [], []
    for rows, cols in _patches(a.shape):
        rest = _shifted(a[rows, cols], moved[rows, cols])
        if rest.peak >= CERTAIN and rest.offset < (rows.stop - rows.start) / 4:
            at.append(((cols.start + cols.stop - 1) / 2, (rows.start + rows.stop - 1) / 2))
            by.append((rest.dx, rest.dy))
            weights.append(rest.peak)
    if len(at) < 4:
        rest = _shifted(a, moved)
        return _then(found, rest)
    middle = (np.array(a.shape[::-1]) - 1) / 2
    return _then(found, _similarity(np.array(at) - middle, np.array(by), np.array(weights)))


def _patches(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Overlapping windows of two fifths of a side."""
    sides = [2 * n // (PATCHES + 1) for n in shape]
    starts = [np.linspace(0, n - s, PATCHES).astype(int) for n, s in zip(shape, sides, strict=True)]
    for row in starts[0]:
        for col in starts[1]:
            yield slice(row, row + sides[0]), slice(col, col + sides[1])


def _similarity(at: np.ndarray, by: np.ndarray, weights: np.ndarray) -> Registration:
    """Scale, rotation and shift that move points so; outliers are left out once."""
    keep = np.ones(len(at), bool)
    values = np.zeros(4)
    for _ in range(2):
        x, y = at[keep].T
        one, zero = np.ones_like(x), np.zeros_like(x)
        rows = np.concatenate([np.stack([x, y, one, zero], 1), np.stack([y, -x, zero, one], 1)])
        w = np.tile(weights[keep], 2)[:, None]
        values = np.linalg.lstsq(rows * w, by[keep].T.ravel() * w[:, 0], rcond=None)[0]
        grow, turn, dx, dy = values
        told = at @ np.array([[grow, -turn], [turn, grow]]) + (dx, dy)
        off = np.hypot(*(by - told).T)
        keep = off <= max(0.05, 3 * float(np.median(off)))
    grow, turn, dx, dy = values
    return Registration(
        dx=float(dx), dy=float(dy), scale=float(np.hypot(1 + grow, turn)),
        rotation_deg=float(np.degrees(np.arctan2(turn, 1 + grow))),
    )  # fmt: skip


def _then(found: Registration, rest: Registration) -> Registration:
    """One registration after another: what is left once the first is undone."""
    moved = found.matrix @ (rest.dx, rest.dy)
    turned = rest.rotation_deg if not found.mirrored else -rest.rotation_deg
    angle = (found.rotation_deg + turned + 180.0) % 360.0 - 180.0
    return Registration(
        dx=float(found.dx + moved[0]),
        dy=float(found.dy + moved[1]),
        scale=found.scale * rest.scale,
        rotation_deg=angle,
        mirrored=found.mirrored,
        peak=max(rest.peak, found.peak),
    )
