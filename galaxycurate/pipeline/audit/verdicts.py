"""Catalogue and pixels together: the verdict on an image, with both evidences.

Where the catalogue is complete it decides what is in a negative: light that it lists as a star, or
as a galaxy beyond the limit, is no contamination; light that it does not list makes the image
borderline. Where it is not complete, or was not asked, the pixels decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.light.listed import (
    NEAR_LIMIT_MAG,
    Found,
    Listed,
    Placed,
    Sky,
    at,
    clearance_px,
    of_negative,
    of_positive,
)
from galaxycurate.pipeline.audit.findings import Light, Lights
from galaxycurate.pipeline.audit.images import Image

CATALOGUE, LIGHT, BOTH = "catalogue", "light", "both"
"""Tiers of an audit's verdicts: who told."""

WHOLE = 0.999
"""Of an image: so much must lie in complete fields for the catalogue to prove that it is empty."""

WORST_FIRST = (
    VerdictKind.UNREADABLE, VerdictKind.CONTAMINATED, VerdictKind.OFF_CENTRE, VerdictKind.CUT,
    VerdictKind.SECOND_GALAXY, VerdictKind.STAR_OVER, VerdictKind.BORDERLINE, VerdictKind.CLEAN,
)  # fmt: skip

_MATCH_PX = 6.0
_SEEN = (VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE)


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
        """Whether what is not listed is not there, as far as anybody knows."""
        return not self.covered < WHOLE


def seen(sky: Sky, image: Image, covered: float, margin_arcsec: float) -> Seen:
    """The objects around one image."""
    near = sky.near(image.ra, image.dec, image.width_arcsec, image.pixscale, margin_arcsec)
    return Seen(near, sky.listed, covered)


def verdicts_on(
    image: Image,
    known: Seen | None,
    lights: Lights | None,
    *,
    margin_arcsec: float,
    strict: bool,
) -> list[Judged]:
    """The verdicts on one image, at least one.

    Parameters
    ----------
    image : Image
    known : Seen or None
        None where the catalogue was not asked about it.
    lights : tuple of Light or None
        What its pixels told; None where they were not looked at.
    margin_arcsec : float
        Sky that should be free around a negative.
    strict : bool
        Whatever is not clean is left out of splits, borderline negatives and flagged positives too.

    Returns
    -------
    list of Judged
    """
    if lights and lights[0].kind is VerdictKind.UNREADABLE:
        verdict = Verdict(
            image.path, lights[0].kind, keep=False, evidence=lights[0].evidence, tier=LIGHT
        )
        return [Judged(verdict, image)]
    if image.negative:
        found = [_on_negative(image, known, lights, margin_arcsec)]
    else:
        found = _on_positive(image, known, lights)
    return [_kept(judged, strict) for judged in found]


def worst(judged: list[Judged]) -> Judged:
    """The verdict that an image is counted under."""
    return min(judged, key=lambda one: WORST_FIRST.index(one.verdict.kind))


def _kept(judged: Judged, strict: bool) -> Judged:
    kind = judged.verdict.kind
    keep = kind is VerdictKind.CLEAN or not (strict or kind is VerdictKind.CONTAMINATED)
    return replace(judged, verdict=replace(judged.verdict, keep=keep))


# ---- negatives


def _on_negative(
    image: Image, known: Seen | None, lights: Lights | None, margin_arcsec: float
) -> Judged:
    if known is None:
        return _by_pixels(image, lights or (), "")
    listed = of_negative(
        known.placed, known.listed, image.width_px,
        limit_mag_r=image.limit_mag_r, margin_px=margin_arcsec / image.pixscale,
    )  # fmt: skip
    if listed.kind is VerdictKind.CLEAN:
        return _nothing_listed(image, known, lights)
    light = _at(listed, lights)
    kind = listed.kind
    if kind is VerdictKind.BORDERLINE and light and _is_only_doubted(image, known, listed):
        kind = VerdictKind.CONTAMINATED  # two witnesses
    words = listed.why + _as_seen(light, lights)
    return _of_listed(image, known, replace(listed, kind=kind, why=words), light)


def _nothing_listed(image: Image, known: Seen, lights: Lights | None) -> Judged:
    """The catalogue lists no galaxy to the limit; the pixels may see more, and it may be blind."""
    share = "" if known.whole else f"the catalogue covers {known.covered:.0%} of it"
    if np.isnan(known.covered):
        share = "whether the catalogue is complete there is not known"
    if lights is None:
        kind = VerdictKind.CLEAN if known.whole else VerdictKind.BORDERLINE
        return Judged(Verdict(image.path, kind, evidence=share, tier=CATALOGUE), image)
    if any(_is_not_judged(light) for light in lights):
        return _of_light(image, lights[0], lights[0].kind, "")
    explained = [_explains(known, light) for light in lights]
    if not known.whole:
        left = [one for one, k in zip(lights, explained, strict=True) if k is None]
        return _by_pixels(image, tuple(left), share)
    for light, k in zip(lights, explained, strict=True):
        if k is None and _to_limit(light, image.limit_mag_r) is VerdictKind.CONTAMINATED:
            words = "; the catalogue lists nothing there"
            return _of_light(image, light, VerdictKind.BORDERLINE, words)
    for light, k in zip(lights, explained, strict=True):
        if k is not None:
            return _explained(image, known, light, k)
    score = max(light.probability for light in lights)
    verdict = Verdict(image.path, VerdictKind.CLEAN, evidence=share, tier=BOTH, score=score)
    return Judged(verdict, image)


def _explains(known: Seen, light: Light) -> int | None:
    """Which listed object the light is of, None where none is; only of light that was seen."""
    if light.kind not in _SEEN:
        return None
    return at(known.placed, light.dx, light.dy, within_px=_MATCH_PX)


def _explained(image: Image, known: Seen, light: Light, k: int) -> Judged:
    """What the pixels took for a galaxy is listed, as something that may be there."""
    row = int(known.placed.rows[k])
    mag, is_galaxy = known.listed.mag_r[row], known.listed.galaxy[row]
    what = f"a {'galaxy' if is_galaxy else 'star'} of r = {mag:.2f}"
    what += ", beyond the limit" if is_galaxy else ""
    words = f"light at {light.dx:+.0f}, {light.dy:+.0f} px is listed as {what}"
    return _of_listed(image, known, known.placed.found(VerdictKind.CLEAN, k, words), light)


def _by_pixels(image: Image, lights: Lights, more: str) -> Judged:
    """What the pixels alone tell: of what they see the first that is worst."""
    kinds = [
        light.kind if _is_not_judged(light) else _to_limit(light, image.limit_mag_r)
        for light in lights
    ]
    for kind in _SEEN:
        if kind in kinds:
            light = lights[kinds.index(kind)]
            return _of_light(image, light, kind, f"; {more}" if more else "")
    score = max((light.probability for light in lights), default=0.0)
    verdict = Verdict(image.path, VerdictKind.CLEAN, evidence=more, tier=LIGHT, score=score)
    return Judged(verdict, image)


def _to_limit(light: Light, limit_mag_r: float) -> VerdictKind:
    """What light means for a negative, by its magnitude where that is known."""
    if light.kind not in _SEEN or light.mag_r >= limit_mag_r + NEAR_LIMIT_MAG:
        return VerdictKind.CLEAN
    return VerdictKind.BORDERLINE if light.mag_r >= limit_mag_r else light.kind


def _is_not_judged(light: Light) -> bool:
    """A blank picture, or one that is too small: nothing was measured on it."""
    return light.kind is VerdictKind.BORDERLINE and not light.snr


def _is_only_doubted(image: Image, known: Seen, found: Found) -> bool:
    """Whether it would be contamination if its row were not doubtful."""
    which = known.placed.rows == found.row
    gap = float(clearance_px(known.placed, image.width_px)[which][0])
    mag = known.listed.mag_r[found.row]
    return gap < 0 and bool(not np.isfinite(mag) or mag < image.limit_mag_r)


def _at(found: Found, lights: Lights | None) -> Light | None:
    """The light that shows what is listed; None where there is none."""
    for light in lights or ():
        apart = np.hypot(light.dx - found.dx, light.dy - found.dy)
        if light.kind in _SEEN and light.snr and apart < max(_MATCH_PX, found.radius_px):
            return light
    return None


def _as_seen(light: Light | None, lights: Lights | None) -> str:
    if lights is None:
        return ""
    if light is not None:
        return "; its pixels show it"
    sees_another = any(one.kind is VerdictKind.CONTAMINATED for one in lights)
    return "; its pixels show another" if sees_another else "; its pixels do not show it"


def _of_listed(image: Image, known: Seen, found: Found, light: Light | None) -> Judged:
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


def _of_light(image: Image, light: Light, kind: VerdictKind, more: str) -> Judged:
    """A verdict about light that only the pixels show."""
    verdict = Verdict(
        image.path, kind, evidence=f"{light.evidence}{more}", tier=LIGHT, dx=light.dx, dy=light.dy,
        score=light.probability, mag_r=round(light.mag_r, 3),
    )  # fmt: skip
    return Judged(verdict, image)


# ---- positives


def _on_positive(image: Image, known: Seen | None, lights: Lights | None) -> list[Judged]:
    found: dict[VerdictKind, Judged] = {}
    if known is not None:
        for one in of_positive(
            known.placed, known.listed, image.width_px, own_id=image.own_id, own_mag=image.own_mag
        ):
            if one.row >= 0 or known.whole:  # nothing is missed where the catalogue has a hole
                found[one.kind] = _of_listed(image, known, one, None)
    for light in lights or ():
        if light.kind is VerdictKind.CLEAN:
            continue
        listed = found.get(light.kind)
        if listed is None:
            found[light.kind] = _of_light(image, light, light.kind, "")
        elif listed.verdict.tier == CATALOGUE:
            words = f"{listed.verdict.evidence}; its pixels show it"
            verdict = replace(listed.verdict, tier=BOTH, evidence=words, score=light.probability)
            found[light.kind] = replace(listed, verdict=verdict)
    if found:
        return list(found.values())
    tier = BOTH if known and lights else CATALOGUE if known else LIGHT
    return [Judged(Verdict(image.path, VerdictKind.CLEAN, tier=tier), image)]
