"""The report's figures in words and widths, as a template writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from galaxycurate.pipeline.audit.judged import WORST_FIRST
from galaxycurate.pipeline.report.facts import Finding, ReportFacts
from galaxycurate.pipeline.report.funnel import ASKED, KEPT, PLACED
from galaxycurate.pipeline.report.summary import WORDS

_MARKS = {"good": "✓", "look": "!", "bad": "✕", "unknown": "?"}
_TOLD_BY = {"catalogue": "catalogue", "light": "pixels", "both": "catalogue and pixels"}


def finding(given: Finding) -> dict:
    """A line of the summary, with its word and mark."""
    return {**vars(given), "word": WORDS[given.level], "mark": _MARKS[given.level],
            "is_command": given.is_command}  # fmt: skip


def headline(facts: ReportFacts) -> Iterator[tuple[str, str]]:
    """The largest figures, (what, figure)."""
    yield "cutouts in manifests", f"{facts.funnel[ASKED]:,}"
    yield "pictures kept", f"{facts.funnel[KEPT]:,}"
    yield "classes", str(len(facts.classes))
    if facts.proof:
        yield "groups", f"{facts.proof.groups:,}"
        leaks = facts.proof.pairs_across + facts.proof.overlapping_across + facts.proof.torn
        yield "leaks found", f"{leaks:,}"
    if facts.shortcuts and facts.shortcuts.auc is not None:
        yield "shortcut AUC", f"{facts.shortcuts.auc:.2f}"
    if facts.training and facts.training.accuracy is not None:
        older = "" if facts.tested.is_of_split else ", of another split"
        yield f"test accuracy{older}", _percent(facts.training.accuracy)


def funnel(facts: ReportFacts) -> Iterator[dict]:
    """Stages with their bars, and what each left behind."""
    most, before = max(facts.funnel.values()) or 1, None
    for name, n in facts.funnel.items():
        reasons = [f"{count:,} {reason}" for reason, count in facts.lost.get(name, {}).items()]
        stale = facts.outdated if name == PLACED else 0
        if stale:
            reasons.append(f"{stale:,} of the {n:,} are left out by now: split anew")
        yield {
            "name": name,
            "n": f"{n:,}",
            "share": "" if not before else _percent((n - stale) / before),
            "width": f"{100 * n / most:.2f}",
            "gone": f"{100 * (before - n) / most:.2f}" if before and before > n else "",
            "lost": reasons,
        }
        before = n


def class_bars(facts: ReportFacts) -> Iterator[dict]:
    """Classes with their numbers at each stage, and a bar for the last."""
    last = list(facts.funnel)[-1]
    most = max((stages[last] for stages in facts.classes.values()), default=0) or 1
    for label, stages in facts.classes.items():
        yield {"label": label, "counts": [f"{n:,}" for n in stages.values()],
               "width": f"{100 * stages[last] / most:.1f}"}  # fmt: skip


def balance(splits: Mapping[str, Mapping[str, int]]) -> Iterator[dict]:
    """Rows of classes, in each split their number and its share."""
    whole = {split: sum(labels.values()) for split, labels in splits.items()}
    for label in sorted({label for labels in splits.values() for label in labels}):
        counts = [(labels.get(label, 0), whole[split]) for split, labels in splits.items()]
        yield {
            "label": label,
            "cells": [{"n": f"{n:,}", "share": _percent(n / of if of else 0)} for n, of in counts],
        }


def framing(facts: ReportFacts) -> str:
    """Sizes and scales in a sentence; of many only the most frequent."""
    first, *others = facts.framing
    size = f"{first.size_px} x {first.size_px} px" if first.size_px else "of unknown size"
    scale = f"{first.pixscale:g} arcsec/pixel" if first.pixscale else "an unknown pixel scale"
    said = f"cutouts are {size} at {scale}"
    if not others:
        return f"All {said}."
    return f"{first.n:,} {said}, {sum(one.n for one in others):,} are framed otherwise."


def _percent(share: float) -> str:
    """One decimal, but never rounded to all or to nothing."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def proof(facts: ReportFacts) -> Iterator[tuple[str, str]]:
    """What the proof of the split counted, (what, figure)."""
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


def proof_verdict(facts: ReportFacts) -> str:
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


def kinds(facts: ReportFacts) -> Iterable[str]:
    """Kinds of the audit's verdicts, the worst first."""
    rows = facts.audit.counts.values() if facts.audit else ()
    found = {kind for row in rows for kind in row}
    return [str(kind) for kind in WORST_FIRST if str(kind) in found]


def totals(facts: ReportFacts) -> list[int]:
    """Images of all classes by `kinds`."""
    rows = list(facts.audit.counts.values()) if facts.audit else []
    return [sum(row.get(kind, 0) for row in rows) for kind in kinds(facts)]


def told_by(facts: ReportFacts) -> str:
    """Who told the audit's verdicts."""
    told_by = facts.audit.told if facts.audit else {}
    return ", ".join(f"{_TOLD_BY.get(who, who)} {n:,}" for who, n in told_by.items())


def accuracy(facts: ReportFacts) -> str:
    """Test accuracy in a sentence; empty where none is known."""
    training = facts.training
    if training is None or training.accuracy is None:
        return ""
    text = f"Test accuracy {training.accuracy:.4f}"
    if training.interval:
        text += f" (95 % interval {training.interval[0]:.4f} to {training.interval[1]:.4f})"
    return text + (f", {training.n:,} images that the network never saw." if training.n else ".")


def tested_elsewhere(facts: ReportFacts) -> str:
    """That the network was tested on other images than the newest split's; empty where not so."""
    tested = facts.tested
    if tested.is_of_split:
        return ""
    parts = (f"{n:,} in {part or 'no part of it'}" for part, n in tested.parts.items())
    return (
        f"Of its {sum(tested.parts.values()):,} test images the newest split has "
        f"{', '.join(parts)}. So these figures say little of this dataset."
    )


def confusion(facts: ReportFacts) -> Iterator[dict]:
    """Rows of the matrix, each cell with its share of the true class."""
    training = facts.training
    if training is None:
        return
    for label, row in zip(training.classes, training.matrix, strict=True):
        whole = sum(row) or 1
        cells = [{"n": f"{n:,}", "share": _percent(n / whole),
                  "depth": f"{60 * n / whole:.0f}"} for n in row]  # fmt: skip
        recall = training.recall.get(label)
        yield {"label": label, "cells": cells,
               "recall": "" if recall is None else f"{recall:.3f}"}  # fmt: skip


def at_most(rate: float) -> str:
    """An upper bound of a share."""
    return "< 0.01 %" if rate < 1e-4 else f"at most {100 * rate:.2g} %"
