"""Does a negative hold a galaxy? Catalogue and pixels are heard apart, and the worse counts.

Neither can excuse what the other found: a listed galaxy contaminates though the pixels do not show
it, and light contaminates whatever else is listed, unless a listed star, or a galaxy beyond the
limit, lies at that very place and is as bright. Only where the catalogue is complete does it weigh
against light that it lacks (`UNEXPLAINED`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.light.listed import NEAR_LIMIT_MAG, explains, of_negative
from galaxycurate.curation.light.sky import Found
from galaxycurate.pipeline.audit.findings import Light, Lights
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import (
    BOTH,
    CATALOGUE,
    LIGHT,
    WORST_FIRST,
    Judged,
    Seen,
    is_at,
    is_measured,
    of_light,
    of_listed,
)

_CONTAMINATED, _BORDERLINE, _CLEAN = (
    VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE, VerdictKind.CLEAN,
)  # fmt: skip

UNEXPLAINED = {
    (_CONTAMINATED, False): _CONTAMINATED,
    (_BORDERLINE, False): _BORDERLINE,
    (_CLEAN, False): _CLEAN,
    (_CONTAMINATED, True): _BORDERLINE,
    (_BORDERLINE, True): _CLEAN,
    (_CLEAN, True): _CLEAN,
}
"""What light that nothing listed explains makes of a negative: by what the pixels call it, and
whether the catalogue is whole there."""


@dataclass(frozen=True)
class Witness:
    """Light in a negative.

    Parameters
    ----------
    light : Light
    kind : VerdictKind
        What the pixels call it, by its magnitude where that is known.
    source : Found or None
        The listed object that it is of, if that may be there.
    """

    light: Light
    kind: VerdictKind
    source: Found | None = None


def verdict_on(listed: VerdictKind, light: VerdictKind, whole: bool) -> VerdictKind:
    """The verdict on a negative by both sides.

    Parameters
    ----------
    listed : VerdictKind
        The worst that the catalogue holds against it.
    light : VerdictKind
        The worst that the pixels call light that nothing listed explains.
    whole : bool
        Whether what is not listed is known not to be there.

    Returns
    -------
    VerdictKind
        The worse of what the two mean.
    """
    return min(listed, UNEXPLAINED[light, whole], key=WORST_FIRST.index)


def on_negative(
    image: Image, known: Seen | None, lights: Lights | None, margin_arcsec: float
) -> Judged:
    """The verdict on an image that should hold no galaxy.

    Parameters
    ----------
    image : Image
    known : Seen or None
        None where the catalogue was not asked about it.
    lights : tuple of Light or None
        None where its pixels were not looked at.
    margin_arcsec : float
        Sky that should be free around it.

    Returns
    -------
    Judged
    """
    witnesses = [_witness(image, known, one) for one in lights or () if is_measured(one)]
    suspect = _suspect(image, known, witnesses, margin_arcsec) if known else None
    free = min(
        (one for one in witnesses if one.source is None), default=None,
        key=lambda one: WORST_FIRST.index(one.kind),
    )  # fmt: skip
    kind = verdict_on(
        suspect.kind if suspect else _CLEAN, free.kind if free else _CLEAN, _is_whole(known)
    )
    if known and suspect and kind is suspect.kind:
        shown = next((one.light for one in witnesses if _shows(one, suspect)), None)
        words = suspect.why + _as_seen(shown, lights)
        return of_listed(image, known, replace(suspect, why=words), shown)
    if free and kind is not _CLEAN:
        gap = "the catalogue lists nothing there to explain it" if _is_whole(known) else _gap(known)
        return of_light(image, free.light, kind, gap)
    return _nothing_found(image, known, lights, witnesses)


def _is_whole(known: Seen | None) -> bool:
    return known is not None and known.whole


def _gap(known: Seen | None) -> str:
    return known.gap if known else ""


# ---- what is listed


def _suspect(
    image: Image, known: Seen, witnesses: list[Witness], margin_arcsec: float
) -> Found | None:
    """The worst that the catalogue holds against it; a doubtful row counts when it is seen."""
    suspects = of_negative(
        known.placed, known.listed, image.width_px,
        limit_mag_r=image.limit_mag_r, margin_px=margin_arcsec / image.pixscale,
    )  # fmt: skip
    for found in suspects:
        if found.kind is _CONTAMINATED:
            return found
        if found.doubted and any(_shows(one, found) for one in witnesses):
            return replace(found, kind=_CONTAMINATED)  # two witnesses
    return suspects[0] if suspects else None


def _shows(one: Witness, found: Found) -> bool:
    """Whether light shows a listed object."""
    return one.kind is not _CLEAN and is_at(one.light, found)


def _as_seen(light: Light | None, lights: Lights | None) -> str:
    if lights is None:
        return ""
    if light is not None:
        return "; its pixels show it"
    sees_another = any(one.kind is _CONTAMINATED for one in lights)
    return "; its pixels show another" if sees_another else "; its pixels do not show it"


# ---- what is seen


def _witness(image: Image, known: Seen | None, light: Light) -> Witness:
    kind = _to_limit(light, image.limit_mag_r)
    if known is None or kind is _CLEAN:
        return Witness(light, kind)
    k = explains(
        known.placed, known.listed, light.dx, light.dy, mag_r=light.mag_r,
        pixscale=image.pixscale, limit_mag_r=image.limit_mag_r,
    )  # fmt: skip
    return Witness(light, kind, None if k is None else known.placed.found(_CLEAN, k, ""))


def _to_limit(light: Light, limit_mag_r: float) -> VerdictKind:
    """What light means for a negative, by its magnitude where that is known."""
    if light.mag_r >= limit_mag_r + NEAR_LIMIT_MAG:
        return _CLEAN
    return _BORDERLINE if light.mag_r >= limit_mag_r else light.kind


def _nothing_found(
    image: Image, known: Seen | None, lights: Lights | None, witnesses: list[Witness]
) -> Judged:
    """Clean, unless nobody could tell."""
    blind = next((one for one in lights or () if not is_measured(one)), None)
    if blind:
        return of_light(image, blind, _BORDERLINE, _gap(known))
    for one in witnesses:
        if known and one.source:
            return _explained(image, known, one.light, one.source)
    whole = _is_whole(known)
    kind = _CLEAN if whole or lights is not None else _BORDERLINE
    tier = CATALOGUE if lights is None else BOTH if whole else LIGHT
    score = max((one.light.probability for one in witnesses), default=0.0)
    return Judged(Verdict(image.path, kind, evidence=_gap(known), tier=tier, score=score), image)


def _explained(image: Image, known: Seen, light: Light, source: Found) -> Judged:
    """What the pixels took for a galaxy is listed, as something that may be there."""
    is_galaxy = known.listed.galaxy[source.row]
    what = f"a {'galaxy' if is_galaxy else 'star'} of r = {known.listed.mag_r[source.row]:.2f}"
    what += ", beyond the limit" if is_galaxy else ""
    words = f"light at {light.dx:+.0f}, {light.dy:+.0f} px is listed as {what}"
    words += f"; {known.gap}" if known.gap else ""
    return of_listed(image, known, replace(source, why=words), light)
