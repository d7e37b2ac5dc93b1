"""Footprints on the sky: tangent planes, squares, overlaps, the drift scan's own coordinates."""

from __future__ import annotations

import numpy as np

NATIVE_PIXSCALE = 0.396127
"""arcsec/pixel; ImgCutout's own default (SkyServerWS `getJpegController.cs`)."""

SURVEY_NODE = 95.0
"""RA [deg] where every stripe of the survey proper crosses the equator (Stoughton et al. 2002,
section 3.2)."""

_NODE_TOLERANCE = 2.4e-5
"""5 arcsec: centre and bounds of 815 real fields agree within 2.6."""


def field_of_view(pixscale, size_px):
    """Angular width of a square cutout.

    Parameters
    ----------
    pixscale : float
        Pixel scale [arcsec/pixel], greater than 0.
    size_px : int
        Side of the cutout [pixel].

    Returns
    -------
    float
        Width on the sky [arcsec].
    """
    return pixscale * size_px


def reach(width_arcsec):
    """The separation up to which two squares of any orientation can overlap: the diagonal.

    Parameters
    ----------
    width_arcsec : float or ndarray
        Side of the square [arcsec].

    Returns
    -------
    float or ndarray
        Diagonal [arcsec]; 143.4 for 101.4. Searching only to the side misses 15 % of the overlaps.
    """
    return np.sqrt(2.0) * width_arcsec


def unit_vectors(ra, dec) -> np.ndarray:
    """Directions as unit vectors.

    Parameters
    ----------
    ra, dec : array_like of float, shape (n,)
        ICRS position [deg].

    Returns
    -------
    ndarray of float64, shape (n, 3)
    """
    ra, dec = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    outward = np.empty((*np.broadcast(ra, dec).shape, 3))  # filling is faster than stacking
    level = np.cos(dec)
    outward[..., 0], outward[..., 1], outward[..., 2] = (
        level * np.cos(ra),
        level * np.sin(ra),
        np.sin(dec),
    )
    return outward


def chord(arcsec):
    """Straight distance between two unit vectors, for searches among them.

    Parameters
    ----------
    arcsec : float or ndarray
        Angle between the directions [arcsec], at most half a circle.

    Returns
    -------
    float or ndarray
        0 to 2; the inverse of `arc`.
    """
    return 2 * np.sin(np.radians(arcsec / 3600) / 2)


def arc(distance):
    """Angle between two unit vectors [arcsec], from their straight distance, 0 to 2."""
    return np.degrees(2 * np.arcsin(np.minimum(distance / 2, 1))) * 3600


def separation(ra1, dec1, ra2, dec2):
    """Great-circle separation, exact at all distances.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : array_like of float
        ICRS positions [deg]; they broadcast.

    Returns
    -------
    ndarray of float64
        Separation [arcsec].
    """
    a, b = unit_vectors(ra1, dec1), unit_vectors(ra2, dec2)
    chord = np.linalg.norm(a - b, axis=-1)
    return np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))) * 3600


def to_plane(ra, dec, ra0, dec0):
    """Gnomonic projection (TAN): offsets on the plane that touches the sky at a centre.

    Parameters
    ----------
    ra, dec : array_like of float
        ICRS position [deg].
    ra0, dec0 : array_like of float
        The centre [deg]; broadcasts with the positions.

    Returns
    -------
    xi, eta : ndarray of float64
        Offsets to the east and to the north [arcsec]; NaN on the far hemisphere.
    """
    ra, dec, ra0, dec0 = (np.radians(np.asarray(v, float)) for v in (ra, dec, ra0, dec0))
    cos_c = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra - ra0)
    cos_c = np.where(cos_c > 0, cos_c, np.nan)
    xi = np.cos(dec) * np.sin(ra - ra0) / cos_c
    eta = (np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(ra - ra0)) / cos_c
    return np.degrees(xi) * 3600, np.degrees(eta) * 3600


def from_plane(xi, eta, ra0, dec0):
    """The inverse of `to_plane`.

    Parameters
    ----------
    xi, eta : array_like of float
        Offsets to the east and to the north [arcsec].
    ra0, dec0 : array_like of float
        The centre [deg].

    Returns
    -------
    ra, dec : ndarray of float64
        ICRS position [deg], RA in [0, 360).
    """
    xi, eta = (np.radians(np.asarray(v, float) / 3600) for v in (xi, eta))
    ra0, dec0 = np.radians(np.asarray(ra0, float)), np.radians(np.asarray(dec0, float))
    down = np.cos(dec0) - eta * np.sin(dec0)
    ra = ra0 + np.arctan2(xi, down)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, down))
    return _turn(np.degrees(ra)), np.degrees(dec)


def _turn(angle):
    """Into [0, 360): the remainder of a tiny negative angle rounds to 360 itself."""
    turned = np.asarray(angle % 360.0)
    return np.where(turned < 360.0, turned, 0.0)


def from_munu(mu, nu, incl, node=SURVEY_NODE):
    """From a stripe's great-circle coordinates to the sky.

    Parameters
    ----------
    mu, nu : array_like of float
        Along and across the scan [deg].
    incl : float
        Inclination of the stripe's great circle to the equator [deg].
    node : float
        RA of its ascending node [deg].

    Returns
    -------
    ra, dec : ndarray of float64
        ICRS position [deg] (Stoughton et al. 2002, section 3.2.2).
    """
    a, nu, incl = np.radians(np.asarray(mu, float) - node), np.radians(nu), np.radians(incl)
    x = np.cos(a) * np.cos(nu)
    y = np.sin(a) * np.cos(nu) * np.cos(incl) - np.sin(nu) * np.sin(incl)
    z = np.sin(a) * np.cos(nu) * np.sin(incl) + np.sin(nu) * np.cos(incl)
    return _turn(np.degrees(np.arctan2(y, x)) + node), np.degrees(np.arcsin(np.clip(z, -1, 1)))


def to_munu(ra, dec, incl, node=SURVEY_NODE):
    """The inverse of `from_munu`.

    Parameters
    ----------
    ra, dec : array_like of float
        ICRS position [deg].
    incl, node : float
        The stripe's great circle [deg].

    Returns
    -------
    mu, nu : ndarray of float64
        Along (0 to 360) and across the scan [deg].
    """
    a, dec, incl = np.radians(np.asarray(ra, float) - node), np.radians(dec), np.radians(incl)
    x = np.cos(a) * np.cos(dec)
    y = np.sin(a) * np.cos(dec) * np.cos(incl) + np.sin(dec) * np.sin(incl)
    z = -np.sin(a) * np.cos(dec) * np.sin(incl) + np.sin(dec) * np.cos(incl)
    return _turn(np.degrees(np.arctan2(y, x)) + node), np.degrees(np.arcsin(np.clip(z, -1, 1)))


def scan_circle(ra, dec, mu, nu):
    """The great circle of a drift scan, from one position known in both systems.

    Both share the axis through the node, so that a position's distance from it is the same in both.
    The runs of the survey proper have their node at `SURVEY_NODE`, those of SEGUE do not.

    Parameters
    ----------
    ra, dec : float
        ICRS position [deg], such as a field's centre.
    mu, nu : float
        Its scan coordinates [deg].

    Returns
    -------
    incl : float
        Inclination [deg] in (-180, 180].
    node : float
        RA of the ascending node [deg].
    """
    sky, scan = unit_vectors(ra, dec), unit_vectors(mu, nu)
    x, y, _ = np.ravel(sky) - np.ravel(scan)
    node = np.radians(SURVEY_NODE)
    if abs(x * np.cos(node) + y * np.sin(node)) < _NODE_TOLERANCE:
        return inclination(ra, dec, mu, nu), SURVEY_NODE
    found = float(np.degrees(np.arctan2(-x, y)) % 180)
    return inclination(ra, dec, mu, nu, found), found


def inclination(ra, dec, mu, nu, node=SURVEY_NODE):
    """The inclination of the stripe on which a sky position has given scan coordinates.

    Parameters
    ----------
    ra, dec : float
        ICRS position [deg], such as a field's centre.
    mu, nu : float
        Its scan coordinates [deg].
    node : float
        RA of the ascending node [deg].

    Returns
    -------
    float
        Inclination [deg] in (-180, 180].
    """
    # Both systems share the axis through the node; the angle about it is what differs.
    a, m = np.radians(ra - node), np.radians(mu - node)
    dec, nu = np.radians(dec), np.radians(nu)
    on_sky = np.arctan2(np.sin(dec), np.sin(a) * np.cos(dec))
    on_scan = np.arctan2(np.sin(nu), np.sin(m) * np.cos(nu))
    return float((np.degrees(on_sky - on_scan) + 180) % 360 - 180)


def _corners(half):
    """Corners of north-up squares on their own tangent planes, anticlockwise: two (n, 4) arrays."""
    sign_x, sign_y = np.array([-1, 1, 1, -1]), np.array([-1, -1, 1, 1])
    return half[:, None] * sign_x, half[:, None] * sign_y


def overlap_fraction(ra1, dec1, width1, ra2, dec2, width2):
    """Exact area shared by pairs of north-up square cutouts.

    A great circle is a straight line on any tangent plane, so a cutout's footprint is an exact
    quadrilateral on its neighbour's plane; the shared area is a convex clip of the two.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : ndarray of float, shape (n,)
        Centres, ICRS [deg].
    width1, width2 : float or ndarray of float, shape (n,)
        Sides [arcsec].

    Returns
    -------
    ndarray of float64, shape (n,)
        Shared area as a fraction of the smaller cutout, 0 to 1; right at the poles and across RA 0.
    """
    ra1, dec1, ra2, dec2 = (np.atleast_1d(np.asarray(v, float)) for v in (ra1, dec1, ra2, dec2))
    half1 = np.broadcast_to(np.asarray(width1, float) / 2, ra1.shape)
    half2 = np.broadcast_to(np.asarray(width2, float) / 2, ra1.shape)
    x, y = _corners(half2)
    corner_ra, corner_dec = from_plane(x, y, ra2[:, None], dec2[:, None])
    x, y = to_plane(corner_ra, corner_dec, ra1[:, None], dec1[:, None])
    x, y = np.nan_to_num(x, nan=1e9), np.nan_to_num(y, nan=1e9)
    area = _clipped_area(x, y, half1)
    return area / (4 * np.minimum(half1, half2) ** 2)


def _clipped_area(x, y, half):
    """Area of quadrilaterals (n, 4) inside the squares |x|, |y| <= half: Sutherland-Hodgman.

    A vertex that a side cuts off is replaced by the crossing, so each polygon keeps a fixed number
    of vertices (some repeated), and n of them are clipped at once.
    """
    for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inside = half[:, None] - sign * (x if axis == 0 else y)
        after = np.roll(inside, -1, axis=1)
        crosses = (inside >= 0) != (after >= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(crosses, inside / (inside - after), 0.0)
        cut_x = x + t * (np.roll(x, -1, axis=1) - x)
        cut_y = y + t * (np.roll(y, -1, axis=1) - y)
        n, m = x.shape
        new_x, new_y = np.empty((n, 2 * m)), np.empty((n, 2 * m))
        keep = np.empty((n, 2 * m), bool)
        new_x[:, 0::2], new_x[:, 1::2] = x, cut_x
        new_y[:, 0::2], new_y[:, 1::2] = y, cut_y
        keep[:, 0::2], keep[:, 1::2] = inside >= 0, crosses
        # push the kept vertices to the front, fill the rest with the first kept one
        order = np.argsort(~keep, axis=1, kind="stable")[:, : m + 1]
        x, y = np.take_along_axis(new_x, order, 1), np.take_along_axis(new_y, order, 1)
        kept = np.take_along_axis(keep, order, 1)
        x, y = np.where(kept, x, x[:, :1]), np.where(kept, y, y[:, :1])
        gone = ~kept[:, 0]
        x[gone], y[gone] = 0.0, 0.0
    return 0.5 * np.abs((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1))


def iau_name(ra, dec) -> str:
    """The IAU designation of a position, truncated (not rounded) as the IAU asks.

    Parameters
    ----------
    ra, dec : float
        ICRS position [deg].

    Returns
    -------
    str
        ``JHHMMSS.ss+DDMMSS.s``.
    """
    hundredths = int(ra % 360.0 / 15 * 3600 * 100 + 1e-6) % 8_640_000  # 24 h is 0 h
    tenths = int(abs(dec) * 3600 * 10 + 1e-6)
    hours, minutes, seconds = hundredths // 360000, hundredths // 6000 % 60, hundredths % 6000
    degrees, arcmin, arcsec = tenths // 36000, tenths // 600 % 60, tenths % 600
    return (
        f"J{hours:02d}{minutes:02d}{seconds // 100:02d}.{seconds % 100:02d}"
        f"{'-' if dec < 0 else '+'}{degrees:02d}{arcmin:02d}{arcsec // 10:02d}.{arcsec % 10}"
    )
