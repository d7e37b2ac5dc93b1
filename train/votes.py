"""The test of a network that learnt vote fractions, and every file that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train import outcome
from train.asked import Asked
from train.data.vote_table import read_votes
from train.data.votes import KINDS
from train.files import write_json, write_text
from train.judge import votes as judge
from train.judge.colour import IMAGES
from train.judge.predictions import Answers
from train.recipe.config import Config
from train.show.report import render


def write_all(
    out: Path,
    network: Asked,
    data,
    *,
    config: Config,
    facts: dict,
    say: Callable[[str], None],
) -> dict:
    """Test a network and write predictions, figures, report and metrics.

    Parameters and result as of `train.outcome.write_all`. ``predictions.csv`` has the form of the
    challenge; pictures show the first question, whose answers stand for classes there.
    """
    unseen = outcome.Unseen.of(data, facts, say)
    fractions = outcome.answered(network, unseen.pictures, unseen.rows.size)
    judge.write_submission(out / outcome.PREDICTIONS, unseen.names, fractions)
    shares = data.soft.shares.astype(np.float64)
    truth, mean = shares[unseen.rows], shares[data.rows("train")].mean(0)
    metrics = {
        "task": config.task,
        "test": judge.summary(truth, fractions, mean, groups=unseen.groups),
        "votes": judge.tables(truth, fractions, mean),
        **outcome.circumstances(network, data, config),
        **facts,
    }
    first = FirstQuestion(network)
    answers = Answers(unseen.names, KINDS, unseen.label, fractions[:, : len(KINDS)])
    metrics["colour"] = outcome.colours(
        first, answers, unseen.pictures, at_most=IMAGES // config.views
    )
    outcome.draw_pictures(out, first, answers, unseen.pictures, note=outcome.note_of(metrics))
    write_text(out / outcome.REPORT, render(metrics, out))
    write_json(out / outcome.METRICS, metrics)
    return metrics


class FirstQuestion:
    """A network of 37 fractions, asked for the first question alone; else as the network.

    Parameters
    ----------
    network : Asked
    """

    classes = KINDS

    def __init__(self, network: Asked):
        self.network = network

    def __getattr__(self, name: str):
        return getattr(self.network, name)

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The fraction of each answer, float64, shape (n, 3); they add up to 1."""
        return self.network.answers(images)[:, : len(KINDS)]


def evaluate(
    network,
    data: Path,
    *,
    split: str = "test",
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Test a checkpoint on images with votes, as `train.infer.evaluate` does.

    A folder without splits is taken whole; then the mean that is compared with is that of the
    tested images.
    """
    from train.infer import Known, about, answers, tested_rows

    tree, soft = read_votes(data, votes=network.trained.config.data.votes, needs=(), say=say)
    rows, whole = tested_rows(tree, data, split, say)
    files = [tree.root / tree.files[row] for row in rows]
    known_by = Known(network)
    fractions, bad = answers(network, files, seen=known_by.see, say=say)
    rows = rows[[file not in bad for file in files]] if files else rows
    if not rows.size:
        raise InputError(
            f"{data} has no image with votes in {split}/ that can be read",
            hint="--split train, val or test",
        )
    shares = soft.shares.astype(np.float64)
    known = rows if whole or not tree.rows("train").size else tree.rows("train")
    truth, mean = shares[rows], shares[known].mean(0)
    return {
        **judge.summary(
            truth, fractions, mean, groups=tree.groups.of[rows] if tree.groups else None
        ),
        "votes": judge.tables(truth, fractions, mean),
        **about(tree, "" if whole else split, network.views, known_by.told(say), bad),
    }
