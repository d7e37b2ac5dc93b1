"""Maps of the sky as inline SVG: where the cutouts lie, how densely, and the field itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from galaxycurate.core.healpix import cells, centres
from galaxycurate.pipeline.report.shown import SkyPoints
from galaxycurate.web.plots import FAINT, INK, class_styles, figure_of

ZOOM_DEG = 10.0
"""A survey smaller than this gets a panel of its own; of a wider one its densest field does."""

DENSE = 2000
"""More positions than this are drawn as a density."""

_FIELD_DEG, _FIELD_ORDER, _FEWEST = 4.0, 4, 10
_DENSITY_ORDER = 5  # HEALPix cells of 1.8 degrees
_SQUARE_DEG = 360**2 / np.pi
_RASTER = 3000  # more points than this are drawn as pixels


def sky_map(points: SkyPoints) -> str:
    """Where the cutouts lie: the whole sky, Aitoff, RA 180 in the middle, east to the left.

    Parameters
    ----------
    points : SkyPoints
        More than `DENSE` are drawn as cutouts per square degree.

    Returns
    -------
    str
        SVG markup.
    """
    is_dense = len(points) > DENSE
    with figure_of((6.6, 4.3 if is_dense else 3.8), "sky") as (figure, done):
        place = (0.06, 0.2, 0.88, 0.78) if is_dense else (0.06, 0.1, 0.88, 0.84)
        axes = figure.add_axes(place, projection="aitoff")
        if is_dense:
            _density(figure, axes, points)
        axes.grid(color=FAINT, lw=0.6)
        axes.set_xticks(np.radians(np.arange(-150, 151, 60)))
        axes.set_xticklabels([f"{180 - x}°" for x in range(-150, 151, 60)])
        axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
        axes.set_yticklabels(["-60°", "-30°", "0°", "+30°", "+60°"])
        x, y = _aitoff(*_galactic_plane())
        axes.plot(x, y, color=INK, lw=0.9, ls=(0, (1, 2)), zorder=3)
        for style, some in () if is_dense else _by_class(points):
            axes.scatter(*_aitoff(points.ra[some], points.dec[some]), **style)
    return done[0]


def _density(figure, axes, points: SkyPoints) -> None:
    """Cutouts per square degree, by HEALPix cell, with its scale below."""
    from matplotlib.colors import LogNorm

    n_cells = 12 * 4**_DENSITY_ORDER
    cell = cells(points.ra, points.dec, order=_DENSITY_ORDER)
    counts = np.bincount(cell, minlength=n_cells)
    ra, dec = np.meshgrid(np.arange(0.25, 360, 0.5), np.arange(-89.75, 90, 0.5))
    density = counts[cells(ra.ravel(), dec.ravel(), order=_DENSITY_ORDER)].reshape(ra.shape)
    shown = np.ma.masked_equal(density * (n_cells / _SQUARE_DEG), 0)
    edges = np.radians(np.arange(-180, 180.1, 0.5)), np.radians(np.arange(-90, 90.1, 0.5))
    low, high = float(shown.min()), float(shown.max())
    scale = {"norm": LogNorm(low, high)} if high > 10 * low else {"vmin": 0, "vmax": high}
    mesh = axes.pcolormesh(
        *edges, shown[:, ::-1], cmap="viridis", rasterized=True, zorder=1, **scale
    )
    bar = figure.colorbar(
        mesh, cax=figure.add_axes((0.25, 0.13, 0.5, 0.025)), orientation="horizontal"
    )
    bar.outline.set_visible(False)
    bar.set_label("cutouts per square degree")


def densest_field(points: SkyPoints) -> SkyPoints | None:
    """The part of a wide survey where most cutouts lie close together.

    Parameters
    ----------
    points : SkyPoints

    Returns
    -------
    SkyPoints or None
        Within a few degrees; None where no field has ten of them.
    """
    cell = cells(points.ra, points.dec, order=_FIELD_ORDER)
    numbers, counts = np.unique(cell, return_counts=True)
    (ra0,), (dec0,) = centres(numbers[[counts.argmax()]], order=_FIELD_ORDER)
    away = (points.ra - ra0 + 180) % 360 - 180
    near = np.abs(away) * np.cos(np.radians(dec0)) < _FIELD_DEG / 2
    near &= np.abs(points.dec - dec0) < _FIELD_DEG / 2
    if near.sum() < _FEWEST:
        return None
    return SkyPoints(*(values[near] for values in (points.ra, points.dec, points.width,
                                                   points.label)))  # fmt: skip


def zoomed_map(points: SkyPoints) -> str | None:
    """The field itself when it is small: footprints to scale, north up, east to the left.

    Parameters
    ----------
    points : SkyPoints

    Returns
    -------
    str or None
        SVG markup; None when the cutouts spread over more than `ZOOM_DEG`, or touch a pole.
    """
    ra0 = _middle_ra(points.ra)
    ra = ra0 + (points.ra - ra0 + 180) % 360 - 180
    low, high = float(points.dec.min()), float(points.dec.max())
    squeeze = np.cos(np.radians((low + high) / 2))
    span = max(high - low, float(np.ptp(ra)) * squeeze)
    if span > ZOOM_DEG or squeeze < 0.1:
        return None
    pad = max(0.03 * span, float(np.nanmax(points.width, initial=0)) / 3600, 0.01)
    width, height = np.ptp(ra) * squeeze + 2 * pad, high - low + 2 * pad
    inches = (6.6, float(np.clip(6.6 * height / width, 2.2, 6.6)))
    with figure_of(inches, "field") as (figure, done):
        axes = figure.add_axes((0.12, 0.62 / inches[1], 0.85, 1 - 0.75 / inches[1]))
        for style, some in _by_class(points):
            _footprints(axes, ra[some], points.dec[some], points.width[some], style, squeeze)
            axes.scatter(ra[some], points.dec[some], **style)
        axes.set_xlim(ra.max() + pad / squeeze, ra.min() - pad / squeeze)
        axes.set_ylim(low - pad, high + pad)
        axes.set_aspect(1 / squeeze, anchor="NW")
        axes.xaxis.set_major_formatter(_degrees(axes.get_xticks(), lambda x: x % 360))
        axes.yaxis.set_major_formatter(_degrees(axes.get_yticks(), lambda y: y, "+"))
        axes.grid(color=FAINT, lw=0.6)
        axes.set_xlabel("right ascension (ICRS)")
        axes.set_ylabel("declination (ICRS)")
    return done[0]


def _degrees(ticks: np.ndarray, value: Callable[[float], float], sign: str = "") -> Callable:
    """Writes ticks with as many decimals as tell them apart."""
    step = float(np.min(np.diff(ticks))) if len(ticks) > 1 else 1.0
    places = next((n for n in range(6) if abs(step - round(step, n)) < 1e-3 * step), 6)
    return lambda tick, _pos: f"{value(tick):{sign}.{places}f}°"


def _by_class(points: SkyPoints) -> Iterator[tuple[dict, np.ndarray]]:
    size = float(np.clip(4000 / max(1, len(points)), 0.15, 16))
    for label, (marker, colour) in class_styles(points.label).items():
        some = points.label == label
        yield dict(marker=marker, s=size, color=colour, alpha=0.8, lw=0, zorder=2,
                   rasterized=len(points) > _RASTER), some  # fmt: skip


def _footprints(axes, ra, dec, width, style: dict, squeeze: float) -> None:
    """Squares of the cutouts' true size."""
    from matplotlib.collections import PolyCollection

    half = (width / 7200)[:, None]
    x = ra[:, None] + half / squeeze * np.array([-1, 1, 1, -1])
    y = dec[:, None] + half * np.array([-1, -1, 1, 1])
    squares = np.stack([x, y], axis=-1)[np.isfinite(width)]
    axes.add_collection(
        PolyCollection(
            squares,
            facecolors="none",
            edgecolors=style["color"],
            linewidths=0.6,
            alpha=0.7,
            rasterized=style["rasterized"],
        )
    )


def _aitoff(ra, dec):
    return np.radians(180.0 - ra), np.radians(dec)


def _galactic_plane() -> tuple[np.ndarray, np.ndarray]:
    """b = 0, by the pole of Blaauw et al. (1960) precessed to J2000 (Hipparcos vol. 1, 1.5.11)."""
    pole_ra, pole_dec = np.radians(192.85948), np.radians(27.12825)
    a = np.linspace(-np.pi, np.pi, 400)  # angle along the plane, from its highest declination
    dec = np.arcsin(np.cos(pole_dec) * np.cos(a))
    ra = pole_ra + np.arctan2(np.sin(a), -np.sin(pole_dec) * np.cos(a))
    ra = np.degrees(ra) % 360
    order = np.argsort(ra)
    return ra[order], np.degrees(dec)[order]


def _middle_ra(ra) -> float:
    angle = np.radians(ra)
    return float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())) % 360)
