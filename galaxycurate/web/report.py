"""The report as one HTML file: no network, light and dark, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.pipeline.report.facts import Cutout, Pair, ReportFacts, Sheet, SkyPoints
from galaxycurate.store.files import replacing
from galaxycurate.web.cite import credit
from galaxycurate.web.pictures import small_jpeg, whole_png

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "*": "★"}
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

    environment = _environment()
    view = {
        "facts": facts,
        "css": Markup(_template_text("report.css")),
        "created": facts.created_utc.replace("T", " ").replace("+00:00", " UTC"),
        "tag": Markup('<span class="tag">simulated</span>') if facts.simulated else "",
        "seed": facts.seed,
        "headline": list(_headline(facts)),
        "funnel": list(_funnel(facts.funnel)),
        "undone": facts.undone,
        "outcome_words": _OUTCOMES,
        "balance": list(_balance(facts.splits)),
        "proof": list(_proof(facts)),
        "proof_verdict": _proof_verdict(facts),
        "accuracy": _accuracy(facts),
        "confusion": whole_png(facts.training.confusion) if facts.training else None,
        "sheets": [_sheet(sheet) for sheet in facts.sheets],
        "rejected": [_sheet(sheet) for sheet in facts.rejected],
        "pairs": [_pair(pair) for pair in facts.pairs],
        "false_rates": {kind: _at_most(rate) for kind, rate in facts.false_rates.items()},
        "plots": list(_plots(facts)),
        "maps": list(_maps(facts.sky)),
        "map_key": list(_map_key(facts.sky)),
        "unplaced": facts.funnel["rows in the manifests"] - len(facts.sky),
        "credit": credit(facts.releases),
    }
    view["sections"] = list(_sections(facts, view))
    return environment.get_template("report.html").render(view)


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
        return " + ".join(map(str, value))
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _sections(facts: ReportFacts, view: Mapping) -> Iterable[tuple[str, str]]:
    always = True
    for there, name, title in (
        (always, "funnel", "Funnel"), (always, "classes", "Classes"), (always, "splits", "Splits"),
        (facts.training, "training", "Training"), (always, "sheets", "Contact sheets"),
        (view["rejected"], "rejected", "Not kept"), (view["pairs"], "pairs", "Pairs"),
        (view["plots"], "plots", "Plots"), (always, "sky", "Sky"),
        (always, "provenance", "Provenance"), (always, "cite", "How to cite"),
    ):  # fmt: skip
        if there:
            yield name, title


# ---- figures


def _headline(facts: ReportFacts) -> Iterable[tuple[str, str]]:
    yield "cutouts in manifests", f"{facts.funnel['rows in the manifests']:,}"
    yield "pictures kept", f"{facts.funnel['pictures kept']:,}"
    yield "classes", str(len(facts.classes))
    if facts.proof:
        yield "groups", f"{facts.proof.groups:,}"
        leaks = facts.proof.pairs_across + facts.proof.overlapping_across + facts.proof.torn
        yield "leaks found", f"{leaks:,}"
    if facts.training and facts.training.accuracy is not None:
        yield "test accuracy", f"{facts.training.accuracy:.1%}"


def _funnel(stages: Mapping[str, int]) -> Iterable[dict]:
    most, before = max(stages.values()), None
    for name, n in stages.items():
        share = "" if not before else _percent(n / before)
        yield {"name": name, "n": f"{n:,}", "share": share, "width": f"{100 * n / most:.1f}"}
        before = n


def _balance(splits: Mapping[str, Mapping[str, int]]) -> Iterable[dict]:
    for split, labels in splits.items():
        whole = sum(labels.values())
        for k, (label, n) in enumerate(labels.items()):
            share = n / whole if whole else 0.0
            yield {"split": split if k == 0 else "", "label": label, "n": f"{n:,}",
                   "share": _percent(share), "width": f"{100 * share:.1f}"}  # fmt: skip


def _percent(share: float) -> str:
    """One decimal, but never rounded to all or to nothing."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def _proof(facts: ReportFacts) -> Iterable[tuple[str, str]]:
    proof = facts.proof
    if proof is None:
        return
    yield "images in the splits", f"{proof.images:,}"
    yield "groups", f"{proof.groups:,}"
    yield "groups in more than one split", f"{proof.torn:,}"
    yield "pairs that dedupe found among them", f"{proof.pairs:,}"
    yield "of these, pairs across splits", f"{proof.pairs_across:,}"
    anew = f"{proof.overlapping_across:,}" if proof.measured else "not measured"
    yield "footprints that share sky across splits, measured anew", anew
    if proof.closest_arcsec is not None:
        yield "closest centres across splits", f"{_arc(proof.closest_arcsec)}"
    if proof.width_arcsec:
        yield "side of the widest footprint", f"{_arc(proof.width_arcsec)}"


def _arc(arcsec: float) -> str:
    return f"{arcsec:,.1f} arcsec" if arcsec < 3600 else f"{arcsec / 3600:,.2f} deg"


def _proof_verdict(facts: ReportFacts) -> str:
    """The answer in one line; it claims no more than was measured."""
    proof = facts.proof
    if proof is None:
        return ""
    if not proof.holds:
        return "Yes: the split leaks. Run galaxycurate dedupe, then galaxycurate split."
    unmeasured = proof.images - proof.measured
    if not unmeasured:
        return "No: the split holds."
    return (
        "Nothing was found. But the sky could not be compared for "
        f"{unmeasured:,} of {proof.images:,} images: their position or pixel scale is unknown."
    )


def _accuracy(facts: ReportFacts) -> str:
    training = facts.training
    if training is None or training.accuracy is None:
        return ""
    text = f"Test accuracy {training.accuracy:.4f}"
    if training.interval:
        text += f" (95 % interval {training.interval[0]:.4f} to {training.interval[1]:.4f})"
    return text + (f", {training.n:,} images that the network never saw." if training.n else ".")


# ---- pictures


def _sheet(sheet: Sheet) -> dict:
    shown = len(sheet.cutouts)
    return {
        "title": sheet.title,
        "shown": f"{shown:,} of {sheet.total:,}" if shown < sheet.total else f"all {shown:,}",
        "cutouts": [_cutout(cutout) for cutout in sheet.cutouts],
    }


def _cutout(cutout: Cutout) -> dict:
    url, why = None, cutout.note or "no picture"
    if cutout.picture:
        try:
            url = small_jpeg(cutout.picture)
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, a bomb's own...
            why = f"unreadable: {type(error).__name__}"
    name = f"objID {cutout.objid}" if cutout.objid else cutout.name
    return {
        "url": url,
        "why": why,
        "alt": f"{cutout.label}, {name}" + ("" if url else f", no picture: {why}"),
        "tip": " · ".join(_details(cutout, name)),
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
    figure = next((f"{value:.2f}" for value in figures if value is not None), "")
    return " · ".join(text for text in (figure, cutout.split) if text)


def _at_most(rate: float) -> str:
    return "< 0.01 %" if rate < 1e-4 else f"at most {100 * rate:.2g} %"


def _pair(pair: Pair) -> dict:
    text = f"share {100 * pair.shared:.0f} % of their sky" if pair.kind == "overlap" else pair.kind
    if pair.evidence and pair.kind != "overlap":
        text += f": {pair.evidence}"
    return {
        "first": _cutout(pair.first),
        "second": _cutout(pair.second),
        "text": text if pair.kept else f"{text}; left out",
    }


# ---- plots


def _plots(facts: ReportFacts) -> Iterable[dict]:
    from markupsafe import Markup

    from galaxycurate.web.plots import histogram

    for one in facts.histograms:
        cuts = " and ".join(f"{cut:g}" for cut in one.cuts)
        caption = f"Dashed: the cut at {cuts}." if cuts else ""
        if one.beyond:
            caption += f" {one.beyond:,} cutouts have none within reach and are not drawn."
        numbers = ", ".join(f"{label} {sum(n):,}" for label, n in one.counts.items())
        yield {
            "title": one.title,
            "svg": Markup(histogram(one)),
            "caption": caption.strip(),
            "alt": f"Histograms of {one.quantity}: {numbers}. {caption}".strip(),
        }


def _maps(sky: SkyPoints) -> Iterable[dict]:
    from markupsafe import Markup

    from galaxycurate.web.plots import sky_map, zoomed_map

    if not len(sky):
        return
    span = f"Dec {sky.dec.min():+.2f}° to {sky.dec.max():+.2f}°"
    yield {
        "svg": Markup(sky_map(sky)),
        "alt": f"Map of the sky with {len(sky):,} cutouts, {span}",
        "caption": "Aitoff projection, ICRS, RA 180° in the middle, east to the left. "
        "Dotted: the Galactic plane.",
    }
    zoomed = zoomed_map(sky)
    if zoomed:
        yield {
            "svg": Markup(zoomed),
            "alt": f"Map of the field with {len(sky):,} cutouts, {span}",
            "caption": "The field itself: north up, east to the left, squares are the footprints "
            "to scale.",
        }


def _map_key(sky: SkyPoints) -> Iterable[dict]:
    from markupsafe import Markup

    from galaxycurate.web.plots import class_styles

    for label, (marker, colour) in class_styles(sky.label).items():
        mark = Markup('<span aria-hidden="true" style="color:{}">{}</span>')
        yield {
            "mark": mark.format(colour, _MARKS[marker]),
            "label": label,
            "n": f"{int((sky.label == label).sum()):,}",
        }
