"""Which pictures are hard: for the trained network, or else for the volunteers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from galaxycurate.core.outcome import Outcome
from galaxycurate.pipeline.report.answered import Hard
from galaxycurate.pipeline.report.rows import Rows

BY_NETWORK = "test images whose class the network thought least likely"
BY_VOTES = "images that got the smallest share of the votes for their class"


def hardest(
    rows: Rows,
    outcomes: Iterable[Outcome],
    answers: Iterable[Hard],
    relabelled: Collection[str] = (),
) -> tuple[str, list[Hard]]:
    """The pictures of whose class the network was least sure, or else the volunteers were.

    Parameters
    ----------
    rows : Rows
    outcomes : iterable of Outcome
        The pictures that are used.
    answers : iterable of Hard
        Of a network on its test images.
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
    hard = [one for one in answers if one.path in there]
    if hard:
        return BY_NETWORK, sorted(hard, key=lambda one: (one.sure, one.path))
    votes = list(_by_votes(rows, [o for path, o in there.items() if path not in relabelled]))
    return (BY_VOTES if votes else ""), sorted(votes, key=lambda one: (one.sure, one.path))


def _by_votes(rows: Rows, outcomes: Iterable[Outcome]) -> Iterable[Hard]:
    share = rows.numbers("vote_fraction")
    for outcome in outcomes:
        index = rows.index(outcome.label, outcome.name)
        if index is not None and np.isfinite(share[index]):
            yield Hard(outcome.path, float(share[index]), f"{share[index]:.2f} of the votes")
