"""What a network is asked for: classes, one class or not, vote fractions.

A task turns labels into what is wanted of each image, scores into a loss and into answers, and
answers into the figures by which epochs are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from galaxycurate.errors import InputError, SettingError
from train.judge.metrics import balanced_accuracy, confusion
from train.learn.votes import Votes


@dataclass(frozen=True)
class Classes:
    """One class of several: softmax and cross-entropy.

    Attributes
    ----------
    classes : tuple of str
    smoothing : float
        Share of each label that is spread over all classes.
    """

    classes: tuple[str, ...]
    smoothing: float = 0.0

    @property
    def n_out(self) -> int:
        """Scores for each image."""
        return len(self.classes)

    def wanted(self, label: np.ndarray, soft: np.ndarray | None) -> np.ndarray:
        """What is wanted of each image: its label, int64 (n,), or its shares, float32 (n, k)."""
        return label if soft is None else soft

    def truth(self, label: np.ndarray, soft: np.ndarray | None) -> np.ndarray:
        """What answers are judged by: the label of each image."""
        return label

    def loss(self, scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of a batch."""
        return F.cross_entropy(scores.float(), wanted, label_smoothing=self.smoothing)

    def answers(self, scores: torch.Tensor) -> torch.Tensor:
        """The probability of each class, float64 (b, n_classes)."""
        return torch.softmax(scores.double(), 1)

    def right(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """How many of a batch are named rightly."""
        return (scores.argmax(1) == label).sum()

    def from_loss(self, loss: float) -> dict:
        """What else an epoch's mean loss tells."""
        return {}

    def judged(self, answers: np.ndarray, label: np.ndarray) -> dict:
        """The figures of an epoch on val."""
        table = confusion(label, answers.argmax(1), len(self.classes))
        own = np.maximum(answers[np.arange(label.size), label], 1e-12)
        return {
            "val_loss": float(-np.log(own).mean()),
            "val_accuracy": float(np.trace(table) / label.size),
            "val_balanced_accuracy": balanced_accuracy(table),
        }

    def score(self, facts: dict) -> tuple[float, float]:
        """What the best epoch has most of; among equals the surer one."""
        return facts["val_balanced_accuracy"], -facts["val_loss"]


@dataclass(frozen=True)
class Binary(Classes):
    """The second of two classes, or not: one sigmoid and binary cross-entropy."""

    def __post_init__(self):
        if len(self.classes) != 2:
            raise InputError(
                f"a binary network needs two classes, here are {len(self.classes)}: "
                + ", ".join(self.classes),
                hint="take two class folders, or --set task=classes",
            )

    @property
    def n_out(self) -> int:
        """One score for each image."""
        return 1

    def loss(self, scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Mean binary cross-entropy of a batch."""
        share = (wanted[:, 1] if wanted.dim() == 2 else wanted).float()
        share = share * (1 - self.smoothing) + self.smoothing / 2
        return F.binary_cross_entropy_with_logits(scores.float()[:, 0], share)

    def answers(self, scores: torch.Tensor) -> torch.Tensor:
        """The probability of each of the two classes, float64 (b, 2)."""
        second = torch.sigmoid(scores.double()[:, 0])
        return torch.stack([1 - second, second], 1)

    def right(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """How many of a batch are named rightly."""
        return ((scores[:, 0] > 0).long() == label).sum()


def task_of(config, classes: tuple[str, ...]) -> Classes | Votes:
    """The task that a recipe names, for the classes of a tree.

    Raises
    ------
    InputError
        A binary recipe meets more or fewer than two classes.
    SettingError
        A recipe of votes has a setting that only classes know.
    """
    if config.task == "votes":
        _refuse_settings_of_classes(config)
        return Votes()
    kind = {"classes": Classes, "binary": Binary}[config.task]
    return kind(classes, config.optim.label_smoothing)


def _refuse_settings_of_classes(config) -> None:
    for name, asked in (
        ("optim.label_smoothing", config.optim.label_smoothing > 0),
        ("prior", config.prior != "sampled"),
        ("data.soft", config.data.soft),
    ):
        if asked:
            raise SettingError(
                f"{name} is for classes, and this recipe learns votes", hint=f"leave {name} out"
            )
