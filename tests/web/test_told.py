from __future__ import annotations

import numpy as np

from galaxycurate.curation.shortcuts import Feature, Told
from galaxycurate.pipeline.report.shortcuts import Shortcuts
from galaxycurate.web import told

WIDE = Feature("width_px", 0.9, {"a": 256.0, "b": 12345.0})
FORM = Feature("form", 0.8, {"a": 0.0, "b": np.nan})


def found(**kinds: Told) -> Shortcuts:
    quiet = {"file": Told(0.5, 0.5, 0.5, same=("mode",)), "sky": Told(0.6, 0.5, 0.7, None, (WIDE,)),
             "light": Told(0.99, 0.9, 1.0, None, (WIDE,))}  # fmt: skip
    return Shortcuts(n=60, words={"form": {0.0: "JPEG"}}, **(quiet | kinds))


def verdicts(**kinds: Told) -> dict[str, str]:
    return {kind["kind"]: kind["verdict"] for kind in told.kinds(found(**kinds))}


def test_each_kind_says_what_follows_from_it():
    assert verdicts() == {"file": "nothing to tell by", "sky": "quiet", "light": "for comparison"}
    assert verdicts(file=Told(0.8, 0.7, 0.9, None, (FORM,)))["file"] == "warning"
    assert verdicts(sky=Told(0.8, 0.6, 1.0, 0.3, (FORM,)))["sky"] == "by chance"


def test_what_chance_reaches_is_said_in_words_beside_what_was_reached():
    guessed = Told(0.8, 0.6, 0.9, None, (FORM,), best="a", by_chance=0.6, by_chance_high=0.84)
    said = {kind["kind"]: kind for kind in told.kinds(found(file=guessed, sky=Told(0.5, 0.5, 0.5)))}
    assert said["file"]["by_chance"] == "0.60, up to 0.84"
    assert (said["file"]["verdict"], said["file"]["warns"]) == ("by chance", False)
    assert said["sky"]["by_chance"] == "-"


def test_who_drew_the_pictures_is_for_comparison_and_told_only_where_it_differs():
    drawn = Feature("provider", 1.0, {"a": 0.0, "b": 1.0})
    assert "source" not in verdicts(source=Told(0.5, 0.5, 0.5, same=("provider",)))
    two = found(source=Told(1.0, 1.0, 1.0, None, (drawn,)))
    assert [k["verdict"] for k in told.kinds(two) if k["kind"] == "source"] == ["for comparison"]
    assert not two.warns
    assert two.auc == 0.6


def test_only_a_warning_says_what_to_do():
    kinds = list(told.kinds(found(sky=Told(0.8, 0.7, 0.9, None, (FORM,)))))
    assert [bool(kind["do"]) for kind in kinds] == [False, True, False]
    assert kinds[0]["same"] == "colour channels of the file"


def test_the_bar_runs_from_guessing_to_certainty():
    (bar,) = (k["bar"] for k in told.kinds(found(sky=Told(0.75, 0.4, 1.0, None, (FORM,))))
              if k["kind"] == "sky")  # fmt: skip
    assert bar == {"at": "50.0", "low": "0.0", "wide": "100.0"}


def test_features_come_in_the_order_of_what_they_tell_in_words_where_they_have_some():
    rows = told.features(found(file=Told(0.9, 0.8, 1.0, None, (FORM,))))
    assert [row["auc"] for row in rows] == ["0.90", "0.90", "0.80"]
    assert rows[0]["typical"] == {"a": "256", "b": "12,345"}
    assert rows[-1]["typical"] == {"a": "JPEG", "b": "unknown"}
