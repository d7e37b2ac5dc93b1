"""What an audit found, as one HTML page: each picture with the object circled."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from galaxycurate.core.cite import credit
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.errors import InputError
from galaxycurate.pipeline.audit.audit import Audited
from galaxycurate.pipeline.audit.judged import BOTH, CATALOGUE, LIGHT, WORST_FIRST
from galaxycurate.pipeline.audit.shown import Sheet, sheets
from galaxycurate.store.files import replacing
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings
from galaxycurate.web.circled import AROUND, figure

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
    found = {kind for row in audited.counts.values() for kind in row}
    kinds = [str(kind) for kind in WORST_FIRST if str(kind) in found]
    return environment.get_template("audit.html").render(
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        dataset=settings.dataset,
        audited=audited,
        kinds=kinds,
        totals={kind: sum(row.get(kind, 0) for row in audited.counts.values()) for kind in kinds},
        told={_WHO.get(who, "nobody"): n for who, n in sorted(audited.told.items())},
        sheets=[_sheet(sheet) for sheet in sheets(settings, audited.judged)],
        around=AROUND,
        credit=credit(_releases(settings, audited)),
    )


def _releases(settings: Settings, audited: Audited) -> list[str]:
    """Of the pictures, as their manifests say, and of the catalogue if one was asked."""
    found = [settings.release] if audited.archive else []
    with suppress(InputError):  # pictures without a manifest tell of no release
        found += [one.release for one in read_all((), folder=Path(settings.manifests))]
    return found


def _sheet(sheet: Sheet) -> dict:
    n = len(sheet.shown)
    return {
        "id": f"{sheet.of}-{sheet.kind}".replace(" ", "-"),
        "title": f"{sheet.of}: {sheet.kind}",
        "count": f"{n:,} of {sheet.total:,}" if n < sheet.total else f"all {n:,}",
        "meaning": _MEANING.get(sheet.kind, ""),
        "bad": sheet.kind is not VerdictKind.CLEAN,
        "figures": [
            figure(shown.judged.verdict, shown.rgb, shown.judged.radius_px) for shown in sheet.shown
        ],
    }
