"""Which pictures are hard: for the trained network, or else for the volunteers."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome
from galaxycurate.pipeline.decided import image_of
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.report.training import Training

BY_NETWORK = "test images whose class the network thought least likely"
BY_VOTES = "images that got the smallest share of the votes for their class"


@dataclass(frozen=True)
class Hard:
    """One hard picture: how sure of its class somebody was, 0 to 1, and what they said."""

    path: str
    sure: float
    said: str


def hardest(
    rows: Rows,
    outcomes: Iterable[Outcome],
    training: Training | None,
    relabelled: Collection[str] = (),
) -> tuple[str, list[Hard]]:
    """The pictures of whose class the network was least sure, or else the volunteers were.

    Parameters
    ----------
    rows : Rows
    outcomes : iterable of Outcome
        The pictures that are used.
    training : Training or None
    relabelled : collection of str
        Paths of those that people gave another class, which nobody voted on.

    Returns
    -------
    str
        How they were chosen, in words; empty where nothing is known.
    list of Hard
        The hardest first.
    """
    there = {outcome.path: outcome for outcome in outcomes}
    answers = [one for one in _by_network(training) if one.path in there] if training else []
    if answers:
        return BY_NETWORK, sorted(answers, key=lambda one: (one.sure, one.path))
    votes = list(_by_votes(rows, [o for path, o in there.items() if path not in relabelled]))
    return (BY_VOTES if votes else ""), sorted(votes, key=lambda one: (one.sure, one.path))


def _by_network(training: Training) -> Iterable[Hard]:
    """The answers of a test; of a file that is none, nothing."""
    to_image = image_of(Path(training.root))
    try:
        with training.predictions.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                sure = float(row[f"p_{row['true']}"])
                said = "" if row["class"] == row["true"] else f", said {row['class']}"
                yield Hard(to_image(row["name"]), sure, f"p = {sure:.2f}{said}")
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return


def _by_votes(rows: Rows, outcomes: Iterable[Outcome]) -> Iterable[Hard]:
    share = rows.numbers("vote_fraction")
    for outcome in outcomes:
        index = rows.index(outcome.label, outcome.name)
        if index is not None and np.isfinite(share[index]):
            yield Hard(outcome.path, float(share[index]), f"{share[index]:.2f} of the votes")
