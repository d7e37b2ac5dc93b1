"""The task of the Galaxy Zoo challenge: 37 vote fractions, judged by their root mean square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from train.data.votes import COLUMNS, KINDS
from train.judge.votes import rmse
from train.networks.votes_head import fractions


@dataclass(frozen=True)
class Votes:
    """Vote fractions: mean squared error of consistent answers.

    Where a class is counted (``train_accuracy``, ``val_accuracy``), it is the leading answer to
    the first question: smooth, features, or star.

    Attributes
    ----------
    classes : tuple of str
        The columns that are answered.
    """

    classes: tuple[str, ...] = COLUMNS

    @property
    def n_out(self) -> int:
        """Scores for each image."""
        return len(self.classes)

    def wanted(self, label: np.ndarray, soft: np.ndarray) -> np.ndarray:
        """The volunteers' fractions, float32 (n, 37)."""
        return soft

    def truth(self, label: np.ndarray, soft: np.ndarray) -> np.ndarray:
        """What answers are judged by: the volunteers' fractions."""
        return soft

    def loss(self, scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Mean squared error of a batch, over all images and columns."""
        return F.mse_loss(fractions(scores.float()), wanted)

    def answers(self, scores: torch.Tensor) -> torch.Tensor:
        """The fraction of each column, float64 (b, 37)."""
        return fractions(scores.double())

    def right(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """In how many images the first question's leading answer is the volunteers'."""
        return (scores[:, : len(KINDS)].argmax(1) == label).sum()

    def from_loss(self, loss: float) -> dict:
        """What an epoch's mean loss tells: its root, over changed images."""
        return {"train_rmse": loss**0.5}

    def judged(self, answers: np.ndarray, truth: np.ndarray) -> dict:
        """The figures of an epoch on val."""
        first = slice(len(KINDS))
        named = answers[:, first].argmax(1) == truth[:, first].argmax(1)
        error = rmse(truth, answers)
        return {"val_loss": error**2, "val_rmse": error, "val_accuracy": float(named.mean())}

    def score(self, facts: dict) -> tuple[float, float]:
        """What the best epoch has most of."""
        return -facts["val_rmse"], facts["val_accuracy"]
