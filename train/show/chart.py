"""Line charts as plain numbers that the page's template draws as SVG.

So they are sharp at every size, a few kilobytes each, and take the page's colours, light or dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 300  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 66, 12, 12, 46  # margins


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes
    ----------
    name : str
    x, y : list of float
        Points without a value (None) are left out.
    hue : int
        Which colour of the palette, from 0; -1: a quiet grey.
    dashed : bool
    dots : bool
        Draw its points, too.
    joined : bool
        Draw what joins them.
    """

    name: str
    x: list
    y: list
    hue: int = 0
    dashed: bool = False
    dots: bool = False
    joined: bool = True


def chart(
    title: str,
    lines: list[Line],
    *,
    x: str,
    y: str,
    span: tuple | None = None,
    whole: bool = False,
    mark: float | None = None,
) -> dict:
    """What the template needs to draw lines.

    Parameters
    ----------
    title : str
    lines : list of Line
    x, y : str
        What the axes mean.
    span : (low, high), optional
        Of both axes; otherwise what the points need.
    whole : bool
        Ticks of x are whole numbers.
    mark : float, optional
        An upright line at this x.

    Returns
    -------
    dict
        ``title``, ``size``, ``frame`` (edges of the axes), ``x``, ``y``, ``lines`` (as `Line`,
        points in drawing units), ``x_ticks``, ``y_ticks`` (place, text), ``mark``, ``said`` (for
        those who cannot see it).
    """
    kept = [(line, _known(line)) for line in lines]
    kept = [(line, points) for line, points in kept if points]
    xs = [px for _, points in kept for px, _ in points] or [0.0, 1.0]
    ys = [py for _, points in kept for _, py in points] or [0.0, 1.0]
    across, up = (span, span) if span else (_wide(xs, 0.0), _wide(ys, 0.06))
    right, top = WIDTH - RIGHT, HEIGHT - BOTTOM
    return {
        "title": title,
        "size": (WIDTH, HEIGHT),
        "frame": {"left": LEFT, "right": right, "top": TOP, "bottom": top},
        "x": x,
        "y": y,
        "lines": [
            {
                "name": line.name,
                "hue": line.hue,
                "dashed": line.dashed,
                "dots": line.dots,
                "joined": line.joined,
                "points": [
                    (_place(px, across, LEFT, right), _place(py, up, top, TOP)) for px, py in points
                ],
            }
            for line, points in kept
        ],
        "x_ticks": [(_place(t, across, LEFT, right), s) for t, s in ticks(*across, whole=whole)],
        "y_ticks": [(_place(t, up, top, TOP), s) for t, s in ticks(*up)],
        "mark": None if mark is None else _place(mark, across, LEFT, right),
        "said": "; ".join(
            f"{line.name}: {y} {points[0][1]:.3g} at {x} {points[0][0]:.3g}, "
            f"{points[-1][1]:.3g} at {points[-1][0]:.3g}"
            for line, points in kept
        ),
    }


def ticks(low: float, high: float, *, whole: bool = False, about: int = 6) -> list:
    """Round values between two, with their text: steps of 1, 2 or 5 times a power of ten."""
    rough = max((high - low) / about, 1e-12)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    step = max(1.0, step) if whole else step
    first = math.ceil(low / step - 1e-9)
    count = math.floor((high - first * step) / step + 1e-9) + 1
    return [(value * step, f"{value * step:.6g}") for value in range(first, first + count)]


def _known(line: Line) -> list[tuple[float, float]]:
    pairs = zip(line.x, line.y, strict=True)
    return [(float(px), float(py)) for px, py in pairs if px is not None and py is not None]


def _wide(values: list[float], air: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * air if high > low else (abs(high) or 1.0) * 0.05
    return low - room, high + room


def _place(value: float, span: tuple[float, float], start: float, end: float) -> float:
    return round(start + (value - span[0]) / (span[1] - span[0]) * (end - start), 2)
