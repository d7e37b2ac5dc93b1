"""Plots as inline SVG that takes the page's own ink and letters, in light and in dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.pipeline.report.facts import Histogram, SkyPoints

if TYPE_CHECKING:
    from galaxycurate.pipeline.positives import Spread

# Stand-ins that the page's style sheet replaces: matplotlib wants real colours.
_INK, _FAINT, _ACCENT = "#010203", "#040506", "#070809"
_VARIABLES = {_INK: "var(--ink)", _FAINT: "var(--line)", _ACCENT: "var(--accent)"}
_ON_PAPER = {"var(--ink)": "#222222", "var(--line)": "#cccccc", "var(--accent)": "#3388CC",
             "var(--sans)": "sans-serif"}  # fmt: skip

CLASS_COLOURS = ("#3388CC", "#D55E00", "#12A37A", "#CC79A7", "#E69F00", "#7A6BD0")
"""After Okabe & Ito (2008), of a lightness that shows on white and on black; markers differ too."""
_MARKERS = "os^Dv*"

ZOOM_DEG = 10.0  # a survey smaller than this gets a panel of its own
_ENLARGE = 1.15  # CSS pixels to a point
_RASTER = 3000  # more points than this are drawn as pixels


def histogram(facts: Histogram) -> str:
    """One panel for each label on a common axis, with the cut drawn.

    Parameters
    ----------
    facts : Histogram

    Returns
    -------
    str
        SVG markup.
    """
    cuts = dict.fromkeys(facts.counts, facts.cuts)
    return _panels(facts, cuts, "cutouts")


def vote_spreads(title: str, spreads: Mapping[str, Spread]) -> str:
    """How the vote fraction of each class is spread, and where the class begins.

    Parameters
    ----------
    title : str
    spreads : mapping of str to Spread

    Returns
    -------
    str
        An SVG file of its own.
    """
    counts = {name: tuple(s.counts.tolist()) for name, s in spreads.items()}
    bins = max(len(c) for c in counts.values())
    edges = tuple(np.linspace(0, 1, bins + 1).tolist())
    facts = Histogram(title, f"fraction of the votes ({title})", edges, counts)
    cuts = [(s.cut,) if s.cut is not None else () for s in spreads.values()]
    return _alone(_panels(facts, dict(zip(counts, cuts, strict=True)), "rows"))


def _panels(facts: Histogram, cuts: Mapping[str, tuple[float, ...]], counted: str) -> str:
    rows = len(facts.counts)
    height = 0.8 + rows
    with _figure((4.3, height), facts.title) as (figure, done):
        panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        for panel, (label, counts) in zip(panels, facts.counts.items(), strict=True):
            panel.stairs(counts, facts.edges, fill=True, color=_ACCENT, alpha=0.75, lw=0)
            panel.set_ylim(0, max(1, 1.25 * max(counts)))
            panel.yaxis.get_major_locator().set_params(integer=True, nbins=3)
            _title(panel, f"{label}, n = {sum(counts):,}")
            for cut in cuts[label]:
                panel.axvline(cut, color=_INK, lw=1.2, ls=(0, (4, 3)))
        panels[-1].set_xlabel(facts.quantity, parse_math=False)
        panels[rows // 2].set_ylabel(counted)
        figure.subplots_adjust(
            left=0.15, right=0.97, top=1 - 0.25 / height, bottom=0.55 / height, hspace=0.5
        )
    return done[0]


def sky_map(points: SkyPoints) -> str:
    """Where the cutouts lie: the whole sky, Aitoff, RA 180 in the middle, east to the left.

    Parameters
    ----------
    points : SkyPoints

    Returns
    -------
    str
        SVG markup.
    """
    with _figure((6.6, 3.8), "sky") as (figure, done):
        axes = figure.add_axes((0.06, 0.1, 0.88, 0.84), projection="aitoff")
        axes.grid(color=_FAINT, lw=0.6)
        axes.set_xticks(np.radians(np.arange(-150, 151, 60)))
        axes.set_xticklabels([f"{180 - x}°" for x in range(-150, 151, 60)])
        axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
        axes.set_yticklabels(["-60°", "-30°", "0°", "+30°", "+60°"])
        x, y = _aitoff(*_galactic_plane())
        axes.plot(x, y, color=_INK, lw=0.9, ls=(0, (1, 2)), zorder=1)
        for style, some in _by_class(points):
            axes.scatter(*_aitoff(points.ra[some], points.dec[some]), **style)
    return done[0]


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
    with _figure(inches, "field") as (figure, done):
        axes = figure.add_axes((0.12, 0.62 / inches[1], 0.85, 1 - 0.75 / inches[1]))
        for style, some in _by_class(points):
            _footprints(axes, ra[some], points.dec[some], points.width[some], style, squeeze)
            axes.scatter(ra[some], points.dec[some], **style)
        axes.set_xlim(ra.max() + pad / squeeze, ra.min() - pad / squeeze)
        axes.set_ylim(low - pad, high + pad)
        axes.set_aspect(1 / squeeze, anchor="NW")
        axes.xaxis.set_major_formatter(lambda x, _pos: f"{x % 360:.4g}°")
        axes.yaxis.set_major_formatter(lambda y, _pos: f"{y:+.3g}°")
        axes.grid(color=_FAINT, lw=0.6)
        axes.set_xlabel("right ascension (ICRS)")
        axes.set_ylabel("declination (ICRS)")
    return done[0]


def class_styles(labels) -> dict[str, tuple[str, str]]:
    """Marker and colour of each label, as the maps draw it."""
    names = sorted(set(labels))
    n_colours = len(CLASS_COLOURS)
    return {
        name: (_MARKERS[k % len(_MARKERS)], CLASS_COLOURS[k % n_colours])
        for k, name in enumerate(names)
    }


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


def _title(axes, text: str) -> None:
    axes.set_title(text, loc="left", pad=3, fontsize=10.5, color=_INK, parse_math=False)


@contextmanager
def _figure(inches: tuple[float, float], name: str):
    """A figure in the page's style; its SVG is the one item of the list once the block ends."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10.5,
        "font.family": "sans-serif",
        "text.color": _INK, "axes.edgecolor": _INK, "axes.labelcolor": _INK, "xtick.color": _INK,
        "ytick.color": _INK, "axes.linewidth": 0.7, "axes.spines.top": False,
        "axes.spines.right": False, "figure.facecolor": "none", "axes.facecolor": "none",
        "savefig.facecolor": "none", "figure.dpi": 72, "axes.unicode_minus": False,
    }  # fmt: skip
    done: list[str] = []
    with mpl.rc_context(style):
        figure = Figure(figsize=inches)
        FigureCanvasSVG(figure)
        yield figure, done
        body = io.StringIO()
        figure.savefig(body, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    done.append(_inline(body.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """Only the element itself, in the page's colours and letters, its ids its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(font(?:-family)?: [^;\"']*)'DejaVu Sans'[^;\"]*", r"\1var(--sans)", svg)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, variable)
    word = re.sub(r"\W", "", name)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{word}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{word}-\1)", svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'xlink:href="#{word}-\1"', svg)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width = f"{_ENLARGE * float(size[1]):.0f}" if size else "100%"
    return re.sub(
        r'<svg [^>]*?(viewBox="[^"]+")[^>]*>',
        rf'<svg xmlns:xlink="http://www.w3.org/1999/xlink" role="presentation" width="{width}" \1>',
        svg,
        count=1,
    )


def _alone(svg: str) -> str:
    """The element as a file: colours of its own, on white."""
    for variable, colour in _ON_PAPER.items():
        svg = svg.replace(variable, colour)
    head = '<svg xmlns="http://www.w3.org/2000/svg" style="background: white" '
    return svg.replace("<svg ", head, 1)
