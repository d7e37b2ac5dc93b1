from __future__ import annotations

import numpy as np
import pytest
import torch

from train.data.votes import TREE, misses
from train.networks.votes_head import fractions


@pytest.mark.parametrize("spread", [0.1, 3, 60])
def test_random_scores_give_consistent_fractions(spread):
    scores = spread * torch.randn(200, 37, generator=torch.Generator().manual_seed(0))
    for some, within in ((scores, 1e-6), (scores.double(), 1e-14)):
        found = fractions(some).numpy()
        assert np.abs(misses(found)).max() < within
        assert found.min() >= 0
        assert found.max() <= 1 + within


def test_equal_scores_divide_each_question_alike():
    found = fractions(torch.zeros(1, 37, dtype=torch.float64))[0].tolist()
    assert found[:3] == pytest.approx([1 / 3] * 3)
    assert found[13:15] == pytest.approx([1 / 2] * 2)  # anything odd: asked of all
    assert found[25:28] == pytest.approx([1 / 3 * 1 / 2 * 1 / 3] * 3)  # edge-on bulge
    assert found[31:] == pytest.approx([1 / 3 * 1 / 2 * 1 / 2 * 1 / 6] * 6)  # arms


def test_the_gradients_are_those_of_differences():
    rng = torch.Generator().manual_seed(1)
    scores = torch.randn(3, 37, dtype=torch.float64, generator=rng).requires_grad_()
    wanted = fractions(torch.randn(3, 37, dtype=torch.float64, generator=rng))

    def loss(some):
        return ((fractions(some) - wanted) ** 2).mean()

    assert torch.autograd.gradcheck(fractions, (scores,))
    assert torch.autograd.gradcheck(loss, (scores,))


def test_the_tree_has_the_challenges_37_answers():
    assert [len(one.answers) for one in TREE] == [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
    led = {one.number: one.after for one in TREE}
    assert led == {
        1: None, 2: (1, 2), 3: (2, 2), 4: (2, 2), 5: (2, 2), 6: None,
        7: (1, 1), 8: (6, 1), 9: (2, 1), 10: (4, 1), 11: (4, 1),
    }  # fmt: skip
