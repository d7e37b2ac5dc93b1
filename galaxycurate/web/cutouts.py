"""Contact sheets as a template draws them."""

from __future__ import annotations

from collections.abc import Iterable

from galaxycurate.errors import GalaxyCurateError
from galaxycurate.pipeline.dedupe.decode import decode
from galaxycurate.pipeline.report.shown import Cutout, Sheet, Suspects
from galaxycurate.web.circled import figure
from galaxycurate.web.pictures import small_jpeg

_SIDE_PX = 150
"""Pictures with circles are sent no larger: they are shown as large as on the audit's page."""


def sheet(given: Sheet) -> dict:
    """A contact sheet, what is on it, and how much of all."""
    return {
        "title": given.title,
        "shown": _how_many(len(given.cutouts), given.total),
        "order": given.order,
        "cutouts": [_cutout(cutout) for cutout in given.cutouts],
    }


def suspects(given: Suspects) -> dict:
    """Pictures with what an audit found circled."""
    return {
        "title": given.title,
        "shown": _how_many(len(given.cutouts), given.total),
        "figures": [
            figure(verdict, _pixels(cutout.picture), side_px=_SIDE_PX)
            for cutout, verdict in given.cutouts
        ],
    }


def _how_many(shown: int, total: int) -> str:
    return f"{shown:,} of {total:,}" if shown < total else f"all {shown:,}"


def _pixels(picture: bytes | None):
    try:
        return decode(picture) if picture else None
    except GalaxyCurateError:
        return None


def _cutout(cutout: Cutout) -> dict:
    url, why = None, cutout.note or "no picture"
    if cutout.picture:
        try:
            url = small_jpeg(cutout.picture)
        except GalaxyCurateError as error:
            why = f"unreadable: {error}"
    name = f"objID {cutout.objid}" if cutout.objid else cutout.name
    return {
        "url": url,
        "why": why.split(":")[0],
        "alt": f"{cutout.label}, {name}" + ("" if url else f", no picture: {why}"),
        "tip": " · ".join((*_details(cutout, name), *(() if url or cutout.note else (why,)))),
        "caption": _caption(cutout) if url else cutout.name,
    }


def _details(cutout: Cutout, name: str) -> Iterable[str]:
    yield name
    if cutout.ra is not None and cutout.dec is not None:
        yield f"RA {cutout.ra:.5f}°, Dec {cutout.dec:+.5f}°"
    if cutout.vote_fraction is not None:
        yield f"vote fraction {cutout.vote_fraction:.3f}"
    if cutout.r is not None:
        yield f"r = {cutout.r:.2f} mag"
    if cutout.clear_arcsec is not None:
        yield f"nearest galaxy {cutout.clear_arcsec:.0f} arcsec from the edge"
    if cutout.score is not None:
        yield f"field score {cutout.score:.2f}"
    if cutout.split:
        yield cutout.split
    if cutout.note:
        yield cutout.note


def _caption(cutout: Cutout) -> str:
    """What a reader wants under the picture: the vote or the score, and the split."""
    if cutout.note:
        return cutout.note
    figures = (cutout.vote_fraction, cutout.score)
    found = next((f"{value:.2f}" for value in figures if value is not None), "")
    return " · ".join(text for text in (found, cutout.split) if text)
