"""The five lines say what is wrong, how bad it is, and what to type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.curation.shortcuts import Feature, Told, tell
from galaxycurate.pipeline.agreed import Agreed
from galaxycurate.pipeline.next_steps import Step
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report import summary
from galaxycurate.pipeline.report.facts import AuditFacts, Finding, PeopleFacts, SplitProof
from galaxycurate.pipeline.report.shortcuts import MEANING, Shortcuts

FUNNEL = {"rows in the manifests": 1000, "pictures kept": 1000, "in the splits": 1000}
PROOF = SplitProof(1000, 900, 0, 90, 0, 1000, 0)
AUDIT = AuditFacts({"negative": {"clean": 500}}, {"both": 500}, 3, "an archive", True)
FEATURES = (Feature("width_px", 0.99, {"a": 1.0, "b": 2.0}),)
QUIET = Shortcuts(
    of=1000, n=1000, groups=900, classes={"a": 500, "b": 500},
    file=Told(0.5, 0.5, 0.5), sky=Told(0.55, 0.5, 0.6, None, FEATURES),
    light=Told(0.9, 0.8, 1.0, None, FEATURES),
)  # fmt: skip
RECORDS = Recorded(dedupe_run=2, split_run=3)


class Facts:
    """What the summary reads of a report's facts."""

    def __init__(self, **changed: Any):
        self.funnel, self.undone, self.proof, self.audit = FUNNEL, 0, PROOF, AUDIT
        self.people, self.shortcuts = None, QUIET
        self.splits = {"test": {"a": 60, "b": 60}}
        self.classes = {label: dict.fromkeys(FUNNEL, 500) for label in "ab"}
        vars(self).update(changed)


def lines(records: Recorded = RECORDS, **changed: Any) -> dict[str, Finding]:
    found = summary.summary(Facts(**changed), records)
    return {line.about: line for line in found}


def said(**changed: Any) -> str:
    return summary.in_a_word(summary.summary(Facts(**changed), RECORDS))


def test_where_nothing_is_wrong_all_is_good_and_nothing_is_to_do():
    found = lines()
    assert list(found) == ["Pictures", "Leaks", "Contents", "Shortcuts", "Numbers"]
    assert {line.level for line in found.values()} == {"good"}
    assert not any(line.do for line in found.values())
    assert said().startswith("Yes, as far as was measured")


def test_the_worst_line_decides_the_answer():
    file = Told(0.99, 0.9, 1.0, None, FEATURES)
    assert said(audit=None).startswith("Not known yet: 1 of 5 checks was not made")
    assert said(audit=None, proof=None).startswith("Not known yet: 2 of 5 checks were")
    assert said(undone=4).startswith("With care: nothing is broken")
    assert said(undone=4, audit=None, shortcuts=replace(QUIET, file=file)).startswith("Not yet:")


@pytest.mark.parametrize(
    ("changed", "about", "level", "text", "do"),
    [
        ({"undone": 7}, "Pictures", "look", "7 were not asked for", "galaxycurate download"),
        ({"funnel": FUNNEL | {"pictures kept": 0}}, "Pictures", "bad", "0 of 1,000", "reasons"),
        ({"funnel": FUNNEL | {"pictures kept": 800}}, "Pictures", "look", "many are lost", "class"),
        ({"proof": None}, "Leaks", "unknown", "no split yet", "galaxycurate split"),
        ({"proof": replace(PROOF, torn=2, pairs_across=3)}, "Leaks", "bad", "5 groups or pairs",
         "galaxycurate dedupe"),
        ({"proof": replace(PROOF, measured=400)}, "Leaks", "look", "600 of 1,000 images was not",
         "--pixscale"),
        ({"audit": None}, "Contents", "unknown", "Nobody looked", "galaxycurate audit"),
        ({"audit": replace(AUDIT, current=False)}, "Contents", "look", "came after", "audit"),
        ({"audit": replace(AUDIT, unsure=9, flagged=2)}, "Contents", "look",
         "leaves out 3 images and is unsure of 9 that nobody looked at; 2 with something else",
         "galaxycurate review --queue contaminated"),
        ({"people": PeopleFacts(Agreed([], []), {"disputed": 1}, {})}, "Contents", "look",
         "disagree about one image", "galaxycurate review"),
        ({"shortcuts": None}, "Shortcuts", "unknown", "Nobody looked", "--no-shortcuts"),
        ({"shortcuts": Shortcuts(why_not="too few")}, "Shortcuts", "unknown", "too few", ""),
        ({"shortcuts": replace(QUIET, file=Told(0.98, 0.9, 1, None, FEATURES))}, "Shortcuts", "bad",
         "AUC 0.98, most of all width [pixel]", "the same way"),
        ({"shortcuts": replace(QUIET, file=Told(0.98, 0.9, 1, None, FEATURES, best="b"))},
         "Shortcuts", "bad", "(b from the rest: AUC 0.98", "the same way"),
        ({"shortcuts": replace(QUIET, sky=Told(0.8, 0.7, 0.9, None, FEATURES))}, "Shortcuts",
         "look", "AUC 0.80", "whether that is real"),
        ({"classes": {"a": dict.fromkeys(FUNNEL, 500), "b": dict.fromkeys(FUNNEL, 0)}}, "Numbers",
         "bad", "No image is left of b", "reasons"),
        ({"classes": {"a": dict.fromkeys(FUNNEL, 500)}}, "Numbers", "look", "one class only", ""),
        ({"classes": {"a": dict.fromkeys(FUNNEL, 500), "b": dict.fromkeys(FUNNEL, 99)}}, "Numbers",
         "look", "few to learn from", "--limit"),
        ({"classes": {"a": dict.fromkeys(FUNNEL, 900), "b": dict.fromkeys(FUNNEL, 100)}}, "Numbers",
         "look", "uneven", "balanced"),
        ({"splits": {"test": {"a": 60, "b": 49}}}, "Numbers", "look", "49 in test", "--folds"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_what_to_do(changed, about, level, text, do):
    line = lines(**changed)[about]
    assert line.level == level
    assert text in line.text
    assert do in line.do


def test_the_measure_that_is_named_tells_the_class_that_is_named():
    label = np.repeat(["A", "B", "C"], 120)
    rng = np.random.default_rng(0)
    names = ["width_px", *(name for name in MEANING if name != "width_px")][:9]
    columns = {names[0]: rng.normal(1.9 * (label == "B"), 1)}
    columns |= {name: rng.normal(0.85 * (label == "A"), 1) for name in names[1:]}
    file = tell(columns, label, np.arange(360))
    text = lines(shortcuts=replace(QUIET, file=file))["Shortcuts"].text
    assert "(A from the rest: AUC 0.9" in text
    assert MEANING["width_px"] not in text
    assert any(MEANING[name] in text for name in names[1:])


def test_failed_pictures_are_asked_for_again():
    failed = Outcome("p", "n", "a", "x", Status.FAILED, "busy")
    line = lines(replace(RECORDS, outcomes=(failed,)))["Pictures"]
    assert (line.level, line.do) == ("look", "galaxycurate download --retry-failed")


def test_a_split_that_is_behind_is_told_as_status_tells_it():
    step = Step("galaxycurate dedupe", "images came since")
    line = {one.about: one for one in summary.summary(Facts(), RECORDS, step)}["Leaks"]
    assert (line.level, line.do) == ("look", "galaxycurate dedupe")
    assert line.text == "The split is out of date: images came since."


def test_a_class_that_only_a_new_split_would_hold_is_no_empty_one():
    step = Step("galaxycurate split", "1 decision since the last split")
    stages = {"rows in the manifests": 0, "fit for splits": 1, "in the splits": 0}
    facts = Facts(classes={"a": dict.fromkeys(FUNNEL, 500), "merger": stages})
    line = {one.about: one for one in summary.summary(facts, RECORDS, step)}["Numbers"]
    assert (line.level, line.do) == ("look", "galaxycurate split")
    assert line.text == "A new split would hold one image of merger, this one none. Split anew."


def test_contents_are_not_good_while_what_the_audit_leaves_out_is_in_the_split():
    path = "images/a/1.jpg"
    dirty = Verdict(path, VerdictKind.CONTAMINATED, keep=False)
    records = replace(RECORDS, audit=(dirty,), split={path: (1, "train")})
    line = lines(records)["Contents"]
    assert (line.level, line.do) == ("look", "galaxycurate split")
    assert "still holds one image" in line.text


def test_what_is_not_deduped_is_not_known():
    assert lines(Recorded())["Leaks"].do == "galaxycurate dedupe"


def test_the_next_command_is_that_of_the_worst_line_that_has_one():
    found = summary.summary(Facts(undone=1, audit=None), RECORDS)
    assert summary.next_command(found) == "galaxycurate audit"
    assert summary.next_command(summary.summary(Facts(), RECORDS)) == ""


def test_every_level_has_a_word_of_its_own():
    assert len(set(summary.WORDS.values())) == 4
