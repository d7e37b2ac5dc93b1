"""What the labels of a tree allow: a sheet of a network's surest disagreements, and its accuracy
where it is sure and where it is not.

    python -m benchmarks.label_noise RUN [RUN ...] --data dataset/split [--out docs/figures]

RUN is the folder of a finished run or of finished folds. Of several runs on the same images (the
seeds of `benchmarks.accuracy`) the answers are averaged. Every image was held out. Writes
``disagreements.jpg`` and ``certainty.png``, prints the figures of the second. Where the images are
not, only the second is drawn.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from galaxycurate.errors import InputError
from train.data.decode import Window, decode
from train.folds import OUT_OF_FOLD
from train.judge.metrics import wilson
from train.judge.predictions import Answers, read_predictions
from train.outcome import PREDICTIONS
from train.show.figures import BLUE, INK, ORANGE, save_figure

SHOWN, ACROSS = 12, 4
SIDE = 200  # of a picture on the sheet [pixel]
EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)  # of the certainty of two classes


def held_out(run: Path) -> Answers:
    """The answers of a run to images that it did not learn from."""
    if not (run / OUT_OF_FOLD).is_file():
        return read_predictions(run / PREDICTIONS)
    with (run / OUT_OF_FOLD).open(newline="", encoding="utf-8") as file:
        head, *lines = list(csv.reader(file))
    classes = tuple(name.removeprefix("p_") for name in head[4:])
    return Answers(
        names=tuple(line[0] for line in lines),
        classes=classes,
        truth=np.array([classes.index(line[1]) for line in lines]),
        probability=np.array([line[4:] for line in lines], np.float64),
    )


def together(runs: list[Path]) -> Answers:
    """The mean answers of several runs on the same images."""
    each = [held_out(run) for run in runs]
    first = each[0]
    if any(one.names != first.names or one.classes != first.classes for one in each):
        raise InputError("the runs were tested on different images", hint="give runs of one split")
    mean = np.mean([one.probability for one in each], axis=0)
    return Answers(first.names, first.classes, first.truth, mean)


def surest_disagreements(answers: Answers, count: int) -> np.ndarray:
    """Rows whose label the network denies, the surest first, shape (at most count,)."""
    wrong = np.flatnonzero(answers.named != answers.truth)
    return wrong[np.argsort(answers.own[wrong], kind="stable")][:count]


def by_certainty(answers: Answers) -> list[dict]:
    """Of each span of certainty: ``low``, ``high``, ``n``, ``accuracy``, ``interval``."""
    sure = answers.probability.max(1)
    right = answers.named == answers.truth
    place = np.clip(np.searchsorted(EDGES, sure, side="right") - 1, 0, len(EDGES) - 2)
    rows = []
    for k in range(len(EDGES) - 1):
        n, hits = int((place == k).sum()), int(right[place == k].sum())
        if n:
            span = {"low": EDGES[k], "high": EDGES[k + 1], "certainty": sure[place == k].mean()}
            rows.append({**span, "n": n, "accuracy": hits / n, "interval": wilson(hits, n)})
    return rows


def sheet(answers: Answers, rows: np.ndarray, root: Path, zoom: float) -> Figure:
    """The central 1/zoom of some images, each with its label and what the network says."""
    down = -(-len(rows) // ACROSS)
    figure = Figure(figsize=(2.1 * ACROSS, 2.4 * down), layout="constrained")
    panels = figure.subplots(down, ACROSS, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    for axes, row in zip(panels, rows, strict=False):
        axes.imshow(decode(root / answers.names[row], Window(SIDE, zoom)))
        label, named = (answers.classes[k] for k in (answers.truth[row], answers.named[row]))
        said = f"labelled {label}\nnetwork: {named} {answers.probability[row].max():.2f}"
        axes.set_title(said, fontsize=8, color=INK)
    return figure


def certainty_figure(rows: list[dict]) -> Figure:
    """Accuracy against certainty, with 95 % intervals and numbers of images."""
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.subplots()
    at = [row["certainty"] for row in rows]
    accuracy = np.array([row["accuracy"] for row in rows])
    low, high = np.array([row["interval"] for row in rows]).T
    axes.plot([0.5, 1], [0.5, 1], color="0.7", ls="--", lw=1, label="as sure as it should be")
    spread = np.maximum([accuracy - low, high - accuracy], 0)
    axes.errorbar(at, accuracy, spread, fmt="o", color=BLUE, capsize=3, label="images held out")
    for x, y, row in zip(at, low, rows, strict=True):
        axes.annotate(f"{row['n']:,}", (x, y), (0, -11), textcoords="offset points", fontsize=8,
                      ha="center", color=ORANGE)  # fmt: skip
    axes.set_xlabel("certainty: probability of the class that it names")
    axes.set_ylabel("share whose label agrees")
    axes.set_ylim(min(0.4, low.min() - 0.06), 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    return figure


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    words.add_argument("--data", type=Path, default=Path("dataset/split"))
    words.add_argument("--out", type=Path, default=Path("docs/figures"))
    words.add_argument("--zoom", type=float, default=2.5, help="of the pictures shown [2.5]")
    asked = words.parse_args()
    answers = together(asked.runs)
    rows = by_certainty(answers)
    save_figure(asked.out / "certainty.png", certainty_figure(rows))
    print("certainty | images | agree | 95 %\n---|---|---|---")
    for row in rows:
        low, high = row["interval"]
        span = f"{row['low']}-{row['high']}"
        print(f"{span} | {row['n']:,} | {row['accuracy']:.3f} | {low:.3f}-{high:.3f}")
    surest = surest_disagreements(answers, SHOWN)
    there = [row for row in surest if (asked.data / answers.names[row]).is_file()]
    if there:
        drawn = sheet(answers, np.array(there), asked.data, asked.zoom)
        save_figure(asked.out / "disagreements.jpg", drawn)
    else:
        print(f"no image in {asked.data}: no sheet of disagreements")


if __name__ == "__main__":
    main()
