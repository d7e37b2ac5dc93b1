"""Compiled loops: over the pixels around sources, and down the trees that tell them apart."""

from __future__ import annotations

import numpy as np
from numba import njit

STEP = 0.25  # [pixel^2] of a profile's table
BETA = 3.0
"""Of the Moffat profiles that are tried."""


def tables(fwhm, reach: float, beta: float = BETA) -> np.ndarray:
    """Moffat profiles by squared radius, shape (widths, steps); 1 in the middle."""
    r2 = np.arange(0, reach**2 + 2, STEP)
    alpha2 = (np.atleast_1d(fwhm)[:, None] / 2) ** 2 / (2 ** (1 / beta) - 1)
    return ((1 + r2 / alpha2) ** -beta).astype(np.float32)


@njit(cache=True)
def _own(segments, row, col, k):
    owner = segments[row, col]
    return owner == 0 or owner == k + 1


@njit(cache=True)
def centred(light, segments, x, y, sigma):
    """Centroids under a Gaussian weight; pixels of others are taken from across the middle."""
    h, w = light.shape
    half = int(np.ceil(3 * sigma))
    xs, ys = x.copy(), y.copy()
    for k in range(x.size):
        cx, cy = x[k], y[k]
        for _ in range(4):
            total, sx, sy = 0.0, 0.0, 0.0
            col0, row0 = int(np.round(cx)), int(np.round(cy))
            for row in range(row0 - half, row0 + half + 1):
                for col in range(col0 - half, col0 + half + 1):
                    r, c = row, col
                    if r < 0 or c < 0 or r >= h or c >= w or not _own(segments, r, c, k):
                        r, c = int(np.round(2 * cy - row)), int(np.round(2 * cx - col))
                        if r < 0 or c < 0 or r >= h or c >= w or not _own(segments, r, c, k):
                            continue
                    dx, dy = col - cx, row - cy
                    v = light[r, c] * np.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
                    total += v
                    sx += v * dx
                    sy += v * dy
            if total <= 0:
                break
            cx += min(max(2 * sx / total, -1.0), 1.0)
            cy += min(max(2 * sy / total, -1.0), 1.0)
            if abs(cx - x[k]) > 2 or abs(cy - y[k]) > 2:
                cx, cy = x[k], y[k]
                break
        xs[k], ys[k] = cx, cy
    return xs, ys


@njit(cache=True)
def projections(light, segments, x, y, table, reach):
    """Sums of light times each profile, of the profiles, of their squares, and of the light.

    Returns arrays of shape (n, widths) three times, then of shape (n,): light, pixels.
    """
    h, w = light.shape
    n, widths = x.size, table.shape[0]
    both, one, square = np.zeros((n, widths)), np.zeros((n, widths)), np.zeros((n, widths))
    total, pixels = np.zeros(n), np.zeros(n)
    half, most = int(np.ceil(reach)), reach * reach
    for k in range(n):
        row0, col0 = int(np.round(y[k])), int(np.round(x[k]))
        for row in range(max(row0 - half, 0), min(row0 + half + 1, h)):
            for col in range(max(col0 - half, 0), min(col0 + half + 1, w)):
                r2 = (row - y[k]) ** 2 + (col - x[k]) ** 2
                if r2 > most or not _own(segments, row, col, k):
                    continue
                d, at = light[row, col], int(r2 / STEP + 0.5)
                total[k] += d
                pixels[k] += 1
                for m in range(widths):
                    p = table[m, at]
                    both[k, m] += d * p
                    one[k, m] += p
                    square[k, m] += p * p
    return both, one, square, total, pixels


@njit(cache=True)
def residuals(light, segments, x, y, flux, star, best, which, rings):
    """What a star leaves of each source, and which way the source is drawn out.

    Parameters
    ----------
    flux : ndarray, shape (n,)
        Height of the star's profile.
    star : ndarray, shape (steps,)
    best : ndarray, shape (widths, steps)
        Profiles, of which source k is most like `which[k]`: it tells the ellipticity.
    rings : ndarray
        Outer radii [pixel].

    Returns
    -------
    left, area : ndarray, shape (n, rings)
        Residual light and pixels.
    e1, e2, e_weight : ndarray, shape (n,)
        Projections on the ellipticity of the profile, and its norm squared.
    misfit : ndarray, shape (n,)
        Residual squared, summed to the third ring.
    turned : ndarray, shape (n,)
        Squared difference from its own half-turn, to the third ring, and pixels.
    """
    h, w = light.shape
    n, count = x.size, rings.size
    left, area = np.zeros((n, count)), np.zeros((n, count))
    e1, e2, e_weight = np.zeros(n), np.zeros(n), np.zeros(n)
    misfit, inner, turned, pairs = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    reach = rings[-1]
    half = int(np.ceil(reach))
    for k in range(n):
        row0, col0 = int(np.round(y[k])), int(np.round(x[k]))
        profile = best[which[k]]
        for row in range(max(row0 - half, 0), min(row0 + half + 1, h)):
            for col in range(max(col0 - half, 0), min(col0 + half + 1, w)):
                dx, dy = col - x[k], row - y[k]
                r2 = dx * dx + dy * dy
                if r2 >= reach * reach or not _own(segments, row, col, k):
                    continue
                at = int(r2 / STEP + 0.5)
                d = light[row, col]
                rest = d - flux[k] * star[at]
                ring = 0
                while r2 >= rings[ring] ** 2:
                    ring += 1
                left[k, ring] += rest
                area[k, ring] += 1
                steep = (profile[max(at - 1, 0)] - profile[at + 1]) / STEP
                q1, q2 = steep * (dx * dx - dy * dy), steep * 2 * dx * dy
                e1[k] += d * q1
                e2[k] += d * q2
                e_weight[k] += 0.5 * (q1 * q1 + q2 * q2)
                if ring < 3:
                    misfit[k] += rest * rest
                    inner[k] += 1
                    r, c = int(np.round(2 * y[k] - row)), int(np.round(2 * x[k] - col))
                    if r >= 0 and c >= 0 and r < h and c < w and _own(segments, r, c, k):
                        turned[k] += (d - light[r, c]) ** 2
                        pairs[k] += 1
    return left, area, e1, e2, e_weight, misfit, inner, turned, pairs


@njit(cache=True)
def rings(planes, owners, x, y, radii):
    """Light of each plane between circles around sources, and pixels.

    Returns arrays of shape (n, rings, planes) and (n, rings).
    """
    count, h, w = planes.shape
    n, last = x.size, radii.size - 1
    total, area = np.zeros((n, last, count)), np.zeros((n, last))
    half = int(np.ceil(radii[last]))
    for k in range(n):
        row0, col0 = int(np.round(y[k])), int(np.round(x[k]))
        for row in range(max(row0 - half, 0), min(row0 + half + 1, h)):
            for col in range(max(col0 - half, 0), min(col0 + half + 1, w)):
                r2 = (row - y[k]) ** 2 + (col - x[k]) ** 2
                inside = r2 >= radii[0] ** 2 and r2 < radii[last] ** 2
                if not inside or not _own(owners, row, col, k):
                    continue
                ring = 0
                while r2 >= radii[ring + 1] ** 2:
                    ring += 1
                area[k, ring] += 1
                for c in range(count):
                    total[k, ring, c] += planes[c, row, col]
    return total, area


@njit(cache=True)
def at_border(strip, place, table, start, reach):
    """Best fits of each profile to light at a border, its middle as far out as it likes.

    Parameters
    ----------
    strip : ndarray, shape (depth, length)
        Light, the first row at the border; what belongs to others is NaN.
    place : float
        Along the border.
    table : ndarray, shape (widths, steps)
    start, reach : int
        First and last distance of the middle from the border [pixel], outwards negative.

    Returns
    -------
    gain, depth : ndarray, shape (widths,)
        Signal squared, and where.
    """
    by_step = np.ascontiguousarray(table.T)
    steps, widths = by_step.shape
    gain, where = np.zeros(widths), np.zeros(widths)
    both, square = np.zeros(widths), np.zeros(widths)
    for deep in range(start, reach + 1):
        for shift in range(-1, 2):
            both[:], square[:] = 0.0, 1e-9
            for row in range(strip.shape[0]):
                for col in range(strip.shape[1]):
                    d = strip[row, col]
                    r2 = (row - deep) ** 2 + (col - place - shift) ** 2
                    at = int(r2 / STEP + 0.5)
                    if at >= steps or np.isnan(d):
                        continue
                    for m in range(widths):
                        p = by_step[at, m]
                        both[m] += d * p
                        square[m] += p * p
            for m in range(widths):
                told = both[m] * both[m] / square[m] if both[m] > 0 else 0.0
                if told > gain[m]:
                    gain[m], where[m] = told, deep
    return gain, where


@njit(cache=True)
def walked(rows, feature, threshold, left, right, value):
    """Sum of the leaves that each row falls into; a leaf is its own child."""
    out = np.zeros(rows.shape[0])
    for k in range(rows.shape[0]):
        for tree in range(feature.shape[0]):
            node = 0
            while True:
                low = rows[k, feature[tree, node]] <= threshold[tree, node]
                below = left[tree, node] if low else right[tree, node]
                if below == node:
                    break
                node = below
            out[k] += value[tree, node]
    return out
