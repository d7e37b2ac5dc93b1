"""What an audit found, as one HTML page: each picture with the object circled."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from galaxycurate.core.encode import jpeg
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.pipeline.audit.audit import Audited
from galaxycurate.pipeline.audit.judged import BOTH, CATALOGUE, LIGHT
from galaxycurate.pipeline.audit.shown import Sheet, Shown, sheets
from galaxycurate.store.files import replacing
from galaxycurate.store.settings import Settings
from galaxycurate.web.cite import credit

SIDE_PX = 144
"""A picture is sent no larger than this, twice over for fine screens."""

_AROUND = 0.12
"""Of the side: so much sky around the picture is drawn, for what reaches in from outside."""

_LEAST_RADIUS = 0.03
_WHO = {CATALOGUE: "catalogue", LIGHT: "pixels", BOTH: "catalogue and pixels"}
_MEANING = {
    VerdictKind.CONTAMINATED: "A galaxy to the limit lies in the picture or reaches into it. "
    "Splits leave these out.",
    VerdictKind.BORDERLINE: "Perhaps: near the limit or the edge, a doubtful row, or light that "
    "the catalogue lacks.",
    VerdictKind.CLEAN: "A random draw. Circles mark light that is listed as a star, or as a galaxy "
    "beyond the limit.",
    VerdictKind.UNREADABLE: "No picture can be decoded.",
}


def write(settings: Settings, audited: Audited, path: Path) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    settings : Settings
    audited : Audited
    path : Path
        The HTML file.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    page = render(settings, audited)
    with replacing(Path(path)) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def render(settings: Settings, audited: Audited) -> str:
    """The page as HTML, with its pictures and styles in it.

    Parameters
    ----------
    settings : Settings
    audited : Audited

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=PackageLoader("galaxycurate.web"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True,
    )  # fmt: skip
    environment.filters["count"] = lambda n: f"{n:,}"
    kinds = list(dict.fromkeys(kind for row in audited.counts.values() for kind in row))
    return environment.get_template("audit.html").render(
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        dataset=settings.dataset,
        audited=audited,
        kinds=kinds,
        told={_WHO.get(who, "nobody"): n for who, n in sorted(audited.told.items())},
        sheets=[_sheet(sheet) for sheet in sheets(settings, audited.judged)],
        around=_AROUND,
        credit=credit([settings.release]),
    )


def _sheet(sheet: Sheet) -> dict:
    n = len(sheet.shown)
    return {
        "id": f"{sheet.of}-{sheet.kind}".replace(" ", "-"),
        "title": f"{sheet.of}: {sheet.kind}",
        "count": f"{n:,} of {sheet.total:,}" if n < sheet.total else f"all {n:,}",
        "meaning": _MEANING.get(sheet.kind, ""),
        "bad": sheet.kind is not VerdictKind.CLEAN,
        "figures": [_figure(shown) for shown in sheet.shown],
    }


def _figure(shown: Shown) -> dict:
    """A picture in units of its own side, its middle at 0."""
    verdict = shown.judged.verdict
    return {
        "url": None if shown.rgb is None else _small(shown.rgb),
        "circle": None if shown.rgb is None else _circle(shown),
        "name": Path(verdict.path).stem,
        "caption": " · ".join(_caption(shown)),
        "tip": " · ".join(text for text in (verdict.path, verdict.evidence) if text),
        "evidence": verdict.evidence,
    }


def _circle(shown: Shown) -> dict | None:
    """Where the object should be, and how far it reaches; none where none is meant."""
    verdict, width = shown.judged.verdict, shown.rgb.shape[1] if shown.rgb is not None else 0
    if not (verdict.dx or verdict.dy or shown.judged.radius_px or verdict.score) or not width:
        return None
    if verdict.kind is VerdictKind.CLEAN and not (verdict.dx or verdict.dy):
        return None
    x, y = verdict.dx / width, verdict.dy / width
    return {
        "x": f"{x:.4f}",
        "y": f"{y:.4f}",
        "r": f"{max(shown.judged.radius_px / width, _LEAST_RADIUS):.4f}",
        "dashed": verdict.tier == LIGHT,
    }


def _caption(shown: Shown) -> Iterator[str]:
    verdict = shown.judged.verdict
    if verdict.mag_r:
        yield f"r = {verdict.mag_r:.2f}"
    elif verdict.kind is not VerdictKind.CLEAN and (verdict.partner or verdict.score):
        yield "r = -"
    if verdict.partner:
        yield verdict.partner
    elif verdict.score and verdict.kind is not VerdictKind.CLEAN:
        yield f"pixels alone, p = {verdict.score:.2f}"


def _small(rgb: np.ndarray) -> str:
    from PIL import Image

    image = Image.fromarray(rgb)
    image.thumbnail((2 * SIDE_PX, 2 * SIDE_PX), Image.Resampling.LANCZOS)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(np.asarray(image))).decode()}"
