"""Plots and maps with their captions and words, as a template places them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from galaxycurate.pipeline.report.shown import Histogram, SkyPoints
from galaxycurate.web.plots import class_styles, histogram
from galaxycurate.web.skymap import DENSE, densest_field, sky_map, zoomed_map

_MARKS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "*": "★"}


def plots(histograms: Iterable[Histogram]) -> Iterator[dict]:
    """Histograms, the cuts named."""
    from markupsafe import Markup

    for one in histograms:
        cuts = " and ".join(f"{cut:g}" for cut in one.cuts)
        caption = f"Dashed: the cut at {cuts}." if cuts else ""
        if one.beyond:
            caption += f" {one.beyond:,} cutouts have none within reach and are not drawn."
        numbers = ", ".join(f"{label} {sum(n):,}" for label, n in one.counts.items())
        yield {
            "title": one.title,
            "svg": Markup(histogram(one)),
            "caption": caption.strip(),
            "alt": f"Histograms of {one.quantity}: {numbers}. {caption}".strip(),
        }


def maps(sky: SkyPoints) -> Iterator[dict]:
    """The whole sky, and the field or the densest part of it."""
    from markupsafe import Markup

    if not len(sky):
        return
    span = f"Dec {sky.dec.min():+.2f}° to {sky.dec.max():+.2f}°"
    density = " Colours: cutouts per square degree." if len(sky) > DENSE else ""
    yield {
        "svg": Markup(sky_map(sky)),
        "alt": f"Map of the sky with {len(sky):,} cutouts, {span}",
        "caption": "Aitoff projection, ICRS, RA 180° in the middle, east to the left. "
        f"Dotted: the Galactic plane.{density}",
    }
    zoomed, field, which = zoomed_map(sky), sky, "The field itself"
    if not zoomed and (densest := densest_field(sky)):
        zoomed, field = zoomed_map(densest), densest
        which = f"The densest field, {len(field):,} cutouts"
    if zoomed:
        yield {
            "svg": Markup(zoomed),
            "alt": f"Map of a field with {len(field):,} cutouts",
            "caption": f"{which}: north up, east to the left, squares are the footprints to scale.",
        }


def map_key(sky: SkyPoints) -> Iterator[dict]:
    """Which mark is which class."""
    from markupsafe import Markup

    for label, (marker, colour) in class_styles(sky.label).items():
        mark = Markup('<span aria-hidden="true" style="color:{}">{}</span>')
        yield {
            "mark": mark.format(colour, _MARKS[marker]),
            "label": label,
            "n": f"{int((sky.label == label).sum()):,}",
        }
