"""Does a galaxy stand alone in the middle of its picture, whole?"""

from __future__ import annotations

from dataclasses import replace

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.light.listed import of_positive
from galaxycurate.pipeline.audit.findings import Lights
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import (
    BOTH,
    CATALOGUE,
    LIGHT,
    Judged,
    Seen,
    is_at,
    of_light,
    of_listed,
)


def on_positive(image: Image, known: Seen | None, lights: Lights | None) -> list[Judged]:
    """The verdicts on an image of a galaxy, at least one.

    Parameters
    ----------
    image : Image
    known : Seen or None
        None where the catalogue was not asked about it.
    lights : tuple of Light or None
        None where its pixels were not looked at.

    Returns
    -------
    list of Judged
        What only the pixels show, at another place, is a verdict of its own.
    """
    left = [light for light in lights or () if light.kind is not VerdictKind.CLEAN]
    told: list[Judged] = []
    if known:
        for found in _listed(image, known):
            same = (light for light in left if light.kind is found.kind and is_at(light, found))
            shown = next(same, None)
            if shown:
                left.remove(shown)
            why = f"{found.why}; its pixels show it" if shown else found.why
            told.append(of_listed(image, known, replace(found, why=why), shown))
    told += [of_light(image, light, light.kind) for light in left]
    if told:
        return told
    tier = BOTH if known and lights else CATALOGUE if known else LIGHT
    return [Judged(Verdict(image.path, VerdictKind.CLEAN, tier=tier), image)]


def _listed(image: Image, known: Seen):
    """What the catalogue holds against it; nothing is missed where it has a hole."""
    found = of_positive(
        known.placed, known.listed, image.width_px, own_id=image.own_id, own_mag=image.own_mag
    )
    return [one for one in found if one.row >= 0 or known.whole]
