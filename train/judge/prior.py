"""How common the network believes the classes to be, and what that does to its accuracy."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import SettingError

FAR = 1.1  # a share this many times greater than another one is worth a word


def correction(counts: np.ndarray, sampling: str, prior: str) -> np.ndarray:
    """What is added to the scores so that they suit another mix of classes.

    A network that was shown each class equally often answers as if all were equally common. By
    Bayes' rule the logarithm of the ratio of the shares mends it (Saerens et al. 2002). Nothing of
    test is looked at.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_classes,)
        Images of each class in train, at least 1.
    sampling, prior : str
        As in `train.recipe.config.Config`.

    Returns
    -------
    ndarray of float64, shape (n_classes,)
    """
    return np.log(believed(counts, prior if prior != "sampled" else sampling)) - np.log(
        believed(counts, sampling)
    )


def believed(counts: np.ndarray, mix: str) -> np.ndarray:
    """The share of each class in a mix: ``natural``, as in train, or ``balanced``."""
    return counts / counts.sum() if mix == "natural" else np.full(counts.size, 1 / counts.size)


def correct(model: nn.Module, added: np.ndarray, *, binary: bool = False) -> None:
    """Add to the bias of the last layer; nothing happens where all is zero.

    So the corrected network is one network: tested, exported and used alike.

    Parameters
    ----------
    model : Module
        Changed in place.
    added : ndarray of float, shape (n_classes,)
        From `correction`.
    binary : bool
        The network has one score, the log odds of the second class.

    Raises
    ------
    SettingError
        The network does not end in a layer with a bias for each score.
    """
    if not np.any(added):
        return
    added = added[1:] - added[:1] if binary else added
    ends = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    if not ends or ends[-1].bias is None or ends[-1].bias.numel() != added.size:
        raise SettingError(
            "the network does not end in one bias for each class: its prior cannot be corrected",
            hint="--set prior=sampled",
        )
    with torch.no_grad():
        bias = ends[-1].bias
        bias += torch.from_numpy(added).to(bias)


def note(counts: np.ndarray, test: np.ndarray, sampling: str, prior: str) -> str:
    """A word where the test's class mix is not the one that the network answers for.

    Parameters
    ----------
    counts, test : ndarray of int64, shape (n_classes,)
        Images of each class in train and in test.
    sampling, prior : str

    Returns
    -------
    str
        Empty where there is nothing to say.
    """
    there = test > 0
    ratio = (test / believed(counts, prior if prior != "sampled" else sampling))[there]
    if not ratio.size or ratio.max() / ratio.min() < FAR:
        return ""
    return "the classes are not as common in test as the network takes them to be: " + (
        "look at the balanced accuracy; prior=natural answers for train's mix"
        if (prior, sampling) == ("sampled", "balanced")
        else "look at the balanced accuracy"
    )
