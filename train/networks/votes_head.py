"""37 scores as the vote fractions of a tree of questions, consistent by construction."""

from __future__ import annotations

import torch

from train.data.votes import TREE


def fractions(scores: torch.Tensor) -> torch.Tensor:
    """Fractions of all volunteers, as the Galaxy Zoo challenge counts them.

    A softmax within each question gives the share of those who were asked; times the fraction of
    the answer that led to it (Willett et al. 2013; Dieleman et al. 2015, MNRAS 450, 1441).

    Parameters
    ----------
    scores : Tensor, shape (b, 37)

    Returns
    -------
    Tensor, shape (b, 37)
        The answers to a question add up to the fraction of the answer that led to it, or to 1.
    """
    parts: list[torch.Tensor] = []
    for question in TREE:  # a question comes after the one that led to it
        share = torch.softmax(scores[:, question.columns], 1)
        if question.after:
            number, answer = question.after
            share = share * parts[number - 1][:, answer - 1 : answer]
        parts.append(share)
    return torch.cat(parts, 1)
