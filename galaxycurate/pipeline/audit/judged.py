"""A verdict of an audit with what it rests on: what a catalogue lists, and what the pixels show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.light.listed import AT_PX
from galaxycurate.curation.light.sky import Found, Listed, Placed, Sky
from galaxycurate.pipeline.audit.findings import Light
from galaxycurate.pipeline.audit.images import Image

CATALOGUE, LIGHT, BOTH = "catalogue", "light", "both"
"""Tiers of an audit's verdicts: who told."""

WHOLE = 0.999
"""Of an image: so much must lie in complete fields for the catalogue to prove that it is empty."""

WORST_FIRST = (
    VerdictKind.UNREADABLE, VerdictKind.CONTAMINATED, VerdictKind.OFF_CENTRE, VerdictKind.CUT,
    VerdictKind.SECOND_GALAXY, VerdictKind.STAR_OVER, VerdictKind.BORDERLINE, VerdictKind.CLEAN,
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A verdict of an audit, and what a drawing of it needs.

    Parameters
    ----------
    verdict : Verdict
    image : Image
    radius_px : float
        Reach of the object's light; 0 where unknown.
    """

    verdict: Verdict
    image: Image
    radius_px: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What the catalogue knows of an image: the objects around it, and how much is known at all.

    Parameters
    ----------
    placed : Placed
    listed : Listed
    covered : float
        Share of the image in complete fields; NaN where that cannot be told.
    """

    placed: Placed
    listed: Listed
    covered: float

    @property
    def whole(self) -> bool:
        """Whether what is not listed is known not to be there."""
        return bool(self.covered >= WHOLE)  # NaN is not

    @property
    def gap(self) -> str:
        """What is not known, in words; empty where all is."""
        if self.whole:
            return ""
        if np.isnan(self.covered):
            return "whether the catalogue is complete there is not known"
        return f"the catalogue covers {self.covered:.0%} of it"


def seen(sky: Sky, image: Image, covered: float, margin_arcsec: float) -> Seen:
    """The objects around one image."""
    near = sky.near(image.ra, image.dec, image.width_arcsec, image.pixscale, margin_arcsec)
    return Seen(near, sky.listed, covered)


def worst(judged: list[Judged]) -> Judged:
    """The verdict that an image is counted under."""
    return min(judged, key=lambda one: WORST_FIRST.index(one.verdict.kind))


def is_at(light: Light, found: Found) -> bool:
    """Whether light lies where the object is listed."""
    apart = np.hypot(light.dx - found.dx, light.dy - found.dy)
    return bool(apart < max(AT_PX, found.radius_px))


def is_measured(light: Light) -> bool:
    """Not so of a blank picture, or one that is too small or too crowded."""
    return light.kind is not VerdictKind.BORDERLINE or bool(light.snr)


def of_listed(image: Image, known: Seen, found: Found, light: Light | None) -> Judged:
    """A verdict about a listed object, which light shows or not; or that none is listed."""
    mag = float(known.listed.mag_r[found.row]) if found.row >= 0 else np.nan
    verdict = Verdict(
        image.path, found.kind, evidence=found.why,
        partner=str(known.listed.objid[found.row]) if found.row >= 0 else "",
        tier=BOTH if light else CATALOGUE, dx=round(found.dx, 2), dy=round(found.dy, 2),
        score=light.probability if light else 0.0,
        mag_r=round(mag, 3) if np.isfinite(mag) else 0.0,
    )  # fmt: skip
    return Judged(verdict, image, found.radius_px)


def of_light(image: Image, light: Light, kind: VerdictKind, more: str = "") -> Judged:
    """A verdict about light that only the pixels show."""
    words = "; ".join(text for text in (light.evidence, more) if text)
    verdict = Verdict(
        image.path, kind, evidence=words, tier=LIGHT, dx=light.dx, dy=light.dy,
        score=light.probability, mag_r=round(light.mag_r, 3),
    )  # fmt: skip
    return Judged(verdict, image)
