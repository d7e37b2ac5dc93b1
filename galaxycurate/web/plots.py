"""Plots as inline SVG that takes the page's own ink and letters, in light and in dark."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.pipeline.report.shown import Histogram

if TYPE_CHECKING:
    from galaxycurate.pipeline.positives import Spread

# Stand-ins that the page's style sheet replaces: matplotlib wants real colours.
INK, FAINT, ACCENT = "#010203", "#040506", "#070809"
_VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)", ACCENT: "var(--accent)"}
_ON_PAPER = {"var(--ink)": "#222222", "var(--line)": "#cccccc", "var(--accent)": "#3388CC",
             "var(--sans)": "sans-serif"}  # fmt: skip

CLASS_COLOURS = ("#3388CC", "#D55E00", "#12A37A", "#CC79A7", "#E69F00", "#7A6BD0")
"""After Okabe & Ito (2008), of a lightness that shows on white and on black; markers differ too."""
_MARKERS = "os^Dv*"

MANY = 4
"""Panels, more of which are drawn lower."""

_ENLARGE = 1.15  # CSS pixels to a point


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
    height = 0.8 + rows * (1.0 if rows <= MANY else 0.75)
    with figure_of((4.3, height), facts.title) as (figure, done):
        panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        for panel, (label, counts) in zip(panels, facts.counts.items(), strict=True):
            panel.stairs(counts, facts.edges, fill=True, color=ACCENT, alpha=0.75, lw=0)
            panel.set_ylim(0, max(1, 1.25 * max(counts)))
            panel.yaxis.get_major_locator().set_params(integer=True, nbins=3)
            _title(panel, f"{label}, n = {sum(counts):,}")
            for cut in cuts[label]:
                panel.axvline(cut, color=INK, lw=1.2, ls=(0, (4, 3)))
        panels[-1].set_xlabel(facts.quantity, parse_math=False)
        panels[rows // 2].set_ylabel(counted)
        figure.subplots_adjust(
            left=0.15, right=0.97, top=1 - 0.25 / height, bottom=0.55 / height, hspace=0.5
        )
    return done[0]


def class_styles(labels) -> dict[str, tuple[str, str]]:
    """Marker and colour of each label, as the maps draw it."""
    names = sorted(set(labels))
    n_colours = len(CLASS_COLOURS)
    return {
        name: (_MARKERS[k % len(_MARKERS)], CLASS_COLOURS[(k + k // n_colours) % n_colours])
        for k, name in enumerate(names)
    }


def _title(axes, text: str) -> None:
    axes.set_title(text, loc="left", pad=3, fontsize=10.5, color=INK, parse_math=False)


@contextmanager
def figure_of(inches: tuple[float, float], name: str):
    """A figure in the page's style; its SVG is the one item of the list once the block ends."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10.5,
        "font.family": "sans-serif",
        "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
        "ytick.color": INK, "axes.linewidth": 0.7, "axes.spines.top": False,
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
    head = '<svg xmlns="http://www.w3.org/2000/svg" data-made-by="galaxycurate" '
    head += 'style="background: white" '
    return svg.replace("<svg ", head, 1)
