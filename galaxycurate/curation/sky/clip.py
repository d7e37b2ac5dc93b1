"""The area that two footprints share, by an exact convex clip; kernels.

A great circle is a straight line on any tangent plane, so that the footprint of a cutout drawn on
its own plane (TAN) is an exact convex quadrilateral on the plane of another.

A shape is (half width, half height, cos, sin): lengths on the plane in units of its distance from
the middle of the sphere, and the angle of the cutout's upward side, east of north.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, types, void

_ROWS = types.Array(int32, 1, "C", readonly=True)
_TABLE = types.Array(float64, 2, "A", readonly=True)


@njit(inline="always")
def _axes(v, shape):
    """The directions to the right (east, unturned) and up of a cutout, as unit vectors."""
    flat = np.hypot(v[0], v[1])
    ex, ey = (-v[1] / flat, v[0] / flat) if flat > 0 else (0.0, 1.0)
    nx, ny, nz = -v[2] * ey, v[2] * ex, flat
    c, s = shape[2], shape[3]
    side = (c * ex - s * nx, c * ey - s * ny, -s * nz)
    up = (c * nx + s * ex, c * ny + s * ey, c * nz)
    return side, up


@njit(inline="always")
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(inline="always")
def _project(va, vb, shape_a, shape_b, x, y):
    """The corners of `b` on the plane of `a`, along the sides of `a`; False if they miss it."""
    side, up = _axes(va, shape_a)
    side_b, up_b = _axes(vb, shape_b)
    apart = (vb[0] - va[0], vb[1] - va[1], vb[2] - va[2])  # a's axes are at right angles to va
    w, h = shape_b[0], shape_b[1]
    out_c, out_w, out_h = _dot(vb, va), w * _dot(side_b, va), h * _dot(up_b, va)
    x_c, x_w, x_h = _dot(apart, side), w * _dot(side_b, side), h * _dot(up_b, side)
    y_c, y_w, y_h = _dot(apart, up), w * _dot(side_b, up), h * _dot(up_b, up)
    for k in range(4):
        p = 1.0 if k == 1 or k == 2 else -1.0
        q = 1.0 if k >= 2 else -1.0
        depth = out_c + p * out_w + q * out_h
        if depth <= 0:  # behind the plane: no cutout is so wide that one within reach has this
            return False
        x[k] = (x_c + p * x_w + q * x_h) / depth
        y[k] = (y_c + p * y_w + q * y_h) / depth
    w, h = shape_a[0], shape_a[1]
    return not (
        min(x[0], x[1], x[2], x[3]) >= w or max(x[0], x[1], x[2], x[3]) <= -w
        or min(y[0], y[1], y[2], y[3]) >= h or max(y[0], y[1], y[2], y[3]) <= -h
    )  # fmt: skip


@njit(inline="always")
def _cut(x, y, n, new_x, new_y, a, b, limit):
    """Keep the part of a polygon where a x + b y <= limit (Sutherland & Hodgman 1974)."""
    kept = 0
    for k in range(n):
        after = k + 1 if k + 1 < n else 0
        inside = limit - a * x[k] - b * y[k]
        inside_after = limit - a * x[after] - b * y[after]
        if inside >= 0:
            new_x[kept], new_y[kept] = x[k], y[k]
            kept += 1
        if (inside >= 0) != (inside_after >= 0):
            t = inside / (inside - inside_after)
            new_x[kept] = x[k] + t * (x[after] - x[k])
            new_y[kept] = y[k] + t * (y[after] - y[k])
            kept += 1
    return kept


@njit(nogil=True)
def _shared(va, vb, shape_a, shape_b, room):
    """The corners of what `b` shares with `a`, left in room[:2]; how many there are."""
    x, y, new_x, new_y = room[0], room[1], room[2], room[3]
    if not _project(va, vb, shape_a, shape_b, x, y):
        return 0
    n = _cut(x, y, 4, new_x, new_y, 1.0, 0.0, shape_a[0])
    n = _cut(new_x, new_y, n, x, y, -1.0, 0.0, shape_a[0])
    n = _cut(x, y, n, new_x, new_y, 0.0, 1.0, shape_a[1])
    return _cut(new_x, new_y, n, x, y, 0.0, -1.0, shape_a[1])


@njit(inline="always")
def _plane_area(x, y, n):
    """Of a polygon, from its first corner: no large numbers cancel."""
    area = 0.0
    for k in range(1, n - 1):
        area += (x[k] - x[0]) * (y[k + 1] - y[0]) - (x[k + 1] - x[0]) * (y[k] - y[0])
    return abs(area) / 2


@njit(inline="always")
def _solid_angle(x, y, n):
    """Of the polygon on the sphere, by triangles (Van Oosterom & Strackee 1983)."""
    total = 0.0
    for k in range(1, n - 1):
        triple = (x[k] - x[0]) * (y[k + 1] - y[0]) - (x[k + 1] - x[0]) * (y[k] - y[0])
        a, b = np.sqrt(1 + x[0] ** 2 + y[0] ** 2), np.sqrt(1 + x[k] ** 2 + y[k] ** 2)
        c = np.sqrt(1 + x[k + 1] ** 2 + y[k + 1] ** 2)
        ab = 1 + x[0] * x[k] + y[0] * y[k]
        bc = 1 + x[k] * x[k + 1] + y[k] * y[k + 1]
        ca = 1 + x[k + 1] * x[0] + y[k + 1] * y[0]
        total += 2 * np.arctan2(triple, a * b * c + ab * c + bc * a + ca * b)
    return abs(total)


@njit(
    int64(_ROWS, _ROWS, _ROWS, _TABLE, _TABLE, _ROWS, _TABLE, _TABLE, float64,
          int64[:], float64[:]),
    cache=True, nogil=True,
)  # fmt: skip
def shares(i, j, rows_a, vec_a, shape_a, rows_b, vec_b, shape_b, least, key, amount):
    """Note the pairs that share more than the least fraction of the smaller; how many they are.

    A pair's key has the lower row in its upper 32 bits. The area is measured on the plane of the
    smaller; of two alike, on that of the lower row.
    """
    kept, room = 0, np.empty((4, 16))
    for k in range(i.size):
        p, q = i[k], j[k]
        size_a, size_b = shape_a[p, 0] * shape_a[p, 1], shape_b[q, 0] * shape_b[q, 1]
        if size_a < size_b or (size_a == size_b and rows_a[p] < rows_b[q]):
            n, size = _shared(vec_a[p], vec_b[q], shape_a[p], shape_b[q], room), size_a
        else:
            n, size = _shared(vec_b[q], vec_a[p], shape_b[q], shape_a[p], room), size_b
        fraction = min(1.0, _plane_area(room[0], room[1], n) / (4 * size))
        if fraction > least:
            a, b = np.int64(rows_a[p]), np.int64(rows_b[q])
            key[kept], amount[kept] = min(a, b) << 32 | max(a, b), fraction
            kept += 1
    return kept


@njit(void(_TABLE, _TABLE, _TABLE, _TABLE, float64[:]), cache=True, nogil=True)
def solid_angles(vec_a, shape_a, vec_b, shape_b, out):
    """Shared solid angle [sr] of aligned rows."""
    room = np.empty((4, 16))
    for k in range(out.size):
        n = _shared(vec_a[k], vec_b[k], shape_a[k], shape_b[k], room)
        out[k] = _solid_angle(room[0], room[1], n)
