"""What a person should know before believing an audit: what it could not see, and what it undid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.pipeline.audit.catalogue import Catalogue, can_ask
from galaxycurate.pipeline.audit.findings import Lights
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import Judged, is_measured
from galaxycurate.pipeline.audit.light import tells_magnitudes
from galaxycurate.pipeline.search import LABEL


def without_negatives(images: Collection[Image], labels: Collection[str]) -> list[str]:
    """That nothing is to be empty, unless certain labels were asked about.

    Parameters
    ----------
    images : collection of Image
    labels : collection of str

    Returns
    -------
    list of str
        At most one.
    """
    if labels or any(image.negative for image in images):
        return []
    return [
        f"warning: no image is labelled {LABEL}, so all were taken for galaxies; --negative LABEL "
        "names images that should hold none"
    ]


def unjudged(
    images: list[Image], known: Catalogue | None, lights: list[Lights] | None, margin_arcsec: float
) -> list[str]:
    """Labels of which not one image could be judged.

    Parameters
    ----------
    images : list of Image
    known : Catalogue or None
        None where none was asked.
    lights : list of tuple of Light, or None
        What pixels told, image by image; None where they were not looked at.
    margin_arcsec : float

    Returns
    -------
    list of str
    """
    total: Counter[str] = Counter(image.label for image in images)
    blind: Counter[str] = Counter()
    for k, image in enumerate(images):
        light = lights[k] if lights is not None else None
        blind[image.label] += not _is_judged(image, known, light, margin_arcsec)
    return [
        f"warning: of the {n:,} images labelled {label} none could be judged"
        for label, n in sorted(total.items())
        if n == blind[label]
    ]


def _is_judged(
    image: Image, known: Catalogue | None, lights: Lights | None, margin_arcsec: float
) -> bool:
    if lights and lights[0].kind is VerdictKind.UNREADABLE:
        return False
    asked = known is not None and can_ask(image, margin_arcsec)
    return asked or any(is_measured(one) for one in lights or ())


def without_limit(
    images: list[Image],
    known: Catalogue | None,
    lights: list[Lights] | None,
    margin_arcsec: float,
    limit_mag_r: float | None,
) -> list[str]:
    """That a limit which was asked for meant nothing to pictures that tell no magnitudes.

    Parameters
    ----------
    images, known, lights, margin_arcsec
        As for `unjudged`.
    limit_mag_r : float or None
        As it was asked for.

    Returns
    -------
    list of str
        At most one.
    """
    if limit_mag_r is None or lights is None:
        return []
    n = sum(
        image.negative and not tells_magnitudes(image, light)
        for image, light in zip(images, lights, strict=True)
        if known is None or not can_ask(image, margin_arcsec)
    )
    if not n:
        return []
    return [
        f"warning: r < {limit_mag_r:g} had no effect on {n:,} negatives: no magnitudes follow from "
        "their pictures, which were judged by signal-to-noise only"
    ]


def back_in_splits(judged: list[Judged], left_out: set[str]) -> list[str]:
    """That images which the last audit left out of splits are back.

    Parameters
    ----------
    judged : list of Judged
    left_out : set of str
        Paths of what the last audit left out.

    Returns
    -------
    list of str
        At most one.
    """
    still = {one.verdict.path for one in judged if not one.verdict.keep}
    n = len({one.verdict.path for one in judged if one.verdict.path in left_out} - still)
    return [f"warning: {n:,} images that the last audit left out are in splits again"] if n else []
