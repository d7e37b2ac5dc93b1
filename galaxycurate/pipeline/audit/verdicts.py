"""Catalogue and pixels together: the verdicts on an image, with both evidences."""

from __future__ import annotations

from dataclasses import replace

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.audit.findings import Lights
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import LIGHT, Judged, Seen
from galaxycurate.pipeline.audit.negatives import on_negative
from galaxycurate.pipeline.audit.positives import on_positive


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
    if known is None and lights is None:
        words = "its place is not known, and its pixels were not looked at"
        found = [Judged(Verdict(image.path, VerdictKind.BORDERLINE, evidence=words), image)]
    elif lights and lights[0].kind is VerdictKind.UNREADABLE:
        kind, words = lights[0].kind, lights[0].evidence
        found = [Judged(Verdict(image.path, kind, evidence=words, tier=LIGHT), image)]
    elif image.negative:
        found = [on_negative(image, known, lights, margin_arcsec)]
    else:
        found = on_positive(image, known, lights)
    return [_of_picture(judged, strict) for judged in found]


_NEVER_KEPT = (VerdictKind.CONTAMINATED, VerdictKind.UNREADABLE)


def _of_picture(judged: Judged, strict: bool) -> Judged:
    """With the picture that was looked at, and whether splits use it."""
    kind = judged.verdict.kind
    keep = kind is VerdictKind.CLEAN or not (strict or kind in _NEVER_KEPT)
    return replace(judged, verdict=replace(judged.verdict, keep=keep, sha256=judged.image.sha256))
