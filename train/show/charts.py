"""The charts of a report, from the metrics."""

from __future__ import annotations

import math

from train.show.chart import Line, chart

UNIT = (0.0, 1.0)


def test_charts(test: dict) -> list[dict]:
    """ROC, precision-recall and reliability, as far as they were measured."""
    curves = test.get("curves") or {}
    if len(curves) == 2:  # the other class's are the same, mirrored
        curves = dict(list(curves.items())[1:])
    found = [
        _curves("ROC: rightly found against wrongly named", curves, "roc", "fpr", "tpr"),
        _curves("Precision and recall", curves, "pr", "recall", "precision"),
        _reliability(test),
    ]
    return [one for one in found if one]


def curve_charts(metrics: dict) -> list[dict]:
    """Loss, accuracy and learning rate by epoch; a line marks the epoch that was kept."""
    history, best = metrics.get("history") or [], metrics.get("best_epoch")
    drawn = (
        ("Loss", "loss", (("train", "loss"), ("val", "val_loss"))),
        ("Accuracy", "accuracy", (
            ("train", "train_accuracy"),
            ("val", "val_accuracy"),
            ("val, balanced", "val_balanced_accuracy"),
        )),
        ("Root mean square error", "RMSE", (("train", "train_rmse"), ("val", "val_rmse"))),
        ("Learning rate", "learning rate", (("learning rate", "lr"),)),
    )  # fmt: skip
    found = []
    for title, y, named in drawn:
        lines = [
            _by_epoch(history, name, key, hue)
            for hue, (name, key) in zip((1, 0, 2), named, strict=False)
        ]
        lines = [line for line in lines if line.x]
        if lines:
            found.append(chart(title, lines, x="epoch", y=y, whole=True, mark=best))
    return found


def vote_charts(metrics: dict) -> list[dict]:
    """The network's fractions against the volunteers'."""
    points = (metrics.get("votes") or {}).get("scatter") or []
    if not points:
        return []
    return [
        chart(
            "Fractions of the votes: the network against the volunteers",
            [
                Line("equal", [0, 1], [0, 1], hue=-1, dashed=True),
                Line("an answer's fraction", *zip(*points, strict=True), dots=True, joined=False),
            ],
            x="volunteers",
            y="network",
            span=UNIT,
        )
    ]


def _curves(title: str, curves: dict, kind: str, x: str, y: str) -> dict | None:
    lines = [
        Line(name, one[kind][x], one[kind][y], hue=hue, dashed=hue >= 6)
        for hue, (name, one) in enumerate(curves.items())
        if one.get(kind)
    ]
    if not lines:
        return None
    if kind == "roc":
        lines.append(Line("chance", [0, 1], [0, 1], hue=-1, dashed=True))
    words = {"fpr": "false positive rate", "tpr": "true positive rate (recall)"}
    return chart(title, lines, x=words.get(x, x), y=words.get(y, y), span=UNIT)


def _reliability(test: dict) -> dict | None:
    measured = (
        ("as answered", test.get("reliability"), 0),
        ("with temperature", (test.get("calibrated") or {}).get("reliability"), 1),
    )
    lines = [
        Line(
            name,
            [p["confidence"] for p in points],
            [p["accuracy"] for p in points],
            hue=hue,
            dashed=hue == 1,
            dots=True,
        )
        for name, points, hue in measured
        if points
    ]
    if not lines:
        return None
    # the least certain of two classes is 0.5 sure: below, the chart would be empty
    low = math.floor(10 * min(min(line.x + line.y) for line in lines)) / 10
    lines.append(Line("perfect", [low, 1], [low, 1], hue=-1, dashed=True))
    error = f" ECE {test['ece']:.4f}" if test.get("ece") is not None else ""
    title = f"Reliability: are sure answers right?{error}"
    return chart(title, lines, x="certainty", y="accuracy", span=(min(low, 0.9), 1.0))


def _by_epoch(history: list[dict], name: str, key: str, hue: int) -> Line:
    known = [facts for facts in history if facts.get(key) is not None]
    return Line(
        name, [facts["epoch"] for facts in known], [facts[key] for facts in known], hue, dots=True
    )
