"""The report as one HTML file: no network, light and dark, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.cite import credit
from galaxycurate.pipeline.report.facts import ReportFacts
from galaxycurate.pipeline.report.funnel import ASKED
from galaxycurate.pipeline.report.summary import in_a_word
from galaxycurate.store.files import replacing
from galaxycurate.web import numbers, told
from galaxycurate.web.circled import AROUND
from galaxycurate.web.cutouts import sheet, suspects
from galaxycurate.web.drawn import map_key, maps, plots
from galaxycurate.web.pairs import view as pair_view

if TYPE_CHECKING:
    from jinja2 import Environment

PAIR_PX = 110
"""Of a pair's pictures, shown at 150: twice as large as that would fill the page."""

SECTIONS = (
    ("funnel", "Funnel"), ("classes", "Classes"), ("splits", "Splits"), ("shortcuts", "Shortcuts"),
    ("audit", "Audit"), ("people", "People"), ("training", "Training"),
    ("sheets", "Contact sheets"), ("hardest", "Hardest"), ("rejected", "Not kept"),
    ("pairs", "Pairs"), ("plots", "Plots"), ("sky", "Sky"), ("provenance", "Provenance"),
    ("cite", "How to cite"),
)  # fmt: skip
"""Each is there in any report: one with nothing to show says why."""

_OUTCOMES = {"ok": "kept", "rejected": "rejected", "failed": "failed"}


def write(facts: ReportFacts, path: Path) -> Path:
    """Write the report, whole or not at all.

    Parameters
    ----------
    facts : ReportFacts
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
    page = render(facts)
    with replacing(Path(path)) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def render(facts: ReportFacts) -> str:
    """The report as HTML.

    Parameters
    ----------
    facts : ReportFacts

    Returns
    -------
    str
        One page that holds its pictures, plots and styles.
    """
    from markupsafe import Markup

    view = {
        "facts": facts,
        "css": Markup(_template_text("report.css")),
        "created": facts.created_utc.replace("T", " ").replace("+00:00", " UTC"),
        "tag": Markup('<span class="tag">simulated</span>') if facts.simulated else "",
        "answer": in_a_word(facts.summary),
        "summary": [numbers.finding(finding) for finding in facts.summary],
        "headline": list(numbers.headline(facts)),
        "funnel": list(numbers.funnel(facts)),
        "outcome_words": _OUTCOMES,
        "class_bars": list(numbers.class_bars(facts)),
        "framing": numbers.framing(facts),
        "balance": list(numbers.balance(facts.splits)),
        "proof": list(numbers.proof(facts)),
        "proof_verdict": numbers.proof_verdict(facts),
        "audit_kinds": list(numbers.kinds(facts)),
        "audit_totals": numbers.totals(facts),
        "audit_told": numbers.told_by(facts),
        "accuracy": numbers.accuracy(facts),
        "tested_elsewhere": numbers.tested_elsewhere(facts),
        "confusion": list(numbers.confusion(facts)),
        "around": AROUND,
        "unplaced": facts.funnel[ASKED] - len(facts.sky),
        "false_rates": {kind: numbers.at_most(rate) for kind, rate in facts.false_rates.items()},
        "kinds": list(told.kinds(facts.shortcuts)) if facts.shortcuts else [],
        "features": told.features(facts.shortcuts) if facts.shortcuts else [],
        "credit": credit(facts.releases),
        "sections": SECTIONS,
        "said": {name: run.said for name, run in facts.runs.items()},
        **_pictures(facts),
        **_drawn(facts),
    }
    return _environment().get_template("report.html").render(view)


def _pictures(facts: ReportFacts) -> dict:
    return {
        "sheets": [sheet(one) for one in facts.sheets],
        "hardest": [sheet(one) for one in facts.hardest],
        "rejected": [sheet(one) for one in facts.rejected],
        "thrown_out": [sheet(one) for one in facts.thrown_out],
        "suspects": [suspects(one) for one in facts.suspects],
        "pairs": list(_pairs(facts)),
    }


def _drawn(facts: ReportFacts) -> dict:
    return {
        "plots": list(plots(facts.histograms)),
        "maps": list(maps(facts.sky)),
        "map_key": list(map_key(facts.sky)),
    }


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("galaxycurate.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["count"] = lambda n: f"{n:,}"
    environment.filters["plain"] = _plain
    return environment


def _template_text(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _plain(value: object) -> str:
    """A cut's value as a reader would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        between = " + " if all(isinstance(part, str) for part in value) else ", "
        return between.join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"


def _pairs(facts: ReportFacts) -> Iterator[tuple[str, list[dict]]]:
    """Kinds of pairs, each with its pairs."""
    by_kind: dict[str, list[dict]] = {}
    for pair in facts.pairs.pairs:
        shown = pair_view(pair, side_px=PAIR_PX)
        for one in shown["pictures"]:
            one["name"] = "/".join(Path(one["name"]).with_suffix("").parts[-2:])
        by_kind.setdefault(pair.kind, []).append(shown)
    yield from by_kind.items()
